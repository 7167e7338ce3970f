//! Results as one HTML page that needs nothing beside it.

mod examples;
mod plots;
mod topic;

use std::io::{self, Write};

use askama::Template;

use super::number;
use super::tables::{Block, against, blocks};
use crate::evaluate::results::{Part, Results, Task};
use crate::evaluate::suite::{Case, Evaluation};
use examples::{Example, examples};
use plots::{Plot, method_plot, slice_plots};
use topic::{Topic, topic};

/// What the page shows beside an evaluation.
#[derive(Default)]
pub struct Beside<'a> {
    /// Gates: a line each, and whether it is reached.
    pub gates: &'a [(String, bool)],
    /// What the results were compared with.
    pub since: Option<&'a str>,
}

/// Writes the page.
///
/// # Errors
/// When writing fails.
pub fn html(out: &mut impl Write, evaluation: &Evaluation, beside: &Beside) -> io::Result<()> {
    let page = page(evaluation, beside)
        .render()
        .map_err(io::Error::other)?;
    out.write_all(page.as_bytes())
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    results: &'a Results,
    tiles: Vec<Tile>,
    gates: &'a [(String, bool)],
    gates_missed: usize,
    topics: Vec<Topic>,
    methods: Vec<Plot>,
    confusion: Option<Heat>,
    slices: Vec<Plot>,
    summaries: Vec<Plot>,
    summary_slices: Vec<Plot>,
    examples: Vec<Example>,
    changes: Option<Block>,
    tables: Vec<Block>,
}

/// A figure to begin with.
struct Tile {
    name: &'static str,
    value: String,
    beside: String,
}

/// What is taken for what.
struct Heat {
    header: Vec<String>,
    rows: Vec<(String, Vec<Count>)>,
}

/// A number of articles, its share of the greatest in percent, and whether it
/// counts right labels.
struct Count {
    count: usize,
    percent: u32,
    right: bool,
}

fn page<'a>(evaluation: &'a Evaluation, beside: &Beside<'a>) -> Page<'a> {
    let results = &evaluation.results;
    let topics = results.part(Task::Topics);
    let summaries = results.part(Task::Summaries);
    let cases = evaluation.cases.iter();
    let labelled: Vec<&Case> = cases.filter(|c| c.grades.is_some()).collect();
    Page {
        results,
        tiles: tiles(results),
        gates: beside.gates,
        gates_missed: beside.gates.iter().filter(|(_, reached)| !reached).count(),
        topics: topics.map_or_else(Vec::new, |part| {
            let each = 0..evaluation.topics.len();
            each.map(|t| topic(evaluation, part, &labelled, t))
                .collect()
        }),
        methods: topics.map_or_else(Vec::new, |part| {
            let mut plots = vec![method_plot("Macro F1", "macro_f1", part)];
            plots.retain(|plot| !plot.rows.is_empty());
            plots
        }),
        confusion: topics.and_then(heat),
        slices: topics.map_or_else(Vec::new, |part| slice_plots(&part.slices, "accuracy")),
        summaries: summaries.map_or_else(Vec::new, |part| {
            [
                ("Sentences that are among the best", "best"),
                ("ROUGE-1", "rouge_1"),
            ]
            .into_iter()
            .filter(|(_, figure)| part.methods[0].figures.contains_key(*figure))
            .map(|(heading, figure)| method_plot(heading, figure, part))
            .collect()
        }),
        summary_slices: summaries.map_or_else(Vec::new, |part| {
            let marked = part.methods[0].figures.contains_key("best");
            slice_plots(&part.slices, if marked { "best" } else { "rouge_1" })
        }),
        examples: examples(&evaluation.cases),
        changes: beside.since.and_then(|old| against(results, old, false)),
        tables: blocks(results, true),
    }
}

fn tiles(results: &Results) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let figures: std::collections::BTreeMap<_, _> = results.figures().collect();
    for (figure, name, beside) in [
        ("macro_f1", "macro F1 of the topics", ""),
        ("macro_average_precision", "mean average precision", ""),
        ("subset_accuracy", "articles with all labels right", "%"),
        ("best", "summary sentences among the best", "%"),
        ("rouge_1", "ROUGE-1 of the summaries", ""),
        ("extraction_f1", "F1 of article bodies", ""),
        ("junk_dropped", "page junk dropped", "%"),
        ("all.sentence_f1", "F1 of sentence ends", ""),
    ] {
        let Some(f) = figures.get(figure) else {
            continue;
        };
        let (value, beside) = if beside == "%" {
            let percent = |v: f64| format!("{:.0}", 100.0 * v);
            let beside = format!("{} to {} %", percent(f.low), percent(f.high));
            (format!("{} %", percent(f.value)), beside)
        } else {
            let beside = format!("{} to {}", number(figure, f.low), number(figure, f.high));
            (number(figure, f.value), beside)
        };
        tiles.push(Tile {
            name,
            value,
            beside,
        });
    }
    if let Some(speed) = results.speed {
        let memory = speed.peak_memory_mb;
        tiles.push(Tile {
            name: "articles a second",
            value: format!("{:.0}", speed.articles_per_second),
            beside: memory.map_or_else(String::new, |mb| format!("{mb:.0} MB at most")),
        });
    }
    tiles
}

/// What tells an article apart: where it is from, and when.
fn about(case: &Case) -> Vec<String> {
    let (row, article) = (&case.row, &case.article);
    let meta = &article.meta;
    let parts = [row.text_of("kind"), meta.site.clone(), meta.date.clone()];
    let id = article
        .id
        .clone()
        .unwrap_or_else(|| format!("row {}", row.number));
    parts.into_iter().flatten().chain([id]).collect()
}

fn title(case: &Case) -> String {
    let of_analysis = case.analysis.as_ref().and_then(|a| a.title.clone());
    let title = of_analysis.or_else(|| case.article.title.clone());
    title.unwrap_or_else(|| "Without a title".to_owned())
}

fn heat(part: &Part) -> Option<Heat> {
    let confusion = part.confusion.as_ref()?;
    let most = confusion
        .counts
        .iter()
        .flatten()
        .max()
        .copied()
        .unwrap_or(1)
        .max(1);
    let names = || {
        confusion
            .topics
            .iter()
            .cloned()
            .chain(["nothing".to_owned()])
    };
    let cells = |row: usize, counts: &[usize]| {
        let cell = |(column, &count): (usize, &usize)| Count {
            count,
            percent: u32::try_from(100 * count / most).unwrap_or(100),
            right: column == row,
        };
        counts.iter().enumerate().map(cell).collect()
    };
    let rows = names().zip(confusion.counts.iter().enumerate());
    Some(Heat {
        header: names().collect(),
        rows: rows
            .map(|(name, (row, counts))| (name, cells(row, counts)))
            .collect(),
    })
}
