//! Sentences to embeddings.
//!
//! Each sentence is tokenised once. Neighbouring sentences share windows of up
//! to 256 tokens, so that each sees its context; the transformer runs once per
//! window; a sentence's embedding is the mean over its own tokens, wherever
//! they lie. No text is cut: a sentence longer than a window spans several.

mod bert;
mod calibrate;
mod candle;
mod engine;
mod int8;
mod tokens;
mod trainable;
mod windows;

use candle_core::{Device, Tensor};
use candle_transformers::models::bert::Config;
use rayon::prelude::*;

use crate::model::{Bundle, CONFIG, ENCODER, ModelError, TOKENIZER};
pub use calibrate::calibrate;
use engine::Engine;
pub use engine::{EngineKind, EngineOptions};
pub use int8::Kernel;
#[doc(hidden)]
pub use int8::parts;
use tokens::Tokens;
pub use trainable::{Tokenised, Trainable, unit};
pub use windows::Piece;
use windows::Windows;

/// Most tokens a window holds, special tokens included. Longer windows cost
/// more (attention is quadratic) and the embeddings get no better from them.
pub const WINDOW: usize = 256;

/// What is encoded of one article.
#[derive(Debug, Clone, Default)]
pub struct Document<'a> {
    /// The title, when there is one; it leads the first window.
    pub title: Option<&'a str>,
    /// The sentences in order.
    pub sentences: Vec<&'a str>,
}

/// The embeddings of one article, each of unit length.
#[derive(Debug, Clone)]
pub struct Embeddings {
    /// The title's embedding, shape `[dim]`.
    pub title: Option<Tensor>,
    /// The sentences' embeddings, shape `[sentences, dim]`.
    pub sentences: Tensor,
    /// Tokens that were encoded, special tokens not counted.
    pub tokens: usize,
}

/// A sentence encoder of the BERT family, ready to run.
pub struct Encoder {
    tokens: Tokens,
    engine: Engine,
    room: usize,
}

impl Encoder {
    /// Loads the encoder of a bundle.
    ///
    /// # Errors
    /// When a file of the bundle is not what it should be.
    pub fn load(bundle: &Bundle, options: EngineOptions) -> Result<Self, ModelError> {
        let tokens =
            Tokens::load(bundle.file(TOKENIZER)?).map_err(|e| bundle.problem(TOKENIZER, e))?;
        let config =
            engine::parse_config(bundle.file(CONFIG)?).map_err(|e| bundle.problem(CONFIG, e))?;
        let room = room(bundle, &tokens, &config)?;
        let engine = Engine::load(bundle.file(ENCODER)?, &config, options)
            .map_err(|e| bundle.problem(ENCODER, e))?;
        Ok(Self {
            tokens,
            engine,
            room,
        })
    }

    /// Length of an embedding.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.engine.dim()
    }

    /// Which engine runs, and on what.
    #[must_use]
    pub fn engine(&self) -> String {
        self.engine.to_string()
    }

    /// Encodes articles, on all threads of the current rayon pool. Each window
    /// runs on its own, so an embedding depends on its article alone, never on
    /// the others of the call or on the number of threads.
    ///
    /// # Errors
    /// When the engine fails (out of memory on a device, for instance).
    pub fn encode(&self, documents: &[Document]) -> candle_core::Result<Vec<Embeddings>> {
        let tokenised = self.tokenise(documents)?;
        let embedded = self.embed(&tokenised)?;
        documents
            .iter()
            .zip(embedded)
            .zip(&tokenised)
            .map(|((document, mut rows), texts)| {
                let first = usize::from(document.title.is_some());
                let count = rows.len() - first;
                let title = (first == 1)
                    .then(|| Tensor::new(rows[0].as_slice(), &Device::Cpu))
                    .transpose()?;
                let data: Vec<f32> = rows.drain(first..).flatten().collect();
                Ok(Embeddings {
                    title,
                    sentences: Tensor::from_vec(data, (count, self.dim()), &Device::Cpu)?,
                    tokens: texts.iter().map(Vec::len).sum(),
                })
            })
            .collect()
    }

    /// The first half of [`encode`](Self::encode): for each article the tokens of
    /// each text, the title's first if there is one.
    ///
    /// # Errors
    /// When the tokenizer fails.
    pub fn tokenise(&self, documents: &[Document]) -> candle_core::Result<Vec<Vec<Vec<u32>>>> {
        documents
            .par_iter()
            .map(|d| {
                let texts = d.title.into_iter().chain(d.sentences.iter().copied());
                texts.map(|t| self.tokens.encode(t)).collect()
            })
            .collect::<Result<_, _>>()
            .map_err(candle_core::Error::msg)
    }

    /// The second half of [`encode`](Self::encode): for each article the
    /// embedding of each text, of unit length.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn embed(&self, tokenised: &[Vec<Vec<u32>>]) -> candle_core::Result<Vec<Vec<Vec<f32>>>> {
        let mut windows = Windows::default();
        let mut places = Vec::new();
        for (article, texts) in tokenised.iter().enumerate() {
            for window in self.windows(texts) {
                windows.begin(self.tokens.prefix());
                for piece in window {
                    windows.add_span(&texts[piece.text][piece.tokens]);
                    places.push((article, piece.text));
                }
                windows.end(self.tokens.suffix());
            }
        }
        let sums = self.engine.sums(&windows)?.to_vec2::<f32>()?;
        if sums.iter().flatten().any(|v| !v.is_finite()) {
            candle_core::bail!(
                "the encoder gives numbers that are not finite; its weights are damaged"
            );
        }
        let mut rows: Vec<Vec<Vec<f32>>> = tokenised
            .iter()
            .map(|texts| vec![vec![0.0; self.dim()]; texts.len()])
            .collect();
        for ((article, text), sum) in places.iter().zip(&sums) {
            add_rows(sum, &mut rows[*article][*text]);
        }
        // The mean has the sum's direction, so it need not be taken; a text
        // without tokens stays at zero.
        rows.iter_mut().flatten().for_each(|row| normalise(row));
        Ok(rows)
    }

    /// Which tokens of an article's texts go into which window.
    #[must_use]
    pub fn windows(&self, texts: &[Vec<u32>]) -> Vec<Vec<Piece>> {
        let lengths: Vec<usize> = texts.iter().map(Vec::len).collect();
        windows::pack(&lengths, self.room)
    }

    /// The special tokens before and after a window's text.
    #[must_use]
    pub fn specials(&self) -> (&[u32], &[u32]) {
        (self.tokens.prefix(), self.tokens.suffix())
    }
}

/// Tokens of text that a window holds, where tokenizer and encoder go together.
fn room(bundle: &Bundle, tokens: &Tokens, config: &Config) -> Result<usize, ModelError> {
    if tokens.vocabulary() > config.vocab_size {
        return Err(bundle.problem(
            TOKENIZER,
            format!(
                "the tokenizer knows {} tokens but the encoder only {}: they do not belong together",
                tokens.vocabulary(),
                config.vocab_size
            ),
        ));
    }
    WINDOW
        .min(config.max_position_embeddings)
        .checked_sub(tokens.specials())
        .filter(|room| *room > 0)
        .ok_or_else(|| bundle.problem(CONFIG, "max_position_embeddings leaves no room for text"))
}

/// Adds rows of the length of `total` to it, one after the other.
fn add_rows(rows: &[f32], total: &mut [f32]) {
    for row in rows.chunks_exact(total.len()) {
        for (total, value) in total.iter_mut().zip(row) {
            *total += value;
        }
    }
}

fn normalise(row: &mut [f32]) {
    let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt();
    if norm > 0.0 {
        row.iter_mut().for_each(|v| *v /= norm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENTENCES: [&str; 6] = [
        "The ferry company said on Monday that a ransomware attack had shut down its booking system.",
        "“We are sailing, but on paper,” said its director, Ailsa Drummond.",
        "Passengers waited for up to six hours at the harbour in Stornoway, some of them with lambs.",
        "No.",
        "The National Cyber Security Centre, which is helping, would not say who was behind it.",
        "Freight for the islands was down 14% in the week to 9 March; the company lost £2.3m.",
    ];

    fn encoder(kind: EngineKind, kernel: Option<Kernel>) -> Encoder {
        let options = EngineOptions {
            kind: Some(kind),
            kernel,
        };
        Encoder::load(&Bundle::embedded().unwrap(), options).unwrap()
    }

    /// Articles of many shapes: with and without a title, empty, one sentence
    /// that spans windows, and enough sentences for several windows.
    fn documents(long: &str) -> Vec<Document<'_>> {
        let many = SENTENCES.iter().cycle().copied().take(40).collect();
        [
            (Some("Ferries back to pen and paper"), SENTENCES.to_vec()),
            (None, vec![]),
            (None, vec!["No."]),
            (Some("Long"), vec![long, "It ended there."]),
            (None, many),
        ]
        .map(|(title, sentences)| Document { title, sentences })
        .to_vec()
    }

    fn rows(embeddings: &Embeddings) -> Vec<Vec<f32>> {
        embeddings.sentences.to_vec2().unwrap()
    }

    fn all(embeddings: &[Embeddings]) -> Vec<Vec<Vec<f32>>> {
        embeddings.iter().map(rows).collect()
    }

    #[test]
    fn every_kernel_agrees_with_candle() {
        let long = SENTENCES.join(" ").repeat(5);
        let documents = documents(&long);
        let reference = encoder(EngineKind::Candle, None)
            .encode(&documents)
            .unwrap();
        for kernel in Kernel::available() {
            let found = encoder(EngineKind::Int8, Some(kernel))
                .encode(&documents)
                .unwrap();
            for (a, b) in found.iter().zip(&reference) {
                assert_eq!(a.tokens, b.tokens);
                for (a, b) in rows(a).iter().zip(rows(b)) {
                    let cosine: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                    assert!(cosine > 0.99, "{kernel}: {cosine}");
                }
            }
        }
    }

    #[test]
    fn an_embedding_depends_on_its_article_alone() {
        let long = SENTENCES.join(" ").repeat(5);
        let documents = documents(&long);
        let encoder = encoder(EngineKind::Int8, None);
        let run = |threads: usize, documents: &[Document]| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            all(&pool.install(|| encoder.encode(documents)).unwrap())
        };
        let together = run(2, &documents);
        let alone: Vec<_> = documents
            .iter()
            .flat_map(|d| run(1, std::slice::from_ref(d)))
            .collect();
        assert_eq!(alone, together);
        // So many that each thread has groups of its own.
        let many: Vec<Document> = documents.iter().cycle().take(30).cloned().collect();
        for threads in [1, 2, 5] {
            let found = run(threads, &many);
            for (found, expected) in found.iter().zip(together.iter().cycle()) {
                assert_eq!(found, expected);
            }
        }
    }
}
