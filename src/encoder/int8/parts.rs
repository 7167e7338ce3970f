//! The engine's parts one by one, for benchmarks and nothing else.

use std::hint::black_box;

use super::attention::{self, attend, pack};
use super::kernel::{Isa, Job, Kernel, PANEL};
use super::linear::{Linear, Rows};
use super::rows::RowScale;
use super::{Buffers, Int8Engine};
use crate::model::{Bundle, CONFIG, ENCODER, ModelError, Packed};

pub(super) struct LinearJob<'a> {
    pub(super) linear: &'a Linear,
    pub(super) rows: Rows<'a>,
    pub(super) out: &'a mut [f32],
}

impl Job for LinearJob<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let width = self.linear.width();
        self.linear
            .forward::<I, false>(isa, self.rows, 0..width / PANEL, self.out, width);
    }
}

/// One linear layer over some rows.
pub fn linear(kernel: Kernel, rows: usize, inputs: usize, outputs: usize) -> impl FnMut() {
    let weights: Vec<u8> = (0..inputs * outputs).map(|i| (i * 7 % 255) as u8).collect();
    let packed = Packed::pack(&weights, inputs, &vec![0.01; outputs]);
    let linear = Linear::new(packed, vec![0.0; outputs]);
    let bytes: Vec<u8> = (0..rows * inputs).map(|i| (i * 11 % 256) as u8).collect();
    let scales = vec![
        RowScale {
            scale: 0.01,
            min: -1.0,
        };
        rows
    ];
    let mut out = vec![0.0; rows * linear.width()];
    move || {
        kernel.run(LinearJob {
            linear: &linear,
            rows: Rows {
                bytes: &bytes,
                stride: inputs,
                scales: &scales,
            },
            out: &mut out,
        });
        black_box(&mut out);
    }
}

pub(super) struct HeadJob<'a> {
    pub(super) scratch: &'a mut attention::Scratch,
    pub(super) count: usize,
    pub(super) dim: usize,
    pub(super) out: &'a mut [f32],
}

impl Job for HeadJob<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        pack(isa, self.scratch, self.count, self.dim);
        attend(isa, self.scratch, self.dim, self.out);
    }
}

/// One head of attention over one window, from queries, keys and values on.
pub fn head(kernel: Kernel, length: usize, dim: usize) -> impl FnMut() {
    let values: Vec<f32> = (0..length * dim)
        .map(|i| (i * 37 % 101) as f32 / 25.0 - 2.0)
        .collect();
    let mut scratch = attention::Scratch::of(&values, &values, &values);
    let mut out = vec![0.0; length * dim];
    move || {
        kernel.run(HeadJob {
            scratch: &mut scratch,
            count: length,
            dim,
            out: &mut out,
        });
        black_box(&mut out);
    }
}

/// Attention and feed-forward of the default encoder's first layer over one
/// window, on one thread: two closures.
///
/// # Errors
/// When the embedded model cannot be read.
pub fn layer(kernel: Kernel, length: usize) -> Result<(impl FnMut(), impl FnMut()), ModelError> {
    let bundle = Bundle::embedded()?;
    let config = crate::encoder::engine::parse_config(bundle.file(CONFIG)?)
        .map_err(|e| bundle.problem(CONFIG, e))?;
    let load = || {
        Int8Engine::load(bundle.file(ENCODER)?, &config, kernel)
            .map_err(|e| bundle.problem(ENCODER, e))
    };
    let buffers = |dim: usize| Buffers {
        hidden: (0..length * dim)
            .map(|i| (i * 37 % 101) as f32 / 50.0 - 1.0)
            .collect(),
        bytes: (0..length * dim).map(|i| (i * 11 % 256) as u8).collect(),
        scales: vec![
            RowScale {
                scale: 0.01,
                min: -1.0
            };
            length
        ],
        context: vec![0.0; length * dim],
    };
    let (first, second) = (load()?, load()?);
    let (mut one, mut other) = (buffers(first.dim), buffers(second.dim));
    let attention = move || {
        first.attend(
            &first.layers[0],
            std::slice::from_ref(&(0..length)),
            &mut one,
            false,
        );
        black_box(&mut one.context);
    };
    let feed_forward = move || {
        second.feed_forward(&second.layers[0], &mut other, false);
        black_box(&mut other.hidden);
    };
    Ok((attention, feed_forward))
}
