//! Marked content: what a document says of pieces of its pages.

use hayro_syntax::object::{Dict, Name, String as PdfString};

/// Longest text that may stand for the glyphs of a piece; longer ones are of
/// whole paragraphs, whose glyphs are as good.
const MAX_ACTUAL_TEXT: usize = 24;

/// The pieces of marked content that are open, from the outermost.
#[derive(Debug, Default)]
pub struct Marks {
    open: Vec<Mark>,
    /// How many of them are artifacts.
    artifacts: usize,
}

#[derive(Debug, PartialEq)]
enum Mark {
    Plain,
    /// Page furniture: running heads, page numbers, backgrounds.
    Artifact,
    /// Text that stands for the glyphs; empty when it was given out.
    Actual(String),
}

impl Marks {
    /// Opens a piece.
    pub fn open(&mut self, tag: &Name, properties: Option<&Dict>) {
        let actual = properties.and_then(|p| p.get::<PdfString>("ActualText"));
        self.push(match actual {
            _ if &**tag == b"Artifact" => Mark::Artifact,
            Some(text) if text.len() <= MAX_ACTUAL_TEXT => {
                Mark::Actual(super::text_string(text.as_bytes()))
            }
            _ => Mark::Plain,
        });
    }

    fn push(&mut self, mark: Mark) {
        self.artifacts += usize::from(mark == Mark::Artifact);
        self.open.push(mark);
    }

    /// Closes the innermost piece.
    pub fn close(&mut self) {
        let closed = self.open.pop();
        self.artifacts -= usize::from(closed == Some(Mark::Artifact));
    }

    /// Whether what is shown is page furniture.
    pub fn in_artifact(&self) -> bool {
        self.artifacts > 0
    }

    /// The text that stands for the next glyph, if another does: all of it for
    /// the first glyph of a piece, none for the others.
    pub fn take_text(&mut self) -> Option<String> {
        match self.open.last_mut()? {
            Mark::Actual(text) => Some(std::mem::take(text)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_within_pieces() {
        let mut marks = Marks::default();
        marks.close();
        marks.push(Mark::Artifact);
        marks.push(Mark::Plain);
        assert!(marks.in_artifact());
        assert_eq!(marks.take_text(), None);
        marks.close();
        marks.close();
        assert!(!marks.in_artifact());
        marks.push(Mark::Actual("ffi".into()));
        assert_eq!(marks.take_text().as_deref(), Some("ffi"));
        assert_eq!(marks.take_text().as_deref(), Some(""));
    }
}
