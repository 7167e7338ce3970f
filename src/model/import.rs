//! A folder in Hugging Face layout becomes a bundle.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::bundle::{self, Bundle, CONFIG, ENCODER, ModelError, Provenance, TOKENIZER, sha256_hex};
use super::rounding::Hessian;
use super::weights::{self, Storage};

/// Weights as Hugging Face names them.
pub(super) const HF_WEIGHTS: &str = "model.safetensors";

/// Turns an encoder in Hugging Face layout into a bundle without heads: the
/// linear layers and the word embeddings as int8 with one scale per output
/// channel, the rest as f32. Layers that have a Hessian of their inputs, by the
/// name of their weights, are rounded to suit it.
///
/// # Errors
/// When a file is missing or the encoder is not of the BERT family.
pub fn import(
    folder: &Path,
    name: &str,
    version: &str,
    licence: &str,
    hessians: &BTreeMap<String, Arc<Hessian>>,
) -> Result<Bundle, ModelError> {
    let plain = open_encoder(folder, name, version)?;
    let original = plain.file(ENCODER)?;
    let quantised = pack_encoder(original, hessians).map_err(|e| plain.problem(HF_WEIGHTS, e))?;
    let provenance = Provenance {
        encoder: name.to_owned(),
        encoder_sha256: sha256_hex(original),
        heads: String::new(),
    };
    let files = BTreeMap::from([
        (ENCODER.to_owned(), quantised.into()),
        (CONFIG.to_owned(), plain.file(CONFIG)?.clone()),
        (TOKENIZER.to_owned(), plain.file(TOKENIZER)?.clone()),
    ]);
    Ok(Bundle::new(name, version, licence, provenance, files))
}

/// Turns an encoder's floating-point weights into int8, packed for the int8 engine.
///
/// # Errors
/// When they are not safetensors or not floating point.
pub fn pack_encoder(
    weights: &[u8],
    hessians: &BTreeMap<String, Arc<Hessian>>,
) -> Result<Vec<u8>, String> {
    weights::quantise(weights, storage, hessians)
}

/// How each tensor of an encoder is stored. The pooler and pre-training heads are
/// not part of a sentence encoder.
fn storage(name: &str) -> Option<Storage> {
    let linear = name.contains("encoder.layer.") && name.ends_with(".weight");
    match () {
        () if name.ends_with("position_ids") => None,
        () if name.ends_with("word_embeddings.weight") => Some(Storage::Rows),
        () if linear => Some(Storage::Packed),
        () if name.contains("embeddings.") || name.contains("encoder.layer.") => Some(Storage::F32),
        () => None,
    }
}

/// Opens an encoder in Hugging Face layout as it is, without heads.
pub(super) fn open_encoder(folder: &Path, name: &str, version: &str) -> Result<Bundle, ModelError> {
    let problem = |problem: String| ModelError::Folder {
        path: folder.to_owned(),
        problem,
    };
    for file in [CONFIG, TOKENIZER, HF_WEIGHTS] {
        if folder.join(file).is_file() {
            continue;
        }
        let pickle = file == HF_WEIGHTS && folder.join("pytorch_model.bin").exists();
        return Err(problem(if pickle {
            "it has pytorch_model.bin but no model.safetensors; only safetensors is read, \
             never pickle: convert the weights first"
                .to_owned()
        } else {
            format!(
                "no {file}; a model is a bundle (with bundle.toml) or a Hugging Face folder \
                 with config.json, tokenizer.json and model.safetensors"
            )
        }));
    }
    let config = bundle::read(&folder.join(CONFIG))?;
    let model_type = serde_json::from_slice::<serde_json::Value>(&config)
        .ok()
        .and_then(|c| c.get("model_type")?.as_str().map(str::to_owned));
    if model_type.as_deref() != Some("bert") {
        return Err(problem(format!(
            "config.json says model_type {}; this build runs encoders of type \"bert\"",
            model_type.map_or("nothing".to_owned(), |t| format!("\"{t}\""))
        )));
    }
    let weights = bundle::read(&folder.join(HF_WEIGHTS))?;
    let provenance = Provenance {
        encoder: name.to_owned(),
        encoder_sha256: sha256_hex(&weights),
        heads: String::new(),
    };
    let files = BTreeMap::from([
        (ENCODER.to_owned(), weights),
        (CONFIG.to_owned(), config),
        (TOKENIZER.to_owned(), bundle::read(&folder.join(TOKENIZER))?),
    ]);
    Ok(Bundle::new(name, version, "unknown", provenance, files))
}
