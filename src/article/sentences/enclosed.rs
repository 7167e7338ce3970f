//! Quotations and brackets, within which no sentence ends.

use std::ops::Range;

use super::scan::*;

/// Longest quotation or bracketed passage, in bytes, that is kept in one piece.
pub(super) const MAX_ENCLOSED: usize = 300;

/// Bytes that start a quotation mark or bracket.
const MARKS: [bool; 256] = byte_set(b"()[]{}\"'`\xE2");

/// The short passages in quotation marks or brackets, sorted by start. Marks without a partner
/// enclose nothing.
pub(super) fn enclosed(text: &str) -> Vec<Range<usize>> {
    let mut passages = Vec::new();
    let mut brackets = Vec::new();
    // Start of the open quotation of each kind.
    let [mut double, mut curly, mut single, mut curly_single] = [None; 4];
    let mut i = 0;
    while let Some(skipped) = text[i..].bytes().position(|b| MARKS[usize::from(b)]) {
        i += skipped;
        let mark = char_at(text, i).unwrap_or(' ');
        let end = i + mark.len_utf8();
        let before = char_before(text, i).unwrap_or(' ');
        let after = char_at(text, end).unwrap_or(' ');
        let follows_gap = before.is_whitespace() || is_opener(before) || is_dash(before);
        let opens = (follows_gap || before == '"') && !after.is_whitespace();
        let start = match mark {
            ')' | ']' | '}' => brackets.pop(),
            '"' if !opens => double.take(),
            '”' => curly.take(),
            // Without punctuation before it, it is more likely an apostrophe.
            '\'' if is_terminator(before) || before == ',' => single.take(),
            '’' if !after.is_alphanumeric() => curly_single.take(),
            _ => None,
        };
        match mark {
            '(' | '[' | '{' => brackets.push(i),
            '"' if opens => double = Some(i),
            '“' => curly = Some(i),
            '\'' | '`' if opens => single = Some(i),
            '‘' => curly_single = Some(i),
            _ => {}
        }
        if let Some(start) = start.filter(|start| end - start <= MAX_ENCLOSED) {
            passages.push(start..end);
        }
        i = end;
    }
    passages.sort_by_key(|passage| passage.start);
    passages
}
