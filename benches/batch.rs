//! `classify batch` beside the bare encoder on the same articles: `cargo bench --bench batch
//! [-- --articles TABLE]`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed benchmark")]
#![allow(clippy::print_stdout, reason = "the results of a measurement")]

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use topicwire::article::{Article, Segments, segment};
use topicwire::encoder::{Document, Encoder, EngineOptions};
use topicwire::model::ModelSource;
use topicwire::records::{self, Columns};

/// Articles that the bare encoder gets at once.
const TOGETHER: usize = 32;

fn main() {
    let mut flags = std::env::args().skip_while(|flag| flag != "--articles");
    let table = flags.nth(1).map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/eval/fixtures/articles.jsonl"
            ))
        },
        PathBuf::from,
    );
    let (tokens, bare) = bare(&table);
    println!("{tokens} tokens");
    println!(
        "{:<14} {bare:8.1} s {:8.0} tokens/s",
        "bare encoder",
        rate(tokens, bare)
    );
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.csv", "a.jsonl", "a.parquet", "a.html"] {
        let start = Instant::now();
        let status = Command::new(env!("CARGO_BIN_EXE_classify"))
            .args(["batch", "-q", "-o"])
            .arg(folder.path().join(name))
            .arg(&table)
            .status();
        assert!(status.unwrap().success());
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{name:<14} {seconds:8.1} s {:8.0} tokens/s, {:.1} % of the encoder's",
            rate(tokens, seconds),
            bare / seconds * 100.0
        );
    }
}

/// The tokens of all articles and the seconds that encoding them takes, everything else done
/// before.
fn bare(table: &std::path::Path) -> (usize, f64) {
    let bundle = ModelSource::Embedded.load(false).unwrap();
    let encoder = Encoder::load(&bundle, EngineOptions::default()).unwrap();
    let rows = records::open(table, 1 << 25).unwrap().rows;
    let articles: Vec<Article> = rows
        .filter_map(|row| row.ok()?.article(&Columns::default()).ok())
        .collect();
    let segments: Vec<Segments> = articles.iter().map(segment).collect();
    let documents: Vec<Document> = (articles.iter().zip(&segments))
        .map(|(article, segments)| Document {
            title: article.title.as_deref(),
            sentences: (segments.sentences.iter())
                .map(|sentence| &article.text[sentence.bytes.clone()])
                .collect(),
        })
        .collect();
    let start = Instant::now();
    let mut tokens = 0;
    for part in documents.chunks(TOGETHER) {
        let encoded = encoder.encode(part).unwrap();
        tokens += encoded.iter().map(|e| e.tokens).sum::<usize>();
    }
    (tokens, start.elapsed().as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "for display")]
fn rate(tokens: usize, seconds: f64) -> f64 {
    tokens as f64 / seconds
}
