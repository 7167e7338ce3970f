//! What comes out: the analysis of one article, plain data.

use serde::{Deserialize, Serialize};

use crate::article::Meta;

/// Where a sentence stands: its number, and offsets in Unicode characters into
/// the article's text as decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Number of the sentence, from 0.
    pub sentence: usize,
    /// First character.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

/// A sentence that speaks for a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Which sentence.
    #[serde(flatten)]
    pub place: Place,
    /// Its share of what all sentences say for the topic, 0 to 1.
    pub weight: f32,
    /// The article's text at that place.
    pub text: String,
}

/// What was found for one topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopicResult {
    /// The topic's id.
    pub id: String,
    /// The topic's name for people.
    #[serde(skip)]
    pub name: String,
    /// Calibrated probability that the topic holds, 0 to 1.
    pub probability: f32,
    /// Whether the topic holds: `probability >= threshold`.
    pub label: bool,
    /// The threshold that was used.
    pub threshold: f32,
    /// Whether the probability is one at which the model is often wrong, on
    /// this side of the threshold or the other.
    pub uncertain: bool,
    /// The sentences that carried the decision, strongest first.
    pub evidence: Vec<Evidence>,
}

/// A sentence of the summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SummarySentence {
    /// Which sentence.
    #[serde(flatten)]
    pub place: Place,
    /// How well it fits a summary, 0 to 1.
    pub score: f32,
    /// The article's text at that place.
    pub text: String,
}

/// The analysis of one article.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// The article's title, when it has one.
    pub title: Option<String>,
    /// What its source says of it; the language as recognised, where it was.
    pub meta: Meta,
    /// Words in the article, junk left out.
    pub words: usize,
    /// Sentences in the article, junk left out.
    pub sentences: usize,
    /// Every topic of the model, in the model's order.
    pub topics: Vec<TopicResult>,
    /// The summary, in the article's order.
    pub summary: Vec<SummarySentence>,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// Tokens that the encoder read.
    pub tokens: usize,
}

impl Analysis {
    /// Ids of the topics that hold.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.topics
            .iter()
            .filter(|t| t.label)
            .map(|t| t.id.as_str())
    }

    /// Whether the model is uncertain of any topic.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        self.topics.iter().any(|topic| topic.uncertain)
    }
}

/// Which model made an analysis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelId {
    /// The model's name.
    pub name: String,
    /// The model's version.
    pub version: String,
}
