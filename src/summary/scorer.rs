//! How well each sentence fits a summary.

use candle_core::{D, Result, Tensor};
use candle_nn::ops::{layer_norm_slow, sigmoid, softmax};
use candle_nn::{Linear, Module, VarBuilder, linear, linear_no_bias};

use super::features::{FEATURES, Line, features};
use super::wording::cuts_quotation;

/// Width of the hidden layers.
const HIDDEN: usize = 48;
/// Attention heads.
const HEADS: usize = 4;
/// Most sentences that see one another. Longer articles are scored in parts of equal
/// length, so that time and memory grow with the length alone.
const TOGETHER: usize = 256;
/// What the score of a sentence is worth that cuts a quotation open: there is nearly always
/// another.
const CUT: f32 = 0.1;
/// Stands for minus infinity where there is no sentence.
const MASKED: f64 = 1e4;

/// A layer of a transformer over the sentences of an article, each told by its features
/// and its embedding: whether a sentence is worth saying depends on what the others say.
/// Layers over sentence vectors for extracts are Liu and Lapata's (2019, "Text Summarization
/// with Pretrained Encoders", section 3.2); norms come first (Xiong et al. 2020, "On Layer
/// Normalization in the Transformer Architecture", section 3).
pub struct SummaryScorer {
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

/// What a scorer sees of a batch of articles.
pub struct ScorerInput {
    /// Features `[articles, sentences, FEATURES]`.
    pub features: Tensor,
    /// Embeddings `[articles, sentences, dim]`.
    pub embeddings: Tensor,
    /// `[articles, sentences]`: 1 for sentences, 0 for padding.
    pub mask: Tensor,
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

    /// Scores the sentences of one article, each between 0 and 1.
    /// `embeddings` has shape `[sentences, dim]`; the title comes with its embedding, of
    /// shape `[dim]`.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn score(
        &self,
        lines: &[Line],
        embeddings: &Tensor,
        title: Option<(&str, &Tensor)>,
    ) -> Result<Vec<f32>> {
        let features = features(lines, embeddings, title)?;
        let mut scores = self.score_features(&features, embeddings)?;
        for (score, line) in scores.iter_mut().zip(lines) {
            *score *= if cuts_quotation(line.text) { CUT } else { 1.0 };
        }
        Ok(scores)
    }

    /// The same from the features of the sentences.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn score_features(
        &self,
        features: &[[f32; FEATURES]],
        embeddings: &Tensor,
    ) -> Result<Vec<f32>> {
        let count = features.len();
        let parts = count.div_ceil(TOGETHER);
        let mut scores = Vec::with_capacity(count);
        for part in 0..parts {
            let (from, to) = (part * count / parts, (part + 1) * count / parts);
            let of_part = features[from..to].concat();
            let input = ScorerInput {
                features: Tensor::from_vec(of_part, (1, to - from, FEATURES), embeddings.device())?,
                embeddings: embeddings.narrow(0, from, to - from)?.unsqueeze(0)?,
                mask: Tensor::ones((1, to - from), embeddings.dtype(), embeddings.device())?,
            };
            let logits = self.forward(&input, &mut |rows| Ok(rows))?;
            scores.extend(sigmoid(&logits.squeeze(0)?)?.to_vec1::<f32>()?);
        }
        Ok(scores)
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

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device};
    use candle_nn::VarMap;

    fn scorer() -> SummaryScorer {
        let vars = VarMap::new();
        let builder = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
        let scorer = SummaryScorer::load(Some(8), &builder).unwrap();
        for (number, (name, var)) in vars.data().lock().unwrap().iter().enumerate() {
            let start = if name.ends_with("deviation") || name.ends_with("norm.weight") {
                1.0
            } else {
                number as f32 / 100.0
            };
            let values: Vec<f32> = (0..var.elem_count())
                .map(|i| start + 0.1 * (i as f32 + start).sin())
                .collect();
            let values = Tensor::from_vec(values, var.shape(), &Device::Cpu).unwrap();
            var.set(&values).unwrap();
        }
        scorer
    }

    fn article(count: usize) -> (Vec<[f32; FEATURES]>, Tensor) {
        let features = (0..count)
            .map(|i| std::array::from_fn(|j| ((i * FEATURES + j) as f32).sin()))
            .collect();
        let rows: Vec<f32> = (0..count * 8).map(|i| (i as f32).cos()).collect();
        (
            features,
            Tensor::from_vec(rows, (count, 8), &Device::Cpu).unwrap(),
        )
    }

    #[test]
    fn padding_changes_nothing_and_other_sentences_matter() {
        let scorer = scorer();
        let (features, embeddings) = article(5);
        let alone = scorer.score_features(&features, &embeddings).unwrap();
        let padded = ScorerInput {
            features: Tensor::cat(
                &[
                    Tensor::from_vec(features.concat(), (1, 5, FEATURES), &Device::Cpu).unwrap(),
                    Tensor::ones((1, 3, FEATURES), DType::F32, &Device::Cpu).unwrap(),
                ],
                1,
            )
            .unwrap(),
            embeddings: Tensor::cat(
                &[
                    embeddings.unsqueeze(0).unwrap(),
                    Tensor::ones((1, 3, 8), DType::F32, &Device::Cpu).unwrap(),
                ],
                1,
            )
            .unwrap(),
            mask: Tensor::new(&[[1f32, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]], &Device::Cpu).unwrap(),
        };
        let logits = scorer.forward(&padded, &mut |rows| Ok(rows)).unwrap();
        let padded = sigmoid(&logits)
            .unwrap()
            .get(0)
            .unwrap()
            .to_vec1::<f32>()
            .unwrap();
        for (a, b) in alone.iter().zip(&padded) {
            assert!((a - b).abs() < 1e-5, "{alone:?} {padded:?}");
        }
        let fewer = embeddings.narrow(0, 0, 4).unwrap();
        let without = scorer.score_features(&features[..4], &fewer).unwrap();
        assert_ne!(without, alone[..4]);
    }

    #[test]
    fn a_long_article_is_scored_in_parts_and_none_has_no_scores() {
        let scorer = scorer();
        let (features, embeddings) = article(700);
        let scores = scorer.score_features(&features, &embeddings).unwrap();
        assert_eq!(scores.len(), 700);
        let first = embeddings.narrow(0, 0, 233).unwrap();
        let part = scorer.score_features(&features[..233], &first).unwrap();
        assert_eq!(scores[..233], part);
        assert!(scorer.score_features(&[], &embeddings).unwrap().is_empty());
    }
}
