//! Links to other pages, buttons and embedded tweets.

use super::{
    pitch::{is_reported, points_here},
    quotes::without_quotations,
    words::{any_of, ends_sentence},
};

/// A related link with its label glued on: "Report:Plans for the new bridge", "'We will sail':The
/// mayor's words".
pub(super) fn is_glued_link(line: &str) -> bool {
    let Some((label, rest)) = line.split_once(':') else {
        return false;
    };
    let quoted = label.ends_with(['\'', '"', '’', '”']);
    (3..=if quoted { 100 } else { 30 }).contains(&label.len())
        && line.len() < 200
        && !line.ends_with('.')
        && (quoted || (label.starts_with(char::is_uppercase) && !label.contains('"')))
        && rest.starts_with(|c: char| c.is_alphabetic() || "'‘“\"".contains(c))
        && rest.contains(' ')
}

/// "NOW WATCH: Ferries return", "Go deeper: Who pays?", "(VIDEO: The storm)".
pub(super) fn is_labelled_link(line: &str, lower: &str) -> bool {
    const LABELS: &str = "analysis|coverage|deeper|editorial|exclusive|explainer|explore|factbox|\
        flashback|gallery|graphic|interactive|listen|more|op-ed|opinion|photos|podcast|previously|\
        quiz|read|related|review|see|timeline|transcript|video|watch";
    const OTHERS: &str = "all|also|and|below|complete|earlier|first|from|full|go|here|in|latest|\
        long|more|must|next|now|on|our|recent|special|the|this|you|your";
    let Some((label, rest)) = lower.split_once(':') else {
        return false;
    };
    let label = label.trim_matches(|c: char| !c.is_alphanumeric());
    let is_label = |word: &str| any_of(LABELS, |entry| entry == word);
    line.len() <= 200
        && label.len() <= 25
        && rest.trim().contains(' ')
        && !line.ends_with('.')
        && label.split(' ').any(is_label)
        && label
            .split(' ')
            .all(|word| is_label(word) || any_of(OTHERS, |entry| entry == word))
}

/// An embedded tweet with a picture or a link: "So it goes. pic.twitter.com/aBcDeF1234 — Jane Doe
/// (@janedoe) June 1, 2017".
pub(super) fn is_tweet(line: &str) -> bool {
    let Some(at) = line
        .rfind("pic.twitter.com/")
        .or_else(|| line.rfind("https://t.co/"))
    else {
        return false;
    };
    let after = line[at..].trim_start_matches(|c: char| !c.is_whitespace() && c != '—');
    after.trim().is_empty()
        || (after.len() <= 100
            && after.contains("(@")
            && after.ends_with(|c: char| c.is_ascii_digit()))
}

/// Links other than those at the end of tweets, and e-mail addresses with no more than a label.
pub(super) fn is_contact(line: &str) -> bool {
    let last = line.rsplit(char::is_whitespace).next().unwrap_or("");
    let is_link = ["http://", "https://", "www."]
        .iter()
        .any(|open| last.starts_with(open));
    let is_mail = last.find('@').is_some_and(|at| at > 0) && last.contains('.');
    (is_link && line.len() <= 120 && !last.contains("//t.co/")) || (is_mail && line.len() <= 60)
}

/// Links known by their ends: "Minister quits over budget Read more", "Get the Daily app",
/// "Follow Jane Doe on Twitter".
pub(super) fn is_button(lower: &str) -> bool {
    const ENDS: &str = " – video| read more| share this article";
    const OPENS: &str = "get the |watch |read |download |click |see |sign up|sign in";
    const SITES: &str = " on twitter| on facebook| on instagram| @";
    let ends = |list: &str| any_of(list, |end| lower.ends_with(end));
    // Behind a whole sentence the button is a piece of the line.
    let ends_title = |end: &str| {
        let title = lower.strip_suffix(end);
        title.is_some_and(|title| !ends_sentence(title))
    };
    let reported = || ends_sentence(lower) && is_reported(&without_quotations(lower));
    let here = || ends(" app| here") || points_here(lower);
    lower.len() <= 150
        && (any_of(ENDS, ends_title)
            || (here() && any_of(OPENS, |open| lower.starts_with(open)))
            || (lower.starts_with("follow ") && any_of(SITES, |site| lower.contains(site))))
        && !reported()
}
