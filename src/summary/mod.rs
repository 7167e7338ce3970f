//! Embeddings to chosen sentences.
//!
//! This room sees embeddings as numbers and knows no encoder.

mod features;
mod focus;
mod layer;
mod length;
mod likeness;
pub mod porter;
mod scorer;
mod select;
mod wording;

pub use features::{FEATURES, Line, features};
pub use focus::focus;
pub use layer::{Member, ScorerInput};
pub use length::{Length, Room};
pub use likeness::centrality;
pub use scorer::{SummaryScorer, TOGETHER};
pub use select::{Redundancy, select};
pub use wording::leans;
