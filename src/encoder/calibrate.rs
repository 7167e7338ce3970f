//! What the inputs of an encoder's linear layers look like on some text.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{DType, Device, Module, Result, Tensor};
use candle_nn::{LayerNorm, Linear, VarBuilder, layer_norm, linear, ops::softmax_last_dim};
use candle_transformers::models::bert::{Config, HiddenAct, PositionEmbeddingType};

use super::engine::parse_config;
use super::tokens::Tokens;
use super::{room, windows};
use crate::model::{Bundle, CONFIG, ENCODER, Hessian, ModelError, TOKENIZER, dequantise};

/// Runs an encoder in f32 over texts and gives the Hessian of each linear
/// layer's inputs by the name of its weights, for rounding them to int8.
///
/// # Errors
/// When a file of the bundle is not what it should be, its layers are of a kind
/// that is not known here, or the texts are empty.
pub fn calibrate(
    bundle: &Bundle,
    texts: &[String],
) -> std::result::Result<BTreeMap<String, Arc<Hessian>>, ModelError> {
    let tokens = Tokens::load(bundle.file(TOKENIZER)?).map_err(|e| bundle.problem(TOKENIZER, e))?;
    let config = parse_config(bundle.file(CONFIG)?).map_err(|e| bundle.problem(CONFIG, e))?;
    if config.hidden_act != HiddenAct::Gelu
        || config.position_embedding_type != PositionEmbeddingType::Absolute
    {
        let problem = "only encoders with gelu and absolute positions can be calibrated";
        return Err(bundle.problem(CONFIG, problem));
    }
    let room = room(bundle, &tokens, &config)?;
    let problem = |e: candle_core::Error| bundle.problem(ENCODER, e);
    let tensors =
        dequantise(bundle.file(ENCODER)?, &Device::Cpu).map_err(|e| bundle.problem(ENCODER, e))?;
    let vars = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
    let prefix = match config.model_type.as_deref() {
        Some(kind) if !vars.contains_tensor("embeddings.word_embeddings.weight") => kind,
        _ => "",
    };
    let root = if prefix.is_empty() {
        vars
    } else {
        vars.pp(prefix)
    };
    let bert = Bert::load(&root, &config).map_err(problem)?;

    let mut sums = Sums::default();
    for text in texts {
        let text = tokens
            .encode(text)
            .map_err(|e| bundle.problem(TOKENIZER, e))?;
        for window in windows::pack(&[text.len()], room) {
            let mut ids = tokens.prefix().to_vec();
            for piece in window {
                ids.extend(&text[piece.tokens]);
            }
            ids.extend(tokens.suffix());
            bert.observe(&ids, &mut sums).map_err(problem)?;
        }
    }
    if sums.0.is_empty() {
        return Err(bundle.problem(ENCODER, "the texts to calibrate with have no words"));
    }
    sums.hessians(&root, config.num_hidden_layers)
        .map_err(|e| bundle.problem(ENCODER, e))
}

/// `Σ x xᵀ` by layer and kind of input.
#[derive(Default)]
struct Sums(BTreeMap<(usize, &'static str), Tensor>);

/// The kinds of input, and the linear layers that read each.
const READERS: [(&str, &[&str]); 4] = [
    ("attention.self", &["query", "key", "value"]),
    ("attention.output", &["dense"]),
    ("intermediate", &["dense"]),
    ("output", &["dense"]),
];

impl Sums {
    fn add(&mut self, layer: usize, kind: &'static str, rows: &Tensor) -> Result<()> {
        let square = rows.t()?.contiguous()?.matmul(rows)?;
        let sum = match self.0.remove(&(layer, kind)) {
            Some(sum) => (sum + square)?,
            None => square,
        };
        self.0.insert((layer, kind), sum);
        Ok(())
    }

    fn hessians(
        self,
        root: &VarBuilder,
        layers: usize,
    ) -> std::result::Result<BTreeMap<String, Arc<Hessian>>, String> {
        let mut hessians = BTreeMap::new();
        for layer in 0..layers {
            for (kind, readers) in READERS {
                let Some(sum) = self.0.get(&(layer, kind)) else {
                    continue;
                };
                let values = sum.flatten_all().and_then(|s| s.to_vec1::<f32>());
                let values = values.map_err(|e| e.to_string())?;
                let values = values.into_iter().map(f64::from).collect();
                let size = sum.dims()[0];
                let hessian = Arc::new(Hessian::new(size, values)?);
                for reader in readers {
                    let vars = root.pp(format!("encoder.layer.{layer}.{kind}.{reader}"));
                    hessians.insert(format!("{}.weight", vars.prefix()), hessian.clone());
                }
            }
        }
        Ok(hessians)
    }
}

/// BERT in f32, written out so that its layers' inputs can be looked at.
struct Bert {
    words: Tensor,
    positions: Tensor,
    kinds: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

struct Layer {
    heads: usize,
    query: Linear,
    key: Linear,
    value: Linear,
    mix: Linear,
    mix_norm: LayerNorm,
    widen: Linear,
    narrow: Linear,
    output_norm: LayerNorm,
}

impl Bert {
    fn load(vars: &VarBuilder, config: &Config) -> Result<Self> {
        let (dim, wide) = (config.hidden_size, config.intermediate_size);
        let norm = |name: &str| layer_norm(dim, config.layer_norm_eps, vars.pp(name));
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
        })
    }

    /// Runs one window and adds the layers' inputs to the sums; gives the last
    /// hidden states.
    fn observe(&self, ids: &[u32], sums: &mut Sums) -> Result<Tensor> {
        let words = self
            .words
            .index_select(&Tensor::new(ids, &Device::Cpu)?, 0)?;
        let sum = (words + self.positions.narrow(0, 0, ids.len())?)?;
        let mut hidden = self
            .norm
            .forward(&sum.broadcast_add(&self.kinds.get(0)?)?)?;
        for (number, layer) in self.layers.iter().enumerate() {
            sums.add(number, "attention.self", &hidden)?;
            let context = layer.attend(&hidden)?;
            sums.add(number, "attention.output", &context)?;
            hidden = layer
                .mix_norm
                .forward(&(layer.mix.forward(&context)? + hidden)?)?;
            sums.add(number, "intermediate", &hidden)?;
            let wide = layer.widen.forward(&hidden)?.gelu_erf()?;
            sums.add(number, "output", &wide)?;
            hidden = layer
                .output_norm
                .forward(&(layer.narrow.forward(&wide)? + hidden)?)?;
        }
        Ok(hidden)
    }
}

impl Layer {
    fn attend(&self, hidden: &Tensor) -> Result<Tensor> {
        let (rows, dim) = hidden.dims2()?;
        let head_dim = dim / self.heads;
        let split = |linear: &Linear| {
            let rows = linear
                .forward(hidden)?
                .reshape((rows, self.heads, head_dim))?;
            rows.transpose(0, 1)?.contiguous()
        };
        let (query, key, value) = (split(&self.query)?, split(&self.key)?, split(&self.value)?);
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let scores = (query.matmul(&key.t()?.contiguous()?)? / (head_dim as f64).sqrt())?;
        let context = softmax_last_dim(&scores)?.matmul(&value)?;
        context.transpose(0, 1)?.contiguous()?.reshape((rows, dim))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_linear_layer_has_a_hessian_of_its_inputs() {
        let bundle = Bundle::embedded().unwrap();
        let texts = ["The bank froze the accounts.".to_owned(), "No.".to_owned()];
        let hessians = calibrate(&bundle, &texts).unwrap();
        assert_eq!(hessians.len(), 6 * 6);
        let name = |part: &str| format!("encoder.layer.3.{part}.weight");
        for part in [
            "attention.self.query",
            "attention.output.dense",
            "output.dense",
        ] {
            assert!(hessians.contains_key(&name(part)), "{part}");
        }
        let error = calibrate(&bundle, &[" ".to_owned()])
            .unwrap_err()
            .to_string();
        assert!(error.contains("no words"), "{error}");
    }

    #[test]
    fn the_forward_pass_is_that_of_the_candle_engine() {
        let bundle = Bundle::embedded().unwrap();
        let config = parse_config(bundle.file(CONFIG).unwrap()).unwrap();
        let tensors = dequantise(bundle.file(ENCODER).unwrap(), &Device::Cpu).unwrap();
        let vars = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let ids = [101, 2000, 3000, 4000, 102];
        let mut sums = Sums::default();
        let own = Bert::load(&vars, &config).unwrap();
        let own = own
            .observe(&ids, &mut sums)
            .unwrap()
            .to_vec2::<f32>()
            .unwrap();
        let mut windows = windows::Windows::default();
        windows.begin(&[]);
        ids.iter().for_each(|id| windows.add_span(&[*id]));
        let engine =
            super::super::candle::CandleEngine::load(bundle.file(ENCODER).unwrap(), &config);
        let other = engine
            .unwrap()
            .sums(&windows)
            .unwrap()
            .to_vec2::<f32>()
            .unwrap();
        for (a, b) in own.concat().iter().zip(other.concat()) {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }
}
