//! The parts of the encoder one by one: `cargo bench --bench parts`.
//!
//! Operations of a linear layer and of attention are counted as two for each
//! product; tokens of the encoder without special ones.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed benchmark")]
#![allow(clippy::print_stdout, reason = "the results of a measurement")]

use divan::Bencher;
use divan::counter::ItemsCount;
use topicwire::encoder::{Document, Encoder, EngineOptions, Kernel, parts};
use topicwire::model::Bundle;

fn main() {
    println!("kernels: {:?}", kernels());
    divan::main();
}

fn kernels() -> Vec<&'static str> {
    Kernel::available().iter().map(|k| k.name()).collect()
}

/// Shapes of the default encoder's linear layers: inputs, outputs.
const SHAPES: [(usize, usize); 3] = [(384, 384), (384, 1536), (1536, 384)];
/// Rows of a product; a whole number of tiles.
const ROWS: usize = 252;

fn operations((inputs, outputs): (usize, usize)) -> ItemsCount {
    ItemsCount::new(2 * ROWS * inputs * outputs)
}

fn shapes_and_kernels() -> Vec<(&'static str, (usize, usize))> {
    let shapes = |kernel| SHAPES.map(|shape| (kernel, shape));
    kernels().into_iter().flat_map(shapes).collect()
}

#[divan::bench(args = shapes_and_kernels())]
fn linear(bencher: Bencher, (kernel, shape): (&str, (usize, usize))) {
    let run = parts::linear(kernel.parse().unwrap(), ROWS, shape.0, shape.1);
    bencher.counter(operations(shape)).bench_local(run);
}

const LENGTHS: [usize; 4] = [16, 64, 128, 256];

#[divan::bench(args = LENGTHS)]
fn attention_head(bencher: Bencher, length: usize) {
    let run = parts::head(Kernel::best(), length, 32);
    bencher.counter(ItemsCount::new(length)).bench_local(run);
}

#[divan::bench(args = LENGTHS)]
fn layer_attention(bencher: Bencher, length: usize) {
    let (run, _) = parts::layer(Kernel::best(), length).unwrap();
    bencher.counter(ItemsCount::new(length)).bench_local(run);
}

#[divan::bench(args = LENGTHS)]
fn layer_feed_forward(bencher: Bencher, length: usize) {
    let (_, run) = parts::layer(Kernel::best(), length).unwrap();
    bencher.counter(ItemsCount::new(length)).bench_local(run);
}

const SENTENCE: &str = "The ministry said on Tuesday that its network had been probed for weeks, \
                        and that no data had been lost.";

fn encoder() -> Encoder {
    Encoder::load(&Bundle::embedded().unwrap(), EngineOptions::default()).unwrap()
}

#[divan::bench]
fn tokenise(bencher: Bencher) {
    let encoder = encoder();
    let document = Document {
        title: None,
        sentences: vec![SENTENCE; 40],
    };
    let documents = [document];
    let tokens = encoder
        .tokenise(&documents)
        .unwrap()
        .concat()
        .concat()
        .len();
    bencher
        .counter(ItemsCount::new(tokens))
        .bench_local(|| encoder.tokenise(&documents).unwrap());
}

/// Whole encoder on all cores: windows of one length, 8,192 tokens in all.
#[divan::bench(args = [14, 30, 62, 126, 254])]
fn encode(bencher: Bencher, length: usize) {
    let encoder = encoder();
    let articles = vec![vec![vec![2_000; length]]; 8_192 / length];
    let tokens = articles.len() * length;
    bencher
        .counter(ItemsCount::new(tokens))
        .bench_local(|| encoder.embed(&articles).unwrap());
}

/// The same for one article of that many tokens.
#[divan::bench(args = [254, 1_000, 4_000])]
fn encode_one_article(bencher: Bencher, length: usize) {
    let encoder = encoder();
    let article = [vec![vec![2_000; 20]; length / 20]];
    bencher
        .counter(ItemsCount::new(length / 20 * 20))
        .bench_local(|| encoder.embed(&article).unwrap());
}

#[divan::bench]
fn load(bencher: Bencher) {
    bencher.bench_local(encoder);
}
