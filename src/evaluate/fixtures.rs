//! The evaluation articles that come with topicwire.

use super::cases::Data;
use crate::records::{Columns, Row};

/// What reports and gates call them.
pub const NAME: &str = "fixtures";

const ARTICLES: &str = include_str!("../../eval/fixtures/articles.jsonl");

/// The articles: made up, with two readers' agreed grades and summary sentences.
/// See `eval/README.md`.
///
/// # Errors
/// When a line is no JSON object.
pub fn data() -> Result<Data, serde_json::Error> {
    let rows: Result<Vec<Row>, serde_json::Error> = ARTICLES
        .lines()
        .zip(1..)
        .map(|(line, number)| {
            Ok(Row {
                number,
                fields: serde_json::from_str(line)?,
            })
        })
        .collect();
    Ok(Data {
        name: NAME.to_owned(),
        path: NAME.to_owned(),
        rows: rows?,
        columns: Columns::default(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::evaluate::cohen_kappa;
    use crate::records::POSITIVE;

    /// What one reader said of an article; spans in characters of its text.
    #[derive(Deserialize)]
    struct Reading {
        id: String,
        grades: BTreeMap<String, u8>,
        best: Vec<(usize, usize)>,
        alternates: Vec<(usize, usize)>,
        junk: Vec<(usize, usize)>,
    }

    /// The two readings of every article, in the articles' order.
    fn readings() -> Vec<(Reading, Reading)> {
        let lines = include_str!("../../eval/fixtures/readings.jsonl").lines();
        let mut readings = lines.map(|l| serde_json::from_str::<Reading>(l).unwrap());
        let mut pairs = Vec::new();
        while let Some(first) = readings.next() {
            pairs.push((first, readings.next().unwrap()));
        }
        pairs
    }

    #[test]
    fn every_article_is_labelled_synthetic_and_read_twice() {
        let rows = data().unwrap().rows;
        assert!(rows.len() >= 160);
        for (row, (first, second)) in rows.iter().zip(readings()) {
            let id = row.text_of("id").unwrap();
            assert!((&first.id, &second.id) == (&id, &id), "{id}");
            assert_eq!(row.fields["synthetic"], true, "{id}");
            for (topic, grade) in &first.grades {
                let agreed = row.grade(topic).unwrap();
                let given = [*grade, second.grades[topic]];
                assert!(
                    given.contains(&agreed),
                    "{id}: {topic} {agreed}, not {given:?}"
                );
            }
        }
    }

    #[test]
    fn every_topic_pair_and_trap_is_there() {
        let rows = data().unwrap().rows;
        let has = |row: &Row, topic: &str| row.grade(topic).unwrap() >= POSITIVE;
        let count = |topics: &[&str]| {
            let all = |row: &&Row| topics.iter().all(|t| has(row, t));
            rows.iter().filter(all).count()
        };
        let topics = ["cybersecurity", "brexit", "russia_hybrid"];
        for topic in topics {
            assert!(count(&[topic]) >= 40, "{topic}");
        }
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            assert!(count(&[topics[a], topics[b]]) > count(&topics));
        }
        assert!(count(&topics) >= 5);
        let none = rows
            .iter()
            .filter(|row| topics.iter().all(|t| !has(row, t)));
        assert!(none.count() >= 50);
    }

    /// The agreement that the README of the evaluation states.
    #[test]
    fn the_readers_agree_as_stated() {
        let readme = include_str!("../../eval/README.md");
        let pairs = readings();
        let (mut same, mut decisions, mut alike) = (0, 0, 0);
        for topic in ["cybersecurity", "brexit", "russia_hybrid"] {
            let holds = |r: &Reading| r.grades[topic] >= POSITIVE;
            let first: Vec<bool> = pairs.iter().map(|(a, _)| holds(a)).collect();
            let second: Vec<bool> = pairs.iter().map(|(_, b)| holds(b)).collect();
            let stated = format!("{topic} {:.2}", cohen_kappa(&first, &second));
            assert!(readme.contains(&stated), "the README lacks: {stated}");
            decisions += pairs.len();
            alike += first.iter().zip(&second).filter(|(a, b)| a == b).count();
            same += pairs
                .iter()
                .filter(|(a, b)| a.grades[topic] == b.grades[topic])
                .count();
        }
        let percent = |part: usize, all: usize| (100.0 * part as f64 / all as f64).round();
        let sum = |of: &dyn Fn(&Reading, &Reading) -> usize| {
            pairs.iter().map(|(a, b)| of(a, b)).sum::<usize>()
        };
        let shared =
            |a: &[(usize, usize)], b: &[(usize, usize)]| a.iter().filter(|s| b.contains(s)).count();
        let chosen = sum(&|a, _| a.best.len());
        let best = sum(&|a, b| shared(&a.best, &b.best));
        let either = best + sum(&|a, b| shared(&a.best, &b.alternates));
        let junk = sum(&|a, b| shared(&a.junk, &b.junk));
        let any_junk = sum(&|a, b| a.junk.len() + b.junk.len()) - junk;
        for stated in [
            format!("in {alike} of {decisions} decisions"),
            format!("on the grade in {same}"),
            format!("{} % of the sentences", percent(best, chosen)),
            format!("{} % it chose or named", percent(either, chosen)),
            format!("they share {} %", percent(junk, any_junk)),
        ] {
            assert!(readme.contains(&stated), "the README lacks: {stated}");
        }
    }
}
