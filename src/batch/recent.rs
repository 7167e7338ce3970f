//! Exact copies of articles that were analysed a short while ago: nothing is done twice.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest, Sha256};

use crate::analysis::Analysis;
use crate::article::{Article, Meta};

/// Articles that are remembered.
const REMEMBERED: usize = 4096;

/// All that an article's analysis depends on.
pub type Key = [u8; 32];

/// The key of an article. Where it is from, and when, does not matter.
pub fn key(article: &Article) -> Key {
    let mut hash = Sha256::new();
    let language = article.meta.language.as_deref();
    let title = article.title.as_deref();
    for part in [title, language, Some(&article.text)] {
        hash.update(
            part.map_or(u64::MAX, |part| part.len() as u64)
                .to_le_bytes(),
        );
        hash.update(part.unwrap_or_default());
    }
    hash.update(format!("{:?} {:?}", article.title_span, article.warnings));
    hash.finalize().into()
}

/// The analysis of an article whose exact copy has this one.
pub fn of_copy(analysis: &Analysis, article: &Article) -> Analysis {
    Analysis {
        meta: Meta {
            language: analysis.meta.language.clone(),
            ..article.meta.clone()
        },
        // Nothing was encoded for it.
        tokens: 0,
        ..analysis.clone()
    }
}

/// The last analyses.
#[derive(Default)]
pub struct Recent {
    analyses: HashMap<Key, Analysis>,
    order: VecDeque<Key>,
}

impl Recent {
    /// That of an article with this key.
    pub fn find(&self, key: &Key) -> Option<&Analysis> {
        self.analyses.get(key)
    }

    /// Remembers one more and forgets the oldest.
    pub fn add(&mut self, key: Key, analysis: &Analysis) {
        if self.analyses.insert(key, analysis.clone()).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.analyses.remove(&oldest);
        }
    }
}
