//! Results as tables, for the terminal and as Markdown.

mod parts;

use std::io::{self, Write};

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width,
    presets,
};

use super::{number, signed, with_interval};
use crate::evaluate::figures::Method;
use crate::evaluate::results::{Results, Task};
use parts::{reading, slices, summaries, topics};

/// A table with what stands above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The heading.
    pub heading: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// The cells.
    pub rows: Vec<Vec<String>>,
    /// A remark below.
    pub note: String,
}

/// How tables are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// With lines, at most so many columns wide if that is given.
    Terminal(Option<u16>),
    /// As Markdown.
    Markdown,
}

const NONE: &str = "-";
/// A line under the header and no others.
const RULED: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

impl Block {
    fn new(heading: impl Into<String>, header: &[&str]) -> Self {
        Self {
            heading: heading.into(),
            header: header.iter().map(|h| (*h).to_owned()).collect(),
            rows: Vec::new(),
            note: String::new(),
        }
    }

    /// The block as text.
    #[must_use]
    pub fn draw(&self, style: Style) -> String {
        let mut table = Table::new();
        match style {
            Style::Terminal(width) => {
                table.load_style(RULED);
                if let Some(width) = width {
                    table.set_content_arrangement(ContentArrangement::Dynamic);
                    table.set_width(width);
                }
            }
            Style::Markdown => {
                table.load_style(presets::ASCII_MARKDOWN);
            }
        }
        let plain = |text: &String| crate::output::one_line(text);
        table.set_header(self.header.iter().map(plain));
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| match style {
                Style::Markdown => Cell::new(plain(cell).replace('|', "\\|")),
                Style::Terminal(_) => Cell::new(plain(cell)),
            }));
        }
        let cells = std::iter::once(&self.header).chain(&self.rows);
        let words: Vec<usize> = (0..self.header.len())
            .map(|column| {
                let cells = cells.clone().filter_map(|row| row.get(column));
                let words = cells.flat_map(|cell| cell.split(' '));
                words
                    .map(|word| word.chars().count())
                    .max()
                    .unwrap_or_default()
            })
            .collect();
        // Columns stand closer where they would not fit; a space is between them anyhow.
        let needed = words.iter().map(|word| word + 3).sum::<usize>();
        let gap = match style {
            Style::Terminal(Some(width)) if needed > usize::from(width) => 1,
            _ => 2,
        };
        for (number, column) in table.column_iter_mut().enumerate() {
            // Numbers at the right, the name of the row at the left.
            if number > 0 {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if let (Style::Terminal(_), Ok(word)) = (style, u16::try_from(words[number])) {
                column.set_padding((0, gap));
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(word + gap)));
            }
        }
        let heading = match style {
            Style::Markdown => format!("### {}\n", plain(&self.heading)),
            Style::Terminal(_) => plain(&self.heading),
        };
        let body: Vec<String> = table
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect();
        let mut text = format!("{heading}\n");
        if !self.rows.is_empty() {
            text.push_str(&format!("{}\n", body.join("\n")));
        }
        if !self.note.is_empty() {
            let note = match style {
                Style::Terminal(Some(width)) => textwrap::fill(&self.note, usize::from(width)),
                Style::Terminal(None) => self.note.clone(),
                Style::Markdown => format!("\n{}", self.note),
            };
            text.push_str(&format!("{note}\n"));
        }
        text
    }
}

/// Writes blocks one after the other.
///
/// # Errors
/// When writing fails.
pub fn write(out: &mut impl Write, blocks: &[Block], style: Style) -> io::Result<()> {
    for (number, block) in blocks.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        write!(out, "{}", block.draw(style))?;
    }
    Ok(())
}

/// All tables of the results; those by kind of article only with `sliced`.
#[must_use]
pub fn blocks(results: &Results, sliced: bool) -> Vec<Block> {
    let mut blocks = Vec::new();
    for part in &results.parts {
        match part.task {
            Task::Topics => {
                blocks.extend(topics(part, results));
                let figures = ["accuracy", "micro_f1"];
                blocks.extend(slices("Topics by", &part.slices, &figures).filter(|_| sliced));
            }
            Task::Summaries => {
                blocks.extend(summaries(part));
                let figures = ["best", "best_or_alternate", "rouge_1"];
                blocks.extend(slices("Summaries by", &part.slices, &figures).filter(|_| sliced));
            }
            Task::Extraction | Task::Junk | Task::Sentences => blocks.push(reading(part)),
        }
    }
    blocks.extend(speed(results));
    blocks
}

fn cell(method: &Method, figure: &str) -> String {
    let figures = &method.figures;
    figures
        .get(figure)
        .map_or_else(|| NONE.to_owned(), |f| number(figure, f.value))
}

fn cell_with_interval(method: &Method, figure: &str) -> String {
    let figures = &method.figures;
    figures
        .get(figure)
        .map_or_else(|| NONE.to_owned(), |f| with_interval(figure, *f))
}

fn behind(method: &Method, figure: &str) -> String {
    let behind = &method.behind;
    behind
        .get(figure)
        .map_or_else(String::new, |d| signed(figure, d))
}

const STARRED: &str = "In brackets 95 % intervals; *: beyond chance, by paired bootstrap.";

fn speed(results: &Results) -> Option<Block> {
    let speed = results.speed?;
    let header = [
        "",
        "articles/s",
        "tokens/s",
        "seconds",
        "threads",
        "peak memory",
    ];
    let mut block = Block::new("Speed of this run", &header);
    let model = results.model.as_ref();
    block.rows.push(vec![
        model.map_or_else(String::new, |m| format!("{} {}", m.name, m.version)),
        format!("{:.1}", speed.articles_per_second),
        format!("{:.0}", speed.tokens_per_second),
        format!("{:.1}", speed.seconds),
        speed.threads.to_string(),
        speed
            .peak_memory_mb
            .map_or_else(|| NONE.to_owned(), |mb| format!("{mb:.0} MB")),
    ]);
    Some(block)
}

/// What has changed since recorded results: the figures that are better or worse beyond chance, or `all`.
#[must_use]
pub fn against(results: &Results, old: &str, all: bool) -> Option<Block> {
    let [new, before] = &results.against[..] else {
        return None;
    };
    let header = ["figure", "before", "now", "change", ""];
    let mut block = Block::new(format!("Against {old}"), &header);
    for (name, change) in &before.behind {
        let lower_is_better = ["brier", "ece", "hamming_loss", "redundancy", "junk_rate"];
        let lower_is_better = lower_is_better.iter().any(|figure| name.ends_with(figure));
        let verdict = match () {
            () if !change.is_significant() => "",
            () if name == "compression" => "changed",
            () if (change.value > 0.0) == lower_is_better => "worse",
            () => "better",
        };
        if !all && verdict.is_empty() {
            continue;
        }
        block.rows.push(vec![
            name.clone(),
            cell(before, name),
            cell(new, name),
            signed(name, change),
            verdict.to_owned(),
        ]);
    }
    let within = before
        .behind
        .values()
        .filter(|d| !d.is_significant())
        .count();
    block.note = match (within, before.behind.len()) {
        (0, _) => "Every figure has changed beyond chance.".to_owned(),
        (within, every) if within == every => {
            format!("None of {every} figures has changed beyond chance.")
        }
        (within, every) => format!(
            "{within} of {every} figures have changed within chance; of so many one or two may \
             have a star by chance."
        ),
    };
    let names = (&before.name, &new.name);
    block.note.push_str(&format!(
        " Before: {}; now: {}. {STARRED}",
        names.0, names.1
    ));
    Some(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run on four articles with everything that tables show.
    fn results() -> Results {
        let f = |value: f64| serde_json::json!({"value": value, "low": value - 0.1, "high": value + 0.1});
        let d = serde_json::json!({"value": 0.25, "low": 0.125, "high": 0.375});
        serde_json::from_value(serde_json::json!({
            "schema": 1, "topicwire": "0.1.0",
            "model": {"name": "small", "version": "1.0.0", "sha256": "ab"},
            "data": {"name": "own", "rows": 4, "sha256": "cd"},
            "settings": {"sentences": 3, "thresholds": {"sea": 0.5}, "resamples": 100, "seed": 1},
            "parts": [
                {"task": "topics", "items": 4, "counts": {"sea": 2, "land": 0},
                 "methods": [
                    {"name": "small 1.0.0", "figures": {
                        "sea.precision": f(0.5), "sea.recall": f(1.0), "sea.f1": f(0.66667),
                        "sea.average_precision": f(0.75), "sea.auroc": f(0.8), "sea.brier": f(0.125),
                        "sea.ece": f(0.0625), "land.brier": f(0.0), "macro_f1": f(0.66667),
                        "macro_average_precision": f(0.75), "micro_f1": f(0.66667),
                        "subset_accuracy": f(0.5), "hamming_loss": f(0.25)}},
                    {"name": "keyword | counts", "figures": {"macro_f1": f(0.41667)},
                     "behind": {"macro_f1": d}}],
                 "confusion": {"topics": ["sea", "land"], "counts": [[2, 0, 0], [0, 0, 0], [1, 0, 1]]},
                 "slices": [
                    {"by": "sea grade", "value": "0", "items": 2, "figures": {"labelled": f(0.5)}},
                    {"by": "sea grade", "value": "3", "items": 2, "figures": {"labelled": f(1.0)}},
                    {"by": "year", "value": "2019", "items": 4,
                     "figures": {"accuracy": f(0.75), "micro_f1": f(0.66667)}}]},
                {"task": "summaries", "items": 3, "counts": {"marked": 3},
                 "methods": [
                    {"name": "small 1.0.0", "figures": {"best": f(0.5), "best_or_alternate": f(0.75),
                        "rouge_1": f(61.25), "rouge_2": f(50.0), "rouge_lsum": f(60.0),
                        "redundancy": f(0.125), "junk_rate": f(0.0), "compression": f(0.25)}},
                    {"name": "random", "figures": {"best": f(0.25)}, "behind": {"best": d}}]},
                {"task": "junk", "items": 2, "counts": {"marked": 9, "other sentences": 90},
                 "methods": [{"name": "topicwire", "figures": {"junk_dropped": f(0.88889),
                    "best_dropped": f(0.0)}}]}],
            "speed": {"load_seconds": 0.01, "seconds": 2.5, "articles_per_second": 1.6,
                "tokens_per_second": 1234.5, "threads": 2, "peak_memory_mb": 61.4},
            "articles": []
        }))
        .unwrap()
    }

    fn draw(style: Style) -> String {
        let mut out = Vec::new();
        write(&mut out, &blocks(&results(), true), style).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn terminal() {
        insta::assert_snapshot!(draw(Style::Terminal(Some(80))));
    }

    #[test]
    fn markdown() {
        insta::assert_snapshot!(draw(Style::Markdown));
    }

    #[test]
    fn changes_say_better_and_worse_by_the_figure() {
        let change = |value: f64| crate::evaluate::figures::Difference {
            value,
            low: value - 0.01,
            high: value + 0.01,
        };
        let method = |behind: &[(&str, f64)]| Method {
            name: "small".to_owned(),
            figures: Default::default(),
            behind: behind
                .iter()
                .map(|(n, v)| ((*n).to_owned(), change(*v)))
                .collect(),
        };
        let old = [
            ("macro_ece", -0.1),
            ("macro_f1", 0.1),
            ("micro_f1", 0.0),
            ("sea.brier", 0.1),
            ("sea.recall", -0.1),
        ];
        let with = |against: [Method; 2]| Results {
            against: against.to_vec(),
            ..results()
        };
        let changed = with([method(&[]), method(&old)]);
        let verdicts = |all: bool| -> Vec<String> {
            let block = against(&changed, "old.json", all).unwrap();
            assert!(
                block
                    .note
                    .starts_with("1 of 5 figures have changed within chance")
            );
            block.rows.iter().map(|r| r[4].clone()).collect()
        };
        assert_eq!(verdicts(true), ["better", "better", "", "worse", "worse"]);
        assert_eq!(verdicts(false), ["better", "better", "worse", "worse"]);
        let same = with([method(&[]), method(&[("macro_f1", 0.0)])]);
        let block = against(&same, "old.json", false).unwrap();
        assert!(block.rows.is_empty() && block.note.starts_with("None of 1 figures"));
    }
}
