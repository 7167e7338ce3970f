//! Fits the model of page junk and writes its weights to the standard output:
//!
//! ```sh
//! cargo run --release --example fit_junk -- marked.jsonl.gz unmarked.jsonl.gz … > model.bin
//! mv model.bin src/article/junk/model.bin
//! ```
//!
//! `marked.jsonl.gz` holds articles with title, text and junk (a list of [start, end) character
//! offsets), the other files articles with source, title and text.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::ops::Range;

use flate2::read::GzDecoder;
use serde::Deserialize;
use topicwire::train::junk::{Marked, Unmarked, fit};

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    source: String,
    title: Option<String>,
    text: String,
    #[serde(default)]
    junk: Vec<[usize; 2]>,
}

fn main() -> anyhow::Result<()> {
    let mut paths = std::env::args().skip(1);
    let marked = read(&paths.next().unwrap_or_default())?
        .into_iter()
        .map(|row| Marked {
            junk: bytes(&row.text, &row.junk),
            title: row.title,
            text: row.text,
        })
        .collect::<Vec<_>>();
    let mut unmarked = Vec::new();
    for path in paths {
        unmarked.extend(read(&path)?.into_iter().map(|row| Unmarked {
            source: row.source,
            title: row.title,
            text: row.text,
        }));
    }
    std::io::stdout().write_all(&fit(&marked, &unmarked))?;
    Ok(())
}

fn read(path: &str) -> anyhow::Result<Vec<Row>> {
    let lines = BufReader::new(GzDecoder::new(File::open(path)?)).lines();
    lines
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect()
}

/// Character spans to byte spans.
fn bytes(text: &str, spans: &[[usize; 2]]) -> Vec<Range<usize>> {
    let mut starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    starts.push(text.len());
    let at = |char: usize| starts[char.min(starts.len() - 1)];
    spans
        .iter()
        .map(|[start, end]| at(*start)..at(*end))
        .collect()
}
