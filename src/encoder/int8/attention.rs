//! Self-attention of one head over the rows of one window, on bytes.
//!
//! Keys and values are quantised to i8 with one scale per channel over the
//! window. The keys' scales are folded into the queries, which have one scale a
//! row; attention weights are u8 relative to the row's largest. All of a head's
//! numbers stay in the cache. (Vaswani et al. 2017, section 3.2.1.)

use std::ops::Range;

use super::kernel::{GROUP, Isa, Job, LANES, PANEL, TILE};
use super::layer::Layer;
use super::linear::Rows;
use super::rows::{column_peaks, dither, pack_key, pack_values, quantise_around_128, softmax};

/// Score of a key that is only there to fill a panel: never attended to.
const FILLING: i32 = -(1 << 28);

/// How many places in the dither queries start from.
const PHASES: usize = 64;

/// Memory that heads use one after the other.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Queries, keys and values in f32, `[rows][head dim]` each.
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    /// Largest magnitude, then scale, of each channel.
    key_scales: Vec<f32>,
    value_scales: Vec<f32>,
    /// Keys as weights with the head's channels as inputs, values as weights
    /// with the keys as inputs; both in panels.
    packed_keys: Vec<u8>,
    packed_values: Vec<u8>,
    /// What each key's scores start from.
    start: Vec<i32>,
    /// One tile of queries, its scores, weights and results.
    tile: Vec<u8>,
    scores: Vec<i32>,
    weights: Vec<u8>,
    sums: Vec<i32>,
    /// What is added to attention weights before they are rounded.
    dither: Vec<f32>,
}

impl Scratch {
    /// With the queries, keys and values of one window.
    pub fn of(queries: &[f32], keys: &[f32], values: &[f32]) -> Self {
        Self {
            queries: queries.to_vec(),
            keys: keys.to_vec(),
            values: values.to_vec(),
            ..Self::default()
        }
    }
}

/// One head over consecutive windows of a group.
pub struct AttendJob<'a> {
    /// The layer.
    pub layer: &'a Layer,
    /// The group's rows.
    pub rows: Rows<'a>,
    /// Which rows belong to which of the windows.
    pub windows: &'a [Range<usize>],
    /// Number of the head.
    pub head: usize,
    /// The head's results for the windows' rows, `[rows][head dim]`.
    pub out: &'a mut [f32],
    /// Memory.
    pub scratch: &'a mut Scratch,
}

impl Job for AttendJob<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let dim = self.layer.head_dim;
        let mut rest = self.out;
        for window in self.windows {
            let rows = Rows {
                bytes: &self.rows.bytes[window.start * self.rows.stride..],
                stride: self.rows.stride,
                scales: &self.rows.scales[window.clone()],
            };
            project(isa, self.layer, rows, self.head, self.scratch);
            pack(isa, self.scratch, window.len(), dim);
            let (own, others) = rest.split_at_mut(window.len() * dim);
            rest = others;
            attend(isa, self.scratch, dim, own);
        }
    }
}

/// Queries, keys and values of one head.
#[inline(always)]
fn project<I: Isa>(isa: I, layer: &Layer, rows: Rows, head: usize, scratch: &mut Scratch) {
    let dim = layer.head_dim;
    let count = rows.scales.len();
    let parts = [
        (&layer.query, &mut scratch.queries),
        (&layer.key, &mut scratch.keys),
        (&layer.value, &mut scratch.values),
    ];
    for (linear, out) in parts {
        out.resize(count * dim, 0.0);
        let panels = head * dim / PANEL..(head + 1) * dim / PANEL;
        linear.forward::<I, false>(isa, rows, panels, out, dim);
    }
}

/// Quantises keys and values into panels.
#[inline(always)]
pub fn pack<I: Isa>(isa: I, scratch: &mut Scratch, count: usize, dim: usize) {
    for (rows, scales) in [
        (&scratch.keys, &mut scratch.key_scales),
        (&scratch.values, &mut scratch.value_scales),
    ] {
        scales.resize(dim, 0.0);
        column_peaks(isa, rows, scales);
    }
    let steps = |peak: &f32| if *peak > 0.0 { 127.0 / peak } else { 0.0 };

    let columns = count.next_multiple_of(PANEL);
    scratch.packed_keys.clear();
    scratch.packed_keys.resize(columns * dim, 0);
    scratch.start.clear();
    scratch.start.resize(columns, FILLING);
    let key_steps: Vec<f32> = scratch.key_scales.iter().map(steps).collect();
    let panels = scratch.packed_keys.chunks_exact_mut(PANEL * dim);
    let keys = scratch.keys.chunks(PANEL * dim);
    let starts = scratch.start.as_chunks_mut::<PANEL>().0;
    for ((panel, keys), start) in panels.zip(keys).zip(starts) {
        let panel = panel.as_chunks_mut::<GROUP>().0;
        for (column, (key, start)) in keys.chunks_exact(dim).zip(start).enumerate() {
            let sum = pack_key(isa, key, &key_steps, column, panel);
            // The queries stand 128 too high.
            *start = -128 * sum;
        }
    }

    let groups = count.div_ceil(GROUP);
    scratch.packed_values.clear();
    scratch.packed_values.resize(groups * GROUP * dim, 0);
    let value_steps: Vec<f32> = scratch.value_scales.iter().map(steps).collect();
    for (group, four) in scratch.values.chunks(GROUP * dim).enumerate() {
        for panel in 0..dim / PANEL {
            let at = (panel * groups + group) * PANEL * GROUP;
            let out = &mut scratch.packed_values[at..at + PANEL * GROUP];
            let out = out.as_chunks_mut::<GROUP>().0;
            let mut rows = four.chunks_exact(dim);
            let values = [(); GROUP].map(|()| rows.next());
            pack_values(isa, values, &value_steps, panel * PANEL, out);
        }
    }
    for peak in scratch
        .key_scales
        .iter_mut()
        .chain(&mut scratch.value_scales)
    {
        *peak /= 127.0;
    }
}

/// Scores, softmax and weighted values, a tile of queries at a time.
#[inline(always)]
pub fn attend<I: Isa>(isa: I, scratch: &mut Scratch, dim: usize, out: &mut [f32]) {
    let columns = scratch.start.len();
    let keys = scratch.keys.len() / dim;
    let inputs = scratch.packed_values.len() / dim;
    // Scores are taken as powers of two and scaled by √dim, both through the
    // factors of the queries.
    #[expect(clippy::cast_precision_loss, reason = "a small power of two")]
    let temperature = std::f32::consts::LOG2_E / (dim as f32).sqrt();
    let factors: Vec<f32> = scratch.key_scales.iter().map(|s| s * temperature).collect();
    if scratch.dither.len() < columns + PHASES {
        scratch.dither = dither(columns + PHASES);
    }
    scratch.tile.resize(TILE * dim, 0);
    scratch.scores.resize(TILE * columns, 0);
    scratch.weights.resize(TILE * columns, 0);
    scratch.sums.resize(TILE * PANEL, 0);
    let tiles = scratch
        .queries
        .chunks(TILE * dim)
        .zip(out.chunks_mut(TILE * dim));
    for (tile, (queries, out)) in tiles.enumerate() {
        let count = queries.len() / dim;
        let mut scales = [0.0; TILE];
        for ((query, bytes), scale) in queries
            .chunks_exact(dim)
            .zip(scratch.tile.chunks_exact_mut(dim))
            .zip(&mut scales)
        {
            *scale = quantise_around_128(isa, query, &factors, bytes);
        }
        for (panel, packed) in scratch.packed_keys.chunks_exact(PANEL * dim).enumerate() {
            let scores = &mut scratch.scores[panel * PANEL..];
            isa.tile(&scratch.tile, dim, count, packed, scores, columns);
        }
        for (row, scale) in scales[..count].iter_mut().enumerate() {
            let at = row * columns..(row + 1) * columns;
            let (scores, weights) = (&scratch.scores[at.clone()], &mut scratch.weights[at]);
            // Neighbouring queries let other keys through.
            let phase = (tile * TILE + row) * 19 % PHASES;
            let dither = &scratch.dither[phase..phase + columns];
            let sum = softmax(isa, scores, &scratch.start, *scale, dither, keys, weights);
            *scale = 1.0 / sum;
        }
        let panels = scratch.packed_values.chunks_exact(inputs * PANEL);
        for (panel, values) in panels.enumerate() {
            isa.tile(
                &scratch.weights,
                columns,
                count,
                values,
                &mut scratch.sums,
                PANEL,
            );
            for part in 0..PANEL / LANES {
                let channel = panel * PANEL + part * LANES;
                let value_scales = &scratch.value_scales.as_chunks::<LANES>().0[channel / LANES];
                let value_scales = isa.load(value_scales);
                let sums = scratch.sums.as_chunks::<PANEL>().0.iter().zip(scales);
                for (out, (sums, share)) in out.chunks_exact_mut(dim).zip(sums) {
                    let sums = isa.to_f32(isa.load_i32(&sums.as_chunks::<LANES>().0[part]));
                    let y = isa.mul(isa.mul(sums, isa.splat(share)), value_scales);
                    if let Some(out) = out[channel..].first_chunk_mut() {
                        isa.store(y, out);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kernel::Kernel;
    use super::super::parts::HeadJob;
    use super::*;

    /// The definition, in f64.
    fn exact(queries: &[f32], keys: &[f32], values: &[f32], dim: usize) -> Vec<f64> {
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter()
                .zip(b)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum()
        };
        let mut out = Vec::new();
        for query in queries.chunks_exact(dim) {
            let score = |key| (dot(query, key) / (dim as f64).sqrt()).exp();
            let weights: Vec<f64> = keys.chunks_exact(dim).map(score).collect();
            let sum: f64 = weights.iter().sum();
            for channel in 0..dim {
                let values = values.iter().skip(channel).step_by(dim);
                let pairs = weights.iter().zip(values);
                out.push(pairs.map(|(w, v)| w * f64::from(*v)).sum::<f64>() / sum);
            }
        }
        out
    }

    #[test]
    fn a_head_is_near_the_exact_one_for_every_length() {
        let mut state = 1u64;
        let mut random = |scale: f32| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            ((state >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * scale
        };
        // One scratch for all, so that nothing of a longer window may be left.
        let mut scratch = Scratch::default();
        for (count, dim) in [
            (1, 32),
            (256, 32),
            (2, 32),
            (33, 64),
            (12, 32),
            (97, 32),
            (3, 64),
        ] {
            let queries: Vec<f32> = (0..count * dim).map(|_| random(4.0)).collect();
            let keys: Vec<f32> = (0..count * dim).map(|_| random(3.0)).collect();
            let values: Vec<f32> = (0..count * dim).map(|_| random(2.0)).collect();
            let expected = exact(&queries, &keys, &values, dim);
            for kernel in Kernel::available() {
                scratch.queries.clone_from(&queries);
                scratch.keys.clone_from(&keys);
                scratch.values.clone_from(&values);
                let mut out = vec![0.0; count * dim];
                kernel.run(HeadJob {
                    scratch: &mut scratch,
                    count,
                    dim,
                    out: &mut out,
                });
                for (found, expected) in out.iter().zip(&expected) {
                    let error = (f64::from(*found) - expected).abs();
                    assert!(error < 0.04, "{kernel}, {count} rows of {dim}: {error}");
                }
            }
        }
    }

    #[test]
    fn rows_without_any_size_are_no_division_by_zero() {
        let mut scratch = Scratch::default();
        for kernel in Kernel::available() {
            scratch.queries = vec![0.0; 5 * 32];
            scratch.keys = vec![0.0; 5 * 32];
            scratch.values = vec![0.5; 5 * 32];
            let mut out = vec![1.0; 5 * 32];
            kernel.run(HeadJob {
                scratch: &mut scratch,
                count: 5,
                dim: 32,
                out: &mut out,
            });
            // All keys count the same, and those that fill the panel not at all.
            assert!(
                out.iter().all(|x| (*x - 0.5).abs() < 1e-3),
                "{kernel}: {out:?}"
            );
        }
    }
}
