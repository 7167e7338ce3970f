//! `topics.toml`: which topics a model knows.

use serde::{Deserialize, Serialize};

/// The topics of a model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definitions {
    /// How many heads vote.
    pub members: usize,
    /// The topics, in the order of the heads' outputs.
    #[serde(rename = "topic")]
    pub topics: Vec<Topic>,
}

/// One topic.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Short name for machines, as in JSON.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What the topic covers, in a sentence.
    pub definition: String,
    /// How it is told: `trained`, `few-shot` or `zero-shot`.
    pub kind: String,
    /// Probability from which on the topic holds.
    pub threshold: f32,
    /// Probabilities at which errors are frequent.
    pub uncertain: Band,
    /// From logit to probability.
    pub calibration: Platt,
}

/// A span of probabilities: from the first up to, not including, the second,
/// unless that is 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// The lowest.
    pub from: f32,
    /// Where it ends.
    pub to: f32,
}

impl Band {
    /// Whether a probability lies in the band.
    #[must_use]
    pub fn holds(self, probability: f32) -> bool {
        (self.from..self.to).contains(&probability) || (self.to >= 1.0 && probability >= 1.0)
    }
}

/// Platt scaling: `p = 1 / (1 + exp(-(slope · logit + offset)))` (Platt, 1999,
/// "Probabilistic outputs for support vector machines", section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platt {
    /// Factor of the logit.
    pub slope: f32,
    /// Added to it.
    pub offset: f32,
}

impl Platt {
    /// Leaves a logit as it is.
    pub const IDENTITY: Self = Self {
        slope: 1.0,
        offset: 0.0,
    };

    /// The calibrated probability of a logit.
    #[must_use]
    pub fn probability(self, logit: f32) -> f32 {
        1.0 / (1.0 + (-(self.slope * logit + self.offset)).exp())
    }
}
