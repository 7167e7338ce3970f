//! What an evaluation found: plain data that is printed, recorded and compared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::figures::{Figure, Figures, Method};
use super::labels::Confusion;
use super::summaries::Scores;

/// Version of the recorded form; counts breaking changes.
pub const SCHEMA: u32 = 1;

/// The results of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Version of topicwire.
    pub topicwire: String,
    /// The model; `None` where none was needed.
    pub model: Option<ModelRecord>,
    /// What was measured on.
    pub data: DataRecord,
    /// How.
    pub settings: Settings,
    /// What was measured.
    pub parts: Vec<Part>,
    /// How fast and in how much memory; `None` where no model ran.
    pub speed: Option<Speed>,
    /// What the model made of each article, for later comparisons.
    pub articles: Vec<ArticleRecord>,
    /// These results and those they were compared with, see
    /// [`against::compare`](super::against::compare).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<Method>,
}

/// The model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 over its files, see [`Manifest::digest`](crate::model::Manifest::digest).
    pub sha256: String,
}

/// The set of articles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataRecord {
    /// Its name.
    pub name: String,
    /// Rows.
    pub rows: usize,
    /// Rows that could not be used, or on which the model failed.
    #[serde(default)]
    pub failed: usize,
    /// SHA-256 over the rows, see [`Data::digest`](super::cases::Data::digest).
    pub sha256: String,
}

/// What the figures depend on beside model and data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Sentences of a summary.
    pub sentences: usize,
    /// Thresholds by topic.
    pub thresholds: BTreeMap<String, f32>,
    /// Bootstrap samples.
    pub resamples: usize,
    /// Seed of every draw.
    pub seed: u64,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Topic labels.
    Topics,
    /// Summary sentences.
    Summaries,
    /// Article bodies found in web pages.
    Extraction,
    /// Page junk found in plain text.
    Junk,
    /// Sentence ends.
    Sentences,
}

/// What one task came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The task.
    pub task: Task,
    /// Articles, pages or texts.
    pub items: usize,
    /// What there is of everything that is counted, such as articles of each topic.
    pub counts: BTreeMap<String, usize>,
    /// The model first, then what it is compared with.
    pub methods: Vec<Method>,
    /// What is taken for what; for topics alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confusion: Option<Confusion>,
    /// The model's figures on parts of the data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<Slice>,
}

/// A part of the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// What it is cut by, such as `year`.
    pub by: String,
    /// Which part, such as `2016`.
    pub value: String,
    /// Articles in it.
    pub items: usize,
    /// The model's figures on them.
    pub figures: Figures,
}

/// Speed of the model on the articles, one run on whatever else the machine did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    /// Seconds to make the model ready.
    pub load_seconds: f64,
    /// Seconds to analyse all articles.
    pub seconds: f64,
    /// Articles a second.
    pub articles_per_second: f64,
    /// Tokens a second.
    pub tokens_per_second: f64,
    /// Threads.
    pub threads: usize,
    /// Most memory the process had until then, in MB; where the system tells.
    pub peak_memory_mb: Option<f64>,
}

/// What the model made of one article.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArticleRecord {
    /// Number of its row, from 1.
    pub row: usize,
    /// Its identifier, if it has one.
    pub id: Option<String>,
    /// Each topic; empty when the row is not labelled.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub topics: BTreeMap<String, TopicRecord>,
    /// Its summary's scores; `None` when there is nothing to compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Scores>,
}

/// What the model said of one topic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TopicRecord {
    /// The reader's grade, 0 to 3.
    pub grade: u8,
    /// Whether the model labels the article with it.
    pub label: bool,
    /// Its probability.
    pub probability: f64,
}

impl Results {
    /// The part of a task.
    #[must_use]
    pub fn part(&self, task: Task) -> Option<&Part> {
        self.parts.iter().find(|part| part.task == task)
    }

    /// The model's figures of all parts, by name.
    pub fn figures(&self) -> impl Iterator<Item = (&str, Figure)> {
        self.parts
            .iter()
            .filter_map(|part| part.methods.first())
            .flat_map(|method| &method.figures)
            .map(|(name, figure)| (name.as_str(), *figure))
    }

    /// Rounds every figure to five decimals, so that recorded results neither
    /// show noise nor differ between machines in their last bits.
    pub fn round(&mut self) {
        let round = |value: &mut f64| *value = (*value * 1e5).round() / 1e5;
        let figures = |figures: &mut Figures| {
            for f in figures.values_mut() {
                [&mut f.value, &mut f.low, &mut f.high]
                    .into_iter()
                    .for_each(round);
            }
        };
        for part in &mut self.parts {
            for method in &mut part.methods {
                figures(&mut method.figures);
                for d in method.behind.values_mut() {
                    [&mut d.value, &mut d.low, &mut d.high]
                        .into_iter()
                        .for_each(round);
                }
            }
            part.slices.iter_mut().for_each(|s| figures(&mut s.figures));
        }
        for method in &mut self.against {
            figures(&mut method.figures);
            for d in method.behind.values_mut() {
                [&mut d.value, &mut d.low, &mut d.high]
                    .into_iter()
                    .for_each(round);
            }
        }
        for article in &mut self.articles {
            for topic in article.topics.values_mut() {
                round(&mut topic.probability);
            }
            if let Some(s) = &mut article.summary {
                s.rouge.iter_mut().for_each(round);
                [&mut s.redundancy, &mut s.compression]
                    .into_iter()
                    .for_each(round);
            }
        }
        if let Some(speed) = &mut self.speed {
            let tidy = |value: &mut f64| *value = (*value * 1e2).round() / 1e2;
            [
                &mut speed.load_seconds,
                &mut speed.seconds,
                &mut speed.articles_per_second,
                &mut speed.tokens_per_second,
            ]
            .into_iter()
            .for_each(tidy);
            speed.peak_memory_mb.iter_mut().for_each(tidy);
        }
    }
}
