//! A linear layer: u8 rows times i8 weights, back to f32.

use std::ops::Range;

use super::kernel::{Isa, LANES, PANEL, TILE};
use super::rows::{RowScale, gelu};
use crate::model::Packed;

/// Rows quantised to u8, each with its own scale.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The rows, one after the other.
    pub bytes: &'a [u8],
    /// Length of a row: the layer's inputs, rounded up to whole groups.
    pub stride: usize,
    /// What the bytes of each row stand for.
    pub scales: &'a [RowScale],
}

/// A layer `y = W x + b` with one scale per output channel.
#[derive(Debug)]
pub struct Linear {
    weights: Packed,
    bias: Vec<f32>,
}

impl Linear {
    /// Takes packed weights and a bias for each output.
    pub fn new(weights: Packed, mut bias: Vec<f32>) -> Self {
        bias.resize(weights.scales().len(), 0.0);
        Self { weights, bias }
    }

    /// Length of an output row, the filling of the last panel included.
    pub fn width(&self) -> usize {
        self.bias.len()
    }

    /// The products with some panels, plus bias, through GELU if asked for.
    /// Panel `p` goes to columns `p · PANEL` on of `out`, whose rows are
    /// `out_stride` apart, counted from the first panel asked for.
    ///
    /// With `x ≈ s·q + m` and `w = t·v`: `Σ x w = s·t·Σ q v + m·Σ w`; the last
    /// sum is stored with the weights.
    #[inline(always)]
    pub fn forward<I: Isa, const GELU: bool>(
        &self,
        isa: I,
        rows: Rows,
        panels: Range<usize>,
        out: &mut [f32],
        out_stride: usize,
    ) {
        let first = panels.start;
        for panel in panels {
            let at = (panel - first) * PANEL;
            for start in (0..rows.scales.len()).step_by(TILE) {
                self.tile::<I, GELU>(
                    isa,
                    rows,
                    start,
                    panel,
                    &mut out[start * out_stride + at..],
                    out_stride,
                );
            }
        }
    }

    /// Up to [`TILE`] rows from `start` on times one panel, into columns 0 to
    /// [`PANEL`] of `out`.
    #[inline(always)]
    pub fn tile<I: Isa, const GELU: bool>(
        &self,
        isa: I,
        rows: Rows,
        start: usize,
        panel: usize,
        out: &mut [f32],
        out_stride: usize,
    ) {
        let scales = &rows.scales[start..rows.scales.len().min(start + TILE)];
        let mut sums = [0; PANEL * TILE];
        let left = &rows.bytes[start * rows.stride..];
        let weights = self.weights.panel(panel);
        isa.tile(left, rows.stride, scales.len(), weights, &mut sums, PANEL);

        let parts = panel * PANEL / LANES..(panel + 1) * PANEL / LANES;
        let steps = &self.weights.scales().as_chunks::<LANES>().0[parts.clone()];
        let totals = &self.weights.sums().as_chunks::<LANES>().0[parts.clone()];
        let bias = &self.bias.as_chunks::<LANES>().0[parts];
        let columns = steps.iter().zip(totals).zip(bias).enumerate();
        for (part, ((steps, totals), bias)) in columns {
            let (steps, totals, bias) = (isa.load(steps), isa.load(totals), isa.load(bias));
            for (row, scale) in scales.iter().enumerate() {
                let sums = isa.load_i32(&sums.as_chunks::<LANES>().0[row * PANEL / LANES + part]);
                let rest = isa.fma(totals, isa.splat(scale.min), bias);
                let sums = isa.mul(isa.to_f32(sums), steps);
                let mut y = isa.fma(sums, isa.splat(scale.scale), rest);
                if GELU {
                    y = gelu(isa, y);
                }
                let out = &mut out[row * out_stride + part * LANES..];
                if let Some(out) = out.first_chunk_mut() {
                    isa.store(y, out);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kernel::Kernel;
    use super::super::parts::LinearJob;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_layer_gives_what_its_numbers_stand_for(
            rows in 0usize..30, inputs in 1usize..150, outputs in 1usize..100, seed in any::<u8>()
        ) {
            let byte = |i: usize| ((i * 37 + usize::from(seed)) % 256) as u8;
            let weights: Vec<u8> = (0..outputs * inputs).map(byte).collect();
            let scales: Vec<f32> = (0..outputs).map(|i| 0.001 * (i + 1) as f32).collect();
            let bias: Vec<f32> = (0..outputs).map(|i| i as f32 - 20.0).collect();
            let linear = Linear::new(Packed::pack(&weights, inputs, &scales), bias.clone());
            let stride = inputs.next_multiple_of(crate::model::GROUP);
            let bytes: Vec<u8> = (0..rows * stride).map(|i| byte(i * 11)).collect();
            let row_scales: Vec<RowScale> = (0..rows)
                .map(|i| RowScale { scale: 0.01 * (i + 1) as f32, min: -0.3 * i as f32 })
                .collect();
            for kernel in Kernel::available() {
                let mut out = vec![0.0; rows * linear.width()];
                let rows = Rows { bytes: &bytes, stride, scales: &row_scales };
                kernel.run(LinearJob { linear: &linear, rows, out: &mut out });
                for (row, scale) in row_scales.iter().enumerate() {
                    for output in 0..outputs {
                        let product = |i: usize| {
                            let x = f64::from(bytes[row * stride + i]) * f64::from(scale.scale);
                            let w = f64::from(weights[output * inputs + i] as i8);
                            (x + f64::from(scale.min)) * w * f64::from(scales[output])
                        };
                        let expected =
                            (0..inputs).map(product).sum::<f64>() + f64::from(bias[output]);
                        let found = f64::from(out[row * linear.width() + output]);
                        prop_assert!(
                            (found - expected).abs() < 1e-3 * (1.0 + expected.abs()),
                            "{kernel}: {found} {expected}"
                        );
                    }
                }
            }
        }
    }
}
