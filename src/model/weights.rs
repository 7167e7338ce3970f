//! The encoder's weights: int8 with one scale per output channel, and back.

use std::borrow::Cow;
use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

/// Suffix of the tensor that holds the scales of an int8 tensor.
const SCALE: &str = ".scale";

/// Quantises the matrices of a safetensors file whose names pass `to_int8` to int8, symmetric, one scale per row: `w ≈ scale[row] · q`,
/// `scale = max|w[row]| / 127`. A linear layer's rows are its output channels,
/// an embedding table's rows its tokens. All other tensors are kept as f32.
/// Tensors for which `keep` is false are left out.
///
/// # Errors
/// When the file is not safetensors or holds a tensor that is not floating point.
pub fn quantise(
    weights: &[u8],
    keep: impl Fn(&str) -> bool,
    to_int8: impl Fn(&str) -> bool,
) -> Result<Vec<u8>, String> {
    let file = SafeTensors::deserialize(weights).map_err(|e| e.to_string())?;
    let mut tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, view) in file.iter() {
        if !keep(name) {
            continue;
        }
        let values = to_f32(name, &view)?;
        let shape = view.shape().to_vec();
        if to_int8(name) && shape.len() == 2 && shape[1] > 0 {
            let (quantised, scales) = quantise_rows(&values, shape[1]);
            tensors.push((name.to_owned(), Dtype::I8, shape.clone(), quantised));
            let scales = to_bytes(&scales);
            tensors.push((format!("{name}{SCALE}"), Dtype::F32, vec![shape[0]], scales));
        } else {
            tensors.push((name.to_owned(), Dtype::F32, shape, to_bytes(&values)));
        }
    }
    // Sorted, so that the same weights always give the same file.
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            TensorView::new(*dtype, shape.clone(), bytes)
                .map(|view| (name.as_str(), view))
                .map_err(|e| format!("{name}: {e}"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    safetensors::serialize(views, None).map_err(|e| e.to_string())
}

/// Reads all tensors of a safetensors file as f32, int8 ones times their scales.
///
/// # Errors
/// When the file is not safetensors, a tensor has another type, or scales are missing.
pub fn dequantise(weights: &[u8], device: &Device) -> Result<HashMap<String, Tensor>, String> {
    let file = SafeTensors::deserialize(weights).map_err(|e| e.to_string())?;
    let mut tensors = HashMap::new();
    for (name, view) in file.iter() {
        if name.ends_with(SCALE) {
            continue;
        }
        let values = match view.dtype() {
            Dtype::I8 => {
                let scale_name = format!("{name}{SCALE}");
                let scales = file
                    .tensor(&scale_name)
                    .map_err(|_| format!("{name} is int8 but {scale_name} is missing"))?;
                let scales = to_f32(&scale_name, &scales)?;
                let shape = view.shape();
                if shape.len() != 2 || shape[0] != scales.len() || shape[1] == 0 {
                    return Err(format!(
                        "{name} has shape {shape:?} but {} scales",
                        scales.len()
                    ));
                }
                dequantise_rows(view.data(), &scales, shape[1])
            }
            // Some checkpoints carry position numbers, which the engine makes itself.
            Dtype::I64 => continue,
            _ => to_f32(name, &view)?,
        };
        let tensor = Tensor::from_vec(values, view.shape(), device).map_err(|e| e.to_string())?;
        tensors.insert(name.to_owned(), tensor);
    }
    Ok(tensors)
}

fn quantise_rows(values: &[f32], columns: usize) -> (Vec<u8>, Vec<f32>) {
    let mut quantised = Vec::with_capacity(values.len());
    let mut scales = Vec::with_capacity(values.len() / columns);
    for row in values.chunks_exact(columns) {
        let largest = row.iter().fold(0f32, |m, v| m.max(v.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounded, within -127..=127"
        )]
        quantised.extend(row.iter().map(|v| (v / scale).round() as i8 as u8));
        scales.push(scale);
    }
    (quantised, scales)
}

fn dequantise_rows(quantised: &[u8], scales: &[f32], columns: usize) -> Vec<f32> {
    quantised
        .chunks_exact(columns)
        .zip(scales)
        .flat_map(|(row, scale)| row.iter().map(move |&q| f32::from(q as i8) * scale))
        .collect()
}

fn to_f32(name: &str, view: &TensorView) -> Result<Vec<f32>, String> {
    let data: Cow<[u8]> = match view.dtype() {
        Dtype::F32 => Cow::Borrowed(view.data()),
        Dtype::F16 | Dtype::BF16 | Dtype::F64 => {
            let dtype = match view.dtype() {
                Dtype::F16 => DType::F16,
                Dtype::BF16 => DType::BF16,
                _ => DType::F64,
            };
            return Tensor::from_raw_buffer(view.data(), dtype, view.shape(), &Device::Cpu)
                .and_then(|t| t.to_dtype(DType::F32)?.flatten_all()?.to_vec1())
                .map_err(|e| format!("{name}: {e}"));
        }
        other => {
            return Err(format!(
                "{name} has type {other:?}, which no encoder here has"
            ));
        }
    };
    Ok(data
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect())
}

fn to_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(values: &[f32], rows: usize) -> Vec<u8> {
        let bytes = to_bytes(values);
        let shape = vec![rows, values.len() / rows];
        let view = TensorView::new(Dtype::F32, shape, &bytes).unwrap();
        safetensors::serialize([("layer.weight", view)], None).unwrap()
    }

    proptest! {
        #[test]
        fn every_weight_comes_back_within_half_a_step(
            values in proptest::collection::vec(-4f32..4f32, 24)
        ) {
            let packed = quantise(&file(&values, 3), |_| true, |_| true).unwrap();
            let back = &dequantise(&packed, &Device::Cpu).unwrap()["layer.weight"];
            let back = back.to_vec2::<f32>().unwrap();
            for (row, original) in back.iter().zip(values.chunks(8)) {
                let step = original.iter().fold(0f32, |m, v| m.max(v.abs())) / 127.0;
                for (a, b) in row.iter().zip(original) {
                    prop_assert!((a - b).abs() <= step * 0.5 + 1e-6);
                }
            }
        }
    }

    #[test]
    fn a_row_of_zeros_stays_zero() {
        let packed = quantise(&file(&[0.0; 8], 2), |_| true, |_| true).unwrap();
        let back = &dequantise(&packed, &Device::Cpu).unwrap()["layer.weight"];
        assert_eq!(
            back.flatten_all().unwrap().to_vec1::<f32>().unwrap(),
            [0.0; 8]
        );
    }

    #[test]
    fn bytes_that_are_no_safetensors_are_refused() {
        assert!(dequantise(b"\x80\x02pickle", &Device::Cpu).is_err());
    }
}
