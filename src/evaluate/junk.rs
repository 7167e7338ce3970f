//! Figures of the page junk found in an article against the spans that a reader marked.
//!
//! Something counts as dropped when more than half of its characters other than white space are in
//! found ranges.

use std::ops::{AddAssign, Range};

use crate::article::{paragraphs::paragraphs, sentences};

/// Counts, to be summed over articles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JunkFigures {
    /// Spans marked as junk.
    pub marked: usize,
    /// Those of them that are dropped.
    pub dropped: usize,
    /// Marked spans that look like section headings, on which readers disagree: at most 80
    /// characters, a whole line without a sentence's end, between two unmarked lines of at least
    /// 80 characters.
    pub marked_headings: usize,
    /// Those of them that are dropped.
    pub dropped_headings: usize,
    /// Sentences of which at most half is marked.
    pub others: usize,
    /// Those of them that are dropped.
    pub others_dropped: usize,
    /// Dropped sentences that a reader chose for the summary.
    pub best_dropped: usize,
    /// Dropped sentences that a reader named as nearly as good.
    pub alternates_dropped: usize,
}

impl AddAssign for JunkFigures {
    fn add_assign(&mut self, other: Self) {
        self.marked += other.marked;
        self.dropped += other.dropped;
        self.marked_headings += other.marked_headings;
        self.dropped_headings += other.dropped_headings;
        self.others += other.others;
        self.others_dropped += other.others_dropped;
        self.best_dropped += other.best_dropped;
        self.alternates_dropped += other.alternates_dropped;
    }
}

/// Compares `found`, in bytes of `text`, with a reader's spans, in characters.
#[must_use]
pub fn judge(
    text: &str,
    marked: &[Range<usize>],
    best: &[Range<usize>],
    alternates: &[Range<usize>],
    found: &[Range<usize>],
) -> JunkFigures {
    let mut starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    starts.push(text.len());
    let byte = |char: usize| starts[char.min(starts.len() - 1)];
    let bytes = |spans: &[Range<usize>]| -> Vec<Range<usize>> {
        spans
            .iter()
            .map(|span| byte(span.start)..byte(span.end))
            .filter(|span| !text[span.clone()].trim().is_empty())
            .collect()
    };
    let marked = bytes(marked);
    let is_marked = mask(text, &marked);
    let is_found = mask(text, found);
    let is_dropped = |span: &Range<usize>| mostly(text, span, &is_found);

    let mut figures = JunkFigures::default();
    for span in &marked {
        let (dropped, heading) = (is_dropped(span), is_heading(text, span, &is_marked));
        figures.marked += 1;
        figures.dropped += usize::from(dropped);
        figures.marked_headings += usize::from(heading);
        figures.dropped_headings += usize::from(heading && dropped);
    }
    for paragraph in paragraphs(text) {
        for sentence in sentences::split(&text[paragraph.clone()]) {
            let sentence = paragraph.start + sentence.start..paragraph.start + sentence.end;
            if !mostly(text, &sentence, &is_marked) {
                figures.others += 1;
                figures.others_dropped += usize::from(is_dropped(&sentence));
            }
        }
    }
    let dropped = |spans| bytes(spans).iter().filter(|span| is_dropped(span)).count();
    figures.best_dropped = dropped(best);
    figures.alternates_dropped = dropped(alternates);
    figures
}

/// Whether each byte of `text` is in one of `spans`.
fn mask(text: &str, spans: &[Range<usize>]) -> Vec<bool> {
    let mut mask = vec![false; text.len()];
    for span in spans {
        mask[span.clone()].fill(true);
    }
    mask
}

/// Whether more than half of the characters of `span` but white space are in `mask`.
fn mostly(text: &str, span: &Range<usize>, mask: &[bool]) -> bool {
    let chars = text[span.clone()].char_indices();
    let (mut all, mut inside) = (0, 0);
    for (at, _) in chars.filter(|(_, c)| !c.is_whitespace()) {
        all += 1;
        inside += usize::from(mask[span.start + at]);
    }
    2 * inside > all
}

fn is_heading(text: &str, span: &Range<usize>, is_marked: &[bool]) -> bool {
    const LENGTH: usize = 80;
    let words = text[span.clone()].trim();
    let ends = words
        .trim_end_matches(['"', '\'', '”', '’', ')', ']'])
        .ends_with(['.', '!', '…', ':']);
    let before = &text[..span.start];
    let after = &text[span.end..];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line_end = after.find('\n').map_or(text.len(), |at| span.end + at);
    if words.chars().count() > LENGTH || ends || text[line_start..line_end].trim() != words {
        return false;
    }
    let above = text[..line_start].trim_end();
    let below = text[line_end..].trim_start();
    let is_long = |line: Option<&str>| line.is_some_and(|line| line.chars().count() >= LENGTH);
    is_long(above.rsplit('\n').next())
        && is_long(below.split('\n').next())
        && !is_marked[above.len() - 1]
        && !is_marked[text.len() - below.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOVE: &str = "The harbour council agreed on Tuesday to rebuild the northern pier — before \
        the ferries return.";
    const BELOW: &str = "The pier was closed a year ago. Nobody on the island was asked whether the \
        ferries should go on.";

    /// The characters where `part` stands in `text`.
    fn chars(text: &str, part: &str) -> Range<usize> {
        let start = text[..text.find(part).expect("part of the text")]
            .chars()
            .count();
        start..start + part.chars().count()
    }

    fn bytes(text: &str, part: &str) -> Range<usize> {
        let start = text.find(part).expect("part of the text");
        start..start + part.len()
    }

    #[test]
    fn what_is_mostly_found_is_dropped() {
        let text = format!("{ABOVE}\n\nA new pier\n\n{BELOW}\n\nShare this story. Join us.");
        let marked = ["A new pier", "Share this story.", "Join us."].map(|part| chars(&text, part));
        let found = ["A new", "Share this story", "The pier was closed a y"];
        let figures = judge(
            &text,
            &marked,
            &[chars(&text, ABOVE)],
            &[chars(&text, "The pier was closed a year ago.")],
            &found.map(|part| bytes(&text, part)),
        );
        let expected = JunkFigures {
            marked: 3,
            dropped: 1,
            marked_headings: 1,
            dropped_headings: 0,
            others: 3,
            others_dropped: 1,
            best_dropped: 0,
            alternates_dropped: 1,
        };
        // Of "A new pier" four characters of eight are found: not more than half.
        assert_eq!(figures, expected);
    }

    #[test]
    fn a_line_beside_other_junk_is_no_heading() {
        let text = format!("{ABOVE}\nA new pier\nAnother link\n{BELOW}");
        let marked = ["A new pier", "Another link"].map(|part| chars(&text, part));
        let figures = judge(
            &text,
            &marked,
            &[],
            &[],
            std::slice::from_ref(&(0..text.len())),
        );
        assert_eq!((figures.marked, figures.dropped), (2, 2));
        assert_eq!(figures.marked_headings, 0);
        assert_eq!((figures.others, figures.others_dropped), (3, 3));
    }

    #[test]
    fn nothing_marked_and_nothing_found_is_no_error() {
        assert_eq!(
            judge("", std::slice::from_ref(&(0..5)), &[], &[], &[]),
            JunkFigures::default()
        );
    }
}
