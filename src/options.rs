//! What can be set of an analysis, plain data.

use std::collections::HashMap;

use crate::summary::Length;
use crate::topics::OwnTopic;

/// Sentences of a summary when nothing else is set.
pub const DEFAULT_SUMMARY: usize = 3;

/// What a summary is about, when it is not the article's main points.
#[derive(Debug, Clone)]
pub enum Focus {
    /// A topic, by its id.
    Topic(String),
    /// What a text asks for.
    Query(Query),
}

/// A text that a summary answers, see [`Analyzer::query`](crate::Analyzer::query).
#[derive(Debug, Clone)]
pub struct Query {
    /// The text.
    pub text: String,
    /// What sentences are compared with.
    pub(crate) topic: OwnTopic,
}

/// What of an analysis can be set.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long the summary may be.
    pub summary: Length,
    /// What the summary is about; the article's main points when not set.
    pub focus: Option<Focus>,
    /// Whether the summary's sentences stand in the order of their rank, the best first;
    /// else in the article's.
    pub by_rank: bool,
    /// Threshold of every topic that `thresholds` does not name; the model's
    /// own when not set.
    pub threshold: Option<f32>,
    /// Thresholds by topic id.
    pub thresholds: HashMap<String, f32>,
    /// Whether topics that do not hold get evidence too: the sentences that
    /// come nearest.
    pub all_evidence: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            summary: Length::sentences(DEFAULT_SUMMARY),
            focus: None,
            by_rank: false,
            threshold: None,
            thresholds: HashMap::new(),
            all_evidence: false,
        }
    }
}
