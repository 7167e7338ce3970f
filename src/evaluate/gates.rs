//! Gates: figures that must be reached.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::results::Results;

/// The gates of this project, for the data sets that it is measured on.
pub const SUITE: &str = include_str!("../../eval/suite.toml");

/// What figures of a data set must reach, by the figures' names.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gates {
    /// Least values.
    pub min: BTreeMap<String, f64>,
    /// Greatest values.
    pub max: BTreeMap<String, f64>,
}

/// A figure and what it must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// The figure's name.
    pub figure: String,
    /// What it is.
    pub value: f64,
    /// What it must be.
    pub gate: f64,
    /// Whether `gate` is the least value, not the greatest.
    pub least: bool,
}

impl std::fmt::Display for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let must = if self.least { "at least" } else { "at most" };
        write!(
            f,
            "{} is {:.4} and must be {must} {}",
            self.figure, self.value, self.gate
        )
    }
}

/// Reads the gates of one data set from a suite: TOML with a table for each
/// set, in it `min` and `max`.
///
/// # Errors
/// When the suite is malformed or knows no such data set.
pub fn read(suite: &str, data: &str) -> Result<Gates, String> {
    let sets: BTreeMap<String, Gates> =
        toml::from_str(suite).map_err(|e| e.to_string().trim_end().to_owned())?;
    match sets.get(data) {
        Some(gates) => match gates
            .min
            .iter()
            .chain(&gates.max)
            .find(|(_, g)| !g.is_finite())
        {
            Some((figure, _)) => Err(format!("has a gate for {figure} that is no number")),
            None => Ok(gates.clone()),
        },
        None => {
            let known: Vec<&str> = sets.keys().map(String::as_str).collect();
            Err(format!(
                "has no gates for \"{data}\"; it has some for: {}",
                known.join(", ")
            ))
        }
    }
}

impl Gates {
    /// Adds gates; those of the same figure are replaced.
    pub fn extend(&mut self, other: Self) {
        self.min.extend(other.min);
        self.max.extend(other.max);
    }

    /// Whether there is nothing to check.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.min.is_empty() && self.max.is_empty()
    }

    /// The number of gates.
    #[must_use]
    pub fn len(&self) -> usize {
        self.min.len() + self.max.len()
    }

    /// Leaves out the gates of figures that were not measured.
    pub fn keep_measured(&mut self, results: &Results) {
        let measured = |name: &String| results.figures().any(|(figure, _)| figure == name);
        self.min.retain(|name, _| measured(name));
        self.max.retain(|name, _| measured(name));
    }

    /// Every gate in a line, and whether it is reached.
    ///
    /// # Errors
    /// When a gate names a figure that there is not.
    pub fn check(&self, results: &Results) -> Result<Vec<(Gate, bool)>, String> {
        let figures: BTreeMap<&str, f64> =
            results.figures().map(|(name, f)| (name, f.value)).collect();
        let min = self.min.iter().map(|gate| (gate, true));
        let max = self.max.iter().map(|gate| (gate, false));
        min.chain(max)
            .map(|((figure, &gate), least)| {
                let Some(&value) = figures.get(figure.as_str()) else {
                    let known: Vec<&str> = figures.keys().copied().collect();
                    return Err(format!(
                        "no figure \"{figure}\" was measured; there are: {}",
                        known.join(", ")
                    ));
                };
                // A figure that is not a number reaches nothing.
                let reached = if least { value >= gate } else { value <= gate };
                let figure = figure.clone();
                let gate = Gate {
                    figure,
                    value,
                    gate,
                    least,
                };
                Ok((gate, reached))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::figures::{Figure, Method};
    use crate::evaluate::results::{DataRecord, Part, SCHEMA, Settings, Task};

    fn results(figures: &[(&str, f64)]) -> Results {
        let figure = |&(name, value): &(&str, f64)| {
            let (low, high) = (0.0, 1.0);
            (name.to_owned(), Figure { value, low, high })
        };
        Results {
            schema: SCHEMA,
            topicwire: String::new(),
            model: None,
            data: DataRecord {
                name: String::new(),
                rows: 1,
                failed: 0,
                sha256: String::new(),
            },
            settings: Settings {
                sentences: 3,
                thresholds: BTreeMap::new(),
                resamples: 10,
                seed: 1,
            },
            parts: vec![Part {
                task: Task::Topics,
                items: 1,
                counts: BTreeMap::new(),
                methods: vec![Method {
                    name: "model".to_owned(),
                    figures: figures.iter().map(figure).collect(),
                    behind: BTreeMap::new(),
                }],
                confusion: None,
                slices: Vec::new(),
            }],
            speed: None,
            articles: Vec::new(),
            against: Vec::new(),
        }
    }

    #[test]
    fn what_falls_short_is_named() {
        let suite = "[a.min]\nmacro_f1 = 0.9\nmicro_f1 = 0.5\n[a.max]\nece = 0.05\n[b]\n";
        let gates = read(suite, "a").unwrap();
        assert_eq!(gates.len(), 3);
        let good = results(&[("macro_f1", 0.9), ("micro_f1", 0.8), ("ece", 0.05)]);
        assert!(
            gates
                .check(&good)
                .unwrap()
                .iter()
                .all(|(_, reached)| *reached)
        );
        let bad = results(&[("macro_f1", 0.89), ("micro_f1", f64::NAN), ("ece", 0.06)]);
        let checked = gates.check(&bad).unwrap();
        assert!(checked.iter().all(|(_, reached)| !reached));
        let lines: Vec<String> = checked.iter().map(|(gate, _)| gate.to_string()).collect();
        assert_eq!(lines[0], "macro_f1 is 0.8900 and must be at least 0.9");
        assert!(lines[1].starts_with("micro_f1 is NaN"), "{lines:?}");
        assert_eq!(lines[2], "ece is 0.0600 and must be at most 0.05");
        assert!(read(suite, "b").unwrap().is_empty());
    }

    #[test]
    fn unknown_sets_and_figures_are_errors_that_name_the_known() {
        assert!(
            read("[a.min]\nx = 1\n", "c")
                .unwrap_err()
                .ends_with("some for: a")
        );
        assert!(
            read("[a.min]\nx = nan\n", "a")
                .unwrap_err()
                .contains("no number")
        );
        assert!(read("[a.mim]\nx = 1\n", "a").unwrap_err().contains("mim"));
        let gates = read("[a.min]\nmacro_f2 = 0.5\n", "a").unwrap();
        let error = gates.check(&results(&[("macro_f1", 0.9)])).unwrap_err();
        assert!(
            error.contains("macro_f2") && error.ends_with("there are: macro_f1"),
            "{error}"
        );
    }

    #[test]
    fn later_gates_replace_earlier_ones() {
        let mut gates = read("[a.min]\nx = 1\ny = 1\n", "a").unwrap();
        gates.extend(read("[a.min]\nx = 2\n", "a").unwrap());
        assert_eq!(
            gates.min,
            BTreeMap::from([("x".to_owned(), 2.0), ("y".to_owned(), 1.0)])
        );
    }

    #[test]
    fn the_suite_can_be_read() {
        assert!(!read(SUITE, "fixtures").unwrap().is_empty());
    }
}
