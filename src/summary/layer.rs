//! A transformer layer over the sentences of an article.

use candle_core::{D, Result, Tensor};
use candle_nn::ops::{layer_norm_slow, softmax};
use candle_nn::{Linear, Module, VarBuilder, linear, linear_no_bias};

use super::features::FEATURES;

/// Width of the hidden layers.
const HIDDEN: usize = 48;
/// Attention heads.
const HEADS: usize = 4;
/// Stands for minus infinity where there is no sentence.
const MASKED: f64 = 1e4;

/// A layer of a transformer over the sentences of an article, each told by its features
/// and its embedding: whether a sentence is worth saying depends on what the others say.
/// Layers over sentence vectors for extracts are Liu and Lapata's (2019, "Text Summarization
/// with Pretrained Encoders", section 3.2); norms come first (Xiong et al. 2020, "On Layer
/// Normalization in the Transformer Architecture", section 3).
pub struct Member {
    mean: Tensor,
    deviation: Tensor,
    from_features: Linear,
    from_embedding: Option<Linear>,
    attention_norm: Norm,
    query: Linear,
    key: Linear,
    value: Linear,
    mix: Linear,
    wide_norm: Norm,
    widen: Linear,
    narrow: Linear,
    output: Linear,
}

struct Norm {
    weight: Tensor,
    bias: Tensor,
}

impl Norm {
    fn load(vars: &VarBuilder) -> Result<Self> {
        Ok(Self {
            weight: vars.get(HIDDEN, "weight")?,
            bias: vars.get(HIDDEN, "bias")?,
        })
    }

    fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        layer_norm_slow(rows, &self.weight, &self.bias, 1e-5)
    }
}

/// What a member sees of a batch of articles.
pub struct ScorerInput {
    /// Features `[articles, sentences, FEATURES]`.
    pub features: Tensor,
    /// Embeddings `[articles, sentences, dim]`.
    pub embeddings: Tensor,
    /// `[articles, sentences]`: 1 for sentences, 0 for padding.
    pub mask: Tensor,
}

impl Member {
    /// Loads (or, with a variable map, creates) a layer for embeddings of
    /// length `dim`; without a length it looks at the features alone, and so
    /// serves any encoder.
    ///
    /// # Errors
    /// When tensors are missing or have other shapes.
    pub fn load(dim: Option<usize>, vars: &VarBuilder) -> Result<Self> {
        let from_embedding = dim
            .map(|dim| linear_no_bias(dim, HIDDEN, vars.pp("embedding")))
            .transpose()?;
        let layer = |name: &str| linear(HIDDEN, HIDDEN, vars.pp(name));
        Ok(Self {
            mean: vars.get(FEATURES, "mean")?,
            deviation: vars.get(FEATURES, "deviation")?,
            from_features: linear(FEATURES, HIDDEN, vars.pp("features"))?,
            from_embedding,
            attention_norm: Norm::load(&vars.pp("attention_norm"))?,
            query: layer("query")?,
            key: layer("key")?,
            value: layer("value")?,
            mix: layer("mix")?,
            wide_norm: Norm::load(&vars.pp("wide_norm"))?,
            widen: linear(HIDDEN, 2 * HIDDEN, vars.pp("widen"))?,
            narrow: linear(2 * HIDDEN, HIDDEN, vars.pp("narrow"))?,
            output: linear(HIDDEN, 1, vars.pp("output"))?,
        })
    }

    /// Logits `[articles, sentences]`; those of padding mean nothing. `drop` is given what
    /// training drops parts of.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn forward(
        &self,
        input: &ScorerInput,
        drop: &mut dyn FnMut(Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let features = input
            .features
            .broadcast_sub(&self.mean)?
            .broadcast_div(&self.deviation)?;
        let mut rows = self.from_features.forward(&features)?;
        if let Some(layer) = &self.from_embedding {
            rows = (rows + layer.forward(&drop(input.embeddings.clone())?)?)?;
        }
        let attended = self.attend(&self.attention_norm.forward(&rows)?, &input.mask)?;
        rows = (rows + drop(attended)?)?;
        let wide = self.widen.forward(&self.wide_norm.forward(&rows)?)?;
        let narrow = self.narrow.forward(&drop(wide.gelu_erf()?)?)?;
        rows = (rows + drop(narrow)?)?;
        self.output.forward(&drop(rows.tanh()?)?)?.squeeze(2)
    }

    /// Attention of all sentences to all (Vaswani et al. 2017, section 3.2).
    fn attend(&self, rows: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let (articles, count, _) = rows.dims3()?;
        let width = HIDDEN / HEADS;
        let heads = |layer: &Linear| {
            layer
                .forward(rows)?
                .reshape((articles, count, HEADS, width))?
                .transpose(1, 2)?
                .contiguous()
        };
        let (query, key, value) = (heads(&self.query)?, heads(&self.key)?, heads(&self.value)?);
        #[expect(clippy::cast_precision_loss, reason = "a small width")]
        let scale = 1.0 / (width as f64).sqrt();
        let low = ((mask - 1.0)? * MASKED)?.reshape((articles, 1, 1, count))?;
        let weights = (query.matmul(&key.t()?.contiguous()?)? * scale)?.broadcast_add(&low)?;
        let mixed = softmax(&weights, D::Minus1)?
            .matmul(&value)?
            .transpose(1, 2)?
            .reshape((articles, count, HIDDEN))?;
        self.mix.forward(&mixed)
    }
}
