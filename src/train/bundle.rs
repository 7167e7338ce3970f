//! Fitted heads to the files of a bundle.

use std::collections::HashMap;

use candle_core::{DType, Result, Tensor};
use candle_nn::VarMap;
use safetensors::tensor::TensorView;

use super::fitting::sorted;

/// Tensors under their names in `heads.safetensors`.
#[derive(Default)]
pub struct Heads(Vec<(String, Tensor)>);

impl Heads {
    /// Adds all variables of a map under a prefix.
    pub fn add(&mut self, prefix: &str, vars: &VarMap) {
        for (name, var) in sorted(vars) {
            let name = format!("{prefix}.{name}");
            self.0.push((name, var.as_tensor().clone()));
        }
    }

    /// Adds one tensor.
    pub fn put(&mut self, name: String, tensor: Tensor) {
        self.0.push((name, tensor));
    }

    /// Takes over tensors of another model's heads that lie under a prefix.
    pub fn take_over(&mut self, prefix: &str, from: &HashMap<String, Tensor>) {
        let inside = format!("{prefix}.");
        for (name, tensor) in from.iter().filter(|(name, _)| name.starts_with(&inside)) {
            self.0.push((name.clone(), tensor.clone()));
        }
    }

    /// The content of `heads.safetensors`; the same heads give the same bytes.
    ///
    /// # Errors
    /// When a tensor is neither f32 nor bytes.
    pub fn serialise(mut self) -> Result<Vec<u8>> {
        self.0.sort_by(|a, b| a.0.cmp(&b.0));
        let bytes: Vec<Vec<u8>> = self
            .0
            .iter()
            .map(|(_, tensor)| {
                let flat = tensor.flatten_all()?;
                if tensor.dtype() == DType::U8 {
                    return flat.to_vec1();
                }
                let values = flat.to_vec1::<f32>()?;
                Ok(values.iter().flat_map(|v| v.to_le_bytes()).collect())
            })
            .collect::<Result<_>>()?;
        let views = self
            .0
            .iter()
            .zip(&bytes)
            .map(|((name, tensor), bytes)| {
                let shape = tensor.dims().to_vec();
                let dtype = match tensor.dtype() {
                    DType::U8 => safetensors::Dtype::U8,
                    _ => safetensors::Dtype::F32,
                };
                let view = TensorView::new(dtype, shape, bytes);
                view.map(|view| (name.as_str(), view))
            })
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(candle_core::Error::wrap)?;
        safetensors::serialize(views, None).map_err(candle_core::Error::wrap)
    }
}
