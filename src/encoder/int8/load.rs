//! From an encoder's weights file to an engine, without copying the weights.

use bytes::Bytes;
use candle_transformers::models::bert::{Config, HiddenAct, PositionEmbeddingType};

use super::kernel::{GROUP, Kernel, PANEL};
use super::layer::{Layer, Norm};
use super::linear::Linear;
use super::{Embeddings, Int8Engine};
use crate::model::Int8Weights;

impl Int8Engine {
    /// Why the engine cannot run an encoder of this shape, if it cannot.
    pub fn objection(config: &Config) -> Option<String> {
        let head_dim = config.hidden_size / config.num_attention_heads;
        if !head_dim.is_multiple_of(PANEL) || !config.intermediate_size.is_multiple_of(PANEL) {
            return Some(format!(
                "attention heads of {head_dim} and {} inner channels are no multiples of {PANEL}",
                config.intermediate_size
            ));
        }
        if config.hidden_act != HiddenAct::Gelu {
            return Some("hidden_act is not gelu".to_owned());
        }
        (config.position_embedding_type != PositionEmbeddingType::Absolute)
            .then(|| "position embeddings are not absolute".to_owned())
    }

    /// Takes packed weights as they are.
    ///
    /// # Errors
    /// When the engine cannot run this shape, or a tensor is missing, is not
    /// packed or has another size than the configuration says.
    pub fn load(weights: &Bytes, config: &Config, kernel: Kernel) -> Result<Self, String> {
        if let Some(objection) = Self::objection(config) {
            return Err(objection);
        }
        let file = Int8Weights::open(weights)?;
        let prefix = match config.model_type.as_deref() {
            Some(kind) if !file.has("embeddings.word_embeddings.weight") => format!("{kind}."),
            _ => String::new(),
        };
        let loader = Loader {
            file,
            prefix,
            config,
        };
        let layers = (0..config.num_hidden_layers)
            .map(|number| loader.layer(number))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            kernel,
            dim: config.hidden_size,
            embeddings: loader.embeddings()?,
            layers,
            spare: std::sync::Mutex::default(),
        })
    }
}

struct Loader<'a> {
    file: Int8Weights<'a>,
    prefix: String,
    config: &'a Config,
}

impl Loader<'_> {
    fn embeddings(&self) -> Result<Embeddings, String> {
        let dim = self.config.hidden_size;
        let name = |table: &str| format!("{}embeddings.{table}_embeddings.weight", self.prefix);
        let (words, word_scales) = self.file.table(&name("word"))?;
        if word_scales.len() != self.config.vocab_size || words.len() != word_scales.len() * dim {
            return Err(format!("{} has {} numbers", name("word"), words.len()));
        }
        let mut kind = self.vector(&name("token_type"), self.config.type_vocab_size * dim)?;
        kind.truncate(dim);
        Ok(Embeddings {
            words,
            word_scales,
            positions: self.vector(&name("position"), self.config.max_position_embeddings * dim)?,
            kind,
            norm: self.norm("embeddings.LayerNorm")?,
        })
    }

    fn layer(&self, number: usize) -> Result<Layer, String> {
        let (dim, wide) = (self.config.hidden_size, self.config.intermediate_size);
        let linear = |name: &str, outputs, inputs| {
            self.linear(&format!("encoder.layer.{number}.{name}"), outputs, inputs)
        };
        let norm = |name: &str| self.norm(&format!("encoder.layer.{number}.{name}"));
        Ok(Layer {
            head_dim: dim / self.config.num_attention_heads,
            query: linear("attention.self.query", dim, dim)?,
            key: linear("attention.self.key", dim, dim)?,
            value: linear("attention.self.value", dim, dim)?,
            mix: linear("attention.output.dense", dim, dim)?,
            mix_norm: norm("attention.output.LayerNorm")?,
            widen: linear("intermediate.dense", wide, dim)?,
            narrow: linear("output.dense", dim, wide)?,
            output_norm: norm("output.LayerNorm")?,
        })
    }

    fn linear(&self, name: &str, outputs: usize, inputs: usize) -> Result<Linear, String> {
        let weights = self.file.packed(&format!("{}{name}.weight", self.prefix))?;
        let found = (weights.outputs(), weights.groups() * GROUP);
        if found != (outputs, inputs) {
            return Err(format!(
                "{name} has {} × {} weights, not {outputs} × {inputs}",
                found.0, found.1
            ));
        }
        let bias = self.vector(&format!("{}{name}.bias", self.prefix), outputs)?;
        Ok(Linear::new(weights, bias))
    }

    fn norm(&self, name: &str) -> Result<Norm, String> {
        let dim = self.config.hidden_size;
        #[expect(clippy::cast_possible_truncation, reason = "a tiny number")]
        let epsilon = self.config.layer_norm_eps as f32;
        Ok(Norm {
            weight: self.vector(&format!("{}{name}.weight", self.prefix), dim)?,
            bias: self.vector(&format!("{}{name}.bias", self.prefix), dim)?,
            epsilon,
        })
    }

    fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, String> {
        let vector = self.file.vector(name)?;
        if vector.len() != length {
            return Err(format!("{name} has {} numbers, not {length}", vector.len()));
        }
        Ok(vector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::engine::parse_config;
    use crate::model::{Bundle, CONFIG, ENCODER};

    #[test]
    fn weights_of_another_shape_than_the_configuration_says_are_refused() {
        let bundle = Bundle::embedded().unwrap();
        let refused = |change: fn(&mut Config)| {
            let mut config = parse_config(bundle.file(CONFIG).unwrap()).unwrap();
            change(&mut config);
            Int8Engine::load(bundle.file(ENCODER).unwrap(), &config, Kernel::best()).is_err()
        };
        assert!(!refused(|_| ()));
        assert!(refused(|c| c.vocab_size -= 1));
        assert!(refused(|c| c.intermediate_size -= 32));
        assert!(refused(|c| c.max_position_embeddings += 1));
        assert!(refused(|c| c.num_hidden_layers += 1));
        assert!(refused(|c| c.num_attention_heads = 24));
    }
}
