//! Topics and summaries of the cases beside simple methods.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{Case, Settings};
use crate::evaluate::figures::{Measured, measure, measure_one};
use crate::evaluate::labels::Labelling;
use crate::evaluate::results::{ArticleRecord, Part, Task, TopicRecord};
use crate::evaluate::summaries::{self, Judge, Scores};
use crate::evaluate::topics::{self, Judged, Training};
use crate::evaluate::{cases, extracts, slices};
use crate::records::{Columns, Row};

/// The part of topic labels, and what each method said of the labelled
/// articles; `None` when no article is labelled.
pub(super) fn topics(
    model: &str,
    ids: &[String],
    cases: &[Case],
    training: Option<&Training>,
    settings: &Settings,
) -> Option<(Part, Vec<Labelling>)> {
    let judged: Vec<Judged> = cases
        .iter()
        .filter_map(|case| {
            let said = |id: &String| {
                let result = case.topic(id);
                result.map_or((false, 0.0), |r| (r.label, f64::from(r.probability)))
            };
            Some(Judged {
                text: topics::Text::of(&case.article),
                grades: case.grades.clone()?,
                graded: case.row.is_graded(),
                model: ids.iter().map(said).collect(),
                traits: cases::traits(&case.row, &case.article, &settings.slices),
            })
        })
        .collect();
    let resampling = settings.resampling;
    (!judged.is_empty()).then(|| topics::part(model, ids, &judged, training, resampling))
}

/// The part of summaries; `None` when there is nothing to compare with.
pub(super) fn summaries(model: &str, cases: &[Case], settings: &Settings) -> Option<Part> {
    let judged: Vec<(&Case, &Judge, Scores)> = cases
        .iter()
        .filter_map(|case| Some((case, case.judge.as_ref()?, case.summary?)))
        .collect();
    if judged.is_empty() {
        return None;
    }
    let count = settings.options.summary.sentences;
    let seed = settings.resampling.seed;
    type Choice<'a> = &'a (dyn Fn(&Row, &Judge) -> Scores + Sync);
    let each = |choice: Choice| -> Vec<Scores> {
        let judged = judged.par_iter();
        judged
            .map(|(case, judge, _)| choice(&case.row, judge))
            .collect()
    };
    let methods = [
        (model, judged.iter().map(|(_, _, own)| *own).collect()),
        (
            "first sentences, junk dropped",
            each(&|_, judge| judge.judge(&judge.lead(count))),
        ),
        (
            "TextRank",
            each(&|_, judge| judge.judge(&extracts::text_rank(&judge.words, count))),
        ),
        (
            "random",
            each(&|row, judge| {
                let draws = extracts::random(judge.sentences.len(), count, seed, row.number);
                let scores: Vec<Scores> = draws.iter().map(|d| judge.judge(d)).collect();
                summaries::mean(&scores)
            }),
        ),
        (
            "greedy oracle for ROUGE",
            each(&|_, judge| judge.judge(&judge.oracle(count))),
        ),
    ];
    let measured: Vec<Measured> = methods
        .iter()
        .map(|(name, scores): &(&str, Vec<Scores>)| -> Measured {
            (
                (*name).to_owned(),
                Box::new(move |picked| summaries::figures(scores, picked)),
            )
        })
        .collect();
    let resampling = settings.resampling;
    let marked = judged.iter().filter(|(_, _, s)| s.best.is_some()).count();
    let traits: Vec<BTreeMap<String, String>> = judged
        .iter()
        .map(|(case, _, _)| cases::traits(&case.row, &case.article, &settings.slices))
        .collect();
    let traits: Vec<&BTreeMap<String, String>> = traits.iter().collect();
    let own = &methods[0].1;
    let shown = ["best", "best_or_alternate", "rouge_1"];
    Some(Part {
        task: Task::Summaries,
        items: judged.len(),
        counts: BTreeMap::from([("marked".to_owned(), marked)]),
        methods: measure(&measured, judged.len(), resampling),
        confusion: None,
        slices: slices::cut(&traits, |members| {
            measure_one(members.len(), resampling, |picked| {
                let picked: Vec<usize> = picked.iter().map(|i| members[*i]).collect();
                let mut figures = summaries::figures(own, &picked);
                figures.retain(|(name, _)| shown.contains(&name.as_str()));
                figures
            })
        }),
    })
}

/// What the model made of each article, for later comparisons.
pub(super) fn records(ids: &[String], cases: &[Case], columns: &Columns) -> Vec<ArticleRecord> {
    cases
        .iter()
        .map(|case| {
            let topics = ids.iter().enumerate().filter_map(|(topic, id)| {
                let result = case.topic(id);
                let record = TopicRecord {
                    grade: case.grades.as_ref()?[topic],
                    label: result.is_some_and(|r| r.label),
                    probability: result.map_or(0.0, |r| f64::from(r.probability)),
                };
                Some((id.clone(), record))
            });
            ArticleRecord {
                row: case.row.number,
                id: case.row.text_of(&columns.id),
                topics: topics.collect(),
                summary: case.summary,
            }
        })
        .collect()
}
