//! Figures of topic labels.

use serde::{Deserialize, Serialize};

use super::metrics::{auroc, average_precision, brier, ece, f1, precision, recall};

/// What a method says of articles: for each topic, in the order of the topics.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labelling {
    /// Whether each topic holds, `[topics][articles]`.
    pub labels: Vec<Vec<bool>>,
    /// With which probability, likewise; `None` for a method without.
    pub probabilities: Option<Vec<Vec<f64>>>,
}

/// Which topics hold for which articles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Truth {
    /// The topics' ids.
    pub topics: Vec<String>,
    /// Whether each holds, `[topics][articles]`.
    pub holds: Vec<Vec<bool>>,
}

impl Truth {
    /// The truth by what tells whether a topic holds for an article, by their numbers.
    #[must_use]
    pub fn new(topics: &[String], articles: usize, holds: impl Fn(usize, usize) -> bool) -> Self {
        let of = |topic| (0..articles).map(|article| holds(topic, article)).collect();
        Self {
            topics: topics.to_vec(),
            holds: (0..topics.len()).map(of).collect(),
        }
    }

    /// The number of articles.
    #[must_use]
    pub fn articles(&self) -> usize {
        self.holds.first().map_or(0, Vec::len)
    }

    /// Articles that have each topic.
    #[must_use]
    pub fn positives(&self) -> Vec<usize> {
        let count = |holds: &Vec<bool>| holds.iter().filter(|h| **h).count();
        self.holds.iter().map(count).collect()
    }
}

/// Figures of a labelling on a choice of the articles, by their numbers.
///
/// For each topic, as `topic.figure`: `precision`, `recall`, `f1` and, with
/// probabilities, `average_precision`, `auroc`, `brier` and `ece`; of a topic
/// that none of these articles has the last two alone, and `auroc` only where
/// some have it and some have not. Overall
/// `macro_…`, the means over the topics that any of them has; `micro_f1` over
/// all decisions; `subset_accuracy`, the share of articles with exactly the
/// right labels, and `hamming_loss`, the share of wrong decisions. With
/// probabilities and several topics also `top_accuracy`: of the articles with a
/// topic, the share whose most probable topic is one of theirs.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of articles")]
pub fn figures(labelling: &Labelling, truth: &Truth, picked: &[usize]) -> Vec<(String, f64)> {
    let pick = |flags: &[bool]| -> Vec<bool> { picked.iter().map(|i| flags[*i]).collect() };
    let mut figures = Vec::new();
    let (mut all_labels, mut all_holds) = (Vec::new(), Vec::new());
    // Name, sum and number of topics.
    let mut sums: Vec<(&str, f64, f64)> = Vec::new();
    for (topic, id) in truth.topics.iter().enumerate() {
        let (labels, holds) = (pick(&labelling.labels[topic]), pick(&truth.holds[topic]));
        // Of a topic that no article has there is nothing to find.
        let exists = holds.contains(&true);
        let mut of_topic = Vec::new();
        if exists {
            of_topic.extend([
                ("precision", precision(&labels, &holds)),
                ("recall", recall(&labels, &holds)),
                ("f1", f1(&labels, &holds)),
            ]);
        }
        if let Some(probabilities) = &labelling.probabilities {
            let scores: Vec<f64> = picked.iter().map(|i| probabilities[topic][*i]).collect();
            if exists {
                of_topic.push(("average_precision", average_precision(&scores, &holds)));
            }
            if exists && holds.contains(&false) {
                of_topic.push(("auroc", auroc(&scores, &holds)));
            }
            of_topic.extend([
                ("brier", brier(&scores, &holds)),
                ("ece", ece(&scores, &holds)),
            ]);
        }
        if exists {
            for (name, value) in &of_topic {
                match sums.iter_mut().find(|(n, ..)| n == name) {
                    Some((_, sum, topics)) => (*sum, *topics) = (*sum + value, *topics + 1.0),
                    None => sums.push((name, *value, 1.0)),
                }
            }
        }
        figures.extend(
            of_topic
                .into_iter()
                .map(|(name, v)| (format!("{id}.{name}"), v)),
        );
        all_labels.push(labels);
        all_holds.push(holds);
    }
    for (name, sum, topics) in sums {
        figures.push((format!("macro_{name}"), sum / topics));
    }
    let exact = (0..picked.len())
        .filter(|i| (0..all_labels.len()).all(|t| all_labels[t][*i] == all_holds[t][*i]))
        .count();
    let (labels, holds) = (all_labels.concat(), all_holds.concat());
    let wrong = labels.iter().zip(&holds).filter(|(l, h)| l != h).count();
    figures.push(("micro_f1".to_owned(), f1(&labels, &holds)));
    let of = |count: usize, all: usize| count as f64 / all.max(1) as f64;
    figures.push(("subset_accuracy".to_owned(), of(exact, picked.len())));
    figures.push(("hamming_loss".to_owned(), of(wrong, labels.len())));
    if let Some(probabilities) = &labelling.probabilities
        && truth.topics.len() > 1
    {
        let has = |i: &usize, topic: usize| truth.holds[topic][*i];
        let top = |i: &usize| {
            let of_topics = (0..truth.topics.len()).rev();
            of_topics.max_by(|a, b| probabilities[*a][*i].total_cmp(&probabilities[*b][*i]))
        };
        let some = picked
            .iter()
            .filter(|i| (0..truth.topics.len()).any(|t| has(i, t)));
        let (right, all) = some.fold((0, 0), |(right, all), i| {
            let found = top(i).is_some_and(|topic| has(i, topic));
            (right + usize::from(found), all + 1)
        });
        if all > 0 {
            figures.push(("top_accuracy".to_owned(), of(right, all)));
        }
    }
    figures
}

/// What is taken for what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// The topics' ids.
    pub topics: Vec<String>,
    /// A row for the articles that have each topic and a last one for those
    /// that have none. In each a column for every topic: the row's own topic
    /// counts articles in which it was found, the others those in which they
    /// were found without holding. The last column: nothing was found.
    pub counts: Vec<Vec<usize>>,
}

/// Counts what is taken for what.
#[must_use]
pub fn confusion(labels: &[Vec<bool>], truth: &Truth) -> Confusion {
    let topics = truth.topics.len();
    let mut counts = vec![vec![0; topics + 1]; topics + 1];
    for article in 0..truth.articles() {
        // The topics that the article has or is labelled with, or else "none".
        let set = |of: &[Vec<bool>]| -> Vec<usize> {
            let mut set: Vec<usize> = (0..topics).filter(|t| of[*t][article]).collect();
            if set.is_empty() {
                set.push(topics);
            }
            set
        };
        let (has, found) = (set(&truth.holds), set(labels));
        for row in &has {
            for column in &found {
                let elsewhere = column != row && has.contains(column);
                counts[*row][*column] += usize::from(!elsewhere);
            }
        }
    }
    Confusion {
        topics: truth.topics.clone(),
        counts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: bool = true;
    const F: bool = false;

    fn truth() -> Truth {
        Truth {
            topics: vec!["a".to_owned(), "b".to_owned(), "never".to_owned()],
            holds: vec![vec![T, T, F, F], vec![T, F, F, F], vec![F; 4]],
        }
    }

    fn value(figures: &[(String, f64)], name: &str) -> f64 {
        let found = figures.iter().find(|(n, _)| n == name);
        found.unwrap_or_else(|| panic!("{name}")).1
    }

    #[test]
    fn figures_of_topics_and_of_all() {
        let labelling = Labelling {
            labels: vec![vec![T, F, F, T], vec![T, F, F, F], vec![F, F, T, F]],
            probabilities: Some(vec![
                vec![0.9, 0.4, 0.1, 0.6],
                vec![1.0, 0.0, 0.0, 0.0],
                vec![0.0, 0.0, 1.0, 0.0],
            ]),
        };
        let f = figures(&labelling, &truth(), &[0, 1, 2, 3]);
        assert_eq!(value(&f, "a.precision"), 0.5);
        assert_eq!(value(&f, "a.recall"), 0.5);
        assert_eq!(value(&f, "b.f1"), 1.0);
        // "never" has no article and is left out of the means.
        assert!(f.iter().all(|(name, _)| name != "never.f1"));
        assert_eq!(value(&f, "never.brier"), 0.25);
        assert_eq!(value(&f, "macro_f1"), 0.75);
        assert!((value(&f, "macro_average_precision") - (5.0 / 6.0 + 1.0) / 2.0).abs() < 1e-12);
        // 3 wrong decisions of 12; 1 article of 4 all right; TP 2, FP 2, FN 1.
        assert_eq!(value(&f, "hamming_loss"), 0.25);
        assert_eq!(value(&f, "subset_accuracy"), 0.25);
        assert!((value(&f, "micro_f1") - 4.0 / 7.0).abs() < 1e-12);
        // On a choice: articles 0 twice and 2.
        let f = figures(&labelling, &truth(), &[0, 0, 2]);
        assert_eq!(value(&f, "a.recall"), 1.0);
        assert!((value(&f, "subset_accuracy") - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn the_most_probable_topic_counts_where_an_article_has_one() {
        let labelling = Labelling {
            labels: vec![vec![F; 4]; 3],
            // Right for article 0 by "b", wrong for 1; 2 and 3 have no topic.
            probabilities: Some(vec![vec![0.1; 4], vec![0.2; 4], vec![0.0, 0.3, 0.9, 0.9]]),
        };
        let f = figures(&labelling, &truth(), &[0, 1, 2, 3]);
        assert_eq!(value(&f, "top_accuracy"), 0.5);
        let f = figures(&labelling, &truth(), &[2, 3]);
        assert!(f.iter().all(|(name, _)| name != "top_accuracy"));
    }

    #[test]
    fn without_probabilities_there_are_no_figures_of_them() {
        let labelling = Labelling {
            labels: vec![vec![F; 4]; 3],
            probabilities: None,
        };
        let f = figures(&labelling, &truth(), &[0, 1, 2, 3]);
        assert!(f.iter().all(|(name, _)| !name.contains("auroc")));
        assert_eq!(value(&f, "macro_f1"), 0.0);
        assert!(
            figures(&labelling, &Truth::default(), &[])
                .iter()
                .all(|(_, v)| *v == 0.0)
        );
    }

    #[test]
    fn what_is_taken_for_what() {
        let labels = vec![vec![T, F, T, F], vec![T, T, F, F], vec![F; 4]];
        let counts = confusion(&labels, &truth()).counts;
        // Article 0 has a and b and both are found; article 1 has a, b is found.
        assert_eq!(counts[0], [1, 1, 0, 0]);
        assert_eq!(counts[1], [0, 1, 0, 0]);
        assert_eq!(counts[2], [0, 0, 0, 0]);
        // Articles 2 and 3 have nothing: a is found in one.
        assert_eq!(counts[3], [1, 0, 0, 1]);
    }
}
