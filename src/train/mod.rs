//! Fitting topic heads and the summary scorer from labelled articles.

mod bundle;
mod calibrate;
mod embed;
pub mod few;
mod fitting;
pub mod junk;
mod passages;
pub mod summary;
pub mod topics;
pub mod words;

pub use bundle::Heads;
pub use embed::embed;
pub use passages::{Passage, passages};
