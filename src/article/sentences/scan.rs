//! Character classes, and looks around a position of a text. All looks are bounded.

/// Longest word that is read, in bytes backwards and in letters forwards.
const MAX_WORD: usize = 32;

/// The word that ends at `end`: letters and digits, with full stops and commas between them.
pub(super) fn word_before(text: &str, end: usize) -> &str {
    let is_inner = |c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | '°');
    let near = tail(&text[..end], MAX_WORD);
    &near[near.trim_end_matches(is_inner).len()..]
}

/// The letters at `start`.
pub(super) fn word_at(text: &str, start: usize) -> &str {
    let rest = &text[start..];
    let mut letters = rest.char_indices().enumerate();
    let end = letters.find(|&(n, (_, c))| n == MAX_WORD || !c.is_alphabetic());
    &rest[..end.map_or(rest.len(), |(_, (i, _))| i)]
}

/// The last `length` bytes of a text, or a little more if that would cut a character.
pub(super) fn tail(text: &str, length: usize) -> &str {
    let mut start = text.len().saturating_sub(length);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    &text[start..]
}

/// Length in bytes of the white space at `start`.
pub(super) fn space_length(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    rest.len() - rest.trim_start().len()
}

/// Number of digits at the start of a text, or 4 if there are more.
pub(super) fn digits(text: &str) -> usize {
    let digits = text.bytes().take_while(u8::is_ascii_digit);
    digits.take(4).count()
}

pub(super) fn char_at(text: &str, i: usize) -> Option<char> {
    text[i..].chars().next()
}

pub(super) fn char_before(text: &str, i: usize) -> Option<char> {
    text[..i].chars().next_back()
}

pub(super) fn is_terminator(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…') || is_wide_terminator(c)
}

/// Full-width terminators need no space behind them.
pub(super) fn is_wide_terminator(c: char) -> bool {
    matches!(c, '。' | '．' | '！' | '？' | '｡')
}

/// Whether a mark opens a quotation or a bracket; the straight double mark is not told apart here.
pub(super) fn is_opener(c: char) -> bool {
    matches!(c, '(' | '[' | '{' | '“' | '‘' | '«' | '„' | '`' | '\'')
}

/// Whether a mark right after a terminator closes a quotation or a bracket.
pub(super) fn is_closer(c: char) -> bool {
    matches!(c, ')' | ']' | '}' | '”' | '’' | '»' | '\'')
}

pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '–' | '—')
}

pub(super) fn is_bullet(c: char) -> bool {
    matches!(c, '•' | '‣' | '⁃' | '●' | '▪' | '◦')
}

/// Table of the given bytes, to skip all others fast.
pub(super) const fn byte_set(bytes: &[u8]) -> [bool; 256] {
    let mut set = [false; 256];
    let mut i = 0;
    while i < bytes.len() {
        set[bytes[i] as usize] = true;
        i += 1;
    }
    set
}
