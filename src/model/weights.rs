//! The encoder's weights: int8 with one scale per output channel, and back.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use candle_core::{DType, Device, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::packed::{GROUP, PANEL, Packed};
use super::rounding::{self, Hessian};

/// Suffix of the tensor that holds the scales of an int8 tensor.
const SCALE: &str = ".scale";
/// Suffix of the tensor that holds the sums of packed weights.
const SUM: &str = ".sum";

/// How a matrix is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// In f32, as all vectors are.
    F32,
    /// As int8, row after row.
    Rows,
    /// As int8, in the order of [`Packed`].
    Packed,
}

/// Stores the tensors of a safetensors file as `storage` says of each name;
/// those of which it says nothing are left out. Int8 is symmetric with one scale
/// per row: `w ≈ scale[row] · q`, `scale = max|w[row]| / 127`. A linear layer's
/// rows are its output channels, an embedding table's rows its tokens. Layers that
/// have a Hessian of their inputs are rounded to suit it.
///
/// # Errors
/// When the file is not safetensors or holds a tensor that is not floating point.
pub fn quantise(
    weights: &[u8],
    storage: impl Fn(&str) -> Option<Storage>,
    hessians: &BTreeMap<String, Arc<Hessian>>,
) -> Result<Vec<u8>, String> {
    let file = SafeTensors::deserialize(weights).map_err(|e| e.to_string())?;
    let mut tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, view) in file.iter() {
        let Some(storage) = storage(name) else {
            continue;
        };
        let values = sane(name, to_f32(name, &view)?)?;
        let shape = view.shape().to_vec();
        let &[outputs, inputs] = shape.as_slice() else {
            tensors.push((name.to_owned(), Dtype::F32, shape, to_bytes(&values)));
            continue;
        };
        if storage == Storage::F32 || inputs == 0 {
            tensors.push((name.to_owned(), Dtype::F32, shape, to_bytes(&values)));
            continue;
        }
        let hessian = hessians.get(name).map(AsRef::as_ref);
        let (rows, scales) =
            rounding::round(&values, inputs, hessian).map_err(|e| format!("{name}: {e}"))?;
        // Filled up, the number of inputs would be lost.
        if storage == Storage::Packed && inputs.is_multiple_of(GROUP) {
            let packed = Packed::pack(&rows, inputs, &scales);
            let shape = vec![outputs.div_ceil(PANEL), packed.groups(), PANEL, GROUP];
            let sums = to_bytes(&packed.sums()[..outputs]);
            tensors.push((name.to_owned(), Dtype::I8, shape, packed.bytes().to_vec()));
            tensors.push((format!("{name}{SUM}"), Dtype::F32, vec![outputs], sums));
        } else {
            tensors.push((name.to_owned(), Dtype::I8, shape, rows));
        }
        let scales = to_bytes(&scales);
        tensors.push((format!("{name}{SCALE}"), Dtype::F32, vec![outputs], scales));
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
        if name.ends_with(SCALE) || name.ends_with(SUM) {
            continue;
        }
        let mut shape = view.shape().to_vec();
        let values = match view.dtype() {
            Dtype::I8 if shape.len() == 4 => {
                let bytes = Bytes::copy_from_slice(view.data());
                let packed = read_packed(&file, name, &view, bytes)?;
                shape = vec![packed.outputs(), packed.groups() * GROUP];
                let rows = packed.unpack(shape[0], shape[1]);
                dequantise_rows(&rows, packed.scales(), shape[1])
            }
            Dtype::I8 => {
                let scales = row_scales(&file, name, &view)?;
                dequantise_rows(view.data(), &scales, shape[1])
            }
            // Some checkpoints carry position numbers, which the engine makes itself.
            Dtype::I64 => continue,
            _ => to_f32(name, &view)?,
        };
        let tensor = Tensor::from_vec(values, shape, device).map_err(|e| e.to_string())?;
        tensors.insert(name.to_owned(), tensor);
    }
    Ok(tensors)
}

/// Whether a safetensors file holds packed weights.
///
/// # Errors
/// When the file is not safetensors.
pub fn is_packed(weights: &[u8]) -> Result<bool, String> {
    let file = SafeTensors::deserialize(weights).map_err(|e| e.to_string())?;
    Ok(file.names().iter().any(|name| name.ends_with(SUM)))
}

/// An encoder's weights as the int8 engine reads them: in place.
pub struct Int8Weights<'a> {
    file: SafeTensors<'a>,
    bytes: &'a Bytes,
}

impl<'a> Int8Weights<'a> {
    /// Reads the index of a safetensors file.
    ///
    /// # Errors
    /// When the file is not safetensors.
    pub fn open(bytes: &'a Bytes) -> Result<Self, String> {
        let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
        Ok(Self { file, bytes })
    }

    /// Whether the file has a tensor of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.file.tensor(name).is_ok()
    }

    /// A tensor of floating-point numbers, flat.
    ///
    /// # Errors
    /// When it is missing or of another type.
    pub fn vector(&self, name: &str) -> Result<Vec<f32>, String> {
        vector(&self.file, name)
    }

    /// A packed linear layer; its weights are not copied.
    ///
    /// # Errors
    /// When a tensor is missing or is not packed.
    pub fn packed(&self, name: &str) -> Result<Packed, String> {
        let view = tensor(&self.file, name)?;
        if view.dtype() != Dtype::I8 || view.shape().len() != 4 {
            return Err(format!("{name} is not packed int8"));
        }
        let bytes = self.bytes.slice_ref(view.data());
        read_packed(&self.file, name, &view, bytes)
    }

    /// An int8 table, row after row, with the scale of each row; not copied.
    ///
    /// # Errors
    /// When a tensor is missing or is not int8.
    pub fn table(&self, name: &str) -> Result<(Bytes, Vec<f32>), String> {
        let view = tensor(&self.file, name)?;
        if view.dtype() != Dtype::I8 {
            return Err(format!("{name} is not int8"));
        }
        let scales = row_scales(&self.file, name, &view)?;
        Ok((self.bytes.slice_ref(view.data()), scales))
    }
}

fn tensor<'a>(file: &SafeTensors<'a>, name: &str) -> Result<TensorView<'a>, String> {
    file.tensor(name).map_err(|_| format!("{name} is missing"))
}

fn vector(file: &SafeTensors, name: &str) -> Result<Vec<f32>, String> {
    sane(name, to_f32(name, &tensor(file, name)?)?)
}

/// Far more than any weight of a trained encoder, and little enough for no product
/// to overflow.
const LARGEST: f32 = 1e5;

/// Int8 has no place for what is no number: it would be lost without a word.
fn sane(name: &str, values: Vec<f32>) -> Result<Vec<f32>, String> {
    if values.iter().all(|v| v.abs() <= LARGEST) {
        return Ok(values);
    }
    Err(format!(
        "{name} holds values that are huge or no numbers: the weights are damaged"
    ))
}

fn row_scales(file: &SafeTensors, name: &str, view: &TensorView) -> Result<Vec<f32>, String> {
    let scales = vector(file, &format!("{name}{SCALE}"))?;
    let shape = view.shape();
    if shape.len() != 2 || shape[0] != scales.len() || shape[1] == 0 {
        let count = scales.len();
        return Err(format!("{name} has shape {shape:?} but {count} scales"));
    }
    Ok(scales)
}

fn read_packed(
    file: &SafeTensors,
    name: &str,
    view: &TensorView,
    bytes: Bytes,
) -> Result<Packed, String> {
    let scales = vector(file, &format!("{name}{SCALE}"))?;
    let sums = vector(file, &format!("{name}{SUM}"))?;
    let packed = Packed::new(bytes, scales, sums).map_err(|e| format!("{name}: {e}"))?;
    let panels = packed.outputs().div_ceil(PANEL);
    if *view.shape() != [panels, packed.groups(), PANEL, GROUP] {
        return Err(format!("{name} is packed as {:?}", view.shape()));
    }
    Ok(packed)
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
            values in proptest::collection::vec(-4f32..4f32, 24),
            storage in prop_oneof![Just(Storage::Rows), Just(Storage::Packed)],
        ) {
            let packed = quantise(&file(&values, 3), |_| Some(storage), &BTreeMap::new()).unwrap();
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
        let packed = quantise(
            &file(&[0.0; 8], 2),
            |_| Some(Storage::Rows),
            &BTreeMap::new(),
        )
        .unwrap();
        let back = &dequantise(&packed, &Device::Cpu).unwrap()["layer.weight"];
        assert_eq!(
            back.flatten_all().unwrap().to_vec1::<f32>().unwrap(),
            [0.0; 8]
        );
    }

    #[test]
    fn weights_that_are_no_numbers_are_refused() {
        let mut values = [0.5; 8];
        values[5] = f32::NAN;
        let error = quantise(
            &file(&values, 2),
            |_| Some(Storage::Packed),
            &BTreeMap::new(),
        )
        .unwrap_err();
        assert!(error.contains("layer.weight"), "{error}");
    }

    #[test]
    fn bytes_that_are_no_safetensors_are_refused() {
        assert!(dequantise(b"\x80\x02pickle", &Device::Cpu).is_err());
    }
}
