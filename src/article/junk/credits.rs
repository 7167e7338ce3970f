//! Image credits, alone and at the end of captions.

use super::{
    pieces::sentence_ends,
    words::{any_of, is_capitalised},
};

const AGENCIES: &str = "afp|alamy|anadolu|ap|barcroft|bbc|bloomberg|cnn|corbis|epa|facebook|\
    flickr|getty|handout|instagram|istock|itv|landov|lightrocket|newscom|\
    npr|nurphoto|pa|photoshot|pixabay|pool|reuters|rex|ria|shutterstock|\
    sputnik|swns|tass|twitter|unsplash|upi|wenn|wikimedia|xinhua|\
    youtube|zuma";

pub(super) fn is_agency(word: &str) -> bool {
    any_of(AGENCIES, |agency| agency.eq_ignore_ascii_case(word))
}

/// A credit alone: "GETTY", "REUTERS/Jane Doe", "Jane Doe/AFP via Getty Images", "USA TODAY".
pub(super) fn is_credit(s: &str) -> bool {
    const EXTRAS: &str = "|file|images|media|news|photo|photos|pictures|today";
    let s = s.trim_matches(|c: char| !c.is_alphanumeric());
    if s.len() > 90 || !is_capitalised(s) || s.contains([':', '?', '"']) {
        return false;
    }
    let mut words = s
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !any_of(EXTRAS, |extra| extra.eq_ignore_ascii_case(word)));
    let Some(first) = words.next() else {
        return false;
    };
    let last = words.next_back();
    // "Facebook Under Fire" opens with an agency too: longer credits bear a mark of their own.
    let is_marked = s.contains(['/', '\\', '•', '|'])
        || [" via ", "Images", "Photo"]
            .iter()
            .any(|mark| s.contains(mark));
    (is_agency(first) || last.is_some_and(is_agency)) && (last.is_none() || is_marked)
}

pub(super) fn starts_with_credit(s: &str) -> bool {
    const MARKS: &[&str] = &[
        "/Getty",
        "/AP",
        "/AFP",
        "/Reuters",
        "Getty Images",
        "AP Photo",
    ];
    let head: String = s.chars().take(60).collect();
    head.split_whitespace().next().is_some_and(is_agency) || MARKS.iter().any(|m| head.contains(m))
}

/// Where the credit that closes a caption starts: "… (Photo: Jane Doe, AP)", "… | Getty",
/// "… REUTERS/Jane Doe".
pub(super) fn closing_credit(line: &str) -> Option<usize> {
    const LABELS: &str = "Photograph: |Photo: |Picture: |Credit: |Image: |Photographer: |REUTERS/";
    const BRACKETS: &str = "Photo|photo|Image|Picture|Credit|Courtesy|Screenshot|screenshot";
    let line = line.strip_suffix(" More").unwrap_or(line);
    let mut from = line.len().saturating_sub(100);
    while !line.is_char_boundary(from) {
        from += 1;
    }
    let tail = &line[from..];
    if !tail.bytes().any(|b| b"/|:".contains(&b)) && !tail.ends_with(')') {
        return None;
    }
    if let Some((before, inner)) = tail
        .strip_suffix(')')
        .and_then(|tail| tail.rsplit_once('('))
    {
        let named = any_of(BRACKETS, |open| inner.starts_with(open));
        if named || inner.contains(" photo:") || (inner.contains('/') && is_credit(inner)) {
            return Some(from + before.len());
        }
    }
    let after = |mark: &str| {
        let at = tail.rfind(mark)?;
        Some((from + at, &tail[at + mark.len()..]))
    };
    for label in LABELS.split('|') {
        if let Some((at, _)) = after(label).filter(|(_, name)| name.len() < 60) {
            return Some(at);
        }
    }
    for mark in [". ", ") ", " | "] {
        let credit = after(mark).filter(|(_, rest)| is_credit(rest));
        if let Some((at, rest)) = credit
            && (mark == " | " || rest.contains('/'))
        {
            return Some(if mark == " | " { at } else { at + mark.len() });
        }
    }
    None
}

/// Whether the line is a caption: one sentence and its credit.
pub(super) fn is_caption(line: &str) -> bool {
    closing_credit(line).is_some_and(|at| sentence_ends(line[..at].trim_end()).count() < 2)
}
