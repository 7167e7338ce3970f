//! What comes in: bytes to an [`Article`], an article to its [`Sentence`]s.

mod decode;
mod docx;
mod email;
mod feed;
mod format;
pub(crate) mod guard;
mod html;
pub(crate) mod junk;
mod language;
mod markdown;
mod meta;
pub(crate) mod paragraphs;
mod pdf;
mod read;
mod segment;
pub(crate) mod sentences;
mod title;
mod unpack;

pub(crate) use decode::mostly_utf8;
pub use format::table_of_name;
pub use language::Language;
pub use meta::date as article_date;
pub use read::{Articles, DEFAULT_MAX_BYTES, FILE_FACTOR, ReadError, read, read_bytes};
pub use segment::{Segments, Sentence, find_junk, segment};
pub use sentences::split as split_sentences;
pub use unpack::{Compression, suffix, unpack};

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A news article as decoded, before any cleaning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Article {
    /// The article's own identifier, when its source gives one.
    pub id: Option<String>,
    /// The title: given by the source, or found as the first line of `text`.
    pub title: Option<String>,
    /// The text. Every offset that topicwire gives refers to it.
    pub text: String,
    /// Where in `text` the title stands, in bytes, when it was found there.
    pub title_span: Option<Range<usize>>,
    /// What the source says of the article.
    pub meta: Meta,
    /// What reading had to guess or to leave out.
    pub warnings: Vec<String>,
}

/// What a source says of its article, as far as it does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Who wrote it.
    pub author: Option<String>,
    /// When it was published: ISO 8601, a date alone or with the time.
    pub date: Option<String>,
    /// Name of the site or publication.
    pub site: Option<String>,
    /// Its canonical address.
    pub url: Option<String>,
    /// The language that the source declares: an ISO 639-1 code.
    pub language: Option<String>,
}

impl Article {
    /// Makes an article of a text; the title is looked for in the first line
    /// when none is given.
    #[must_use]
    pub fn new(title: Option<String>, text: String) -> Self {
        let given = title.filter(|t| !t.trim().is_empty());
        let title_span = match &given {
            Some(given) => title::repeated(&text, given),
            None => title::find(&text),
        };
        let title = given.or_else(|| title_span.clone().map(|span| text[span].to_owned()));
        Self {
            id: None,
            title,
            text,
            title_span,
            meta: Meta::default(),
            warnings: Vec::new(),
        }
    }
}
