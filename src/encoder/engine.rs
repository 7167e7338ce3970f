//! The two engines behind one face.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use candle_core::{Result, Tensor};
use candle_transformers::models::bert::Config;

use super::candle::CandleEngine;
use super::int8::{Int8Engine, Kernel};
use super::windows::Windows;
use crate::model::{is_packed, pack_encoder};

/// Which engine runs the transformer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// Int8 on the CPU: the fast one.
    Int8,
    /// candle in f32: the reference.
    Candle,
}

/// What of an engine can be set.
#[derive(Debug, Clone, Copy, Default)]
pub struct EngineOptions {
    /// Which engine; by default int8 for weights that are stored for it, candle
    /// for all others.
    pub kind: Option<EngineKind>,
    /// Instructions that the int8 engine uses; by default the machine's best.
    pub kernel: Option<Kernel>,
}

/// An encoder's transformer, ready to run.
pub enum Engine {
    Int8(Int8Engine),
    Candle(CandleEngine),
}

impl Engine {
    /// Loads an encoder's weights, int8 or floating point.
    pub fn load(
        weights: &Bytes,
        config: &Config,
        options: EngineOptions,
    ) -> std::result::Result<Self, String> {
        let fit = is_packed(weights)?;
        let kind = options
            .kind
            .unwrap_or(if fit && Int8Engine::objection(config).is_none() {
                EngineKind::Int8
            } else {
                EngineKind::Candle
            });
        match kind {
            EngineKind::Candle => Ok(Self::Candle(CandleEngine::load(weights, config)?)),
            EngineKind::Int8 => {
                if let Some(objection) = Int8Engine::objection(config) {
                    return Err(format!(
                        "the int8 engine cannot run this encoder: {objection}; use --engine candle"
                    ));
                }
                let packed = if fit {
                    weights.clone()
                } else {
                    pack_encoder(weights, &BTreeMap::new())?.into()
                };
                let kernel = options.kernel.unwrap_or_else(Kernel::best);
                Ok(Self::Int8(Int8Engine::load(&packed, config, kernel)?))
            }
        }
    }

    /// Length of a hidden state.
    pub fn dim(&self) -> usize {
        match self {
            Self::Int8(engine) => engine.dim(),
            Self::Candle(engine) => engine.dim(),
        }
    }

    /// For each span of tokens the sum of its last hidden states, shape
    /// `[spans, dim]`, on all threads of the current rayon pool.
    pub fn sums(&self, windows: &Windows) -> Result<Tensor> {
        match self {
            Self::Int8(engine) => engine.sums(windows),
            Self::Candle(engine) => engine.sums(windows),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Int8(engine) => write!(f, "int8, kernel {}", engine.kernel()),
            Self::Candle(_) => f.write_str("candle, f32 on the CPU"),
        }
    }
}

/// Reads the encoder's `config.json`.
pub fn parse_config(json: &[u8]) -> std::result::Result<Config, String> {
    let config: Config = serde_json::from_slice(json).map_err(|e| e.to_string())?;
    if config.hidden_size == 0
        || config.num_attention_heads == 0
        || !config
            .hidden_size
            .is_multiple_of(config.num_attention_heads)
    {
        return Err(format!(
            "hidden_size {} does not divide into {} attention heads",
            config.hidden_size, config.num_attention_heads
        ));
    }
    Ok(config)
}
