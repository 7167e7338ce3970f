//! What a line is by its own words.

use super::{
    Kind, MAX_LINE,
    credits::{is_caption, is_credit, starts_with_credit},
    phrases::STOCK,
    pieces::sentence_ends,
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
    if (pitch && STOCK.openings.rest(lead).is_some())
        || (line.len() <= 300 && STOCK.phrases.within(opening_sentence))
    {
        return Kind::Junk;
    }
    let short = line.len() <= if ends { 60 } else { 150 };
    if let Some(rest) = STOCK.credits.rest(lead).filter(|_| short) {
        let rest = line[line.len() - rest.len()..].trim_start();
        if rest.starts_with(|c: char| c.is_uppercase() || c.is_numeric()) {
            return Kind::Junk;
        }
    }
    // Captions run longer than other junk, and at the top the page's headline follows the credit.
    const CAPTIONS: &str = "Media playback is|Image copyright|FILE PHOTO:|CLOSE |JUST WATCHED ";
    if any_of(CAPTIONS, |open| line.starts_with(open))
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
        || is_button(lower)
    {
        return Kind::Junk;
    }
    if ends && line.len() >= 80 {
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

/// A related link with its label glued on: "Report:Plans for the new bridge".
fn is_glued_link(line: &str) -> bool {
    let Some((label, rest)) = line.split_once(':') else {
        return false;
    };
    (3..=30).contains(&label.len())
        && line.len() < 200
        && !line.ends_with('.')
        && label.starts_with(char::is_uppercase)
        && !label.contains('"')
        && rest.starts_with(|c: char| c.is_alphabetic() || "'‘“\"".contains(c))
        && rest.contains(' ')
}

/// Links other than those at the end of tweets, and e-mail addresses with no more than a label.
fn is_contact(line: &str) -> bool {
    let last = line.rsplit(char::is_whitespace).next().unwrap_or("");
    let is_link = ["http://", "https://", "www."]
        .iter()
        .any(|open| last.starts_with(open));
    let is_mail = last.find('@').is_some_and(|at| at > 0) && last.contains('.');
    (is_link && line.len() <= 120 && !last.contains("//t.co/")) || (is_mail && line.len() <= 60)
}

/// Links known by their ends: "Minister quits over budget Read more", "Get the Daily app",
/// "Follow Jane Doe on Twitter".
fn is_button(lower: &str) -> bool {
    const ENDS: &str = " read more| – video| share this article";
    const OPENS: &str = "get the|watch|read|download|click|see|sign";
    const SITES: &str = " on twitter| on facebook| on instagram| @";
    let ends = |list: &str| any_of(list, |end| lower.ends_with(end));
    lower.len() <= 150
        && (ends(ENDS)
            || (ends(" app| here| here.") && any_of(OPENS, |open| lower.starts_with(open)))
            || (lower.starts_with("follow ") && any_of(SITES, |site| lower.contains(site))))
}
