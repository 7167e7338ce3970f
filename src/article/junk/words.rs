//! What a line is by its own words.

use super::{
    Kind, MAX_LINE,
    credits::{is_caption, is_credit, starts_with_credit},
    links::{is_button, is_contact, is_glued_link, is_labelled_link, is_tweet},
    phrases::STOCK,
    pieces::sentence_ends,
    pitch::{Said, Unquoted, counts_before, holds_phrase},
};

/// What `line` is by its words alone; `lower` is scratch space.
pub(super) fn judge(line: &str, lower: &mut String, first: bool) -> Kind {
    if line.len() > MAX_LINE {
        return Kind::Prose;
    }
    set_lower(lower, line);
    let ends = ends_sentence(line);
    let core = lower.trim_matches(|c: char| !c.is_alphanumeric());
    if core.is_empty() || STOCK.whole.rest(core) == Some("") || is_date(core) {
        return Kind::Junk;
    }
    // "Related cases were heard." is article; "Related stories" and "Related: …" are not.
    if let Some(rest) = STOCK.links.rest(core) {
        if rest.is_empty() || (line.ends_with(':') && line.len() < 60) {
            return Kind::LinksFollow;
        }
        if rest.starts_with(':') || (!ends && line.len() < 60) {
            return Kind::Junk;
        }
    }
    // "- Follow us", "[music]"
    let lead = lower.trim_start_matches(['-', '–', '—', '•', '*', '[', ' ']);
    if line.starts_with('[') && line.ends_with(']') && !core.contains(' ') {
        return Kind::Junk;
    }
    let pitch = line.len() <= if ends { 300 } else { 200 };
    let opening_sentence = &lower[..sentence_ends(line).next().unwrap_or(0)];
    let unquoted = Unquoted::new(line);
    let part = |lower| Said {
        text: &line[..str::len(lower)],
        lower,
        line: &unquoted,
        start: 0,
    };
    let opening = STOCK.openings.opening(lead).filter(|_| pitch);
    if opening.is_some_and(|(rest, force)| counts_before(rest, force, part(lower)))
        || (line.len() <= 300 && holds_phrase(part(opening_sentence)))
    {
        return Kind::Junk;
    }
    let short = line.len() <= if ends { 60 } else { 150 };
    if let Some(rest) = STOCK.credits.rest(lead).filter(|_| short) {
        let rest = line[line.len() - rest.len()..].trim_start();
        let named = rest.starts_with(|c: char| c.is_uppercase() || c.is_numeric());
        if named && (!ends || is_credit_sentence(rest)) {
            return Kind::Junk;
        }
    }
    // Captions run longer than other junk, and at the top the page's headline follows the credit.
    const CAPTIONS: &str = "Media playback is|FILE PHOTO:|CLOSE |JUST WATCHED ";
    let captioned = |rest: &str| rest.starts_with(|c: char| !c.is_lowercase());
    if any_of(CAPTIONS, |open| line.starts_with(open))
        || line.strip_prefix("Image copyright ").is_some_and(captioned)
        || (first
            && line
                .split_once(" | ")
                .is_some_and(|(_, rest)| starts_with_credit(rest)))
        || is_caption(line)
        || is_credit(line)
        || is_byline(line)
        || is_attribution(line)
        || is_contact(line)
        || is_glued_link(line)
        // "Opinion: …" at the top is a title.
        || (!first && is_labelled_link(line, lower))
        || is_button(lower)
        || is_tweet(line)
    {
        return Kind::Junk;
    }
    form(line)
}

/// "Jane Doe in Oslo; editing by John Roe." and no "Jane Doe, the list names forty spies."
fn is_credit_sentence(rest: &str) -> bool {
    const WORK: &str = "additional|editing|reporting|writing";
    rest.split(|c: char| !c.is_alphanumeric())
        .all(|word| is_capitalised(word) || any_of(WORK, |work| work == word))
}

/// What a line looks like when no rule knows it.
pub(super) fn form(line: &str) -> Kind {
    if line.len() > MAX_LINE || (ends_sentence(line) && line.len() >= 80) {
        Kind::Prose
    } else {
        Kind::Short
    }
}

/// Sets `lower` to `s` in lower case, byte for byte.
pub(super) fn set_lower(lower: &mut String, s: &str) {
    lower.clear();
    lower.push_str(s);
    lower.make_ascii_lowercase();
}

/// Whether an entry of `list`, parted by "|", passes `test`.
pub(super) fn any_of(list: &str, test: impl Fn(&str) -> bool) -> bool {
    list.split('|').any(test)
}

pub(super) fn ends_sentence(line: &str) -> bool {
    let line = line.trim_end_matches(['"', '\'', '”', '’', ')', ']']);
    line.ends_with(['.', '!', '?', '…'])
}

/// "7 years ago", "02:55", "Updated 10:05 a.m.", "Monday, July 4, 2016".
fn is_date(core: &str) -> bool {
    const WORDS: &str = "a|ago|am|at|bst|day|days|edt|est|et|gmt|hour|hours|last|listen|m|min|\
        minute|minutes|modified|month|months|on|p|pm|published|read|updated|year|years";
    const NAMES: &str = "january|february|march|april|may|june|july|august|september|october|\
        november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday";
    let is_part = |word: &str| {
        word.bytes().all(|b| b.is_ascii_digit())
            || any_of(WORDS, |entry| entry == word)
            || (word.len() > 2 && any_of(NAMES, |name| name.starts_with(word)))
    };
    core.len() <= 50
        && core.contains(|c: char| c.is_ascii_digit())
        && core.contains(|c: char| c.is_ascii_alphabetic() || c == ':')
        && core.split(|c: char| !c.is_alphanumeric()).all(is_part)
}

/// "By Jane Doe and John Roe, Science Editor".
fn is_byline(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("By ") else {
        return false;
    };
    let name = rest.split([',', '|', '(', ':']).next().unwrap_or("").trim();
    line.len() <= 120 && !line.ends_with(['.', '?', '!']) && is_names(name)
}

/// One or more full names: "Jane Doe", "Jane Doe, John Q. Roe and Ann de Vries".
pub(super) fn is_names(s: &str) -> bool {
    if s.len() > 120 || !s.starts_with(char::is_uppercase) {
        return false;
    }
    let is_part = |word: &str| {
        word.chars()
            .all(|c| c.is_alphabetic() || ".'’-".contains(c))
            && (word.starts_with(char::is_uppercase)
                || ["de", "van", "von", "der", "la", "bin", "al"].contains(&word))
    };
    s.replace(" and ", ", ").split(", ").all(|name| {
        (2..=4).contains(&name.split_whitespace().count()) && name.split_whitespace().all(is_part)
    })
}

/// The source of a quotation or picture: "Jane Doe, New Journal".
fn is_attribution(line: &str) -> bool {
    let Some((name, place)) = line.split_once(", ") else {
        return false;
    };
    line.len() <= 80
        && !ends_sentence(line)
        && (is_names(name) || name == "Editorial Board")
        && (place.contains("correspondent") || (is_capitalised(place) && !place.contains(',')))
}

/// Whether every word has a capital, but for the small words of names.
pub(super) fn is_capitalised(s: &str) -> bool {
    const SMALL: &str = "via|for|of|and|the|by|from|in|de";
    s.split_whitespace().all(|word| {
        word.starts_with(|c: char| c.is_uppercase() || !c.is_alphabetic())
            || any_of(SMALL, |small| small == word)
    })
}
