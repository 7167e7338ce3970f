//! An encoder that can be fine-tuned.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use candle_core::{Device, Result, Tensor, Var};
use candle_transformers::models::bert::Config;
use safetensors::tensor::{Dtype, TensorView};

use super::bert::Bert;
use super::engine::parse_config;
use super::tokens::Tokens;
use super::{Document, room, windows};
use crate::model::{Bundle, CONFIG, ENCODER, ModelError, TOKENIZER, dequantise};

/// An encoder in f32 whose transformer layers are variables. The embedding tables, half
/// of all weights, stay as they are: few articles have few of the words.
pub struct Trainable {
    tokens: Tokens,
    room: usize,
    tensors: HashMap<String, Tensor>,
    vars: BTreeMap<String, Var>,
    bert: Bert,
    device: Device,
}

/// A document as the encoder reads it.
#[derive(Debug, Clone)]
pub struct Tokenised {
    windows: Vec<Window>,
    texts: usize,
}

#[derive(Debug, Clone)]
struct Window {
    ids: Vec<u32>,
    /// Numbers of texts, and where their tokens are.
    places: Vec<(usize, Range<usize>)>,
}

impl Tokenised {
    /// How many windows there are.
    #[must_use]
    pub fn windows(&self) -> usize {
        self.windows.len()
    }

    /// How many texts there are up to the last one that has a token.
    #[must_use]
    pub fn texts(&self) -> usize {
        self.texts
    }

    /// How many tokens there are, special ones too.
    #[must_use]
    pub fn len(&self) -> usize {
        self.windows.iter().map(|w| w.ids.len()).sum()
    }

    /// Whether there is nothing to read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }
}

impl Trainable {
    /// Loads the encoder of a bundle, int8 or floating point.
    ///
    /// # Errors
    /// When a file of the bundle is not what it should be, or its layers are of a kind
    /// that cannot be trained here.
    pub fn load(bundle: &Bundle, device: &Device) -> std::result::Result<Self, ModelError> {
        let tokens =
            Tokens::load(bundle.file(TOKENIZER)?).map_err(|e| bundle.problem(TOKENIZER, e))?;
        let config: Config =
            parse_config(bundle.file(CONFIG)?).map_err(|e| bundle.problem(CONFIG, e))?;
        if let Some(objection) = Bert::objection(&config) {
            return Err(bundle.problem(CONFIG, objection));
        }
        let room = room(bundle, &tokens, &config)?;
        let mut tensors =
            dequantise(bundle.file(ENCODER)?, device).map_err(|e| bundle.problem(ENCODER, e))?;
        let mut vars = BTreeMap::new();
        let layers = format!("{}encoder.layer.", Bert::prefix(&tensors, &config));
        for (name, tensor) in &mut tensors {
            if name.starts_with(&layers) {
                let var = Var::from_tensor(tensor).map_err(|e| bundle.problem(ENCODER, e))?;
                *tensor = var.as_tensor().clone();
                vars.insert(name.clone(), var);
            }
        }
        let bert = Bert::load(&tensors, &config, device).map_err(|e| bundle.problem(ENCODER, e))?;
        Ok(Self {
            tokens,
            room,
            tensors,
            vars,
            bert,
            device: device.clone(),
        })
    }

    /// What is trained, by name.
    #[must_use]
    pub fn vars(&self) -> &BTreeMap<String, Var> {
        &self.vars
    }

    /// Reads a document, of which no more than so many windows are kept.
    ///
    /// # Errors
    /// When the tokenizer fails.
    pub fn tokenise(&self, document: &Document, most: usize) -> Result<Tokenised> {
        let texts = document.title.iter().chain(&document.sentences);
        let texts: Vec<Vec<u32>> = texts
            .map(|text| self.tokens.encode(text))
            .collect::<std::result::Result<_, _>>()
            .map_err(candle_core::Error::msg)?;
        let lengths: Vec<usize> = texts.iter().map(Vec::len).collect();
        let windows = windows::pack(&lengths, self.room).into_iter().take(most);
        let windows = windows.map(|pieces| {
            let mut ids = self.tokens.prefix().to_vec();
            let places = pieces.into_iter().map(|piece| {
                let start = ids.len();
                ids.extend(&texts[piece.text][piece.tokens]);
                (piece.text, start..ids.len())
            });
            let places = places.collect();
            ids.extend(self.tokens.suffix());
            Window { ids, places }
        });
        let windows: Vec<Window> = windows.collect();
        let last = windows.last().and_then(|w| w.places.last());
        Ok(Tokenised {
            texts: last.map_or(0, |(text, _)| text + 1),
            windows,
        })
    }

    /// The embeddings of documents' texts, `[texts, dim]` for each document, each of unit
    /// length.
    ///
    /// # Errors
    /// When a document has no token, or the device fails.
    pub fn rows(&self, documents: &[&Tokenised]) -> Result<Vec<Tensor>> {
        let windows = documents.iter().flat_map(|d| &d.windows);
        let windows: Vec<&[u32]> = windows.map(|w| w.ids.as_slice()).collect();
        let hidden = self.bert.forward(&windows, &mut |_, _, _| Ok(()))?;
        let mut start = 0;
        documents
            .iter()
            .map(|document| {
                let length = document.len();
                // Which tokens belong to which text, so that one product sums them all.
                let mut belongs = vec![0f32; document.texts * length];
                let mut before = 0;
                for window in &document.windows {
                    for (text, tokens) in &window.places {
                        belongs[text * length + before..][tokens.clone()].fill(1.0);
                    }
                    before += window.ids.len();
                }
                let belongs = Tensor::from_vec(belongs, (document.texts, length), &self.device)?;
                start += length;
                unit(&belongs.matmul(&hidden.narrow(0, start - length, length)?)?)
            })
            .collect()
    }

    /// All weights as safetensors in f32.
    ///
    /// # Errors
    /// When the device fails.
    pub fn weights(&self) -> Result<Vec<u8>> {
        let tensors: BTreeMap<&String, (Vec<usize>, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, tensor)| {
                let values = tensor.flatten_all()?.to_vec1::<f32>()?;
                let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                Ok((name, (tensor.dims().to_vec(), bytes)))
            })
            .collect::<Result<_>>()?;
        let views = tensors
            .iter()
            .map(|(name, (shape, bytes))| {
                Ok((
                    name.as_str(),
                    TensorView::new(Dtype::F32, shape.clone(), bytes)?,
                ))
            })
            .collect::<std::result::Result<Vec<_>, safetensors::SafeTensorError>>()
            .map_err(candle_core::Error::wrap)?;
        safetensors::serialize(views, None).map_err(candle_core::Error::wrap)
    }
}

/// Rows scaled to unit length; one of zeros stays so.
///
/// # Errors
/// When the device fails.
pub fn unit(rows: &Tensor) -> Result<Tensor> {
    let length = (rows.sqr()?.sum_keepdim(candle_core::D::Minus1)? + 1e-12)?.sqrt()?;
    rows.broadcast_div(&length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::{Encoder, EngineKind, EngineOptions};

    #[test]
    fn rows_are_those_of_the_candle_engine_and_weights_come_back() {
        let bundle = Bundle::embedded().unwrap();
        let long =
            "The ferry company said that ransomware had shut its booking system. ".repeat(30);
        let document = Document {
            title: Some("Ferries back to pen and paper"),
            sentences: vec![&long, "Passengers waited.", "No."],
        };
        let trainable = Trainable::load(&bundle, &Device::Cpu).unwrap();
        let read = trainable.tokenise(&document, usize::MAX).unwrap();
        assert_eq!(read.windows(), 2);
        let short = Document {
            title: None,
            sentences: vec!["It was late."],
        };
        let short = trainable.tokenise(&short, usize::MAX).unwrap();
        let rows = trainable.rows(&[&short, &read]).unwrap();
        let rows = rows[1].to_vec2::<f32>().unwrap();
        let encoder = |bundle: &Bundle| {
            let options = EngineOptions {
                kind: Some(EngineKind::Candle),
                kernel: None,
            };
            Encoder::load(bundle, options).unwrap()
        };
        let written = bundle.with_encoder(trainable.weights().unwrap(), "test");
        for encoder in [encoder(&bundle), encoder(&written)] {
            let found = encoder.encode(std::slice::from_ref(&document)).unwrap();
            let title = found[0].title.as_ref().unwrap().unsqueeze(0).unwrap();
            let all = Tensor::cat(&[&title, &found[0].sentences], 0).unwrap();
            for (a, b) in rows.iter().zip(all.to_vec2::<f32>().unwrap()) {
                let cosine: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
                assert!(cosine > 0.9999, "{cosine}");
            }
        }
    }
}
