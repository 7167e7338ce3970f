//! The reading room alone, so that fuzzing does not build the encoder.

#[path = "../../src/article/mod.rs"]
pub mod article;

use std::path::Path;

use article::{read_bytes, segment};

/// Most bytes of an article's text.
const MAX_BYTES: u64 = 1 << 20;

/// Reads bytes as the command would read a file of that name, and splits what
/// comes of it into sentences. Every sentence must be a piece of its text.
pub fn read(bytes: &[u8], name: &str) {
    let Ok(articles) = read_bytes(bytes, Some(Path::new(name)), MAX_BYTES) else {
        return;
    };
    for article in articles.into_iter().flatten() {
        let mut end = 0;
        for sentence in segment(&article).sentences {
            assert!(sentence.bytes.start >= end, "sentences overlap");
            end = sentence.bytes.end;
            assert!(article.text.get(sentence.bytes).is_some());
        }
    }
}
