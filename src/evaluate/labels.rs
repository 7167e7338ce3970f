//! Figures of topic labels.

use super::metrics::{average_precision, f1, precision, recall};

/// Precision, recall, F1 and average precision of one topic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TopicFigures {
    /// Share of labelled articles that have the topic.
    pub precision: f64,
    /// Share of articles with the topic that are labelled.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// Average precision over all thresholds; `None` for a method without scores.
    pub average_precision: Option<f64>,
}

/// Judges labels, and scores where there are some, against the truth.
#[must_use]
pub fn judge(labels: &[bool], scores: Option<&[f64]>, truth: &[bool]) -> TopicFigures {
    TopicFigures {
        precision: precision(labels, truth),
        recall: recall(labels, truth),
        f1: f1(labels, truth),
        average_precision: scores.map(|scores| average_precision(scores, truth)),
    }
}

/// Mean F1 over topics.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a count of topics")]
pub fn macro_f1(figures: &[TopicFigures]) -> f64 {
    figures.iter().map(|f| f.f1).sum::<f64>() / figures.len().max(1) as f64
}
