//! How far to trust the results: figures, baselines.

pub mod extraction;
pub mod junk;
pub mod keywords;
pub mod labels;
mod logistic;
mod metrics;
mod porter;
pub mod rouge;
pub mod sentences;
pub mod summaries;
mod tfidf;

pub use logistic::{ClassWeight, Logistic};
pub use metrics::{
    auroc, average_precision, best_f1_threshold, brier, cohen_kappa, ece, f1, precision, recall,
};
pub use tfidf::{TfidfLogistic, Vectorizer};
