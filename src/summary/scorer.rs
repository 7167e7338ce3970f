//! How well each sentence fits a summary.

use candle_core::{Result, Tensor};
use candle_nn::{Linear, Module, VarBuilder, linear, linear_no_bias};

use super::features::{FEATURES, Line, features};

/// Width of the hidden layer.
const HIDDEN: usize = 24;

/// A small network over a sentence's features and its embedding.
pub struct SummaryScorer {
    mean: Tensor,
    deviation: Tensor,
    from_features: Linear,
    from_embedding: Option<Linear>,
    output: Linear,
}

impl SummaryScorer {
    /// Loads (or, with a variable map, creates) a scorer for embeddings of
    /// length `dim`; without a length it looks at the features alone, and so
    /// serves any encoder.
    ///
    /// # Errors
    /// When tensors are missing or have other shapes.
    pub fn load(dim: Option<usize>, vars: &VarBuilder) -> Result<Self> {
        let from_embedding = dim
            .map(|dim| linear_no_bias(dim, HIDDEN, vars.pp("embedding")))
            .transpose()?;
        Ok(Self {
            mean: vars.get(FEATURES, "mean")?,
            deviation: vars.get(FEATURES, "deviation")?,
            from_features: linear(FEATURES, HIDDEN, vars.pp("features"))?,
            from_embedding,
            output: linear(HIDDEN, 1, vars.pp("output"))?,
        })
    }

    /// Scores the sentences of one article, each between 0 and 1.
    /// `embeddings` has shape `[sentences, dim]`, `title` shape `[dim]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn score(
        &self,
        lines: &[Line],
        embeddings: &Tensor,
        title: Option<&Tensor>,
    ) -> Result<Vec<f32>> {
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let features = features(lines, embeddings, title)?.concat();
        let features = Tensor::from_vec(features, (lines.len(), FEATURES), embeddings.device())?;
        candle_nn::ops::sigmoid(&self.logits(&features, embeddings)?)?.to_vec1()
    }

    /// Logits `[sentences]` from features `[sentences, FEATURES]` and embeddings
    /// `[sentences, dim]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn logits(&self, features: &Tensor, embeddings: &Tensor) -> Result<Tensor> {
        let features = features
            .broadcast_sub(&self.mean)?
            .broadcast_div(&self.deviation)?;
        let mut hidden = self.from_features.forward(&features)?;
        if let Some(layer) = &self.from_embedding {
            hidden = (hidden + layer.forward(embeddings)?)?;
        }
        self.output.forward(&hidden.tanh()?)?.squeeze(1)
    }
}
