//! The text of a PDF document.
//!
//! The parser gives objects and operators; which letters stand where, and
//! what lines, columns and paragraphs they make, is worked out here.

mod cmap;
mod columns;
mod content;
mod encoding;
mod flow;
mod font;
mod furniture;
mod initials;
mod inline;
mod letters;
mod lines;
mod marks;
mod matrix;
mod metrics;
mod stream;

use hayro_syntax::object::{Dict, String as PdfString};
use hayro_syntax::page::Page;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use super::meta;
use super::{Article, Meta};
use content::Reader;
use furniture::PageRows;

/// Most pages that are read.
const MAX_PAGES: usize = 2_000;

fn damaged(why: &str) -> String {
    format!("is damaged ({why}); open it in a PDF viewer and print it to a new PDF")
}

fn absurd() -> String {
    damaged("it unpacks to an absurd size")
}

/// Reads the article in a PDF document, of at most `max_text` bytes of text.
///
/// # Errors
/// Says what is wrong with the document and what to do about it.
pub fn read(bytes: &[u8], max_text: usize) -> Result<Article, String> {
    if stream::is_tangled(bytes) {
        return Err(damaged("its parts lie within one another"));
    }
    if stream::has_bomb(bytes) {
        return Err(absurd());
    }
    let pdf = Pdf::new(bytes.to_vec()).map_err(|e| match e {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            "is encrypted; save it without a password".into()
        }
        LoadPdfError::Decryption(_) => {
            "is encrypted in a way that is not known; save it without encryption".into()
        }
        LoadPdfError::Invalid => damaged("no pages can be found"),
    })?;
    let mut reader = Reader::new(max_text);
    let mut pages: Vec<PageRows> = Vec::new();
    let mut letters = 0;
    for page in pdf.pages().iter().take(MAX_PAGES) {
        let rows = lines::rows(reader.page(page));
        letters += rows.iter().flatten().map(|l| l.text.len()).sum::<usize>();
        if letters > max_text || reader.is_full() {
            return Err(format!(
                "has more than {max_text} bytes of text; split it into articles or raise --max-bytes"
            ));
        }
        let (bottom, top) = edges(page);
        pages.push(PageRows { rows, top, bottom });
    }
    refuse_unread(&reader, letters)?;
    furniture::remove(&mut pages);
    let blocks: Vec<_> = pages.into_iter().map(|p| columns::blocks(p.rows)).collect();
    let text = flow::paragraphs(&blocks).join("\n\n");
    let mut article = Article::new(title(&pdf), text);
    article.meta = Meta {
        author: pdf
            .metadata()
            .author
            .as_deref()
            .map(text_string)
            .and_then(meta::author),
        language: language(&pdf),
        ..Meta::default()
    };
    if is_cut_off(bytes) {
        let warning = "the end of the document is missing, and pages may be";
        article.warnings.push(warning.to_owned());
    }
    if pdf.pages().len() > MAX_PAGES {
        article
            .warnings
            .push(format!("only the first {MAX_PAGES} pages were read"));
    }
    if reader.unknown > 0 {
        article.warnings.push(format!(
            "{} letters could not be read, as their fonts do not say which they are",
            reader.unknown
        ));
    }
    Ok(article)
}

/// Whether the mark is missing that ends every document.
fn is_cut_off(bytes: &[u8]) -> bool {
    let end = &bytes[bytes.len().saturating_sub(2048)..];
    !end.windows(5).any(|w| w == b"%%EOF")
}

/// Refuses a document that shows no text, or text in unknown letters.
fn refuse_unread(reader: &Reader, letters: usize) -> Result<(), String> {
    if letters == 0 && reader.budget.refused {
        return Err(absurd());
    }
    if letters == 0 {
        return Err(
            "has no text that can be read, only pictures or damaged parts; run OCR over it first"
                .into(),
        );
    }
    if reader.unknown * 5 > reader.glyphs {
        return Err(
            "has fonts that do not say which letters they show; run OCR over it first".into(),
        );
    }
    Ok(())
}

/// Lower and upper edge of a page, in the direction of its text.
fn edges(page: &Page) -> (f32, f32) {
    use hayro_syntax::page::Rotation::{Flipped, FlippedHorizontal, Horizontal, None};
    let area = page.intersected_crop_box();
    let (low, high) = match page.rotation() {
        None => (area.y0, area.y1),
        Horizontal => (-area.x1, -area.x0),
        Flipped => (-area.y1, -area.y0),
        FlippedHorizontal => (area.x0, area.x1),
    };
    (low as f32, high as f32)
}

fn title(pdf: &Pdf) -> Option<String> {
    let title = pdf.metadata().title.as_deref().map(text_string)?;
    meta::title(&title)
}

fn language(pdf: &Pdf) -> Option<String> {
    let root: Dict = pdf.xref().get(pdf.xref().root_id())?;
    let lang = root.get::<PdfString>("Lang")?;
    meta::language(&text_string(lang.as_bytes()))
}

/// Decodes a text string outside of the content: UTF-16 or UTF-8 with a byte
/// order mark, else nearly Windows-1252.
fn text_string(bytes: &[u8]) -> String {
    let encoding = match bytes {
        [0xfe, 0xff, ..] => encoding_rs::UTF_16BE,
        [0xff, 0xfe, ..] => encoding_rs::UTF_16LE,
        [0xef, 0xbb, 0xbf, ..] => encoding_rs::UTF_8,
        _ => encoding_rs::WINDOWS_1252,
    };
    encoding.decode_with_bom_removal(bytes).0.into_owned()
}

#[cfg(test)]
mod tests;
