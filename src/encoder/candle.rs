//! The candle engine: `candle-transformers`' BERT in f32 on the CPU.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use rayon::prelude::*;

use super::windows::Windows;
use crate::model::dequantise;

/// The transformer, its weights dequantised to f32.
pub struct CandleEngine {
    model: BertModel,
    dim: usize,
}

impl CandleEngine {
    /// Loads the weights, int8 or floating point.
    pub fn load(weights: &[u8], config: &Config) -> std::result::Result<Self, String> {
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

    /// For each span of tokens the sum of its last hidden states, shape
    /// `[spans, dim]`. One window at a time means no padding and no mask.
    pub fn sums(&self, windows: &Windows) -> Result<Tensor> {
        let groups = windows.groups(1);
        let sums: Vec<Vec<f32>> = groups
            .par_iter()
            .map(|group| {
                let hidden = self.forward(&windows.ids()[group.rows.clone()])?;
                let spans = &windows.spans()[group.spans.clone()];
                let mut sums = vec![0.0; spans.len() * self.dim];
                for (span, sum) in spans.iter().zip(sums.chunks_exact_mut(self.dim)) {
                    let rows = span.start - group.rows.start..span.end - group.rows.start;
                    super::add_rows(&hidden[rows.start * self.dim..rows.end * self.dim], sum);
                }
                Ok(sums)
            })
            .collect::<Result<_>>()?;
        Tensor::from_vec(
            sums.concat(),
            (windows.spans().len(), self.dim),
            &Device::Cpu,
        )
    }

    /// The last hidden states of one window, `ids.len() × dim`, row after row.
    fn forward(&self, ids: &[u32]) -> Result<Vec<f32>> {
        let ids = Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?;
        let types = ids.zeros_like()?;
        self.model
            .forward(&ids, &types, None)?
            .flatten_all()?
            .to_vec1()
    }
}
