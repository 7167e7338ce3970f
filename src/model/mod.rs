//! The model bundle: where weights come from and how their integrity is known.
//!
//! A bundle is a folder (or the embedded copy of one) of six files. In memory
//! an encoder in Hugging Face layout takes the same shape, only without heads.

mod bundle;
mod embedded;
mod hub;
mod import;
mod packed;
mod rounding;
mod source;
mod weights;

pub use bundle::{
    Bundle, CONFIG, ENCODER, FORMAT, HEADS, MANIFEST, Manifest, ModelError, Provenance, TOKENIZER,
    TOPICS, sha256_hex,
};
pub use hub::{HubError, HubSettings, HubSpec, fetch_with};
pub use import::{import, pack_encoder};
pub use packed::{GROUP, PANEL, Packed};
pub use rounding::Hessian;
pub use source::ModelSource;
pub use weights::{Int8Weights, Storage, dequantise, is_packed, quantise};
