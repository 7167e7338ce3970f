//! Embeddings to chosen sentences.
//!
//! This room sees embeddings as numbers and knows no encoder.

mod features;
mod scorer;
mod select;

pub use features::{FEATURES, Line, features};
pub use scorer::SummaryScorer;
pub use select::select;
