//! Decides whether a terminator ends a sentence.

use super::abbreviations::{self as words, Abbreviation};
use super::enclosed::MAX_ENCLOSED;
use super::scan::*;

/// How far to look back for the start of a web address, in bytes.
const MAX_ADDRESS: usize = 200;
/// Most note numbers in a row ("ended.11 12").
const MAX_NOTES: usize = 8;

/// A run of terminators (".", "?!", ". . .") that may end a sentence.
pub(super) struct Candidate<'a> {
    text: &'a str,
    /// Start of the current sentence; nothing before it counts.
    sentence: usize,
    start: usize,
    run_end: usize,
    /// End of the quotation marks, brackets and note numbers behind the run.
    pub(super) end: usize,
    /// Start of the next word or mark.
    next: usize,
}

impl<'a> Candidate<'a> {
    /// Reads on from the terminator at `start` of `text`, in the sentence that starts at
    /// `sentence`.
    pub(super) fn read(text: &'a str, sentence: usize, start: usize) -> Self {
        let run_end = run_end(text, start);
        let (end, next) = (run_end, run_end);
        let mut candidate = Self {
            text,
            sentence,
            start,
            run_end,
            end,
            next,
        };
        candidate.end = candidate.closers_end();
        candidate.end += candidate.note_length();
        candidate.next = candidate.end + space_length(text, candidate.end);
        candidate
    }

    /// Where the sentence ends, if it ends here.
    pub(super) fn boundary(&self) -> Option<usize> {
        let Some(next) = char_at(self.text, self.next) else {
            return Some(self.end);
        };
        let run = self.run();
        let in_brackets = char_before(self.text, self.start) == Some('[');
        let ends = if run.contains(is_wide_terminator) {
            true
        } else if self.next == self.end {
            self.ends_without_space()
        } else if matches!(next, ',' | ';' | ':' | '&' | '/' | '%' | '=') || is_terminator(next) {
            false
        } else if in_brackets && self.closers().starts_with(']') {
            next.is_uppercase() // "[...]"
        } else if matches!(self.next_word(), "http" | "https" | "www") {
            true
        } else if run.contains(['!', '?']) {
            self.ends_at_exclamation(next)
        } else if run == "." {
            self.ends_at_full_stop(next)
        } else {
            return self.boundary_at_ellipsis(next);
        };
        ends.then_some(self.end)
    }

    /// Whether a question or exclamation mark ends the sentence.
    fn ends_at_exclamation(&self, next: char) -> bool {
        let word = self.next_word();
        let in_name = self.run() == "!" && words::is_exclaimed_name(self.word_before());
        if self.closers().ends_with(['\'', '’']) && next == '(' {
            false // an aside after a quotation within the sentence
        } else if !self.closers().is_empty() {
            let is_title = words::lookup(word) == Some(Abbreviation::Title);
            let new_start = words::is_starter(word) && !is_title;
            !next.is_lowercase() && (new_start || !reports_speech(self.text, self.next, 4))
        } else if next.is_lowercase() {
            let reported = words::is_pronoun(word) && reports_speech(self.text, self.next, 2);
            !in_name && !reported
        } else {
            !in_name || words::is_starter(word)
        }
    }

    /// Where an ellipsis ends the sentence.
    fn boundary_at_ellipsis(&self, next: char) -> Option<usize> {
        let run = self.run();
        let apart = char_before(self.text, self.start).is_some_and(char::is_whitespace);
        if run.starts_with(". . . .") && !apart {
            // A full stop at the word, then a spaced ellipsis that opens the next sentence.
            return Some(self.start + 1);
        }
        // "so . . . I think" goes on, "at last... I see" is two sentences.
        let spaced = apart || run.contains(' ');
        let with_full_stop = run.bytes().filter(|&b| b == b'.').count() > 3;
        let goes_on = next.is_lowercase() || (spaced && !with_full_stop && self.next_word() == "I");
        (!goes_on).then_some(self.end)
    }

    /// Whether a single full stop with a space behind it ends the sentence.
    fn ends_at_full_stop(&self, next: char) -> bool {
        let before = self.word_before();
        let letters = before.chars().filter(|c| c.is_alphabetic()).count();
        let initials = letters == 1 || is_dotted(before);
        let abbreviation = words::lookup(before);
        let word = self.next_word();
        if next.is_lowercase() {
            // Careless writing: only after a plain word, or before a pronoun.
            let certain = words::is_starter(word) || words::is_pronoun(before);
            let plain = is_lowercase(before) && (letters > 3 || (letters > 1 && certain));
            let ordinary = !initials && abbreviation.is_none() && self.closers().is_empty();
            return ordinary && (plain || words::is_pronoun(word));
        }
        if words::is_never_last(before) {
            return false;
        }
        if next.is_ascii_digit() {
            return !initials && abbreviation.is_none();
        }
        let opens = is_opener(next) || next == '"';
        let next = self.next + if opens { next.len_utf8() } else { 0 };
        let word = word_at(self.text, next);
        // "A." and "I." may be initials themselves.
        let initial = word.len() == 1 && self.text[next + 1..].starts_with('.');
        let starter = words::is_starter(word) && !initial;
        let may_end = starter || (opens && !self.text[self.next..].starts_with(['(', '[']));
        if before.eq_ignore_ascii_case("a.m") || before.eq_ignore_ascii_case("p.m") {
            let zone = word.len() <= 4 && word.bytes().all(|b| b.is_ascii_uppercase());
            return may_end || !(opens || zone || words::is_after_time(word));
        }
        match abbreviation {
            _ if letters == 1 => starter || !before.contains(char::is_uppercase),
            _ if initials => may_end,
            Some(Abbreviation::Title) if before.starts_with(char::is_uppercase) => false,
            Some(Abbreviation::Number) => true,
            Some(_) => may_end || (before == "etc" && !opens),
            None => may_end || !lacks_vowel(before),
        }
    }

    /// Whether the sentence ends although no space follows ("ended.The").
    fn ends_without_space(&self) -> bool {
        let text = self.text;
        let opener = char_at(text, self.next).filter(|&c| is_opener(c) || c == '"');
        let next = self.next + opener.map_or(0, char::len_utf8);
        let word = word_at(text, next);
        let mut letters = word.chars();
        let capitalised =
            letters.next().is_some_and(char::is_uppercase) && letters.all(char::is_lowercase);
        let mut rest = text[next + word.len()..].chars();
        let complete = match rest.next() {
            Some('.') => word.len() > 1 && rest.next().is_none_or(char::is_whitespace),
            Some(',' | ';' | ':' | '-' | '\'' | '’') => word.len() > 1,
            Some(c) => c.is_whitespace(),
            None => word.len() > 1,
        };
        if !capitalised || !complete || words::is_suffix(word) {
            return false;
        }
        let token = tail(&text[..self.start], MAX_ADDRESS);
        let token = token.rsplit(char::is_whitespace).next().unwrap_or(token);
        if token.contains(['/', '@', '\\', '=', '_']) || token.starts_with("www.") {
            return false;
        }
        // A quotation mark between them leaves no doubt.
        let quoted = opener.is_some() || self.end > self.run_end;
        let sign = token.ends_with('%') || (token.ends_with(')') && !token.ends_with("()"));
        let before = self.word_before();
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b',';
        let plain = before.bytes().all(is_plain) && words::lookup(before).is_none();
        quoted || sign || (before.len() > 1 && (plain || words::is_starter(word)))
    }

    fn run(&self) -> &'a str {
        &self.text[self.start..self.run_end]
    }

    /// The quotation marks, brackets and note numbers behind the run.
    fn closers(&self) -> &'a str {
        &self.text[self.run_end..self.end]
    }

    fn word_before(&self) -> &'a str {
        let word = word_before(self.text, self.start);
        &self.text[self.sentence.max(self.start - word.len())..self.start]
    }

    fn next_word(&self) -> &'a str {
        word_at(self.text, self.next)
    }

    fn closers_end(&self) -> usize {
        let mut end = self.run_end;
        while let Some(c) = char_at(self.text, end) {
            if is_closer(c) || (c == '"' && self.is_closing(end)) {
                end += c.len_utf8();
            } else if let Some(length) = bracketed_note(&self.text[end..]) {
                end += length;
            } else {
                break;
            }
        }
        end
    }

    /// Whether the straight quotation mark at `i` closes a quotation.
    fn is_closing(&self, i: usize) -> bool {
        if !char_at(self.text, i + 1).is_some_and(char::is_alphanumeric) {
            return true;
        }
        // A space is missing before or after it: see whether a partner stands before it.
        let before = &self.text[self.sentence..i];
        before.len() <= MAX_ENCLOSED && before.matches('"').count() % 2 == 1
    }

    /// Length of the note numbers behind the closers.
    fn note_length(&self) -> usize {
        if self.run() == "." && self.end == self.run_end {
            let length = self.raised_note_length();
            if length > 0 {
                return length;
            }
        }
        let spaces = space_length(self.text, self.end);
        let note = &self.text[self.end + spaces..];
        if spaces == 0 {
            return 0;
        }
        bracketed_note(note)
            .or_else(|| bare_note(note))
            .map_or(0, |length| spaces + length)
    }

    /// Length of note numbers that have lost their superscript ("ended.11 12 The").
    fn raised_note_length(&self) -> usize {
        let before = self.word_before();
        let is_plain = before.len() > 2 && is_lowercase(before) && words::lookup(before).is_none();
        if !is_plain && char_before(self.text, self.start) != Some(')') {
            return 0;
        }
        let mut end = self.end;
        for notes in 0..MAX_NOTES {
            let at = end + usize::from(notes > 0);
            let Some(rest) = self.text.get(at..) else {
                break;
            };
            let digits = digits(rest);
            if digits == 0
                || digits > 3
                || !(rest.len() == digits || rest[digits..].starts_with(' '))
            {
                break;
            }
            end = at + digits;
        }
        let next = char_at(self.text, end + space_length(self.text, end));
        if next.is_none_or(char::is_uppercase) {
            end - self.end
        } else {
            0
        }
    }
}

/// End of the run of terminators at `start`, with spaced dots.
fn run_end(text: &str, start: usize) -> usize {
    let mut end = start;
    loop {
        let mut rest = text[end..].chars();
        match rest.next() {
            Some(c) if is_terminator(c) => end += c.len_utf8(),
            Some(' ') if end > start && rest.next() == Some('.') => {
                // The dot of ".tar" belongs to the next word.
                let ends_dot = |c: char| c == '.' || c == '"' || c.is_whitespace() || is_closer(c);
                if !rest.next().is_none_or(ends_dot) {
                    return end;
                }
                end += 2;
            }
            _ => return end,
        }
    }
}

/// Whether one of the next words reports speech, before any punctuation mark ("Mr. Smith said").
pub(super) fn reports_speech(text: &str, mut at: usize, words_ahead: usize) -> bool {
    for _ in 0..words_ahead {
        let word = word_at(text, at);
        if words::is_speech_verb(word) {
            return true;
        }
        at += word.len();
        at += usize::from(text[at..].starts_with('.'));
        let spaces = space_length(text, at);
        if word.is_empty() || spaces == 0 {
            return false;
        }
        at += spaces;
    }
    false
}

/// Whether a word has full stops between one or two letters ("U.S", "a.m", "Ph.D").
fn is_dotted(word: &str) -> bool {
    let is_part = |part: &str| part.chars().count() <= 2 && part.chars().all(char::is_alphabetic);
    word.contains('.') && word.split('.').all(is_part)
}

fn is_lowercase(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_lowercase())
}

/// Whether a word looks abbreviated for want of vowels ("Bldg").
fn lacks_vowel(word: &str) -> bool {
    let is_consonant = |b: u8| b.is_ascii_alphabetic() && !b"aeiouyAEIOUY".contains(&b);
    (2..=5).contains(&word.len())
        && word.bytes().all(is_consonant)
        && is_lowercase(&word[1..])
        && !matches!(word, "Hmm" | "hmm" | "Mm" | "mm" | "Shh" | "shh")
}

/// Length of a reference such as "[12]" at the start of a text.
fn bracketed_note(text: &str) -> Option<usize> {
    let digits = digits(text.strip_prefix('[')?);
    (digits > 0 && text[digits + 1..].starts_with(']')).then_some(digits + 2)
}

/// Length of a bare number before a word that starts a sentence ("4 The").
fn bare_note(text: &str) -> Option<usize> {
    let digits = digits(text);
    if !(1..4).contains(&digits) || !text[digits..].starts_with(' ') {
        return None;
    }
    let word = word_at(text, digits + 1);
    (word.starts_with(char::is_uppercase) && words::is_starter(word)).then_some(digits)
}
