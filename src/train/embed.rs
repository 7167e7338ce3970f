//! The embeddings of a data set, computed once.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use candle_core::{Device, Result, Tensor};
use sha2::{Digest, Sha256};

use crate::encoder::{Document, Embeddings, Encoder, WINDOW};

/// Articles that are encoded between two lines of progress.
const BATCH: usize = 32;
/// Articles that are kept in one file of the cache: what an interrupted run may lose.
const KEPT: usize = 256;

/// What the names of its files begin with.
pub const PREFIX: &str = "embeddings-";

/// Encodes articles. The results are kept in the cache folder, in files of a few
/// hundred articles under a hash of the encoder's key, of the window and of all texts, so that a
/// second run with the same articles reads them back and one that was interrupted goes on.
///
/// # Errors
/// When the engine fails or the cache cannot be read or written.
pub fn embed(
    encoder: &Encoder,
    encoder_key: &str,
    documents: &[Document],
    cache: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Embeddings>> {
    let start = Instant::now();
    let mut all = Vec::with_capacity(documents.len());
    let (mut tokens, mut read_back) = (0, 0);
    for part in documents.chunks(KEPT) {
        let file = cache.join(format!("{PREFIX}{}.safetensors", key(encoder_key, part)));
        if file.exists() {
            all.extend(read(&file, part)?);
            read_back += part.len();
            progress(&format!(
                "embeddings of {read_back} articles read from {}",
                file.display()
            ));
            continue;
        }
        for batch in part.chunks(BATCH) {
            let batch = encoder.encode(batch)?;
            tokens += batch.iter().map(|e| e.tokens).sum::<usize>();
            all.extend(batch);
            let seconds = start.elapsed().as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "for display")]
            let (done, left) = (
                (all.len() - read_back) as f64,
                (documents.len() - all.len()) as f64,
            );
            progress(&format!(
                "encoded {} of {} articles, {:.0} tokens/s, {:.0} s left",
                all.len(),
                documents.len(),
                tokens as f64 / seconds,
                left * seconds / done
            ));
        }
        write(&file, &all[all.len() - part.len()..])?;
    }
    Ok(all)
}

/// Writes tensors beside the file and renames them, so that a torn file is never read back.
pub fn save(file: &Path, tensors: &HashMap<String, Tensor>) -> Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let part = file.with_extension("part");
    let written = candle_core::safetensors::save(tensors, &part)
        .and_then(|()| Ok(std::fs::rename(part, file)?));
    written.map_err(|e| {
        let file = file.display();
        candle_core::Error::msg(format!(
            "{file} cannot be written ({e}); make room there and run the same command again"
        ))
    })
}

/// Reads tensors back.
pub fn load(file: &Path) -> Result<HashMap<String, Tensor>> {
    candle_core::safetensors::load(file, &Device::Cpu).map_err(|e| {
        let file = file.display();
        candle_core::Error::msg(format!(
            "{file} cannot be read ({e}); delete it and run again"
        ))
    })
}

/// A hash, in hex, of what decides about documents' embeddings.
#[must_use]
pub fn key(encoder_key: &str, documents: &[Document]) -> String {
    let mut hash = Sha256::new();
    // Lengths keep neighbouring texts apart.
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    add(encoder_key);
    add(&WINDOW.to_string());
    for document in documents {
        add(document.title.unwrap_or("\0"));
        add(&document.sentences.len().to_string());
        for sentence in &document.sentences {
            add(sentence);
        }
    }
    let hash = hash.finalize();
    hash[..12].iter().map(|b| format!("{b:02x}")).collect()
}

fn write(file: &Path, all: &[Embeddings]) -> Result<()> {
    let sentences: Vec<&Tensor> = all.iter().map(|e| &e.sentences).collect();
    let titles: Vec<&Tensor> = all.iter().filter_map(|e| e.title.as_ref()).collect();
    let counts = |f: fn(&Embeddings) -> usize| -> Result<Tensor> {
        let counts: Vec<u32> = all
            .iter()
            .map(|e| u32::try_from(f(e)).unwrap_or(0))
            .collect();
        Tensor::new(counts, &Device::Cpu)
    };
    let mut tensors = HashMap::from([
        ("sentences".to_owned(), Tensor::cat(&sentences, 0)?),
        ("lengths".to_owned(), counts(|e| e.sentences.dims()[0])?),
        ("tokens".to_owned(), counts(|e| e.tokens)?),
    ]);
    if !titles.is_empty() {
        tensors.insert("titles".to_owned(), Tensor::stack(&titles, 0)?);
    }
    save(file, &tensors)
}

fn read(file: &Path, documents: &[Document]) -> Result<Vec<Embeddings>> {
    let tensors = load(file)?;
    let get = |name: &str| {
        tensors.get(name).ok_or_else(|| {
            candle_core::Error::msg(format!(
                "{} has no {name}: delete it and run again",
                file.display()
            ))
        })
    };
    let lengths = get("lengths")?.to_vec1::<u32>()?;
    let tokens = get("tokens")?.to_vec1::<u32>()?;
    let (mut row, mut title) = (0, 0);
    documents
        .iter()
        .zip(lengths.iter().zip(&tokens))
        .map(|(document, (&length, &tokens))| {
            let sentences = get("sentences")?.narrow(0, row, length as usize)?;
            row += length as usize;
            let title = match document.title {
                Some(_) => {
                    title += 1;
                    Some(get("titles")?.get(title - 1)?)
                }
                None => None,
            };
            Ok(Embeddings {
                title,
                sentences,
                tokens: tokens as usize,
            })
        })
        .collect()
}
