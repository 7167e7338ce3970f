//! Embeddings to probabilities, labels and evidence.
//!
//! This room sees embeddings as numbers and knows no encoder.

mod definitions;
mod evidence;
mod head;

pub use definitions::{Definitions, Platt, Topic};
pub use head::{GRADES, Head, HeadOutput, POOLS};

use candle_core::{Device, Result, Tensor};
use candle_nn::VarBuilder;

/// The topic heads of a model: an ensemble of [`Head`]s whose logits are
/// averaged, and a calibration per topic.
pub struct TopicScorer {
    definitions: Definitions,
    members: Vec<Head>,
}

/// What a topic scorer says of one article, for one topic.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicScore {
    /// Calibrated probability that the topic holds.
    pub probability: f32,
    /// Sentences that speak for the topic, strongest first, with their share of
    /// what attention and the highest sentence logits add.
    pub evidence: Vec<(usize, f32)>,
}

impl TopicScorer {
    /// Loads the heads under `vars`, for embeddings of length `dim`.
    ///
    /// # Errors
    /// When tensors are missing or have other shapes.
    pub fn load(definitions: Definitions, dim: usize, vars: &VarBuilder) -> Result<Self> {
        let members = (0..definitions.members)
            .map(|member| Head::load(dim, definitions.topics.len(), vars.pp(member)))
            .collect::<Result<_>>()?;
        Ok(Self {
            definitions,
            members,
        })
    }

    /// The topics in order.
    #[must_use]
    pub fn topics(&self) -> &[Topic] {
        &self.definitions.topics
    }

    /// Scores one article.
    ///
    /// `sentences` has shape `[sentences, dim]`, `title` shape `[dim]`; the
    /// title takes part in the decision, but only sentences are evidence.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn score(&self, sentences: &Tensor, title: Option<&Tensor>) -> Result<Vec<TopicScore>> {
        let rows = rows(sentences, title)?;
        let first = usize::from(title.is_some());
        let count = rows.dims()[0];
        let mask = Tensor::ones((1, count), candle_core::DType::F32, &Device::Cpu)?;
        let rows = rows.unsqueeze(0)?;
        let topics = self.topics().len();
        let mut logits = vec![0.0; topics];
        let mut shares = vec![vec![0.0; count - first]; topics];
        #[expect(clippy::cast_precision_loss, reason = "a handful of members")]
        let members = self.members.len() as f32;
        for member in &self.members {
            let output = member.forward(&rows, &mask)?;
            let member_logits = output.positive()?.get(0)?.to_vec1::<f32>()?;
            for (logit, value) in logits.iter_mut().zip(member_logits) {
                *logit += value / members;
            }
            for (topic, share) in shares.iter_mut().enumerate() {
                let own = evidence::contributions(member, &output, topic)?;
                for (total, value) in share.iter_mut().zip(&own[first..]) {
                    *total += value / members;
                }
            }
        }
        Ok(self
            .topics()
            .iter()
            .zip(logits.iter().zip(&shares))
            .map(|(topic, (&logit, share))| TopicScore {
                probability: topic.calibration.probability(logit),
                evidence: evidence::strongest(share),
            })
            .collect())
    }
}

/// The rows that a head sees: the title's, when there is one, then the sentences'.
///
/// # Errors
/// When the shapes do not fit.
pub fn rows(sentences: &Tensor, title: Option<&Tensor>) -> Result<Tensor> {
    match title {
        Some(title) => Tensor::cat(&[&title.unsqueeze(0)?, sentences], 0),
        None => Ok(sentences.clone()),
    }
}
