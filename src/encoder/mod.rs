//! Sentences to embeddings.
//!
//! Each sentence is tokenised once. Neighbouring sentences share windows of up
//! to 256 tokens, so that each sees its context; the transformer runs once per
//! window; a sentence's embedding is the mean over its own tokens, wherever
//! they lie. No text is cut: a sentence longer than a window spans several.

mod engine;
mod tokens;
mod windows;

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use crate::model::{Bundle, CONFIG, ENCODER, ModelError, TOKENIZER};
use engine::CandleEngine;
use tokens::Tokens;
use windows::Piece;

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
    engine: CandleEngine,
    window: usize,
}

impl Encoder {
    /// Loads the encoder of a bundle.
    ///
    /// # Errors
    /// When a file of the bundle is not what it should be.
    pub fn load(bundle: &Bundle) -> Result<Self, ModelError> {
        let tokens =
            Tokens::load(bundle.file(TOKENIZER)?).map_err(|e| bundle.problem(TOKENIZER, e))?;
        let config =
            engine::parse_config(bundle.file(CONFIG)?).map_err(|e| bundle.problem(CONFIG, e))?;
        let window = WINDOW.min(config.max_position_embeddings);
        if window < tokens.specials() + 1 {
            return Err(bundle.problem(CONFIG, "max_position_embeddings leaves no room for text"));
        }
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
        let engine = CandleEngine::load(bundle.file(ENCODER)?, &config)
            .map_err(|e| bundle.problem(ENCODER, e))?;
        Ok(Self {
            tokens,
            engine,
            window,
        })
    }

    /// Length of an embedding.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.engine.dim()
    }

    /// Encodes articles, on all threads of the current rayon pool. Each window
    /// runs on its own, so an embedding depends on its article alone, never on
    /// the others of the call or on the number of threads.
    ///
    /// # Errors
    /// When the engine fails (out of memory on a device, for instance).
    pub fn encode(&self, documents: &[Document]) -> candle_core::Result<Vec<Embeddings>> {
        let room = self.window - self.tokens.specials();
        let tokenised: Vec<Vec<Vec<u32>>> = documents
            .par_iter()
            .map(|d| {
                let texts = d.title.into_iter().chain(d.sentences.iter().copied());
                texts.map(|t| self.tokens.encode(t)).collect()
            })
            .collect::<Result<_, _>>()
            .map_err(candle_core::Error::msg)?;
        let windows: Vec<(usize, Vec<Piece>)> = tokenised
            .iter()
            .enumerate()
            .flat_map(|(article, texts)| {
                let lengths: Vec<usize> = texts.iter().map(Vec::len).collect();
                let windows = windows::pack(&lengths, room);
                windows.into_iter().map(move |window| (article, window))
            })
            .collect();
        let sums: Vec<Vec<Vec<f32>>> = windows
            .par_iter()
            .map(|(article, window)| self.run(&tokenised[*article], window))
            .collect::<candle_core::Result<_>>()?;

        let mut rows: Vec<Vec<Vec<f32>>> = tokenised
            .iter()
            .map(|texts| vec![vec![0.0; self.dim()]; texts.len()])
            .collect();
        for ((article, window), sums) in windows.iter().zip(&sums) {
            if sums.iter().flatten().any(|v| !v.is_finite()) {
                candle_core::bail!(
                    "the encoder gives numbers that are not finite; its weights are damaged"
                );
            }
            for (piece, sum) in window.iter().zip(sums) {
                for (total, part) in rows[*article][piece.text].iter_mut().zip(sum) {
                    *total += part;
                }
            }
        }
        documents
            .iter()
            .zip(rows)
            .zip(&tokenised)
            .map(|((document, rows), texts)| {
                let tokens = texts.iter().map(Vec::len).sum();
                self.finish(document.title.is_some(), rows, tokens)
            })
            .collect()
    }

    /// Runs one window; gives for each piece the sum over its tokens' last hidden states.
    fn run(&self, texts: &[Vec<u32>], window: &[Piece]) -> candle_core::Result<Vec<Vec<f32>>> {
        let mut ids = self.tokens.prefix().to_vec();
        for piece in window {
            ids.extend(&texts[piece.text][piece.tokens.clone()]);
        }
        ids.extend(self.tokens.suffix());
        let hidden = self.engine.forward(&ids)?;
        let dim = self.dim();
        let mut at = self.tokens.prefix().len();
        Ok(window
            .iter()
            .map(|piece| {
                let own = &hidden[at * dim..(at + piece.tokens.len()) * dim];
                at += piece.tokens.len();
                let mut sum = vec![0.0; dim];
                for token in own.chunks_exact(dim) {
                    for (total, value) in sum.iter_mut().zip(token) {
                        *total += value;
                    }
                }
                sum
            })
            .collect())
    }

    /// Sums to embeddings of unit length. The mean has the sum's direction, so
    /// it need not be taken; a text without tokens stays at zero.
    fn finish(
        &self,
        has_title: bool,
        mut rows: Vec<Vec<f32>>,
        tokens: usize,
    ) -> candle_core::Result<Embeddings> {
        for row in &mut rows {
            normalise(row);
        }
        let first = usize::from(has_title);
        let count = rows.len() - first;
        let title = has_title
            .then(|| Tensor::new(rows[0].as_slice(), &Device::Cpu))
            .transpose()?;
        let data: Vec<f32> = rows.drain(first..).flatten().collect();
        Ok(Embeddings {
            title,
            sentences: Tensor::from_vec(data, (count, self.dim()), &Device::Cpu)?,
            tokens,
        })
    }
}

fn normalise(row: &mut [f32]) {
    let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt();
    if norm > 0.0 {
        row.iter_mut().for_each(|v| *v /= norm);
    }
}
