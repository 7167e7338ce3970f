//! An article to its sentences: junk left out, offsets kept.

use std::ops::Range;

use super::{Article, junk, paragraphs::paragraphs, sentences};

/// Longest sentence in characters; what is longer is no sentence that anyone
/// would quote, and is cut at a space.
const MAX_CHARS: usize = 1_200;

/// A sentence of an article's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Where it stands in the text, in Unicode characters.
    pub chars: Range<usize>,
    /// Where it stands in the text, in bytes.
    pub bytes: Range<usize>,
    /// Number of the paragraph that it belongs to, from 0.
    pub paragraph: usize,
}

/// An article's sentences and what was noticed on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Segments {
    /// The sentences in order, title and junk left out.
    pub sentences: Vec<Sentence>,
    /// Words in them.
    pub words: usize,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// Splits an article into sentences. Page junk (credits, pitches, navigation)
/// is skipped; offsets always refer to the text as it is.
#[must_use]
pub fn segment(article: &Article) -> Segments {
    let text = article.text.as_str();
    let mut skipped = find_junk(article);
    skipped.extend(article.title_span.clone());
    skipped.sort_by_key(|s| s.start);

    let mut result = Segments::default();
    let mut long = 0usize;
    let mut chars = CharCount {
        text,
        byte: 0,
        count: 0,
    };
    let mut skipped = skipped.into_iter().peekable();
    let mut number = 0;
    for paragraph in paragraphs(text) {
        let mut any = false;
        for part in without(&paragraph, &mut skipped) {
            for sentence in sentences::split(&text[part.clone()]) {
                let sentence = part.start + sentence.start..part.start + sentence.end;
                let pieces = cut(text, sentence);
                long += usize::from(pieces.len() > 1);
                for bytes in pieces {
                    let words = words(&text[bytes.clone()]);
                    if words == 0 {
                        continue;
                    }
                    result.words += words;
                    any = true;
                    result.sentences.push(Sentence {
                        chars: chars.at(bytes.start)..chars.at(bytes.end),
                        bytes,
                        paragraph: number,
                    });
                }
            }
        }
        number += usize::from(any);
    }
    if long > 0 {
        result.warnings.push(format!(
            "{long} stretch{} of over {MAX_CHARS} characters without a sentence end cut into pieces",
            if long == 1 { "" } else { "es" }
        ));
    }
    result
}

/// The page junk in an article's text: ranges of bytes, in order, apart.
#[must_use]
pub fn find_junk(article: &Article) -> Vec<Range<usize>> {
    junk::find(&article.text, article.title.as_deref())
}

/// What is left of a paragraph without the skipped ranges. The ranges must
/// come in order; those that end before the paragraph are dropped.
fn without(
    paragraph: &Range<usize>,
    skipped: &mut std::iter::Peekable<impl Iterator<Item = Range<usize>>>,
) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = paragraph.start;
    while let Some(skip) = skipped.peek() {
        if skip.start >= paragraph.end {
            break;
        }
        if skip.end > start {
            parts.push(start..skip.start.max(start));
            start = skip.end;
        }
        // A range that reaches beyond this paragraph is needed for the next one.
        if skip.end > paragraph.end {
            break;
        }
        skipped.next();
    }
    parts.push(start.min(paragraph.end)..paragraph.end);
    parts.retain(|p| !p.is_empty());
    parts
}

/// Cuts what is too long for a sentence into pieces, at spaces where it can.
fn cut(text: &str, sentence: Range<usize>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = sentence.start;
    while start < sentence.end {
        let rest = &text[start..sentence.end];
        let Some((limit, _)) = rest.char_indices().nth(MAX_CHARS) else {
            pieces.push(start..sentence.end);
            break;
        };
        let end = rest[..limit]
            .rfind(char::is_whitespace)
            .filter(|&space| space > limit / 2)
            .unwrap_or(limit);
        pieces.push(start..start + rest[..end].trim_end().len());
        start += end;
        start += text[start..sentence.end].len() - text[start..sentence.end].trim_start().len();
    }
    pieces
}

fn words(text: &str) -> usize {
    text.split_whitespace()
        .filter(|w| w.chars().any(char::is_alphabetic))
        .count()
}

/// Byte offsets to character offsets, asked for in rising order.
struct CharCount<'a> {
    text: &'a str,
    byte: usize,
    count: usize,
}

impl CharCount<'_> {
    fn at(&mut self, byte: usize) -> usize {
        self.count += self.text[self.byte..byte].chars().count();
        self.byte = byte;
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(article: &Article) -> Vec<&str> {
        let segments = segment(article);
        segments
            .sentences
            .into_iter()
            .map(|s| &article.text[s.bytes])
            .collect()
    }

    #[test]
    fn junk_is_skipped_and_offsets_still_fit_the_text() {
        let text = "Naïve harbour plans\n\nPhoto: Getty Images\n\n{mosads}“The cranes — all of \
                    them — must go,” said the mayor. Nobody answered him.\n\nMost Popular\n\nLoad more\n";
        let article = Article::new(None, text.to_owned());
        assert_eq!(
            split(&article),
            [
                "“The cranes — all of them — must go,” said the mayor.",
                "Nobody answered him."
            ]
        );
        let chars: Vec<char> = text.chars().collect();
        for sentence in segment(&article).sentences {
            let by_chars: String = chars[sentence.chars.clone()].iter().collect();
            assert_eq!(by_chars, text[sentence.bytes.clone()]);
        }
    }

    #[test]
    fn an_endless_line_is_cut_with_a_warning() {
        let article = Article::new(None, "the port and the yard and ".repeat(2000));
        let segments = segment(&article);
        assert!(segments.sentences.len() > 30);
        assert!(segments.warnings[0].contains("without a sentence end"));
        assert!(
            segments
                .sentences
                .iter()
                .all(|s| s.chars.len() <= MAX_CHARS)
        );
    }

    proptest! {
        #[test]
        fn spans_are_in_order_and_apart(text in "(?s)([A-Za-z é“”.!?'\n{}]|mosads|U\\.S\\. ){0,300}") {
            let article = Article::new(None, text);
            let mut end = 0;
            for sentence in segment(&article).sentences {
                prop_assert!(sentence.bytes.start >= end);
                prop_assert!(sentence.bytes.end > sentence.bytes.start);
                prop_assert!(article.text.is_char_boundary(sentence.bytes.start));
                end = sentence.bytes.end;
            }
        }
    }
}
