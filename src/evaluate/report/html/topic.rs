//! One topic: its curves and what was labelled wrongly.

use std::ops::Range;

use super::{about, title};
use crate::evaluate::figures::Method;
use crate::evaluate::report::charts::{self, Bin, Point};
use crate::evaluate::report::with_interval;
use crate::evaluate::results::Part;
use crate::evaluate::suite::{Case, Evaluation};
use crate::evaluate::topics::{KEYWORDS, TFIDF};
use crate::records::POSITIVE;

/// Most articles that are shown of each kind of mistake.
const MISTAKES: usize = 5;

/// One topic's charts and mistakes.
pub(super) struct Topic {
    pub name: String,
    pub articles: usize,
    pub facts: Vec<(&'static str, String)>,
    pub curve: Option<String>,
    pub baseline: Option<String>,
    pub threshold: Point,
    pub keywords: Option<Point>,
    pub bins: Vec<Bin>,
    pub missed: Vec<Mistake>,
    pub missed_in_all: usize,
    pub alarms: Vec<Mistake>,
    pub alarms_in_all: usize,
}

/// An article that was labelled wrongly.
pub(super) struct Mistake {
    pub title: String,
    pub about: String,
    pub text: Vec<Vec<Piece>>,
}

/// A piece of an article's text.
pub(super) struct Piece {
    pub text: String,
    /// Its share of the evidence in percent; 0 for the rest.
    pub weight: u32,
}

pub(super) fn topic(evaluation: &Evaluation, part: &Part, labelled: &[&Case], t: usize) -> Topic {
    let (id, name) = &evaluation.topics[t];
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
    let method = |name: &str| part.methods.iter().position(|m| m.name == name);
    let probabilities = |m: usize| {
        evaluation
            .labellings
            .get(m)?
            .probabilities
            .as_ref()
            .map(|p| &p[t])
    };
    let grade = |case: &Case| case.grades.as_ref().map_or(0, |g| g[t]);
    let holds: Vec<bool> = labelled.iter().map(|c| grade(c) >= POSITIVE).collect();
    let own = probabilities(0);
    let wrong = |want: bool| -> Vec<(f32, usize)> {
        let mut wrong: Vec<(f32, usize)> = labelled
            .iter()
            .enumerate()
            .filter_map(|(i, case)| {
                let label = case.topic(id).is_some_and(|r| r.label);
                let probability = case.topic(id).map_or(0.0, |r| r.probability);
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
        shown.map(|(_, i)| mistake(labelled[*i], id, t)).collect()
    };
    let (missed, alarms) = (wrong(true), wrong(false));
    Topic {
        name: name.clone(),
        articles: part.counts.get(id).copied().unwrap_or_default(),
        facts: facts.collect(),
        curve: own.and_then(|p| charts::curve(p, &holds)),
        baseline: method(TFIDF)
            .and_then(probabilities)
            .and_then(|p| charts::curve(p, &holds)),
        threshold: at(model),
        keywords: method(KEYWORDS).map(|m| at(&part.methods[m])),
        bins: own.map_or_else(Vec::new, |p| charts::reliability(p, &holds)),
        missed: show(&missed),
        missed_in_all: missed.len(),
        alarms: show(&alarms),
        alarms_in_all: alarms.len(),
    }
}

fn mistake(case: &Case, id: &str, t: usize) -> Mistake {
    let result = case.topic(id);
    let grade = case.grades.as_ref().map_or(0, |g| g[t]);
    let mut about = about(case);
    about.push(if case.row.is_graded() {
        format!("grade {grade}")
    } else if grade >= POSITIVE {
        "the reader has it".to_owned()
    } else {
        "the reader has it not".to_owned()
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
