//! topicwire labels news articles by topic, shows the sentences that say so and
//! extracts a summary, with a small transformer that is embedded in the binary.

pub mod analysis;
pub mod analyzer;
pub mod article;
pub mod batch;
#[doc(hidden)]
pub mod cli;
pub mod encoder;
pub mod evaluate;
pub mod model;
pub mod options;
pub mod output;
pub mod records;
pub mod summary;
pub mod topics;
pub mod train;

pub use analysis::Analysis;
pub use analyzer::Analyzer;
pub use article::Article;
pub use encoder::EngineOptions;
pub use options::Options;
