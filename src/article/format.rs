//! What a file is: by its content, with its name as a hint.

use std::path::Path;

use super::unpack::suffix;

/// A kind of file that articles are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Plain text.
    Text,
    /// Markdown.
    Markdown,
    /// A web page.
    Html,
    /// A PDF document.
    Pdf,
    /// A Word document.
    Docx,
    /// An e-mail, or a mailbox of several.
    Email,
    /// An RSS or Atom feed.
    Feed,
}

/// What the content of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// One of the formats that articles are read from.
    Format(Format),
    /// A table of articles.
    Table(&'static str),
    /// Something that is not read.
    Other(&'static str),
}

impl Format {
    /// The format as messages name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "plain text",
            Self::Markdown => "Markdown",
            Self::Html => "an HTML page",
            Self::Pdf => "a PDF document",
            Self::Docx => "a Word document",
            Self::Email => "an e-mail",
            Self::Feed => "a feed",
        }
    }

    /// The format that a file's name promises, the suffix of a compression
    /// left out.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Self> {
        Some(match suffix(path)?.as_str() {
            "txt" | "text" => Self::Text,
            "md" | "markdown" => Self::Markdown,
            "html" | "htm" | "xhtml" => Self::Html,
            "pdf" => Self::Pdf,
            "docx" => Self::Docx,
            "eml" | "mbox" | "mht" | "mhtml" => Self::Email,
            "rss" | "atom" => Self::Feed,
            _ => return None,
        })
    }
}

/// The table that a file's name promises.
#[must_use]
pub fn table_of_name(path: &Path) -> Option<&'static str> {
    match suffix(path)?.as_str() {
        "csv" => Some("CSV"),
        "tsv" => Some("TSV"),
        "jsonl" | "ndjson" => Some("JSON Lines"),
        "parquet" | "pq" => Some("Parquet"),
        "arrow" | "arrows" | "ipc" | "feather" => Some("Arrow"),
        _ => None,
    }
}

/// First bytes of formats that are not text.
const MAGIC: [(&[u8], Found); 15] = [
    (b"%PDF-", Found::Format(Format::Pdf)),
    (b"PAR1", Found::Table("Parquet")),
    (b"ARROW1", Found::Table("Arrow")),
    (b"\xff\xff\xff\xff", Found::Table("Arrow")),
    (b"\x1f\x8b", TWICE),
    (b"\x28\xb5\x2f\xfd", TWICE),
    (b"\x89PNG", PICTURE),
    (b"\xff\xd8\xff", PICTURE),
    (b"GIF8", PICTURE),
    (b"\x7fELF", Found::Other("a program; name an article")),
    (b"7z\xbc\xaf\x27\x1c", PACKED),
    (b"\xfd7zXZ", PACKED),
    (
        b"SQLite format 3\0",
        Found::Other("a database; export its articles to .csv for `classify batch`"),
    ),
    (
        b"{\\rtf",
        Found::Other("an RTF document; save it as .docx or .txt"),
    ),
    (
        b"bplist",
        Found::Other("a web archive of Safari; save the page as .html"),
    ),
];
const TWICE: Found = Found::Other("compressed twice; unpack it once");
const PICTURE: Found = Found::Other("a picture; run OCR over it first");
const PACKED: Found = Found::Other("an archive; unpack it and name its files");
/// Bytes before the header of a PDF document that pass for a line of text.
const SHORT: usize = 64;

/// Recognises formats by bytes that no text starts with.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> Option<Found> {
    if bytes.starts_with(b"PK\x03\x04") {
        return Some(of_zip(bytes));
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Some(of_ole(bytes));
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some(Found::Other("a tar archive; unpack it and name its files"));
    }
    if bytes.starts_with(b"BZh") && bytes.get(4..10) == Some(b"1AY&SY") {
        return Some(TWICE);
    }
    // Some producers write a line or orders for a printer before the header.
    let start = &bytes[..bytes.len().min(1024)];
    if let Some(at @ 1..) = start.windows(5).position(|w| w == b"%PDF-") {
        let at_line_start = matches!(start[at - 1], b'\n' | b'\r' | 0xbf);
        if at_line_start && (at <= SHORT || start[..at].contains(&0x1b)) {
            return Some(Found::Format(Format::Pdf));
        }
    }
    let known = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic));
    known.map(|(_, found)| *found)
}

/// The container of old office documents, and of new ones with a password.
fn of_ole(bytes: &[u8]) -> Found {
    let encrypted: Vec<u8> = "EncryptedPackage".bytes().flat_map(|b| [b, 0]).collect();
    if bytes.windows(encrypted.len()).any(|w| w == encrypted) {
        Found::Other("a document with a password; save it without one")
    } else {
        Found::Other("an old office document (.doc, .xls, .ppt); save it as .docx or .csv")
    }
}

/// An archive by the names of its entries, which stand in it uncompressed.
fn of_zip(bytes: &[u8]) -> Found {
    let has = |name: &[u8]| bytes.windows(name.len()).any(|w| w == name);
    if has(b"word/document") {
        Found::Format(Format::Docx)
    } else if has(b"xl/workbook") {
        Found::Other("a spreadsheet; save it as .csv for `classify batch`")
    } else if has(b"ppt/presentation") {
        Found::Other("a presentation; save it as .pdf")
    } else if has(b"mimetypeapplication/vnd.oasis.opendocument.text") {
        Found::Other("an OpenDocument text; save it as .docx")
    } else if has(b"mimetypeapplication/epub+zip") {
        Found::Other("an e-book; unpack it like a ZIP archive and name its .xhtml files")
    } else {
        Found::Other("a ZIP archive; unpack it and name its files")
    }
}

/// Recognises formats by the first words of a text. Markdown looks like any
/// text and only its name tells.
#[must_use]
pub fn of_text(text: &str) -> Found {
    let start = text.trim_start();
    if let Some(found) = of_markup(start) {
        return found;
    }
    if is_email(start) {
        return Found::Format(Format::Email);
    }
    if is_json(start) {
        return Found::Table("JSON");
    }
    Found::Format(Format::Text)
}

const XML: &str = "an XML document of an unknown kind; save its text as .html or .txt";

/// Elements that a page, or a piece of one, starts with.
const PAGE: [&str; 26] = [
    "article",
    "base",
    "blockquote",
    "body",
    "center",
    "div",
    "figure",
    "h1",
    "h2",
    "h3",
    "head",
    "header",
    "html",
    "link",
    "main",
    "meta",
    "nav",
    "noscript",
    "ol",
    "p",
    "script",
    "section",
    "style",
    "table",
    "title",
    "ul",
];
/// Elements within a paragraph: a plain text may start with one, too.
const INLINE: [&str; 9] = ["a", "b", "br", "em", "font", "i", "img", "span", "strong"];

/// Markup by its root element, behind prologue, comments and doctype.
fn of_markup(text: &str) -> Option<Found> {
    let is_xml = text.starts_with("<?xml");
    let mut rest = text;
    loop {
        let subset = matches!((rest.find('['), rest.find('>')), (Some(a), Some(b)) if a < b);
        let end = if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<!") && subset {
            "]>"
        } else if rest.starts_with("<?") || rest.starts_with("<!") {
            ">"
        } else {
            break;
        };
        let Some(at) = rest.find(end) else {
            return Some(Found::Format(Format::Html));
        };
        rest = rest[at + end.len()..].trim_start();
    }
    let name = rest.strip_prefix('<')?;
    let name = &name[..name.find(|c: char| !c.is_ascii_alphanumeric() && c != ':')?];
    let local = name.rsplit(':').next()?.to_ascii_lowercase();
    match local.as_str() {
        "rss" | "feed" | "rdf" => Some(Found::Format(Format::Feed)),
        tag if PAGE.contains(&tag) => Some(Found::Format(Format::Html)),
        tag if INLINE.contains(&tag) && has_blocks(rest) => Some(Found::Format(Format::Html)),
        _ if is_xml => Some(Found::Other(XML)),
        _ => None,
    }
}

/// Whether the paragraphs of a text are marked by tags.
fn has_blocks(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| {
        let tag = text[at + 1..].trim_start_matches('/');
        let end = tag.find(|c: char| !c.is_ascii_alphanumeric());
        let name = tag[..end.unwrap_or(tag.len())].to_ascii_lowercase();
        name == "br" || PAGE.contains(&name.as_str())
    })
}

/// Whether a text is a whole page, not only a piece of one.
#[must_use]
pub fn is_page(text: &str) -> bool {
    let start = text.trim_start().get(..9).unwrap_or_default();
    let start = start.to_ascii_lowercase();
    start == "<!doctype" || start.starts_with("<html")
}

/// Header lines that tell an e-mail.
const HEADERS: [&str; 10] = [
    "date",
    "delivered-to",
    "from",
    "message-id",
    "mime-version",
    "received",
    "return-path",
    "subject",
    "to",
    "x-mozilla-status",
];

/// Whether a text starts with the header of an e-mail: nothing but header
/// lines, three of them well known, up to a blank line or the end.
fn is_email(text: &str) -> bool {
    known_headers(text) >= 3
}

/// Whether a text starts with any header of an e-mail.
#[must_use]
pub fn has_header(text: &str) -> bool {
    known_headers(text.trim_start()) >= 1
}

/// Well-known header lines at the start of a text; none when there are other
/// lines among them.
fn known_headers(text: &str) -> usize {
    let mut known = 0;
    let mut lines = text.lines();
    // The separator line of a mailbox.
    if text.starts_with("From ") {
        lines.next();
    }
    for line in lines.take(400) {
        if line.trim().is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else {
            return 0;
        };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return 0;
        }
        known += usize::from(HEADERS.contains(&name.to_ascii_lowercase().as_str()));
    }
    known
}

/// Whether a text is a JSON object or array of objects, or lines of them.
fn is_json(text: &str) -> bool {
    let opens = text.starts_with('{') || text.starts_with('[');
    let inner = text.trim_start_matches(['[', '{']).trim_start();
    let inner = inner.trim_start_matches('{').trim_start();
    opens && inner.starts_with('"') && inner.contains("\":")
        || text.starts_with("{}")
        || text.starts_with("[]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_promise_formats_also_when_compressed() {
        let of = |name: &str| Format::of_name(Path::new(name));
        assert_eq!(of("a.txt"), Some(Format::Text));
        assert_eq!(of("a.HTM.gz"), Some(Format::Html));
        assert_eq!(of("news.2024.eml.zst"), Some(Format::Email));
        assert_eq!(of("a.gz"), None);
        assert_eq!(of("a"), None);
        assert_eq!(of(".md"), None);
    }

    #[test]
    fn markup_is_known_by_its_root() {
        let html = Found::Format(Format::Html);
        let feed = Found::Format(Format::Feed);
        for (text, found) in [
            ("<!DOCTYPE html>\n<html>", html),
            ("\n<!-- saved -- by hand -->\n<HTML lang=en>", html),
            (
                "<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC \"x\"><html>",
                html,
            ),
            ("<div class='story'><p>One.", html),
            ("<?xml version='1.0'?>\n<rss version=\"2.0\">", feed),
            (
                "<!DOCTYPE rss [<!ENTITY a \"b\">]><rss version=\"2.0\">",
                feed,
            ),
            ("<feed xmlns=\"http://www.w3.org/2005/Atom\">", feed),
            ("<?xml version='1.0'?><rdf:RDF xmlns:rdf='x'>", feed),
            ("<?xml version='1.0'?><nitf>", Found::Other(XML)),
        ] {
            assert_eq!(of_text(text), found, "{text}");
        }
        let prose = Found::Format(Format::Text);
        assert_eq!(of_text("<Redacted> said nothing."), prose);
        assert_eq!(of_text("<b>Ferry</b> back\n\nIt sails again."), prose);
        assert_eq!(of_text("<b>Ferry</b> back<BR>It sails again."), html);
        assert_eq!(of_text("< 5 per cent of voters turned out."), prose);
    }

    #[test]
    fn mail_is_known_by_its_header_and_prose_is_not_mail() {
        let mail = "From: Press Office <press@harbour.example>\nTo: news@paper.example\n\
                    Subject: Cranes\n back in service\n\nThe cranes work again.";
        assert_eq!(of_text(mail), Found::Format(Format::Email));
        let boxed = format!("From press@harbour.example Mon May  6 2024\n{mail}");
        assert_eq!(of_text(&boxed), Found::Format(Format::Email));
        let prose = "Date: the fruit of the desert\n\nTo: nobody. From: nowhere.\n";
        assert_eq!(of_text(prose), Found::Format(Format::Text));
    }

    #[test]
    fn tables_are_told_from_texts_in_brackets() {
        for table in [
            "{\"text\":\"a\"}\n",
            "[ {\n \"id\" : 1, \"text\":2} ]",
            "[]",
        ] {
            assert_eq!(of_text(table), Found::Table("JSON"), "{table}");
        }
        for prose in [
            "[music] The band played on.",
            "{mosads} The vote was close.",
        ] {
            assert_eq!(of_text(prose), Found::Format(Format::Text), "{prose}");
        }
    }

    #[test]
    fn binary_formats_are_known_by_their_first_bytes() {
        assert_eq!(of_bytes(b"%PDF-1.7 ..."), Some(Found::Format(Format::Pdf)));
        assert_eq!(
            of_bytes(b"\n\r\n%PDF-1.4"),
            Some(Found::Format(Format::Pdf))
        );
        assert_eq!(of_bytes(b"The %PDF- mark opens a file."), None);
        let notes = format!("{}\n%PDF- is how it starts.", "All about files. ".repeat(9));
        assert_eq!(of_bytes(notes.as_bytes()), None);
        assert_eq!(of_bytes(b"BZh91AY&SY...."), Some(TWICE));
        assert_eq!(
            of_bytes(b"PK\x03\x04....word/document.xml"),
            Some(Found::Format(Format::Docx))
        );
        assert!(matches!(
            of_bytes(b"PK\x03\x04..xl/workbook.xml"),
            Some(Found::Other(_))
        ));
        assert_eq!(of_bytes(b"The council met."), None);
        let mut ole = b"\xd0\xcf\x11\xe0".to_vec();
        assert!(matches!(of_bytes(&ole), Some(Found::Other(what)) if what.contains(".doc")));
        ole.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
        assert!(matches!(of_bytes(&ole), Some(Found::Other(what)) if what.contains("password")));
    }
}
