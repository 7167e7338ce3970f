//! What the inputs of an encoder's linear layers look like on some text.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{Device, Result, Tensor};

use super::bert::{Bert, Input};
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
    if let Some(objection) = Bert::objection(&config) {
        return Err(bundle.problem(CONFIG, objection));
    }
    let room = room(bundle, &tokens, &config)?;
    let problem = |e: candle_core::Error| bundle.problem(ENCODER, e);
    let tensors =
        dequantise(bundle.file(ENCODER)?, &Device::Cpu).map_err(|e| bundle.problem(ENCODER, e))?;
    let prefix = Bert::prefix(&tensors, &config);
    let bert = Bert::load(&tensors, &config, &Device::Cpu).map_err(problem)?;

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
            bert.forward(&[&ids], &mut |layer, input, rows| {
                sums.add(layer, input, rows)
            })
            .map_err(problem)?;
        }
    }
    if sums.0.is_empty() {
        return Err(bundle.problem(ENCODER, "the texts to calibrate with have no words"));
    }
    sums.hessians(&prefix, config.num_hidden_layers)
        .map_err(|e| bundle.problem(ENCODER, e))
}

/// `Σ x xᵀ` by layer and kind of input.
#[derive(Default)]
struct Sums(BTreeMap<(usize, Input), Tensor>);

impl Sums {
    fn add(&mut self, layer: usize, input: Input, rows: &Tensor) -> Result<()> {
        let square = rows.t()?.contiguous()?.matmul(rows)?;
        let sum = match self.0.remove(&(layer, input)) {
            Some(sum) => (sum + square)?,
            None => square,
        };
        self.0.insert((layer, input), sum);
        Ok(())
    }

    fn hessians(
        self,
        prefix: &str,
        layers: usize,
    ) -> std::result::Result<BTreeMap<String, Arc<Hessian>>, String> {
        let mut hessians = BTreeMap::new();
        for layer in 0..layers {
            for input in Input::ALL {
                let Some(sum) = self.0.get(&(layer, input)) else {
                    continue;
                };
                let values = sum.flatten_all().and_then(|s| s.to_vec1::<f32>());
                let values = values.map_err(|e| e.to_string())?;
                let values = values.into_iter().map(f64::from).collect();
                let size = sum.dims()[0];
                let hessian = Arc::new(Hessian::new(size, values)?);
                for reader in input.readers() {
                    let name = format!("{prefix}encoder.layer.{layer}.{reader}.weight");
                    hessians.insert(name, hessian.clone());
                }
            }
        }
        Ok(hessians)
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
}
