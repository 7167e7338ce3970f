//! Pieces of junk in lines that stay.

use super::{
    MAX_LINE,
    credits::{closing_credit, is_agency},
    phrases::STOCK,
    pitch::{Said, Unquoted, counts_before, holds_phrase, is_reported},
    words::{any_of, set_lower},
};
use std::ops::Range;

/// Openings of junk sentences, among those of junk lines.
const OPENINGS: &str = "sign up |to read more |to respond to this |we regret the error|\
    image copyright |follow her on |follow him on |follow me on |follow them on |click here ";

/// Buttons glued to the last sentence of a paragraph.
const BUTTONS: &str = "read more|read more...|read more…|continue reading|continue reading...|\
    continue reading…|share this article";

/// The junk pieces of `line`, in any order; `lower` is scratch space.
pub(super) fn find(line: &str, lower: &mut String) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let unquoted = Unquoted::new(line);
    let mut start = 0;
    for end in sentence_ends(line) {
        let sentence = line[start..end].trim_start();
        if sentence.len() <= 300 {
            set_lower(lower, sentence);
            let said = Said {
                text: sentence,
                lower,
                line: &unquoted,
                start: end - sentence.len(),
            };
            let pitch = any_of(OPENINGS, |open| lower.starts_with(open))
                && STOCK
                    .openings
                    .opening(lower)
                    .is_some_and(|(rest, force)| counts_before(rest, force, said));
            // Titles often lack a full stop, so a longer link may hold the next sentence.
            let link = sentence.len() <= 120 && lower.starts_with("read more:");
            let button = start > 0 && any_of(BUTTONS, |name| lower.trim_end() == name);
            if pitch || link || button || is_address(said) || holds_phrase(said) {
                // What was amended is told up to the end of the line.
                // An article without newlines is no note.
                let note = lower.contains(" amended") && line.len() - start <= 2 * MAX_LINE;
                parts.push(start..if note { line.len() } else { end });
            }
        }
        start = end;
    }
    marks(line, &mut parts);
    parts.extend(closing_credit(line).map(|at| at..line.len()));
    parts
}

/// Adds `parts` of `line`, which starts at `offset`, in order and without overlap.
pub(super) fn add(
    line: &str,
    offset: usize,
    mut parts: Vec<Range<usize>>,
    found: &mut Vec<Range<usize>>,
) {
    parts.sort_unstable_by_key(|part| part.start);
    let mut done = 0;
    for part in parts {
        let start = part.start.max(done);
        let Some(piece) = line.get(start..part.end) else {
            continue;
        };
        let from = offset + start + piece.len() - piece.trim_start().len();
        if !piece.trim().is_empty() {
            found.push(from..from + piece.trim().len());
            done = part.end;
        }
    }
}

/// A request to write or to follow, with an address.
fn is_address(said: Said) -> bool {
    const MAIL: &str = "(|contact |drop |e-mail |e-mail:|email |email:|if you |reach |send |tips: \
        |tips? |tips to |tips can |to contact |to report |write |you can ";
    const ASKS: &str = " me at | us at |reached at|reached by|your ";
    const NETWORKS: &str = " on twitter| on facebook| on instagram";
    const FOLLOW: &str = "follow |find |reach |tweet |contact |you can ";
    const ASIDE: &str =
        "follow her on|follow him on|follow me on|follow them on|follow us|contacted at";
    let lower = said.lower.trim_start_matches(['•', '⦁', '*', '-', ' ']);
    lower.contains('@')
        && !is_reported(said.bare())
        && (has_mail(lower)
            && (any_of(MAIL, |open| lower.starts_with(open))
                || any_of(ASKS, |ask| lower.contains(ask)))
            || any_of(NETWORKS, |network| lower.contains(network))
                && (any_of(FOLLOW, |ask| lower.starts_with(ask))
                    || any_of(ASIDE, |ask| lower.contains(ask))))
}

fn has_mail(lower: &str) -> bool {
    lower.match_indices('@').any(|(at, _)| {
        let end = |c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-';
        let domain = lower[at + 1..].split(end).next().unwrap_or("");
        lower[..at].ends_with(|c: char| c.is_ascii_alphanumeric())
            && domain.trim_end_matches('.').contains('.')
    })
}

/// Ends of the rough sentences of `line`; the last is its length.
pub(super) fn sentence_ends(line: &str) -> impl Iterator<Item = usize> {
    let ends = line.match_indices(['.', '!', '?']).filter_map(|(at, _)| {
        let after = line[at + 1..].trim_start_matches(['"', '\'', '”', '’', ')']);
        let next = after.strip_prefix(' ')?;
        // "Sen. Doe", "U.S. troops": a short capitalised word before the full stop ends nothing.
        let word = line[..at].rsplit([' ', '.']).next().unwrap_or("");
        let is_short =
            matches!(word.len(), 1 | 2) || (word.len() < 5 && word.starts_with(char::is_uppercase));
        (!is_short && !next.starts_with(char::is_lowercase)).then_some(line.len() - after.len())
    });
    ends.chain([line.len()])
}

/// Adds the marks that pages leave inside sentences.
fn marks(line: &str, parts: &mut Vec<Range<usize>>) {
    // "{mosads}"
    for (at, _) in line.match_indices('{') {
        let name = line[at + 1..].bytes().take(25);
        let end = at
            + 1
            + name
                .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
                .count();
        if end > at + 2 && line[end..].starts_with('}') {
            parts.push(at..end + 1);
        }
    }
    // "[nL2A12B34]", a wire's number of another story
    for (at, _) in line.match_indices("[n") {
        let code = line[at + 1..].bytes().take(15);
        let length = code
            .take_while(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || *b == b'n')
            .count();
        if length > 6 && line[at + 1 + length..].starts_with(']') {
            parts.push(at..at + length + 2);
        }
    }
    for (at, _) in line.match_indices('(') {
        let inner = line[at + 1..].trim_start();
        let start = line.len() - inner.len();
        if inner.starts_with('@') {
            parts.extend(tweet_signature(line, at));
        } else if any_of(ASIDES, |open| inner.starts_with(open)) {
            let close = inner.bytes().take(250).position(|b| b == b')');
            parts.extend(close.map(|close| at..start + close + 1));
        } else if at == 0 {
            // "(CNN) The vote …"
            let agency = inner.split(')').next().filter(|agency| is_agency(agency));
            parts.extend(agency.map(|agency| 0..start + agency.len() + 1));
        }
    }
    // Twitter's links end in ten letters and digits; the next word may follow without a space.
    let links: &[&str] = if line.contains('/') {
        &["pic.twitter.com/", "https://t.co/"]
    } else {
        &[]
    };
    for link in links {
        for (at, _) in line.match_indices(link) {
            let code = line[at + link.len()..].bytes().take(10);
            let code = code.take_while(u8::is_ascii_alphanumeric).count();
            parts.push(at..at + link.len() + code);
        }
    }
    for (at, _) in line.match_indices("ontinue") {
        let sign = SIGNS.iter().find(|(before, sign)| {
            at >= *before
                && line
                    .get(at - before..)
                    .is_some_and(|rest| rest.starts_with(sign))
        });
        parts.extend(sign.map(|(before, sign)| at - before..at - before + sign.len()));
    }
    // In shorter lines a video player's list fills the line.
    if line.len() > MAX_LINE {
        for (at, open) in line.match_indices("JUST WATCHED ") {
            let rest = &line[at + open.len()..];
            let clip = &rest[..rest.find(open).unwrap_or(rest.len())];
            if let Some(last) = clip.find("MUST WATCH ") {
                let time = clip[last..].find(':').filter(|colon| *colon < 200);
                parts.extend(time.map(|colon| at..at + open.len() + last + colon + 3));
            }
        }
    }
}

/// Openings of asides: "(RELATED: Minister quits)", "(This version of the story corrects …)".
const ASIDES: &str = "RELATED:|Related:|READ MORE|SEE ALSO|Also on |PHOTOS:|VIDEO:|WATCH:|\
    This version of ";

/// Where an advertisement stood, and how far into the sign "ontinue" is.
const SIGNS: &[(usize, &str)] = &[
    (15, "Advertisement Continue reading the main story"),
    (1, "Continue reading the main story"),
    (7, "Story Continued Below"),
    (7, "Story continues below"),
];

/// "— Jane Doe (@janedoe) June 1, 2017" below an embedded tweet, found by its bracket at `at`.
fn tweet_signature(line: &str, at: usize) -> Option<Range<usize>> {
    let close = at + 1 + line[at..].bytes().take(40).position(|b| b == b')')?;
    let date: Vec<u8> = line[close..].bytes().take(24).collect();
    let year = date
        .windows(4)
        .position(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let mut before = line[..at].char_indices().rev().take(60);
    let (start, _) = before.find(|(_, c)| matches!(c, '—' | '–'))?;
    Some(start..close + year + 4)
}
