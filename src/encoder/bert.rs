//! BERT in f32, written out so that its layers' inputs can be looked at and
//! gradients flow through all of it: the fused operations of `candle-transformers`'
//! BERT have no backward pass.

use std::collections::HashMap;

use candle_core::{D, DType, Device, Module, Result, Tensor};
use candle_nn::ops::{layer_norm_slow, softmax};
use candle_nn::{Linear, VarBuilder, linear};
use candle_transformers::models::bert::{Config, HiddenAct, PositionEmbeddingType};

/// What a layer's linear parts read (Devlin et al. 2019, section 3; Vaswani et al. 2017,
/// section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// The layer's input, which query, key and value read.
    Layer,
    /// What attention gives.
    Context,
    /// What the feed-forward part reads.
    Mixed,
    /// The feed-forward part's hidden states.
    Wide,
}

impl Input {
    pub const ALL: [Self; 4] = [Self::Layer, Self::Context, Self::Mixed, Self::Wide];

    /// The linear parts that read it, as Hugging Face names them.
    pub fn readers(self) -> &'static [&'static str] {
        match self {
            Self::Layer => &[
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
            ],
            Self::Context => &["attention.output.dense"],
            Self::Mixed => &["intermediate.dense"],
            Self::Wide => &["output.dense"],
        }
    }
}

/// Called with a layer's number, the kind of input and its rows.
pub type Observer<'a> = &'a mut dyn FnMut(usize, Input, &Tensor) -> Result<()>;

pub struct Bert {
    words: Tensor,
    positions: Tensor,
    kinds: Tensor,
    norm: Norm,
    layers: Vec<Layer>,
    device: Device,
}

struct Layer {
    heads: usize,
    query: Linear,
    key: Linear,
    value: Linear,
    mix: Linear,
    mix_norm: Norm,
    widen: Linear,
    narrow: Linear,
    output_norm: Norm,
}

struct Norm {
    weight: Tensor,
    bias: Tensor,
    epsilon: f32,
}

impl Norm {
    #[expect(clippy::cast_possible_truncation, reason = "about 1e-12")]
    fn load(dim: usize, epsilon: f64, vars: &VarBuilder) -> Result<Self> {
        Ok(Self {
            weight: vars.get(dim, "weight")?,
            bias: vars.get(dim, "bias")?,
            epsilon: epsilon as f32,
        })
    }

    fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        layer_norm_slow(rows, &self.weight, &self.bias, self.epsilon)
    }
}

impl Bert {
    /// Why this code cannot run such an encoder.
    pub fn objection(config: &Config) -> Option<&'static str> {
        (config.hidden_act != HiddenAct::Gelu
            || config.position_embedding_type != PositionEmbeddingType::Absolute)
            .then_some(
                "only encoders with gelu and absolute positions can be calibrated or fine-tuned",
            )
    }

    /// What stands before the names of an encoder's tensors.
    pub fn prefix(tensors: &HashMap<String, Tensor>, config: &Config) -> String {
        match config.model_type.as_deref() {
            Some(kind) if !tensors.contains_key("embeddings.word_embeddings.weight") => {
                format!("{kind}.")
            }
            _ => String::new(),
        }
    }

    /// Loads an encoder's tensors; those that are variables get gradients.
    pub fn load(
        tensors: &HashMap<String, Tensor>,
        config: &Config,
        device: &Device,
    ) -> Result<Self> {
        let prefix = Self::prefix(tensors, config);
        let vars = VarBuilder::from_tensors(tensors.clone(), DType::F32, device);
        let vars = match prefix.strip_suffix('.') {
            Some(prefix) => vars.pp(prefix),
            None => vars,
        };
        let (dim, wide) = (config.hidden_size, config.intermediate_size);
        let norm = |name: &str| Norm::load(dim, config.layer_norm_eps, &vars.pp(name));
        let table = |kind: &str, rows| {
            vars.get((rows, dim), &format!("embeddings.{kind}_embeddings.weight"))
        };
        let layer = |number: usize| {
            let name = |part: &str| format!("encoder.layer.{number}.{part}");
            let square = |part: &str| linear(dim, dim, vars.pp(name(part)));
            Ok(Layer {
                heads: config.num_attention_heads,
                query: square("attention.self.query")?,
                key: square("attention.self.key")?,
                value: square("attention.self.value")?,
                mix: square("attention.output.dense")?,
                mix_norm: norm(&name("attention.output.LayerNorm"))?,
                widen: linear(dim, wide, vars.pp(name("intermediate.dense")))?,
                narrow: linear(wide, dim, vars.pp(name("output.dense")))?,
                output_norm: norm(&name("output.LayerNorm"))?,
            })
        };
        Ok(Self {
            words: table("word", config.vocab_size)?,
            positions: table("position", config.max_position_embeddings)?,
            kinds: table("token_type", config.type_vocab_size)?,
            norm: norm("embeddings.LayerNorm")?,
            layers: (0..config.num_hidden_layers)
                .map(layer)
                .collect::<Result<_>>()?,
            device: device.clone(),
        })
    }

    /// The last hidden states of some windows, given by their tokens: `[tokens, dim]`, one
    /// window's after the other's. Only attention keeps them apart, so that nothing is padded.
    pub fn forward(&self, windows: &[&[u32]], observe: Observer) -> Result<Tensor> {
        let lengths: Vec<usize> = windows.iter().map(|ids| ids.len()).collect();
        let places: Vec<u32> = (windows.iter())
            .flat_map(|ids| (0..).zip(*ids).map(|(place, _)| place))
            .collect();
        let look_up =
            |table: &Tensor, ids: Vec<u32>| table.index_select(&Tensor::new(ids, &self.device)?, 0);
        let sum = (look_up(&self.words, windows.concat())? + look_up(&self.positions, places)?)?;
        let sum = sum.broadcast_add(&self.kinds.get(0)?)?;
        let mut hidden = self.norm.forward(&sum)?;
        for (number, layer) in self.layers.iter().enumerate() {
            observe(number, Input::Layer, &hidden)?;
            let context = layer.attend(&hidden, &lengths)?;
            observe(number, Input::Context, &context)?;
            let mixed = (layer.mix.forward(&context)? + hidden)?;
            let mixed = layer.mix_norm.forward(&mixed)?;
            observe(number, Input::Mixed, &mixed)?;
            let wide = layer.widen.forward(&mixed)?.gelu_erf()?;
            observe(number, Input::Wide, &wide)?;
            let narrow = (layer.narrow.forward(&wide)? + mixed)?;
            hidden = layer.output_norm.forward(&narrow)?;
        }
        Ok(hidden)
    }
}

impl Layer {
    fn attend(&self, hidden: &Tensor, lengths: &[usize]) -> Result<Tensor> {
        let dim = hidden.dim(1)?;
        let head_dim = dim / self.heads;
        let query = self.query.forward(hidden)?;
        let key = self.key.forward(hidden)?;
        let value = self.value.forward(hidden)?;
        let mut start = 0;
        let contexts: Vec<Tensor> = lengths
            .iter()
            .map(|&length| {
                let split = |rows: &Tensor| {
                    let rows = rows.narrow(0, start, length)?;
                    let heads = rows.reshape((length, self.heads, head_dim))?;
                    heads.transpose(0, 1)?.contiguous()
                };
                let (query, key, value) = (split(&query)?, split(&key)?, split(&value)?);
                start += length;
                #[expect(clippy::cast_precision_loss, reason = "a small number")]
                let scores = (query.matmul(&key.t()?.contiguous()?)? / (head_dim as f64).sqrt())?;
                let context = softmax(&scores, D::Minus1)?.matmul(&value)?;
                context
                    .transpose(0, 1)?
                    .contiguous()?
                    .reshape((length, dim))
            })
            .collect::<Result<_>>()?;
        Tensor::cat(&contexts, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::engine::parse_config;
    use super::super::{candle::CandleEngine, windows::Windows};
    use super::*;
    use crate::model::{Bundle, CONFIG, ENCODER, dequantise};

    #[test]
    fn the_forward_pass_is_that_of_the_candle_engine() {
        let bundle = Bundle::embedded().unwrap();
        let config = parse_config(bundle.file(CONFIG).unwrap()).unwrap();
        let weights = bundle.file(ENCODER).unwrap();
        let tensors = dequantise(weights, &Device::Cpu).unwrap();
        let ids = [[101, 2000, 3000, 4000, 102], [101, 4000, 2500, 102, 102]];
        let own = Bert::load(&tensors, &config, &Device::Cpu).unwrap();
        let own = own
            .forward(&[&ids[0], &ids[1]], &mut |_, _, _| Ok(()))
            .unwrap();
        let mut windows = Windows::default();
        for ids in ids {
            windows.begin(&[]);
            ids.iter().for_each(|id| windows.add_span(&[*id]));
        }
        let engine = CandleEngine::load(weights, &config).unwrap();
        let other = engine.sums(&windows).unwrap().to_vec2::<f32>().unwrap();
        for (a, b) in own
            .to_vec2::<f32>()
            .unwrap()
            .concat()
            .iter()
            .zip(other.concat())
        {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }
}
