//! Reading, on one core: `cargo bench --bench reading`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed benchmark")]

use std::path::Path;

use divan::Bencher;
use divan::counter::BytesCount;
use topicwire::article::{Article, Language, read_bytes, segment, split_sentences};

fn main() {
    divan::main();
}

/// All fixture articles in a row, about a megabyte.
fn news() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "txt"))
        .collect();
    files.sort();
    let texts: Vec<String> = files
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let text = texts.join("\n\n");
    text.repeat((1 << 20) / text.len() + 1)
}

/// Sentence splitting alone.
#[divan::bench]
fn sentences(bencher: Bencher) {
    let text = news();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench_local(|| split_sentences(&text));
}

/// Junk, paragraphs, sentences and offsets together.
#[divan::bench]
fn segments(bencher: Bencher) {
    let article = Article::new(None, news());
    bencher
        .counter(BytesCount::of_str(&article.text))
        .bench_local(|| segment(&article));
}

/// The language of one article.
#[divan::bench]
fn language(bencher: Bencher) {
    let text = news();
    bencher.bench_local(|| Language::of([text.as_str()].into_iter()));
}

/// A page whose article is `paragraphs` long, among as much navigation.
#[divan::bench(args = [10, 100, 1_000])]
fn page(bencher: Bencher, paragraphs: usize) {
    let prose = news();
    let prose: Vec<&str> = prose.lines().filter(|line| line.len() > 120).collect();
    let body: String = prose
        .iter()
        .cycle()
        .take(paragraphs)
        .map(|p| format!("<p>{p}</p>\n"))
        .collect();
    let links: String = (0..paragraphs)
        .map(|n| format!("<li><a href=\"/{n}\">More of story {n}</a></li>\n"))
        .collect();
    let page = format!(
        "<!DOCTYPE html><html><head><title>Ferry</title></head><body><nav><ul>{links}</ul></nav>\
         <article><h1>Ferry</h1>{body}</article><aside><ul>{links}</ul></aside></body></html>"
    );
    bencher
        .counter(BytesCount::of_str(&page))
        .bench_local(|| read_bytes(page.as_bytes(), None, 1 << 24).unwrap());
}
