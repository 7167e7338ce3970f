//! Whether a model has become better or worse since results were recorded.

use std::collections::BTreeMap;

use super::figures::{FEWEST, Measured, Method, measure};
use super::labels::{self, Labelling, Truth};
use super::resample::Resampling;
use super::results::{ArticleRecord, DataRecord, Results, Task};
use super::summaries::{self, Scores};

/// Compares new results with recorded ones on the same articles: first the new
/// model's method, then the old one's with the differences.
///
/// # Errors
/// When the two were measured on other data or have no articles in common.
pub fn compare(
    new: &Results,
    old: &Results,
    resampling: Resampling,
) -> Result<Vec<Method>, String> {
    comparable(old, &new.data, new.settings.sentences)?;
    let old_rows: BTreeMap<usize, &ArticleRecord> =
        old.articles.iter().map(|a| (a.row, a)).collect();
    let pairs: Vec<(&ArticleRecord, &ArticleRecord)> = new
        .articles
        .iter()
        .filter_map(|a| Some((a, *old_rows.get(&a.row)?)))
        .collect();
    let missing = new.articles.len() - pairs.len();
    if missing > 0 {
        return Err(format!(
            "lacks {missing} of the {} articles",
            new.articles.len()
        ));
    }
    if pairs.len() < FEWEST {
        let found = pairs.len();
        return Err(format!(
            "has {found} articles, too few to tell a change from chance"
        ));
    }
    let mut methods = [Vec::new(), Vec::new()];
    let labelled: Vec<_> = pairs
        .iter()
        .filter(|(a, b)| !a.topics.is_empty() && !b.topics.is_empty())
        .collect();
    let ids: Vec<String> = match labelled.first() {
        Some((first, other)) => {
            let both = |id: &&String| other.topics.contains_key(*id);
            first.topics.keys().filter(both).cloned().collect()
        }
        None => Vec::new(),
    };
    if !ids.is_empty() {
        let records: Vec<&ArticleRecord> = labelled.iter().map(|(a, _)| *a).collect();
        let grade = |topic: usize, i: usize| records[i].topics.get(&ids[topic]);
        let truth = Truth::new(&ids, records.len(), |topic, i| {
            grade(topic, i).is_some_and(|t| t.grade >= crate::records::POSITIVE)
        });
        let sides = [records, labelled.iter().map(|(_, b)| *b).collect()];
        let measured = sides.map(|side| labelling(&ids, &side));
        add(
            &mut methods,
            measured,
            labelled.len(),
            resampling,
            |l, picked| labels::figures(l, &truth, picked),
        );
    }
    let scored: Vec<(Scores, Scores)> = pairs
        .iter()
        .filter_map(|(a, b)| Some((a.summary?, b.summary?)))
        .collect();
    if !scored.is_empty() {
        let sides: [Vec<Scores>; 2] = [
            scored.iter().map(|(a, _)| *a).collect(),
            scored.iter().map(|(_, b)| *b).collect(),
        ];
        add(
            &mut methods,
            sides,
            scored.len(),
            resampling,
            |s, picked| summaries::figures(s, picked),
        );
    }
    if methods[0].is_empty() {
        return Err(
            "has no topics or summaries in common with these results; reading is not compared"
                .to_owned(),
        );
    }
    let joined = methods.into_iter().map(|parts: Vec<Method>| {
        let mut whole = Method {
            name: String::new(),
            figures: BTreeMap::new(),
            behind: BTreeMap::new(),
        };
        for part in parts {
            whole.figures.extend(part.figures);
            whole.behind.extend(part.behind);
        }
        whole
    });
    let mut joined: Vec<Method> = joined.collect();
    for (method, results) in joined.iter_mut().zip([new, old]) {
        method.name = results
            .model
            .as_ref()
            .map_or_else(String::new, |m| format!("{} {}", m.name, m.version));
    }
    Ok(joined)
}

/// Whether results on this data with summaries of so many sentences can be
/// compared with recorded ones.
///
/// # Errors
/// When the recorded ones were measured otherwise.
pub fn comparable(old: &Results, data: &DataRecord, sentences: usize) -> Result<(), String> {
    if data.sha256 != old.data.sha256 {
        return Err(format!(
            "was measured on other data ({}, {} rows); measure the old model on {} to compare",
            old.data.name, old.data.rows, data.name
        ));
    }
    let summarised = old.part(Task::Summaries).is_some();
    if summarised && old.settings.sentences != sentences {
        return Err(format!(
            "was measured with summaries of {} sentences, not {sentences}; use -n {0}",
            old.settings.sentences
        ));
    }
    Ok(())
}

/// Measures both sides and adds the two methods to the two lists.
fn add<T: Sync>(
    methods: &mut [Vec<Method>; 2],
    sides: [T; 2],
    items: usize,
    resampling: Resampling,
    figures: impl Fn(&T, &[usize]) -> Vec<(String, f64)> + Sync,
) {
    let figures = &figures;
    let measured: Vec<Measured> = sides
        .iter()
        .map(|side| -> Measured { (String::new(), Box::new(move |picked| figures(side, picked))) })
        .collect();
    for (list, method) in methods
        .iter_mut()
        .zip(measure(&measured, items, resampling))
    {
        list.push(method);
    }
}

fn labelling(ids: &[String], records: &[&ArticleRecord]) -> Labelling {
    let of = |id: &String, i: usize| records[i].topics.get(id).copied();
    let all = 0..records.len();
    Labelling {
        labels: ids
            .iter()
            .map(|id| {
                all.clone()
                    .map(|i| of(id, i).is_some_and(|t| t.label))
                    .collect()
            })
            .collect(),
        probabilities: Some(
            ids.iter()
                .map(|id| {
                    all.clone()
                        .map(|i| of(id, i).map_or(0.0, |t| t.probability))
                        .collect()
                })
                .collect(),
        ),
    }
}
