//! The tables of each part.

use super::{Block, NONE, STARRED, behind, cell, cell_with_interval};
use crate::evaluate::report::with_interval;
use crate::evaluate::results::{Part, Results, Slice, Task};

pub(super) fn topics(part: &Part, results: &Results) -> Vec<Block> {
    let [model, others @ ..] = &part.methods[..] else {
        return Vec::new();
    };
    let ids: Vec<&String> = part.confusion.iter().flat_map(|c| &c.topics).collect();
    let header = [
        "topic", "n", "prec.", "recall", "F1", "AP", "AUROC", "Brier", "ECE",
    ];
    let mut each = Block::new(
        format!("Topics: {}, {} articles", model.name, part.items),
        &header,
    );
    let row = |name: &str, count: String, prefix: &str| {
        let figure = |name: &str| format!("{prefix}{name}");
        let mut row = vec![name.to_owned(), count];
        row.push(cell(model, &figure("precision")));
        row.push(cell(model, &figure("recall")));
        row.push(cell_with_interval(model, &figure("f1")));
        for name in ["average_precision", "auroc", "brier", "ece"] {
            row.push(cell(model, &figure(name)));
        }
        row
    };
    for id in &ids {
        let count = part.counts.get(*id).copied().unwrap_or_default();
        each.rows
            .push(row(id, count.to_string(), &format!("{id}.")));
    }
    each.rows
        .push(row("all (macro)", part.items.to_string(), "macro_"));
    let thresholds = results.settings.thresholds.iter();
    let thresholds: Vec<String> = thresholds.map(|(id, t)| format!("{id} {t:.3}")).collect();
    each.note = format!("Thresholds: {}.", thresholds.join(", "));
    if let Some(top) = model.figures.get("top_accuracy") {
        let share = 100.0 * top.value;
        let note = format!(
            " The most probable topic is right for {share:.1} % of the articles that have one."
        );
        each.note.push_str(&note);
    }

    let header = [
        "method",
        "macro F1",
        "model's lead",
        "macro AP",
        "micro F1",
        "all right",
        "Hamming loss",
    ];
    let mut beside = Block::new("Topics beside simple methods", &header);
    for method in std::iter::once(model).chain(others) {
        beside.rows.push(vec![
            method.name.clone(),
            cell_with_interval(method, "macro_f1"),
            behind(method, "macro_f1"),
            cell(method, "macro_average_precision"),
            cell(method, "micro_f1"),
            cell(method, "subset_accuracy"),
            cell(method, "hamming_loss"),
        ]);
    }
    beside.note = STARRED.to_owned();

    let mut header = vec!["F1"];
    header.extend(ids.iter().map(|id| id.as_str()));
    let mut f1 = Block::new("Topics one by one beside simple methods", &header);
    for method in std::iter::once(model).chain(others) {
        let mut row = vec![method.name.clone()];
        row.extend(ids.iter().map(|id| {
            let figure = format!("{id}.f1");
            let lead = method.behind.get(&figure).map_or_else(String::new, |d| {
                let star = if d.is_significant() { "*" } else { "" };
                format!(" ({:+.3}{star})", d.value)
            });
            format!("{}{lead}", cell(method, &figure))
        }));
        f1.rows.push(row);
    }
    f1.note = "In brackets the model's lead; *: beyond chance.".to_owned();

    let mut blocks = vec![each, beside, f1];
    if let Some(confusion) = &part.confusion {
        let mut header = vec!["articles with"];
        let found: Vec<String> = ids.iter().map(|id| format!("→ {id}")).collect();
        header.extend(found.iter().map(String::as_str));
        header.push("→ nothing");
        let mut taken = Block::new("What is taken for what", &header);
        let names = ids.iter().map(|id| id.as_str()).chain(["nothing"]);
        for (name, counts) in names.zip(&confusion.counts) {
            let counts = counts.iter().map(ToString::to_string);
            taken
                .rows
                .push(std::iter::once(name.to_owned()).chain(counts).collect());
        }
        taken.note =
            "In a topic's own row: found; elsewhere: found though it does not hold; → nothing: \
             labelled with no topic at all. An article may stand in several cells."
                .to_owned();
        blocks.push(taken);
    }
    blocks.extend(grades(&part.slices));
    blocks
}

/// The share of labelled articles by grade, a row for each topic.
fn grades(slices: &[Slice]) -> Option<Block> {
    let header = ["labelled, of grade", "0", "1", "2", "3"];
    let mut block = Block::new("Topics by grade", &header);
    for slice in slices {
        let Some(topic) = slice.by.strip_suffix(" grade") else {
            continue;
        };
        if block.rows.last().is_none_or(|row| row[0] != topic) {
            block.rows.push(vec![
                topic.to_owned(),
                NONE.to_owned(),
                NONE.to_owned(),
                NONE.to_owned(),
                NONE.to_owned(),
            ]);
        }
        let share = slice.figures.get("labelled").map_or(0.0, |f| f.value);
        if let (Some(row), Ok(grade)) = (block.rows.last_mut(), slice.value.parse::<usize>())
            && let Some(cell) = row.get_mut(grade + 1)
        {
            *cell = format!("{:.1} % of {}", 100.0 * share, slice.items);
        }
    }
    (!block.rows.is_empty()).then_some(block)
}

/// The slices of each kind but those of grades.
pub(super) fn slices(
    heading: &str,
    slices: &[Slice],
    figures: &[&str],
) -> impl Iterator<Item = Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for slice in slices.iter().filter(|s| !s.by.ends_with(" grade")) {
        let heading = format!("{heading} {}", slice.by);
        if blocks.last().is_none_or(|b| b.heading != heading) {
            let shown = figures.iter().filter(|f| slice.figures.contains_key(**f));
            let header: Vec<&str> = [slice.by.as_str(), "n"]
                .into_iter()
                .chain(shown.copied())
                .collect();
            blocks.push(Block::new(heading, &header));
        }
        if let Some(block) = blocks.last_mut() {
            let mut row = vec![slice.value.clone(), slice.items.to_string()];
            for name in &block.header[2..] {
                let figure = slice.figures.get(name);
                row.push(figure.map_or_else(|| NONE.to_owned(), |f| with_interval(name, *f)));
            }
            block.rows.push(row);
        }
    }
    for block in &mut blocks {
        for name in &mut block.header {
            *name = name
                .replace('_', " ")
                .replace("micro f1", "micro F1")
                .replace("rouge", "ROUGE");
        }
    }
    blocks.into_iter()
}

pub(super) fn summaries(part: &Part) -> Vec<Block> {
    let has = |figure: &str| part.methods.iter().any(|m| m.figures.contains_key(figure));
    // What is shown first is what the data say most about.
    let main = if has("best") { "best" } else { "rouge_1" };
    let table = |heading: String, columns: &[(&str, &str)]| {
        let columns: Vec<_> = columns.iter().filter(|(figure, _)| has(figure)).collect();
        let mut header = vec!["method"];
        for (figure, name) in &columns {
            header.push(name);
            if *figure == main {
                header.push("model's lead");
            }
        }
        let mut block = Block::new(heading, &header);
        for method in &part.methods {
            let mut row = vec![method.name.clone()];
            for (figure, _) in &columns {
                if *figure == main {
                    row.push(cell_with_interval(method, figure));
                    row.push(behind(method, figure));
                } else {
                    row.push(cell(method, figure));
                }
            }
            block.rows.push(row);
        }
        block
    };
    let mut beside = table(
        format!("Summaries beside simple methods: {} articles", part.items),
        &[
            ("best", "best"),
            ("best_or_alternate", "or alt."),
            ("rouge_1", "R-1"),
            ("rouge_2", "R-2"),
            ("rouge_lsum", "R-Lsum"),
        ],
    );
    beside.note = format!("best, or alt.: shares of sentences; R: ROUGE F1. {STARRED}");
    let made = table(
        "What the summaries are like".to_owned(),
        &[
            ("redundancy", "redundancy"),
            ("junk_rate", "junk"),
            ("compression", "length"),
        ],
    );
    vec![beside, made]
}

pub(super) fn reading(part: &Part) -> Block {
    let heading = match part.task {
        Task::Extraction => format!("Article bodies: {} pages", part.items),
        Task::Junk => format!("Page junk: {} articles", part.items),
        _ => format!("Sentences: {} texts", part.items),
    };
    let mut block = Block::new(heading, &["figure", "value"]);
    for (name, figure) in part.methods.iter().flat_map(|m| &m.figures) {
        block
            .rows
            .push(vec![name.clone(), with_interval(name, *figure)]);
    }
    let counts: Vec<String> = part
        .counts
        .iter()
        .map(|(name, n)| format!("{name}: {n}"))
        .collect();
    block.note = counts.join("; ");
    block
}
