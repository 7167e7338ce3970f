//! Fitting topic heads and the summary scorer from labelled articles.

mod bundle;
mod calibrate;
mod embed;
mod fitting;
pub mod junk;
mod passages;
pub mod summary;
pub mod topics;

pub use bundle::Heads;
pub use embed::embed;
pub use passages::{Passage, passages};
