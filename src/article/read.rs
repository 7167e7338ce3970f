//! A file, or bytes from elsewhere, becomes articles.

use std::io::Read;
use std::path::Path;

use super::format::{self, Format, Found};
use super::guard::{Stumbled, guarded};
use super::unpack::unpack;
use super::{Article, decode, docx, email, feed, html, markdown, pdf};

/// Most bytes of an article's text when nothing else is set: twice a long novel.
pub const DEFAULT_MAX_BYTES: u64 = 2_000_000;
/// Documents with markup, pictures or several articles may be this many times
/// as large as an article's text.
pub const FILE_FACTOR: u64 = 16;

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
    /// A feed or mailbox without an article.
    #[error("is {0} without an article in it")]
    NoArticle(&'static str),
    /// More bytes than the limit.
    #[error(
        "is larger than {limit} bytes; split it into articles, give a table of them to \
         `classify batch`, or raise --max-bytes"
    )]
    TooLarge {
        /// The limit in force.
        limit: u64,
    },
    /// Another kind of file.
    #[error("is {0}")]
    OtherFormat(&'static str),
    /// A document that its parser cannot read.
    #[error("is {format} that {problem}")]
    Broken {
        /// What it is.
        format: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A table of articles.
    #[error("looks like a table of articles in {0}; use `classify batch`")]
    Table(&'static str),
    /// Not text at all.
    #[error("is not text (it has bytes that no text has) and no format that classify reads")]
    Binary,
}

/// Articles of a file. In a feed or mailbox one that is too large does not take
/// the others with it.
pub type Articles = Vec<Result<Article, ReadError>>;

/// Reads the articles of a file, `-` for standard input: one, or as many as a
/// feed or mailbox has. The content decides the format; compressed files are
/// unpacked.
///
/// `max_bytes` bounds the text of an article and the bytes of a text file;
/// other files may have [`FILE_FACTOR`] times as many, unpacked.
///
/// # Errors
/// When the file is missing, too large, damaged or of an unknown format.
pub fn read(path: &Path, max_bytes: u64) -> Result<Articles, ReadError> {
    if path == Path::new("-") {
        return read_stream(std::io::stdin(), None, max_bytes);
    }
    let file = std::fs::File::open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => ReadError::Missing,
        _ => ReadError::Io(e),
    })?;
    if file.metadata()?.is_dir() {
        return Err(ReadError::Folder(path.display().to_string()));
    }
    read_stream(file, Some(path), max_bytes)
}

fn read_stream(
    source: impl Read + Send + 'static,
    name: Option<&Path>,
    max_bytes: u64,
) -> Result<Articles, ReadError> {
    let limit = max_bytes.saturating_mul(FILE_FACTOR);
    let mut bytes = Vec::new();
    let (plain, _) = unpack(source)?;
    plain
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge { limit });
    }
    read_bytes(&bytes, name, max_bytes)
}

/// Makes articles of the unpacked bytes of a file. Its name, when there is
/// one, tells Markdown, short e-mails and tables of cells from plain text, and is
/// otherwise only compared.
///
/// # Errors
/// When the bytes are of an unknown format, damaged or too large.
pub fn read_bytes(
    bytes: &[u8],
    name: Option<&Path>,
    max_bytes: u64,
) -> Result<Articles, ReadError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ReadError::Empty);
    }
    let promised = name.and_then(Format::of_name);
    if let Some(table) = name.and_then(format::table_of_name) {
        return Err(ReadError::Table(table));
    }
    let (format, mut articles) = match format::of_bytes(bytes) {
        Some(found) => {
            let format = readable(found)?;
            let max_text = usize::try_from(max_bytes).unwrap_or(usize::MAX);
            let document = guarded(|| match format {
                Format::Pdf => pdf::read(bytes, max_text),
                _ => docx::read(bytes, max_text),
            });
            (format, vec![parsed(document, format)?])
        }
        None => read_text(bytes, promised, max_bytes)?,
    };
    if articles.is_empty() {
        return Err(ReadError::NoArticle(format.name()));
    }
    if let Some(promised) = promised.filter(|promised| *promised != format) {
        let warning = format!(
            "is named like {} but is {}; read as that",
            promised.name(),
            format.name()
        );
        articles[0].warnings.insert(0, warning);
    }
    let bounded = |article: Article| match article.text.len() as u64 {
        length if length > max_bytes => Err(ReadError::TooLarge { limit: max_bytes }),
        _ => Ok(article),
    };
    Ok(articles.into_iter().map(bounded).collect())
}

fn readable(found: Found) -> Result<Format, ReadError> {
    match found {
        Found::Format(format) => Ok(format),
        Found::Table(kind) => Err(ReadError::Table(kind)),
        Found::Other(what) => Err(ReadError::OtherFormat(what)),
    }
}

/// The result of a parser that may have stumbled.
fn parsed<T>(result: Result<Result<T, String>, Stumbled>, format: Format) -> Result<T, ReadError> {
    let result = result.unwrap_or_else(|stumbled| Err(format!("cannot be read: {stumbled}")));
    result.map_err(|problem| ReadError::Broken {
        format: format.name(),
        problem,
    })
}

/// Reads the formats that are text of some kind.
fn read_text(
    bytes: &[u8],
    promised: Option<Format>,
    max_bytes: u64,
) -> Result<(Format, Vec<Article>), ReadError> {
    let decoded = decode::decode(bytes).map_err(|decode::NotText| ReadError::Binary)?;
    let text = decoded.text;
    if text.trim().is_empty() {
        return Err(ReadError::Empty);
    }
    let format = match readable(format::of_text(&text))? {
        Format::Text if promised == Some(Format::Markdown) => Format::Markdown,
        // Markdown may start with a line of HTML, but not with a whole page.
        Format::Html if promised == Some(Format::Markdown) && !format::is_page(&text) => {
            Format::Markdown
        }
        Format::Text if promised == Some(Format::Email) && format::has_header(&text) => {
            Format::Email
        }
        Format::Text if promised == Some(Format::Html) && text.contains("</") => Format::Html,
        found => found,
    };
    if matches!(format, Format::Text | Format::Markdown) && bytes.len() as u64 > max_bytes {
        return Err(ReadError::TooLarge { limit: max_bytes });
    }
    let articles = match format {
        Format::Markdown => guarded(|| Ok(vec![markdown::read(&text)])),
        Format::Html => guarded(|| Ok(vec![html::read(&text)])),
        // These say the encoding of each part of theirs.
        Format::Email => guarded(|| email::read(bytes)),
        Format::Feed => guarded(|| feed::read(bytes)),
        _ => Ok(Ok(vec![Article::new(None, text)])),
    };
    let mut articles = parsed(articles, format)?;
    if matches!(format, Format::Email | Format::Feed) {
        return Ok((format, articles));
    }
    if articles.iter().all(|a| a.text.trim().is_empty()) {
        return Err(ReadError::NoArticle(format.name()));
    }
    for article in &mut articles {
        article.warnings.extend(decoded.warning.clone());
    }
    Ok((format, articles))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    const PROSE: &str = "The ferry company said on Monday that the crossing to the island would \
        open again on the first of June. Captain Ruth Okoro will take the first boat out at dawn.";

    fn read_as(bytes: &[u8], name: &str) -> Result<Vec<Article>, ReadError> {
        let articles = read_bytes(bytes, Some(Path::new(name)), DEFAULT_MAX_BYTES)?;
        articles.into_iter().collect()
    }

    #[test]
    fn each_bad_input_has_its_own_message() {
        let message = |bytes: &[u8]| read_as(bytes, "a").unwrap_err().to_string();
        assert!(message(b"").contains("empty"));
        assert!(message(b" \n\t\n").contains("empty"));
        assert!(
            message(b"<!DOCTYPE html><html><script>x()</script>").contains("without an article")
        );
        assert!(message(b"<rss version=\"2.0\"><channel></channel></rss>").contains("without"));
        assert!(message(b"<rss version=\"2.0\"><channel><item>").contains("a feed that cannot"));
        assert!(message(b"{\"text\":\"The council met.\"}\n").contains("classify batch"));
        assert!(message(b"PAR1....").contains("classify batch"));
        assert!(message(b"{\\rtf1 The council met.}").contains("RTF"));
        assert!(message(b"\x00\x01\x02\x03\xff\xfe\xfd").contains("not text"));
        assert!(message(b"%PDF-1.7\n1 0 obj\n<<").contains("PDF"));
        assert!(message(b"PK\x03\x04 word/document.xml").contains("Word"));
    }

    #[test]
    fn the_content_decides_and_a_wrong_name_is_remarked() {
        let page = format!("<html><body><article><p>{PROSE}</p><p>{PROSE}</p></article></body>");
        let article = &read_as(page.as_bytes(), "a.txt").unwrap()[0];
        assert!(
            article.text.starts_with("The ferry company"),
            "{}",
            article.text
        );
        assert!(article.warnings[0].contains("named like plain text but is an HTML page"));
        let article = &read_as(PROSE.as_bytes(), "a.pdf").unwrap()[0];
        assert_eq!(article.text, PROSE);
        assert!(article.warnings[0].contains("PDF"));
        for name in ["a.txt", "a", "a.news", "a.txt.gz"] {
            let article = &read_as(PROSE.as_bytes(), name).unwrap()[0];
            assert_eq!((article.text.as_str(), article.warnings.len()), (PROSE, 0));
        }
        let article = &read_as(b"<br>\n\n**Ferry** sails again.", "a.md").unwrap()[0];
        assert_eq!(article.text, "Ferry sails again.");
    }

    #[test]
    fn limits_are_exact_and_hold_for_what_is_unpacked() {
        let text = "The council met on Monday.";
        let stream =
            |bytes: Vec<u8>, limit: usize| read_stream(Cursor::new(bytes), None, limit as u64);
        assert!(stream(text.into(), text.len()).is_ok());
        let error = stream(text.into(), text.len() - 1).unwrap_err();
        assert!(error.to_string().contains("--max-bytes"));
        let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..64 {
            bomb.write_all(&[b' '; 1 << 20]).unwrap();
        }
        let error = stream(bomb.finish().unwrap(), 1 << 20).unwrap_err();
        assert!(matches!(error, ReadError::TooLarge { limit } if limit == 16 << 20));
    }

    #[test]
    fn one_entry_that_is_too_large_costs_itself_alone() {
        let item = |text: &str| format!("<item><description>{text}</description></item>");
        let items = item(&PROSE.repeat(9)) + &item(PROSE);
        let feed = format!("<rss version=\"2.0\"><channel>{items}</channel></rss>");
        let articles = read_bytes(feed.as_bytes(), None, 500).unwrap();
        assert!(matches!(
            articles[0],
            Err(ReadError::TooLarge { limit: 500 })
        ));
        assert_eq!(articles[1].as_ref().unwrap().text, PROSE);
    }

    #[test]
    fn torn_archives_are_errors() {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(PROSE.as_bytes()).unwrap();
        let mut bytes = gz.finish().unwrap();
        bytes.truncate(bytes.len() / 2);
        let error = read_stream(Cursor::new(bytes), None, 1000).unwrap_err();
        assert!(error.to_string().starts_with("cannot be read"));
    }
}
