//! A file, or bytes from elsewhere, becomes an article.

use std::io::Read;
use std::path::Path;

use super::Article;
use super::decode::{NotText, decode};

/// Most bytes that are read of one article when nothing else is set: twice
/// a long novel.
pub const DEFAULT_MAX_BYTES: u64 = 2_000_000;

/// Why an input gives no article. The messages follow the input's name.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be opened or read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// Nothing of that name.
    #[error("no such file; check the name")]
    Missing,
    /// A folder where a file is needed.
    #[error("is a folder; name its files, as in {0}/*.txt")]
    Folder(String),
    /// No bytes, or white space alone.
    #[error("is empty; there is nothing to classify")]
    Empty,
    /// More bytes than the limit.
    #[error(
        "is larger than {limit} bytes; split it into articles, give a table of them to \
         `classify batch`, or raise --max-bytes"
    )]
    TooLarge {
        /// The limit in force.
        limit: u64,
    },
    /// Another kind of file, known by its first bytes.
    #[error("is {0}; save its text as a .txt file first")]
    OtherFormat(&'static str),
    /// A table of articles.
    #[error("looks like a table of articles in JSONL; use `classify batch`")]
    Table,
    /// Not text at all.
    #[error("is not text (it has bytes that no text has); save its text as a .txt file first")]
    Binary,
}

/// Reads an article from a file, `-` for standard input.
///
/// # Errors
/// When the file is missing, too large or not text.
pub fn read(path: &Path, max_bytes: u64) -> Result<Article, ReadError> {
    if path == Path::new("-") {
        return read_limited(std::io::stdin().lock(), max_bytes);
    }
    let file = std::fs::File::open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => ReadError::Missing,
        _ => ReadError::Io(e),
    })?;
    if file.metadata()?.is_dir() {
        return Err(ReadError::Folder(path.display().to_string()));
    }
    read_limited(file, max_bytes)
}

fn read_limited(source: impl Read, max_bytes: u64) -> Result<Article, ReadError> {
    let mut bytes = Vec::new();
    source
        .take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(ReadError::TooLarge { limit: max_bytes });
    }
    read_bytes(&bytes)
}

/// Makes an article of the bytes of a text file.
///
/// # Errors
/// When the bytes are not text.
pub fn read_bytes(bytes: &[u8]) -> Result<Article, ReadError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ReadError::Empty);
    }
    let decoded = decode(bytes).map_err(|e| match e {
        NotText::Known(what) => ReadError::OtherFormat(what),
        NotText::Binary => ReadError::Binary,
    })?;
    if decoded.text.trim().is_empty() {
        return Err(ReadError::Empty);
    }
    refuse_markup(&decoded.text)?;
    let mut article = Article::new(None, decoded.text);
    article.warnings.extend(decoded.warning);
    Ok(article)
}

/// Markup read as prose would give nonsense without a word of warning.
fn refuse_markup(text: &str) -> Result<(), ReadError> {
    let start: String = text.trim_start().chars().take(200).collect();
    let start = start.to_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return Err(ReadError::OtherFormat("an HTML page"));
    }
    if start.starts_with("<?xml") {
        return Err(ReadError::OtherFormat("an XML document"));
    }
    if start.starts_with("{\\rtf") {
        return Err(ReadError::OtherFormat("an RTF document"));
    }
    let first_line = text.trim_start().lines().next().unwrap_or_default();
    if first_line.starts_with('{')
        && serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(first_line).is_ok()
    {
        return Err(ReadError::Table);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_input_has_its_own_message() {
        let message = |bytes: &[u8]| read_bytes(bytes).unwrap_err().to_string();
        assert!(message(b"").contains("empty"));
        assert!(message(b" \n\t\n").contains("empty"));
        assert!(message(b"<!DOCTYPE html><html><p>Hello there.</p>").contains("HTML"));
        assert!(message(b"{\"text\":\"The council met.\"}\n").contains("classify batch"));
        assert!(message(b"\x00\x01\x02\x03\xff\xfe\xfd").contains("not text"));
    }

    #[test]
    fn the_limit_is_exact() {
        let text = "The council met on Monday.";
        assert!(read_limited(text.as_bytes(), text.len() as u64).is_ok());
        let error = read_limited(text.as_bytes(), text.len() as u64 - 1).unwrap_err();
        assert!(error.to_string().contains("--max-bytes"));
    }
}
