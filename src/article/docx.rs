//! The text of a Word document: a ZIP archive of XML parts.

mod body;

use std::io::{BufRead, BufReader, Cursor, Read, Take};

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use zip::ZipArchive;
use zip::result::ZipError;

use super::meta;
use super::{Article, Meta};

/// Bytes of markup that are read for a byte of text.
const MARKUP: usize = 64;
/// Least limit on the bytes of a part.
const MIN_PART: usize = 16 << 20;
/// Most bytes of the parts that tell of the document.
const MAX_SMALL_PART: usize = 1 << 20;
/// The date that one library gives to every document.
const TEMPLATE_DATE: &str = "2013-12-23T23:15:00Z";

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

fn damaged(why: impl std::fmt::Display) -> String {
    format!("is damaged ({why}); open it in a word processor and save it again")
}

/// Reads the article in a Word document, of at most `max_text` bytes of text.
///
/// # Errors
/// Says what is wrong with the document and what to do about it.
pub fn read(bytes: &[u8], max_text: usize) -> Result<Article, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let name = main_part(&mut archive);
    let limit = max_text.saturating_mul(MARKUP).max(MIN_PART);
    let mut xml = part(&mut archive, &name, limit)?;
    let paragraphs = body::paragraphs(&mut xml, max_text);
    if xml.into_inner().get_ref().limit() == 0 {
        return Err(format!(
            "unpacks to more than {limit} bytes; copy its text to a new document"
        ));
    }
    let text = paragraphs?.join("\n\n");
    if text.is_empty() {
        return Err(
            "has no text in it; if it shows pictures of text, run OCR over them first".into(),
        );
    }
    let properties = Properties::read(&mut archive);
    let mut article = Article::new(properties.title, text);
    article.meta = properties.meta;
    Ok(article)
}

/// The part that holds the text, as the archive's relations name it.
fn main_part(archive: &mut Archive) -> String {
    let usual = || "word/document.xml".to_owned();
    let Ok(mut xml) = part(archive, "_rels/.rels", MAX_SMALL_PART) else {
        return usual();
    };
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let element = match xml.read_event_into(&mut buffer) {
            Ok(Event::Start(element) | Event::Empty(element)) => element,
            Ok(Event::Eof) | Err(_) => return usual(),
            Ok(_) => continue,
        };
        let value = |key: &str| {
            let attribute = element.try_get_attribute(key).ok().flatten()?;
            Some(attribute.value.into_owned())
        };
        if value("Type").is_some_and(|t| t.ends_with("/officeDocument")) {
            let target = value("Target").unwrap_or_else(usual);
            return target.trim_start_matches('/').to_owned();
        }
    }
}

/// Opens a part, of which at most `limit` bytes are read.
fn part(
    archive: &mut Archive,
    name: &str,
    limit: usize,
) -> Result<Reader<BufReader<Take<impl Read>>>, String> {
    let file = archive.by_name(name).map_err(|e| match e {
        ZipError::FileNotFound => {
            "is a ZIP archive, but not of a Word document; name a .docx file".into()
        }
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            "is protected by a password; save it without one".into()
        }
        other => damaged(other),
    })?;
    Ok(Reader::from_reader(BufReader::new(file.take(limit as u64))))
}

/// What the document says of itself.
#[derive(Debug, Default)]
struct Properties {
    title: Option<String>,
    meta: Meta,
}

impl Properties {
    fn read(archive: &mut Archive) -> Self {
        match part(archive, "docProps/core.xml", MAX_SMALL_PART) {
            Ok(mut xml) => Self::parse(&mut xml),
            Err(_) => Self::default(),
        }
    }

    fn parse<R: BufRead>(xml: &mut Reader<R>) -> Self {
        let mut found = Self::default();
        let mut value = String::new();
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            match xml.read_event_into(&mut buffer) {
                Ok(Event::Start(_)) => value.clear(),
                Ok(Event::Text(text)) => value.push_str(&text),
                Ok(Event::GeneralRef(entity)) => value.extend(character(&entity)),
                Ok(Event::End(element)) => found.take(element.local_name().as_ref(), &value),
                Ok(Event::Eof) | Err(_) => return found,
                Ok(_) => {}
            }
        }
    }

    fn take(&mut self, name: &str, value: &str) {
        match name {
            "title" => self.title = meta::title(value),
            "creator" => self.meta.author = meta::author(value.to_owned()),
            "created" => self.meta.date = date(value.trim()),
            "language" => self.meta.language = meta::language(value.trim()),
            _ => {}
        }
    }
}

/// The date of the document, unless it comes from a template.
fn date(value: &str) -> Option<String> {
    meta::date(value).filter(|_| value != TEMPLATE_DATE)
}

/// The character of `&amp;` or `&#228;`. Entities that a document defines
/// itself are not expanded, so that they cannot grow.
fn character(entity: &BytesRef) -> Option<char> {
    if let Ok(Some(c)) = entity.resolve_char_ref() {
        return Some(c);
    }
    match entity.as_ref() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
