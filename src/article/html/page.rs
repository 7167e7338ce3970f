//! A tame page to its article: parsed, pruned, extracted.

use trafilatura::dom::Document;
use trafilatura::{ExtractResult, ExtractionFocus, Options, extract_document};

use super::blocks::{Block, blocks};
use super::declared::Declared;
use super::frame::trim;
use super::keep::keep;
use super::loose;
use super::meta;
use super::prune::prune;
use super::titles;
use crate::article::Meta;

/// What a page gives.
pub struct Page {
    /// The title.
    pub title: Option<String>,
    /// What the page says of its article.
    pub meta: Meta,
    /// The text of the article; empty when none is found.
    pub text: String,
    /// Whether the text is surely an article's, and no more.
    pub is_sure: bool,
}

/// Deepest tree that is walked by recursion.
const MAX_DEPTH: usize = 200;

/// Fewer bytes are a teaser or a notice more often than an article.
const SHORT: usize = 250;

impl Page {
    /// Takes a page apart. `html` must be tidy. Gives nothing when its tree is too deep even so.
    pub fn read(html: &str) -> Option<Self> {
        let mut doc = Document::parse(html);
        if is_deep(&doc) {
            return None;
        }
        let declared = Declared::of(&doc);
        prune(&mut doc);
        loose::wrap(&mut doc);
        keep(&mut doc);
        let found = extract(doc, ExtractionFocus::FavorPrecision);
        let metadata = found.as_ref().map(|found| found.metadata.clone());
        let metadata = metadata.unwrap_or_default();
        let title = titles::title(&declared, &metadata);
        let titles = titles::titles(&declared, title.as_deref());
        let text = |found: ExtractResult| join(trim(blocks(&found.content_html), &titles));
        let mut best = found.map(text).unwrap_or_default();
        if let Some(body) = declared.body() {
            longer(&mut best, join(blocks(&body)));
        }
        let mut is_sure = true;
        if best.len() < SHORT {
            // What looks like no article to a strict eye may be one all the same.
            let found = extract(Document::parse(html), ExtractionFocus::Balanced);
            is_sure = !longer(&mut best, found.map(text).unwrap_or_default());
        }
        Some(Self {
            title,
            meta: meta::meta(&declared, &metadata),
            text: best,
            is_sure,
        })
    }
}

fn is_deep(doc: &Document) -> bool {
    let mut left = vec![(doc.root(), 0)];
    while let Some((id, depth)) = left.pop() {
        if depth > MAX_DEPTH {
            return true;
        }
        let children = doc.child_nodes(id).into_iter();
        left.extend(children.map(|child| (child, depth + 1)));
    }
    false
}

fn extract(doc: Document, focus: ExtractionFocus) -> Option<ExtractResult> {
    let options = Options::default().with_fallback(true).with_focus(focus);
    extract_document(doc, &options).ok()
}

/// Takes another text when it is much longer, so that the first must have missed most.
fn longer(best: &mut String, other: String) -> bool {
    let is_longer = other.len() > best.len() * 2;
    if is_longer {
        *best = other;
    }
    is_longer
}

/// The text of blocks, a blank line between two.
pub fn join(blocks: Vec<Block>) -> String {
    let texts: Vec<String> = blocks.into_iter().map(|block| block.text).collect();
    let text = decode(&texts.join("\n\n"));
    // Places where a word may be broken, not part of it.
    text.replace('\u{ad}', "")
}

/// Decodes the entities of a text without tags.
pub fn decode(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let doc = Document::parse(&text.replace('<', "&lt;"));
    let decoded = doc.text_content(doc.root());
    // A no-break space may stand at the ends of lines, where it says nothing.
    let lines: Vec<&str> = decoded.lines().map(str::trim).collect();
    lines.join("\n").replace('\u{a0}', " ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_decoded_once() {
        assert_eq!(
            decode("&Aacute; &#8220;q&#8221;\n\n&lt;b&gt; &amp;amp;"),
            "Á “q”\n\n<b> &amp;"
        );
        assert_eq!(decode("AT&T &nosuch; 5 < 6"), "AT&T &nosuch; 5 < 6");
        assert_eq!(decode("a&nbsp;b &nbsp;\nc"), "a b\nc");
    }

    #[test]
    fn deep_trees_are_refused() {
        let nested = |depth| format!("{}<p>x", "<div>".repeat(depth));
        assert!(Page::read(&nested(MAX_DEPTH + 1)).is_none());
        assert!(Page::read(&nested(50)).is_some());
    }
}
