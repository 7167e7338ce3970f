//! The candle engine: `candle-transformers`' BERT in f32 on the CPU.

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};

use crate::model::dequantise;

/// Reads the encoder's `config.json`.
pub fn parse_config(json: &[u8]) -> Result<Config, String> {
    let config: Config = serde_json::from_slice(json).map_err(|e| e.to_string())?;
    if config.hidden_size == 0
        || config.num_attention_heads == 0
        || !config
            .hidden_size
            .is_multiple_of(config.num_attention_heads)
    {
        return Err(format!(
            "hidden_size {} does not divide into {} attention heads",
            config.hidden_size, config.num_attention_heads
        ));
    }
    Ok(config)
}

/// The transformer, its weights dequantised to f32.
pub struct CandleEngine {
    model: BertModel,
    dim: usize,
}

impl CandleEngine {
    /// Loads the weights, int8 or floating point.
    pub fn load(weights: &[u8], config: &Config) -> Result<Self, String> {
        let tensors = dequantise(weights, &Device::Cpu)?;
        let vars = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let model = BertModel::load(vars, config).map_err(|e| e.to_string())?;
        Ok(Self {
            model,
            dim: config.hidden_size,
        })
    }

    /// Length of a hidden state.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The last hidden states of one window, `ids.len() × dim`, row after row.
    /// One window at a time means no padding and no mask.
    pub fn forward(&self, ids: &[u32]) -> candle_core::Result<Vec<f32>> {
        let ids = Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?;
        let types = ids.zeros_like()?;
        self.model
            .forward(&ids, &types, None)?
            .flatten_all()?
            .to_vec1()
    }
}
