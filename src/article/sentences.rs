//! Rule-based sentence splitting for English.
//!
//! A text is read once from left to right. Each run of full stops, question or exclamation marks
//! may end a sentence; the words on both sides decide (`boundary`). No sentence ends inside a
//! short quotation or a pair of brackets (`enclosed`). All looks backwards and forwards are
//! bounded, so the time is linear in the length of the text.

mod abbreviations;
mod boundary;
mod enclosed;
mod scan;

use std::ops::Range;

use boundary::{Candidate, reports_speech};
use scan::*;

/// Lines at least this long, in bytes, are taken as wrapped if the next goes on in lower case.
const MIN_WRAPPED_LINE: usize = 50;
/// Longest lead of a list marker, in bytes: a bullet, an opening bracket, white space.
const MAX_LEAD: usize = 16;

/// Bytes that start a mark at which a sentence may end.
const MARKS: [bool; 256] = byte_set(b".!?)\"\xE2\xE3\xEF");

/// Splits one paragraph of text into sentences. Returns byte ranges into `text`, in order,
/// non-overlapping, each trimmed of white space at both ends; together they cover every
/// non-white-space character.
///
/// A line break ends a sentence too, unless the line looks wrapped: the next one goes on in lower
/// case, after trailing white space or a long line. A blank line always ends one.
pub fn split(text: &str) -> Vec<Range<usize>> {
    let mut sentences = Vec::new();
    for block in blocks(text) {
        let offset = block.start;
        Splitter::new(&text[block], offset, &mut sentences).run();
    }
    sentences
}

/// Cuts a text at all line breaks but those within wrapped sentences.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let mut blocks = Vec::new();
    let (mut start, mut line) = (0, 0);
    for (i, mark) in text.match_indices(['\n', '\r', '\u{2028}', '\u{2029}']) {
        if mark == "\n" && text[..i].ends_with('\r') {
            continue;
        }
        let rest = &text[i + mark.len()..];
        let rest = if mark == "\r" {
            rest.strip_prefix('\n').unwrap_or(rest)
        } else {
            rest
        };
        if !is_wrapped(&text[line..i], rest) {
            blocks.push(start..i);
            start = i;
        }
        line = i;
    }
    blocks.push(start..text.len());
    blocks
}

/// Whether the sentence at the end of `line` goes on in `rest`, the text after the line break.
fn is_wrapped(line: &str, rest: &str) -> bool {
    let content = line.trim();
    let Some(next) = rest.trim_start_matches([' ', '\t']).chars().next() else {
        return false;
    };
    if content.is_empty() || content.ends_with(is_terminator) {
        return false;
    }
    // The letters of a word set one below another.
    let is_letters = |line: &str| line.len() < 3 && line.bytes().all(|b| b.is_ascii_uppercase());
    if is_letters(content) && next.is_uppercase() {
        return is_letters(rest.lines().next().unwrap_or_default().trim());
    }
    let trailing_space = line.ends_with([' ', '\t']);
    let long = content.len() >= MIN_WRAPPED_LINE;
    is_terminator(next)
        || (next.is_lowercase() && (trailing_space || long))
        || (next == '(' && trailing_space)
}

/// The number or letter of a list item, with the sign after it: "2." or "b)".
#[derive(Debug, Clone, Copy)]
struct Marker {
    value: u32,
    sign: u8,
}

/// Splits a text without line breaks that end sentences.
struct Splitter<'a> {
    text: &'a str,
    /// Added to all positions in the result.
    offset: usize,
    sentences: &'a mut Vec<Range<usize>>,
    /// Start of the current sentence.
    start: usize,
    /// Marker of the last list item.
    marker: Option<Marker>,
    enclosed: Vec<Range<usize>>,
    /// Number of enclosed passages already met, and their furthest end.
    met: usize,
    enclosed_until: usize,
}

impl<'a> Splitter<'a> {
    fn new(text: &'a str, offset: usize, sentences: &'a mut Vec<Range<usize>>) -> Self {
        let enclosed = enclosed::enclosed(text);
        let start = space_length(text, 0);
        Self {
            text,
            offset,
            sentences,
            start,
            marker: None,
            enclosed,
            met: 0,
            enclosed_until: 0,
        }
    }

    fn run(mut self) {
        let mut i = 0;
        while let Some(skipped) = self.text[i..].bytes().position(|b| MARKS[usize::from(b)]) {
            i += skipped;
            let mark = char_at(self.text, i).unwrap_or(' ');
            let mut end = i + mark.len_utf8();
            if matches!(mark, '.' | ')') && self.read_marker(i) {
                // The marker starts a list item; nothing ends behind it.
            } else if is_terminator(mark) {
                let candidate = Candidate::read(self.text, self.start, i);
                end = candidate.end;
                if let Some(boundary) = candidate.boundary() {
                    self.cut(boundary);
                }
            } else if is_bullet(mark) {
                if char_before(self.text, i).is_some_and(char::is_whitespace) {
                    self.cut(i);
                }
            } else if self.breaks_off(i, end) {
                self.cut(end);
            }
            i = end;
        }
        self.cut(self.text.len());
    }

    /// Ends the current sentence at `end`, unless that is within an enclosed passage.
    fn cut(&mut self, end: usize) {
        while let Some(passage) = self.enclosed.get(self.met).filter(|p| p.start < end) {
            self.enclosed_until = self.enclosed_until.max(passage.end);
            self.met += 1;
        }
        if end <= self.start || end < self.enclosed_until {
            return;
        }
        let length = self.text[self.start..end].trim_end().len();
        let start = self.offset + self.start;
        self.sentences.push(start..start + length);
        self.start = end + space_length(self.text, end);
    }

    /// Whether the sign at `i` belongs to a list marker. Ends the sentence before the marker.
    fn read_marker(&mut self, i: usize) -> bool {
        let text = self.text;
        let sign = text.as_bytes()[i];
        let rest = &text[i + 1..];
        let rest = if sign == b'.' {
            rest.strip_prefix(')').unwrap_or(rest)
        } else {
            rest
        };
        let word = word_before(text, i);
        let value = match word.as_bytes() {
            [letter] if letter.is_ascii_alphabetic() => Some(u32::from(*letter)),
            [_, ..] if word.len() <= 3 => word.parse().ok(),
            _ => None,
        };
        let Some(value) = value.filter(|_| rest.starts_with(char::is_whitespace)) else {
            return false;
        };
        let start = i - word.len();
        let lead = text
            .get(self.start..start)
            .filter(|lead| lead.len() <= MAX_LEAD);
        let is_lead = |c: char| c.is_whitespace() || c == '(' || is_bullet(c);
        if !lead.is_some_and(|lead| lead.chars().all(is_lead)) {
            let before = text[..start].trim_end();
            let next = self
                .marker
                .is_some_and(|last| last.value + 1 == value && last.sign == sign);
            let first = (word == "1" || word == "a")
                && (self.marker.is_some() || before.ends_with(is_terminator));
            // Upper-case letters in the middle of a sentence are initials.
            let initial = word.starts_with(|c: char| c.is_uppercase());
            if initial || before.len() == start || !(next || first) {
                return false;
            }
            self.cut(start);
        }
        self.marker = Some(Marker { value, sign });
        true
    }

    /// Whether the mark at `i..end` breaks off a sentence: a dash between two sentences, or a
    /// quotation mark right behind a dash.
    fn breaks_off(&self, i: usize, end: usize) -> bool {
        let next = end + space_length(self.text, end);
        let word = word_at(self.text, next);
        if next == end || !word.starts_with(char::is_uppercase) {
            return false;
        }
        match &self.text[i..end] {
            "\"" | "”" => {
                let after_dash = char_before(self.text, i).is_some_and(is_dash);
                after_dash && !reports_speech(self.text, next, 4)
            }
            "—" => {
                let before = self.text[..i].trim_end();
                before.len() < i
                    && before.ends_with(|c: char| c.is_lowercase() || c == '-')
                    && abbreviations::is_starter(word)
                    && !matches!(word, "I" | "A" | "The")
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
