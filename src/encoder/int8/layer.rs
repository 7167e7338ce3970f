//! One layer of the transformer: attention, then the feed-forward part.

use super::kernel::{Isa, Job, PANEL};
use super::linear::{Linear, Rows};
use super::rows::{RowScale, add_and_norm, quantise};

/// Layer normalisation.
#[derive(Debug)]
pub struct Norm {
    /// Factor of each channel.
    pub weight: Vec<f32>,
    /// Offset of each channel.
    pub bias: Vec<f32>,
    /// Keeps the division sound.
    pub epsilon: f32,
}

impl Norm {
    /// `row ← LayerNorm(row + add)`.
    #[inline(always)]
    pub fn after_adding<I: Isa>(&self, isa: I, row: &mut [f32], add: &[f32]) {
        add_and_norm(isa, row, add, &self.weight, &self.bias, self.epsilon);
    }
}

/// The weights of one layer.
#[derive(Debug)]
pub struct Layer {
    /// Channels of a head.
    pub head_dim: usize,
    pub query: Linear,
    pub key: Linear,
    pub value: Linear,
    /// Mixes the heads.
    pub mix: Linear,
    pub mix_norm: Norm,
    /// To the wide inner row, through GELU, and back.
    pub widen: Linear,
    pub narrow: Linear,
    pub output_norm: Norm,
}

/// Memory that blocks of rows use one after the other.
#[derive(Debug, Default)]
pub struct Scratch {
    wide: Vec<f32>,
    narrow: Vec<f32>,
    bytes: Vec<u8>,
    scales: Vec<RowScale>,
}

/// The part of a layer that looks at each row alone, over a block of rows.
pub struct FeedForwardJob<'a> {
    /// The layer.
    pub layer: &'a Layer,
    /// The heads' results, `[heads][all rows][head dim]`.
    pub context: &'a [f32],
    /// Number of rows in `context`.
    pub all_rows: usize,
    /// Number of the block's first row in `context`.
    pub first: usize,
    /// The block's hidden states: read, then replaced by the layer's output.
    pub hidden: &'a mut [f32],
    /// The same, quantised for the next layer.
    pub bytes: &'a mut [u8],
    /// Scales of `bytes`.
    pub scales: &'a mut [RowScale],
    /// Memory.
    pub scratch: &'a mut Scratch,
}

impl Job for FeedForwardJob<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self {
            layer,
            hidden,
            bytes,
            scales,
            scratch,
            ..
        } = self;
        let count = scales.len();
        let dim = hidden.len() / count;
        let wide = layer.widen.width();
        scratch.wide.resize(count * wide, 0.0);
        scratch.narrow.resize(count * dim, 0.0);
        scratch.bytes.resize(count * wide, 0);
        scratch.scales.resize(count, RowScale::default());

        // The heads lie apart; side by side they are a row.
        for (head, context) in self
            .context
            .chunks_exact(self.all_rows * layer.head_dim)
            .enumerate()
        {
            let context = &context[self.first * layer.head_dim..];
            let heads = context.chunks_exact(layer.head_dim);
            for (row, values) in scratch.narrow.chunks_exact_mut(dim).zip(heads) {
                row[head * layer.head_dim..][..layer.head_dim].copy_from_slice(values);
            }
        }
        quantise_rows(isa, &scratch.narrow, dim, bytes, scales);
        let rows = Rows {
            bytes,
            stride: dim,
            scales,
        };
        layer
            .mix
            .forward::<I, false>(isa, rows, 0..dim / PANEL, &mut scratch.narrow, dim);
        norm_rows(isa, &layer.mix_norm, hidden, &scratch.narrow, dim);
        quantise_rows(isa, hidden, dim, bytes, scales);

        let rows = Rows {
            bytes,
            stride: dim,
            scales,
        };
        layer
            .widen
            .forward::<I, true>(isa, rows, 0..wide / PANEL, &mut scratch.wide, wide);
        quantise_rows(
            isa,
            &scratch.wide,
            wide,
            &mut scratch.bytes,
            &mut scratch.scales,
        );
        let rows = Rows {
            bytes: &scratch.bytes,
            stride: wide,
            scales: &scratch.scales,
        };
        layer
            .narrow
            .forward::<I, false>(isa, rows, 0..dim / PANEL, &mut scratch.narrow, dim);
        norm_rows(isa, &layer.output_norm, hidden, &scratch.narrow, dim);
        quantise_rows(isa, hidden, dim, bytes, scales);
    }
}

#[inline(always)]
fn norm_rows<I: Isa>(isa: I, norm: &Norm, hidden: &mut [f32], add: &[f32], dim: usize) {
    for (row, add) in hidden.chunks_exact_mut(dim).zip(add.chunks_exact(dim)) {
        norm.after_adding(isa, row, add);
    }
}

/// Quantises rows of equal length.
#[inline(always)]
pub fn quantise_rows<I: Isa>(
    isa: I,
    rows: &[f32],
    length: usize,
    bytes: &mut [u8],
    scales: &mut [RowScale],
) {
    let out = bytes.chunks_exact_mut(length).zip(scales);
    for (row, (bytes, scale)) in rows.chunks_exact(length).zip(out) {
        *scale = quantise(isa, row, bytes);
    }
}
