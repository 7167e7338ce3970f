//! The head: from an article's sentence embeddings to one logit a topic.
//!
//! Multiple-instance pooling: the article has the topic when some of its
//! sentences speak of it. Attention pooling after Ilse, Tomczak and Welling
//! (2018, "Attention-based Deep Multiple Instance Learning", section 2.4); beside it
//! the means of the k highest sentence logits for several k, so that one strong
//! sentence, a passage and a whole article can be told apart. What the words say
//! ([`Words`](super::Words)) adds to each sentence's logit and attention, and for the
//! whole article to the article's. These weights begin at nothing, and where a head is
//! fitted without words they stay there.

use candle_core::{D, Result, Tensor};
use candle_nn::{Linear, Module, VarBuilder, linear};

/// Width of the hidden layer.
const HIDDEN: usize = 64;
/// Grades that a head tells apart: at least 1, at least 2, at least 3.
pub const GRADES: usize = 3;
/// How many of the highest sentence logits are averaged, one feature each.
pub const POOLS: [usize; 4] = [1, 2, 4, 8];
/// Features that the last layer sees: attention, the pools, the share of
/// sentences on topic.
const FEATURES: usize = POOLS.len() + 2;
/// Stands for minus infinity where a row is padding.
const MASKED: f64 = 1e4;

/// One head for all topics: a shared hidden layer, then per topic attention,
/// sentence logits and a last layer over the pooled features.
pub struct Head {
    hidden: Linear,
    attention: Linear,
    sentence: Linear,
    row_words: Tensor,
    words: Tensor,
    pooled: Tensor,
    output: Tensor,
    bias: Tensor,
}

/// What a head sees of a batch of articles.
pub struct HeadInput {
    /// Embeddings `[articles, rows, dim]`, see [`super::Reading::rows`].
    pub rows: Tensor,
    /// `[articles, rows]`: 1 for rows, 0 for padding.
    pub mask: Tensor,
    /// Word logits of each row, `[articles, rows, topics]`.
    pub row_words: Tensor,
    /// Word logits of each article whole, `[articles, topics]`.
    pub words: Tensor,
}

/// What a head computes for a batch of articles.
pub struct HeadOutput {
    /// Logits `[articles, topics, grades]`.
    pub logits: Tensor,
    /// Attention `[articles, topics, rows]`, summing to 1 over the rows.
    pub attention: Tensor,
    /// What attention pools, per row: `[articles, topics, rows]`.
    pub values: Tensor,
    /// Sentence logits `[articles, topics, rows]`.
    pub sentences: Tensor,
}

impl HeadOutput {
    /// Logits of "grade at least 2", which is what a label means: `[articles, topics]`.
    ///
    /// # Errors
    /// Never for outputs of [`Head::forward`].
    pub fn positive(&self) -> Result<Tensor> {
        self.logits.narrow(2, 1, 1)?.squeeze(2)
    }
}

impl Head {
    /// Loads (or, with a variable map, creates) a head.
    ///
    /// # Errors
    /// When tensors are missing or have other shapes.
    pub fn load(dim: usize, topics: usize, vars: VarBuilder) -> Result<Self> {
        Ok(Self {
            hidden: linear(dim, HIDDEN, vars.pp("hidden"))?,
            attention: linear(HIDDEN, topics, vars.pp("attention"))?,
            sentence: linear(HIDDEN, topics, vars.pp("sentence"))?,
            row_words: vars.get((2, topics, 1), "row_words")?,
            words: vars.get((topics, GRADES), "words")?,
            pooled: vars.get((topics, HIDDEN), "pooled")?,
            output: vars.get((topics, GRADES, FEATURES), "output")?,
            bias: vars.get((topics, GRADES), "bias")?,
        })
    }

    /// Runs the head.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn forward(&self, input: &HeadInput) -> Result<HeadOutput> {
        let HeadInput { rows, mask, .. } = input;
        let count = rows.dim(1)?;
        let hidden = self.hidden.forward(rows)?.tanh()?;
        // [articles, 1, rows]: 0 for rows, very low for padding.
        let low = ((mask - 1.0)? * MASKED)?.unsqueeze(1)?;
        let by_topic = |t: &Tensor| t.transpose(1, 2)?.contiguous();
        let row_words = by_topic(&input.row_words)?;
        let from_words = |part: usize| row_words.broadcast_mul(&self.row_words.get(part)?);

        let attention = (by_topic(&self.attention.forward(&hidden)?)? + from_words(1)?)?;
        let attention = attention.broadcast_add(&low)?;
        let attention = candle_nn::ops::softmax(&attention, D::Minus1)?;
        let values = by_topic(&hidden.broadcast_matmul(&self.pooled.t()?)?)?;
        let attended = (&attention * &values)?.sum_keepdim(D::Minus1)?;

        let sentences = (by_topic(&self.sentence.forward(&hidden)?)? + from_words(0)?)?;
        let sentences = sentences.broadcast_add(&low)?;
        let order = sentences.arg_sort_last_dim(false)?;
        let sorted = sentences.contiguous()?.gather(&order, D::Minus1)?;
        let mut features = vec![attended];
        for k in POOLS {
            // Short articles have fewer than k rows; padding must not count.
            let top = sorted.narrow(D::Minus1, 0, k.min(count))?;
            let real = top.ge(-MASKED / 2.0)?.to_dtype(top.dtype())?;
            let sum = (top * &real)?.sum_keepdim(D::Minus1)?;
            features.push((sum / real.sum_keepdim(D::Minus1)?)?);
        }
        let on_topic = candle_nn::ops::sigmoid(&sentences)?.sum_keepdim(D::Minus1)?;
        let lengths = mask.sum_keepdim(1)?.unsqueeze(1)?;
        features.push(on_topic.broadcast_div(&lengths)?);

        let features = Tensor::cat(&features, D::Minus1)?; // [articles, topics, features]
        let logits = features
            .unsqueeze(2)?
            .broadcast_mul(&self.output.unsqueeze(0)?)?
            .sum(D::Minus1)?
            .broadcast_add(&self.bias)?;
        let from_words = input.words.unsqueeze(2)?.broadcast_mul(&self.words)?;
        let logits = (logits + from_words)?;
        Ok(HeadOutput {
            logits,
            attention,
            values,
            sentences,
        })
    }

    /// Weights of the features in the logit of "grade at least 2" for one topic.
    pub(super) fn feature_weights(&self, topic: usize) -> Result<Vec<f32>> {
        self.output.get(topic)?.get(1)?.to_vec1()
    }
}
