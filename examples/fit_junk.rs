//! Fits the model of page junk and writes its weights to the standard output:
//!
//! ```sh
//! cargo run --release --example fit_junk -- marked.jsonl.gz unmarked.jsonl.gz … > model.bin
//! mv model.bin src/article/junk/model.bin
//! ```
//!
//! `marked.jsonl.gz` holds articles with title, text and junk (a list of [start, end) character
//! offsets), the other files articles with source, title and text.

use std::io::Write;
use std::ops::Range;
use std::path::Path;

use anyhow::Context;
use topicwire::records::{self, Row};
use topicwire::train::junk::{Marked, Unmarked, fit};

/// Longest row that is read.
const MAX_ROW: u64 = 1 << 25;

fn main() -> anyhow::Result<()> {
    let mut paths = std::env::args().skip(1);
    let marked = paths
        .next()
        .context("name a table with marked junk first")?;
    let marked = read(&marked)?
        .iter()
        .map(|row| {
            let text = row.text_of("text").unwrap_or_default();
            let junk = row.spans("junk", &text);
            let junk = junk.map_err(|e| anyhow::anyhow!("row {} {e}", row.number))?;
            Ok(Marked {
                junk: bytes(&text, &junk.unwrap_or_default()),
                title: row.text_of("title"),
                text,
            })
        })
        .collect::<anyhow::Result<Vec<Marked>>>()?;
    let mut unmarked = Vec::new();
    for path in paths {
        unmarked.extend(read(&path)?.iter().map(|row| Unmarked {
            source: row.text_of("source").unwrap_or_default(),
            title: row.text_of("title"),
            text: row.text_of("text").unwrap_or_default(),
        }));
    }
    std::io::stdout().write_all(&fit(&marked, &unmarked))?;
    Ok(())
}

fn read(path: &str) -> anyhow::Result<Vec<Row>> {
    let table = records::open(Path::new(path), MAX_ROW).with_context(|| path.to_owned())?;
    table
        .rows
        .map(|row| row.map_err(|(number, e)| anyhow::anyhow!("{path}: row {number} {e}")))
        .collect()
}

/// Character spans to byte spans.
fn bytes(text: &str, spans: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    starts.push(text.len());
    let at = |char: usize| starts[char.min(starts.len() - 1)];
    spans.iter().map(|s| at(s.start)..at(s.end)).collect()
}
