//! Whether a model has become better or worse since results were recorded.

use std::collections::BTreeMap;

use super::figures::{Measured, Method, measure};
use super::labels::{self, Labelling, Truth};
use super::resample::Resampling;
use super::results::{ArticleRecord, Results};
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
    if new.data.sha256 != old.data.sha256 {
        return Err(format!(
            "was measured on other data ({}, {} rows); measure the old model on {} to compare",
            old.data.name, old.data.rows, new.data.name
        ));
    }
    if new.settings.sentences != old.settings.sentences {
        return Err(format!(
            "was measured with summaries of {} sentences, not {}; use -n {0}",
            old.settings.sentences, new.settings.sentences
        ));
    }
    let old_rows: BTreeMap<usize, &ArticleRecord> =
        old.articles.iter().map(|a| (a.row, a)).collect();
    let pairs: Vec<(&ArticleRecord, &ArticleRecord)> = new
        .articles
        .iter()
        .filter_map(|a| Some((a, *old_rows.get(&a.row)?)))
        .collect();
    let mut methods = [Vec::new(), Vec::new()];
    let labelled: Vec<_> = pairs
        .iter()
        .filter(|(a, b)| !a.topics.is_empty() && !b.topics.is_empty())
        .collect();
    if let Some((first, other)) = labelled.first() {
        let both = |id: &&String| other.topics.contains_key(*id);
        let ids: Vec<String> = first.topics.keys().filter(both).cloned().collect();
        let records: Vec<&ArticleRecord> = labelled.iter().map(|(a, _)| *a).collect();
        let truth = truth(&ids, &records);
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
        return Err("has no articles in common with these results".to_owned());
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

fn truth(ids: &[String], records: &[&ArticleRecord]) -> Truth {
    let holds = |id: &String| {
        let grade = |r: &&ArticleRecord| r.topics.get(id).map_or(0, |t| t.grade);
        records
            .iter()
            .map(|r| grade(r) >= crate::records::POSITIVE)
            .collect()
    };
    Truth {
        topics: ids.to_vec(),
        holds: ids.iter().map(holds).collect(),
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
