//! The int8 engine: BERT on packed rows of bytes, the default on a CPU.
//!
//! Rows of all windows stand one after the other, without padding. Linear layers
//! multiply u8 rows (a scale and an offset each) with i8 weights (a scale per
//! output channel) exactly in i32; residuals, normalisation and softmax are f32.
//! A group of windows goes through all layers at once, so that the numbers
//! between two steps stay in the cache and the memory is used again.

mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod kernel;
mod layer;
mod linear;
mod load;
pub mod parts;
mod portable;
mod rows;

use std::cell::RefCell;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor, bail};
use rayon::prelude::*;

use super::windows::Windows;
use attention::AttendJob;
pub use kernel::Kernel;
use kernel::{Isa, Job, LANES};
use layer::{FeedForwardJob, Layer, Norm, quantise_rows};
use linear::Rows;
use rows::RowScale;

/// Rows that go through all layers together: enough to make the way of the
/// weights through the cache worth it, few enough to stay in it themselves.
const GROUP_ROWS: usize = 256;
/// Rows of a block of the feed-forward part; its inner rows fill the cache.
const BLOCK_ROWS: usize = 48;

/// The transformer on int8 weights.
pub struct Int8Engine {
    kernel: Kernel,
    dim: usize,
    embeddings: Embeddings,
    layers: Vec<Layer>,
    /// Memory of groups that are done, for the next ones.
    spare: Mutex<Vec<Buffers>>,
}

/// The embedding tables.
struct Embeddings {
    words: Bytes,
    word_scales: Vec<f32>,
    positions: Vec<f32>,
    /// The row of token type 0, which all tokens have.
    kind: Vec<f32>,
    norm: Norm,
}

/// What one group needs.
#[derive(Default)]
struct Buffers {
    hidden: Vec<f32>,
    bytes: Vec<u8>,
    scales: Vec<RowScale>,
    context: Vec<f32>,
}

thread_local! {
    static HEAD: RefCell<attention::Scratch> = RefCell::default();
    static BLOCK: RefCell<layer::Scratch> = RefCell::default();
}

impl Int8Engine {
    /// Length of a hidden state.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Which instructions it runs on.
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// For each span of tokens the sum of its last hidden states, shape
    /// `[spans, dim]`, on all threads of the current rayon pool.
    pub fn sums(&self, windows: &Windows) -> candle_core::Result<Tensor> {
        let ids = Tensor::new(windows.ids(), &candle_core::Device::Cpu)?;
        ids.apply_op1_no_bwd(&EncodeOp {
            engine: self,
            windows,
        })
    }

    fn check(&self, ids: &[u32], windows: &Windows) -> candle_core::Result<()> {
        let known = self.embeddings.word_scales.len();
        if let Some(id) = ids.iter().find(|id| **id as usize >= known) {
            bail!("token {id} is beyond the encoder's {known} tokens");
        }
        let longest = windows.windows().iter().map(Range::len).max().unwrap_or(0);
        let positions = self.embeddings.positions.len() / self.dim;
        if longest > positions {
            bail!("a window of {longest} tokens is beyond the encoder's {positions} positions");
        }
        Ok(())
    }

    fn run(&self, ids: &[u32], windows: &Windows, out: &mut [f32]) {
        let threads = rayon::current_num_threads();
        let several = ids.len() >= 4 * threads * GROUP_ROWS;
        // With few rows for each thread, the threads share every step of one
        // group; with many, each has groups of its own.
        let limit = if several {
            GROUP_ROWS
        } else {
            threads * GROUP_ROWS
        };
        let mut rest = out;
        let mut groups = Vec::new();
        for group in windows.groups(limit) {
            let (own, others) = rest.split_at_mut(group.spans.len() * self.dim);
            rest = others;
            groups.push((group, own));
        }
        if several {
            groups.into_par_iter().for_each(|(group, out)| {
                self.run_group(ids, windows, &group, out, false);
            });
        } else {
            for (group, out) in groups {
                self.run_group(ids, windows, &group, out, threads > 1);
            }
        }
    }

    fn run_group(
        &self,
        ids: &[u32],
        windows: &Windows,
        group: &super::windows::Group,
        out: &mut [f32],
        parallel: bool,
    ) {
        let first = group.rows.start;
        let bounds: Vec<Range<usize>> = windows.windows()[group.windows.clone()]
            .iter()
            .map(|w| w.start - first..w.end - first)
            .collect();
        let count = group.rows.len();
        let spare = self
            .spare
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut buffers = spare.unwrap_or_default();
        buffers.hidden.resize(count * self.dim, 0.0);
        buffers.bytes.resize(count * self.dim, 0);
        buffers.scales.resize(count, RowScale::default());
        buffers.context.resize(count * self.dim, 0.0);
        self.kernel.run(EmbedJob {
            embeddings: &self.embeddings,
            dim: self.dim,
            ids: &ids[group.rows.clone()],
            windows: &bounds,
            buffers: &mut buffers,
        });
        for layer in &self.layers {
            self.attend(layer, &bounds, &mut buffers, parallel);
            self.feed_forward(layer, &mut buffers, parallel);
        }
        let spans = &windows.spans()[group.spans.clone()];
        for (span, out) in spans.iter().zip(out.chunks_exact_mut(self.dim)) {
            let rows = (span.start - first) * self.dim..(span.end - first) * self.dim;
            super::add_rows(&buffers.hidden[rows], out);
        }
        self.spare
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(buffers);
    }

    fn attend(
        &self,
        layer: &Layer,
        windows: &[Range<usize>],
        buffers: &mut Buffers,
        parallel: bool,
    ) {
        let Buffers {
            bytes,
            scales,
            context,
            ..
        } = buffers;
        let rows = Rows {
            bytes,
            stride: self.dim,
            scales,
        };
        let one = |head: usize, windows: &[Range<usize>], out: &mut [f32]| {
            HEAD.with_borrow_mut(|scratch| {
                self.kernel.run(AttendJob {
                    layer,
                    rows,
                    windows,
                    head,
                    out,
                    scratch,
                });
            });
        };
        let heads = context.chunks_exact_mut(rows.scales.len() * layer.head_dim);
        if !parallel {
            heads
                .enumerate()
                .for_each(|(head, out)| one(head, windows, out));
            return;
        }
        let mut tasks = Vec::new();
        for (head, mut rest) in heads.enumerate() {
            for window in windows {
                let (own, others) = rest.split_at_mut(window.len() * layer.head_dim);
                rest = others;
                tasks.push((head, std::slice::from_ref(window), own));
            }
        }
        tasks
            .into_par_iter()
            .for_each(|(head, windows, out)| one(head, windows, out));
    }

    fn feed_forward(&self, layer: &Layer, buffers: &mut Buffers, parallel: bool) {
        let Buffers {
            hidden,
            bytes,
            scales,
            context,
        } = buffers;
        let all_rows = scales.len();
        let one = |(block, ((hidden, bytes), scales)): Block| {
            BLOCK.with_borrow_mut(|scratch| {
                self.kernel.run(FeedForwardJob {
                    layer,
                    context,
                    all_rows,
                    first: block * BLOCK_ROWS,
                    hidden,
                    bytes,
                    scales,
                    scratch,
                });
            });
        };
        let size = BLOCK_ROWS * self.dim;
        if parallel {
            let blocks = hidden.par_chunks_mut(size).zip(bytes.par_chunks_mut(size));
            let blocks = blocks.zip(scales.par_chunks_mut(BLOCK_ROWS));
            blocks.enumerate().for_each(one);
        } else {
            let blocks = hidden.chunks_mut(size).zip(bytes.chunks_mut(size));
            let blocks = blocks.zip(scales.chunks_mut(BLOCK_ROWS));
            blocks.enumerate().for_each(one);
        }
    }
}

/// A block's number, hidden states, bytes and scales.
type Block<'a> = (usize, ((&'a mut [f32], &'a mut [u8]), &'a mut [RowScale]));

/// Tokens to the first hidden states.
struct EmbedJob<'a> {
    embeddings: &'a Embeddings,
    dim: usize,
    ids: &'a [u32],
    windows: &'a [Range<usize>],
    buffers: &'a mut Buffers,
}

impl Job for EmbedJob<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Embeddings {
            words,
            word_scales,
            positions,
            kind,
            norm,
        } = self.embeddings;
        let dim = self.dim;
        for window in self.windows {
            let rows =
                self.buffers.hidden[window.start * dim..window.end * dim].chunks_exact_mut(dim);
            let positions = positions.chunks_exact(dim);
            for ((row, position), id) in rows.zip(positions).zip(&self.ids[window.clone()]) {
                let id = *id as usize;
                let word = &words[id * dim..(id + 1) * dim];
                let scale = isa.splat(word_scales[id]);
                let parts = row.as_chunks_mut::<LANES>().0.iter_mut();
                let parts = parts.zip(word.as_chunks::<LANES>().0);
                for ((x, q), kind) in parts.zip(kind.as_chunks::<LANES>().0) {
                    let q = isa.to_f32(isa.load_i8(q));
                    isa.store(isa.fma(q, scale, isa.load(kind)), x);
                }
                norm.after_adding(isa, row, position);
            }
        }
        let Buffers {
            hidden,
            bytes,
            scales,
            ..
        } = self.buffers;
        quantise_rows(isa, hidden, dim, bytes, scales);
    }
}

/// The whole encoder as one operation of candle: token numbers, packed, in; one
/// row for each span out.
struct EncodeOp<'a> {
    engine: &'a Int8Engine,
    windows: &'a Windows,
}

impl CustomOp1 for EncodeOp<'_> {
    fn name(&self) -> &'static str {
        "int8-bert"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("the token numbers must lie one after the other");
        };
        let ids = &storage.as_slice::<u32>()?[start..end];
        if ids.len() != self.windows.ids().len() {
            bail!(
                "{} token numbers for windows of {}",
                ids.len(),
                self.windows.ids().len()
            );
        }
        self.engine.check(ids, self.windows)?;
        let (spans, dim) = (self.windows.spans().len(), self.engine.dim);
        let mut out = vec![0.0; spans * dim];
        self.engine.run(ids, self.windows, &mut out);
        Ok((CpuStorage::F32(out), Shape::from((spans, dim))))
    }
}
