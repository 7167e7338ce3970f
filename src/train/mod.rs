//! Fitting topic heads and the summary scorer from labelled articles.

mod bundle;
mod calibrate;
mod embed;
pub mod few;
pub mod finetune;
mod fitting;
pub mod junk;
mod passages;
pub mod summary;
pub mod topics;
pub mod words;

pub use bundle::Heads;
pub use embed::{PREFIX as EMBEDDINGS, embed, key};
pub use passages::{Passage, passages};
