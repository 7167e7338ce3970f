//! How far to trust the results: data sets, figures, baselines, gates.

pub mod against;
pub mod cases;
pub mod extraction;
pub mod extracts;
pub mod figures;
pub mod fixtures;
pub mod gates;
pub mod junk;
pub mod keywords;
pub mod labels;
mod logistic;
mod metrics;
pub mod reading;
pub mod report;
pub mod resample;
pub mod results;
pub mod rouge;
pub mod sentences;
mod slices;
pub mod suite;
pub mod summaries;
mod tfidf;
pub mod topics;

pub use logistic::{ClassWeight, Logistic};
pub use metrics::{auroc, average_precision, brier, cohen_kappa, ece, f1, precision, recall};
pub use tfidf::Vectorizer;
