//! topicwire's side of the comparison with other engines, see README.md here.
//!
//!     --articles FILE --windows OUT          writes the windows that are encoded
//!     --articles FILE --engine E --repeat R  measures one engine
//!     --articles FILE --reference DIR        how far int8 is from f32 in candle,
//!                                            with the original weights in DIR
#![allow(clippy::print_stdout, reason = "the results of a measurement")]

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};
use serde_json::json;
use tokenizers::Tokenizer;
use topicwire::analyzer::document;
use topicwire::article::{Article, Segments, segment};
use topicwire::encoder::{Document, Encoder, EngineKind, EngineOptions};
use topicwire::model::{Bundle, HEADS, ModelSource, TOKENIZER, TOPICS};
use topicwire::records::{self, Columns};
use topicwire::{Analysis, Analyzer, Options};

/// Articles that are encoded together, as `classify batch` does.
const TOGETHER: usize = 32;

#[derive(Parser)]
struct Args {
    #[arg(long)]
    articles: PathBuf,
    #[arg(long)]
    windows: Option<PathBuf>,
    #[arg(long)]
    engine: Option<Engine>,
    #[arg(long, default_value_t = 1)]
    repeat: usize,
    #[arg(long)]
    reference: Option<PathBuf>,
    /// Cargo passes this to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Engine {
    Int8,
    Candle,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let (ids, articles) = read(&args.articles)?;
    let segments: Vec<Segments> = articles.iter().map(segment).collect();
    let documents: Vec<Document> = articles
        .iter()
        .zip(&segments)
        .map(|(article, segments)| document(article, segments))
        .collect();
    if let Some(path) = &args.windows {
        return write_windows(path, &ids, &documents);
    }
    if let Some(folder) = &args.reference {
        return compare(folder, &articles, &documents);
    }
    let Some(engine) = args.engine else {
        bail!("--windows, --engine or --reference is needed");
    };
    measure(engine, args.repeat, &documents)
}

fn read(path: &std::path::Path) -> anyhow::Result<(Vec<String>, Vec<Article>)> {
    let columns = Columns::default();
    let mut ids = Vec::new();
    let mut articles = Vec::new();
    for row in records::open(path, 1 << 25)?.rows {
        let row = row.map_err(|(number, e)| anyhow::anyhow!("row {number} {e}"))?;
        ids.push(row.text_of("id").unwrap_or_default());
        articles.push(row.article(&columns)?);
    }
    Ok((ids, articles))
}

fn options(engine: Engine) -> anyhow::Result<EngineOptions> {
    let kernel = match std::env::var("TOPICWIRE_KERNEL") {
        Ok(name) => Some(name.parse().map_err(anyhow::Error::msg)?),
        Err(_) => None,
    };
    let kind = Some(match engine {
        Engine::Int8 => EngineKind::Int8,
        Engine::Candle => EngineKind::Candle,
    });
    Ok(EngineOptions { kind, kernel })
}

fn write_windows(
    path: &std::path::Path,
    ids: &[String],
    documents: &[Document],
) -> anyhow::Result<()> {
    let bundle = Bundle::embedded()?;
    let encoder = Encoder::load(&bundle, EngineOptions::default())?;
    let tokenizer = Tokenizer::from_bytes(bundle.file(TOKENIZER)?).map_err(anyhow::Error::msg)?;
    let mut out = std::io::BufWriter::new(std::fs::File::create(path)?);
    let (before, after) = encoder.specials();
    for ((id, document), tokens) in ids.iter().zip(documents).zip(encoder.tokenise(documents)?) {
        let texts: Vec<&str> = document
            .title
            .into_iter()
            .chain(document.sentences.iter().copied())
            .collect();
        let mut windows = Vec::new();
        for window in encoder.windows(&tokens) {
            let mut text = Vec::new();
            let mut ids = before.to_vec();
            for piece in window {
                let own = &tokens[piece.text][piece.tokens.clone()];
                text.push(if own.len() == tokens[piece.text].len() {
                    texts[piece.text].to_owned()
                } else {
                    tokenizer.decode(own, true).map_err(anyhow::Error::msg)?
                });
                ids.extend(own);
            }
            ids.extend(after);
            windows.push(json!({"ids": ids, "text": text.join(" ")}));
        }
        writeln!(out, "{}", json!({"id": id, "windows": windows}))?;
    }
    Ok(out.flush()?)
}

fn measure(engine: Engine, repeat: usize, documents: &[Document]) -> anyhow::Result<()> {
    let options = options(engine)?;
    let encoder = Encoder::load(&Bundle::embedded()?, options)?;
    let (mut whole, mut alone) = (Vec::new(), Vec::new());
    let (mut windows, mut tokens) = (0, 0);
    for _ in 0..repeat.max(1) {
        (windows, tokens) = (0, 0);
        let (mut tokenising, mut encoding) = (0.0, 0.0);
        for documents in documents.chunks(TOGETHER) {
            let start = Instant::now();
            let tokenised = encoder.tokenise(documents)?;
            tokenising += start.elapsed().as_secs_f64();
            let start = Instant::now();
            encoder.embed(&tokenised)?;
            encoding += start.elapsed().as_secs_f64();
            for texts in &tokenised {
                windows += encoder.windows(texts).len();
                tokens += texts.iter().map(Vec::len).sum::<usize>();
            }
        }
        alone.push(encoding);
        whole.push(tokenising + encoding);
    }
    println!(
        "{}",
        json!({
            "engine": encoder.engine(), "articles": documents.len(), "windows": windows,
            "tokens": tokens, "seconds_with_tokenising": whole, "seconds_encoding": alone,
            "peak_memory_mb": peak_memory_mb(),
            "kernel": encoder.engine().split("kernel ").nth(1),
        })
    );
    Ok(())
}

/// The most memory that this process has had, where the system tells.
fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

/// Prints how int8 and the f32 reference agree: embeddings, then labels.
fn compare(
    folder: &std::path::Path,
    articles: &[Article],
    documents: &[Document],
) -> anyhow::Result<()> {
    let embedded = Bundle::embedded()?;
    let original = ModelSource::Folder(folder.to_owned()).load(false)?;
    let topics = std::str::from_utf8(embedded.file(TOPICS)?)?.to_owned();
    let heads = embedded.file(HEADS)?.to_vec();
    let original = original.with_heads("reference", "f32", heads, topics, "");
    let int8 = Encoder::load(&embedded, options(Engine::Int8)?)?;
    let candle = Encoder::load(&original, options(Engine::Candle)?)?;

    let mut cosines = Vec::new();
    for documents in documents.chunks(TOGETHER) {
        let tokenised = int8.tokenise(documents)?;
        let (ours, theirs) = (int8.embed(&tokenised)?, candle.embed(&tokenised)?);
        for ((texts, a), b) in tokenised.iter().zip(&ours).zip(&theirs) {
            for ((tokens, a), b) in texts.iter().zip(a).zip(b) {
                let cosine: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                if !tokens.is_empty() {
                    cosines.push((cosine, tokens.len()));
                }
            }
        }
    }
    let mean = cosines.iter().map(|(c, _)| f64::from(*c)).sum::<f64>() / cosines.len() as f64;
    let least = |from: usize| {
        let of = cosines.iter().filter(|(_, tokens)| *tokens >= from);
        of.map(|(c, _)| *c).fold(f32::INFINITY, f32::min)
    };
    println!("{} texts: mean cosine {mean:.5}", cosines.len());
    println!(
        "least cosine {:.4}, of 4 tokens on {:.4}",
        least(0),
        least(4)
    );

    let analyse = |bundle: &Bundle, engine| -> anyhow::Result<Vec<Analysis>> {
        let analyzer = Analyzer::new(bundle, options(engine)?, None)?;
        let articles: Vec<&Article> = articles.iter().collect();
        let chunks = articles.chunks(TOGETHER);
        let all = chunks.flat_map(|c| analyzer.analyze_all(c, &Options::default()));
        all.collect::<Result<_, _>>().context("an article failed")
    };
    let ours = analyse(&embedded, Engine::Int8)?;
    let theirs = analyse(&original, Engine::Candle)?;
    let same = ours
        .iter()
        .zip(&theirs)
        .filter(|(a, b)| a.labels().eq(b.labels()));
    println!("same labels: {} of {} articles", same.count(), ours.len());
    let far = |(a, b): (&Analysis, &Analysis)| {
        let pairs = a.topics.iter().zip(&b.topics);
        pairs
            .map(|(a, b)| (a.probability - b.probability).abs())
            .fold(0.0, f32::max)
    };
    let far: Vec<f32> = ours.iter().zip(&theirs).map(far).collect();
    println!(
        "probabilities apart: at most {:.3}, on average (worst topic) {:.4}",
        far.iter().fold(0.0, |a: f32, b| a.max(*b)),
        far.iter().sum::<f32>() / far.len() as f32
    );
    Ok(())
}
