//! Results as one HTML page that needs nothing beside it.

use std::io::{self, Write};
use std::ops::Range;

use askama::Template;

use super::charts::{self, Bin, Point, Whisker};
use super::tables::{Block, against, blocks};
use super::{number, signed, with_interval};
use crate::analysis::Analysis;
use crate::article::Article;
use crate::evaluate::figures::Method;
use crate::evaluate::labels::{Labelling, Truth};
use crate::evaluate::results::{Part, Results, Slice, Task};
use crate::evaluate::suite::{Case, chosen};
use crate::records::{POSITIVE, Row};

/// Most articles that are shown of each kind of mistake.
const MISTAKES: usize = 5;
/// Most summaries that are shown.
const SUMMARIES: usize = 8;
/// Most characters of a sentence in a summary that are shown.
const SENTENCE: usize = 600;

/// What the page shows.
pub struct Shown<'a> {
    /// The results.
    pub results: &'a Results,
    /// The topics' ids and names.
    pub topics: &'a [(String, String)],
    /// The articles.
    pub cases: &'a [Case],
    /// What each method of the topics' part said of the labelled articles.
    pub labellings: &'a [Labelling],
    /// Gates and what they came to: a line each, and whether it is reached.
    pub gates: &'a [(String, bool)],
    /// What has changed, see [`against`](crate::evaluate::against::compare), and since when.
    pub changes: Option<(&'a [Method], &'a str)>,
}

/// Writes the page.
///
/// # Errors
/// When writing fails.
pub fn html(out: &mut impl Write, shown: &Shown) -> io::Result<()> {
    let page = page(shown).render().map_err(io::Error::other)?;
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

/// One topic's charts and mistakes.
struct Topic {
    name: String,
    articles: usize,
    facts: Vec<(&'static str, String)>,
    curve: Option<String>,
    baseline: Option<String>,
    threshold: Point,
    keywords: Option<Point>,
    bins: Vec<Bin>,
    missed: Vec<Mistake>,
    missed_in_all: usize,
    alarms: Vec<Mistake>,
    alarms_in_all: usize,
}

/// An article that was labelled wrongly.
struct Mistake {
    title: String,
    about: String,
    text: Vec<Vec<Piece>>,
}

/// A piece of an article's text.
struct Piece {
    text: String,
    /// Its share of the evidence in percent; 0 for the rest.
    weight: u32,
}

/// Figures with intervals on one scale.
struct Plot {
    heading: String,
    from: String,
    to: String,
    rows: Vec<Line>,
}

struct Line {
    name: String,
    beside: String,
    label: String,
    whisker: Whisker,
    own: bool,
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

/// A summary beside the best sentences.
struct Example {
    title: String,
    about: String,
    own: Vec<(String, &'static str)>,
    best: Vec<String>,
}

fn page<'a>(shown: &Shown<'a>) -> Page<'a> {
    let results = shown.results;
    let topics = results.part(Task::Topics);
    let summaries = results.part(Task::Summaries);
    let labelled: Vec<&Case> = shown.cases.iter().filter(|c| c.grades.is_some()).collect();
    Page {
        results,
        tiles: tiles(results),
        gates: shown.gates,
        gates_missed: shown.gates.iter().filter(|(_, reached)| !reached).count(),
        topics: topics.map_or_else(Vec::new, |part| {
            let truth = truth(shown, &labelled);
            let each = shown.topics.iter().enumerate();
            each.map(|(t, _)| topic(shown, part, &labelled, &truth, t))
                .collect()
        }),
        methods: topics.map_or_else(Vec::new, |part| {
            vec![method_plot("Macro F1", "macro_f1", part)]
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
        examples: examples(shown.cases),
        changes: shown
            .changes
            .and_then(|(methods, old)| against(methods, old)),
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

fn truth(shown: &Shown, labelled: &[&Case]) -> Truth {
    let holds = |t: usize| {
        let grade = |c: &&Case| c.grades.as_ref().map_or(0, |g| g[t]);
        labelled.iter().map(|c| grade(c) >= POSITIVE).collect()
    };
    Truth {
        topics: shown.topics.iter().map(|(id, _)| id.clone()).collect(),
        holds: (0..shown.topics.len()).map(holds).collect(),
    }
}

fn topic(shown: &Shown, part: &Part, labelled: &[&Case], truth: &Truth, t: usize) -> Topic {
    let (id, name) = &shown.topics[t];
    let model = &part.methods[0];
    let value = |method: &Method, figure: &str| {
        method
            .figures
            .get(&format!("{id}.{figure}"))
            .map_or(0.0, |f| f.value)
    };
    let at = |method: &Method| {
        charts::recall_precision(value(method, "recall"), value(method, "precision"))
    };
    let facts = [
        ("precision", "precision"),
        ("recall", "recall"),
        ("F1", "f1"),
        ("average precision", "average_precision"),
        ("AUROC", "auroc"),
        ("Brier score", "brier"),
        ("calibration error", "ece"),
    ];
    let facts = facts.into_iter().filter_map(|(name, figure)| {
        let figure = model.figures.get(&format!("{id}.{figure}"))?;
        Some((name, with_interval(name, *figure)))
    });
    let method = |name: &str| part.methods.iter().position(|m| m.name.starts_with(name));
    let probabilities = |m: usize| {
        shown
            .labellings
            .get(m)?
            .probabilities
            .as_ref()
            .map(|p| &p[t])
    };
    let holds = &truth.holds[t];
    let own = probabilities(0);
    let result = |case: &Case| case.analysis.as_ref().map(|a| a.topics[t].clone());
    let wrong = |want: bool| -> Vec<(f32, usize)> {
        let mut wrong: Vec<(f32, usize)> = labelled
            .iter()
            .enumerate()
            .filter_map(|(i, case)| {
                let label = result(case).is_some_and(|r| r.label);
                let probability = result(case).map_or(0.0, |r| r.probability);
                (holds[i] == want && label != want).then_some((probability, i))
            })
            .collect();
        wrong.sort_by(|a, b| {
            if want {
                a.0.total_cmp(&b.0)
            } else {
                b.0.total_cmp(&a.0)
            }
        });
        wrong
    };
    let show = |wrong: &[(f32, usize)]| -> Vec<Mistake> {
        let shown = wrong.iter().take(MISTAKES);
        shown.map(|(_, i)| mistake(labelled[*i], t)).collect()
    };
    let (missed, alarms) = (wrong(true), wrong(false));
    Topic {
        name: name.clone(),
        articles: part.counts.get(id).copied().unwrap_or_default(),
        facts: facts.collect(),
        curve: own.and_then(|p| charts::curve(p, holds)),
        baseline: method("TF-IDF")
            .and_then(probabilities)
            .and_then(|p| charts::curve(p, holds)),
        threshold: at(model),
        keywords: method("keyword").map(|m| at(&part.methods[m])),
        bins: own.map_or_else(Vec::new, |p| charts::reliability(p, holds)),
        missed: show(&missed),
        missed_in_all: missed.len(),
        alarms: show(&alarms),
        alarms_in_all: alarms.len(),
    }
}

/// What tells an article apart: where it is from, and when.
fn about(row: &Row, article: &Article) -> Vec<String> {
    let meta = &article.meta;
    let parts = [row.text_of("kind"), meta.site.clone(), meta.date.clone()];
    let id = article
        .id
        .clone()
        .unwrap_or_else(|| format!("row {}", row.number));
    parts.into_iter().flatten().chain([id]).collect()
}

fn mistake(case: &Case, t: usize) -> Mistake {
    let result = case.analysis.as_ref().map(|a| &a.topics[t]);
    let grade = case.grades.as_ref().map_or(0, |g| g[t]);
    let mut about = about(&case.row, &case.article);
    about.push(if case.row.is_graded() {
        format!("grade {grade}")
    } else {
        "labelled by the reader".to_owned()
    });
    about.push(match result {
        Some(r) => format!(
            "probability {:.2}, threshold {:.2}",
            r.probability, r.threshold
        ),
        None => "could not be analysed".to_owned(),
    });
    let marks: Vec<(Range<usize>, u32)> = result
        .into_iter()
        .flat_map(|r| &r.evidence)
        .map(|e| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share"
            )]
            let percent = (e.weight * 100.0).round() as u32;
            (e.place.start..e.place.end, percent.max(1))
        })
        .collect();
    Mistake {
        title: title(case),
        about: about.join(" · "),
        text: pieces(&case.article.text, &marks),
    }
}

fn title(case: &Case) -> String {
    let of_analysis = case
        .analysis
        .as_ref()
        .and_then(|a: &Analysis| a.title.clone());
    let title = of_analysis.or_else(|| case.article.title.clone());
    title.unwrap_or_else(|| "Without a title".to_owned())
}

/// Paragraphs of a text in pieces, those in `marks` (characters) with their weight.
fn pieces(text: &str, marks: &[(Range<usize>, u32)]) -> Vec<Vec<Piece>> {
    let mut paragraphs = vec![Vec::<Piece>::new()];
    for (place, c) in text.chars().enumerate() {
        if c == '\n' {
            if paragraphs.last().is_some_and(|p| !p.is_empty()) {
                paragraphs.push(Vec::new());
            }
            continue;
        }
        let inside = marks.iter().find(|(span, _)| span.contains(&place));
        let weight = inside.map_or(0, |(_, weight)| *weight);
        let Some(paragraph) = paragraphs.last_mut() else {
            continue;
        };
        match paragraph.last_mut() {
            Some(piece) if piece.weight == weight => piece.text.push(c),
            _ => paragraph.push(Piece {
                text: c.to_string(),
                weight,
            }),
        }
    }
    paragraphs.retain(|p| p.iter().any(|piece| !piece.text.trim().is_empty()));
    paragraphs
}

/// Whether a figure's scale goes from 0 to 1, not to 100.
fn is_share(figure: &str) -> bool {
    !figure.starts_with("rouge")
}

fn method_plot(heading: &str, figure: &str, part: &Part) -> Plot {
    let to = if is_share(figure) { 1.0 } else { 100.0 };
    let rows = part.methods.iter().enumerate().filter_map(|(i, method)| {
        let f = method.figures.get(figure)?;
        let behind = method.behind.get(figure);
        Some(Line {
            name: method.name.clone(),
            beside: behind.map_or_else(String::new, |d| {
                format!("model's lead {}", signed(figure, d))
            }),
            label: with_interval(figure, *f),
            whisker: charts::whisker((f.value, f.low, f.high), 0.0, to),
            own: i == 0,
        })
    });
    Plot {
        heading: heading.to_owned(),
        from: "0".to_owned(),
        to: format!("{to}"),
        rows: rows.collect(),
    }
}

/// A plot for each kind of slices but the grades.
fn slice_plots(slices: &[Slice], figure: &str) -> Vec<Plot> {
    let of_kind = |s: &&Slice| !s.by.ends_with(" grade") && s.figures.contains_key(figure);
    let shown: Vec<&Slice> = slices.iter().filter(of_kind).collect();
    // All on one scale that shows differences.
    let lowest = shown
        .iter()
        .map(|s| s.figures[figure].low)
        .fold(f64::MAX, f64::min);
    let (to, step) = if is_share(figure) {
        (1.0, 0.1)
    } else {
        (100.0, 10.0)
    };
    let from = ((lowest / step).floor() * step).clamp(0.0, to - step);
    shown
        .chunk_by(|a, b| a.by == b.by)
        .map(|group| Plot {
            heading: group[0].by.clone(),
            from: format!("{from:.1}"),
            to: format!("{to:.1}"),
            rows: group
                .iter()
                .map(|slice| {
                    let f = slice.figures[figure];
                    Line {
                        name: slice.value.clone(),
                        beside: format!("{} articles", slice.items),
                        label: with_interval(figure, f),
                        whisker: charts::whisker((f.value, f.low, f.high), from, to),
                        own: true,
                    }
                })
                .collect(),
        })
        .collect()
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

/// The summaries that are furthest from the best sentences, or from what was written.
fn examples(cases: &[Case]) -> Vec<Example> {
    let mut judged: Vec<(&Case, f64)> = cases
        .iter()
        .filter_map(|case| {
            let scores = case.summary?;
            let hits = scores.either.or(scores.best).unwrap_or_default();
            let either = hits / scores.chosen.max(1.0);
            Some((case, either * 1000.0 + scores.rouge[0]))
        })
        .collect();
    judged.sort_by(|a, b| a.1.total_cmp(&b.1));
    judged
        .iter()
        .take(SUMMARIES)
        .filter_map(|(case, _)| example(case))
        .collect()
}

fn example(case: &Case) -> Option<Example> {
    let (judge, scores) = (case.judge.as_ref()?, case.summary?);
    let text = |s: usize| shorten(&case.article.text[judge.sentences[s].bytes.clone()]);
    let kind = |s: usize| match () {
        () if judge.is_best(s) => "best",
        () if judge.is_alternate(s) => "alternate",
        () => "",
    };
    let mut about = about(&case.row, &case.article);
    about.push(format!("ROUGE-1 {:.0}", scores.rouge[0]));
    Some(Example {
        title: title(case),
        about: about.join(" · "),
        own: chosen(case)
            .into_iter()
            .map(|s| (text(s), kind(s)))
            .collect(),
        best: judge.reference.iter().map(|line| shorten(line)).collect(),
    })
}

/// A text of at most [`SENTENCE`] characters and a sign that more followed.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(SENTENCE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_cut_paragraphs_into_pieces() {
        let paragraphs = pieces(
            "Élan won.\n\nIt rained. Then sun.",
            &[(0..9, 60), (11..21, 7)],
        );
        let shown: Vec<Vec<(&str, u32)>> = paragraphs
            .iter()
            .map(|p| {
                p.iter()
                    .map(|piece| (piece.text.as_str(), piece.weight))
                    .collect()
            })
            .collect();
        assert_eq!(
            shown,
            [
                vec![("Élan won.", 60)],
                vec![("It rained.", 7), (" Then sun.", 0)]
            ]
        );
        assert!(pieces(" \n\n", &[]).is_empty());
    }
}
