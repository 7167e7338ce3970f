//! Embeddings to chosen sentences.
//!
//! This room sees embeddings as numbers and knows no encoder.

mod features;
mod length;
mod scorer;
mod select;

pub use features::{FEATURES, Line, features};
pub use length::{Length, Room};
pub use scorer::SummaryScorer;
pub use select::select;
