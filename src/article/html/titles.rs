//! The title, of what the page says and of what the extraction found.

use trafilatura::Metadata;

use super::declared::{Declared, one_line};
use super::links::site_of;
use super::meta::{stated, url};
use crate::article::title;

/// The title of the article.
pub fn title(declared: &Declared, found: &Metadata) -> Option<String> {
    let heading = || {
        let mut headings = declared.headings.iter();
        headings.find(|heading| !is_logo(heading, declared))
    };
    let title = declared
        .meta(&["og:title", "twitter:title"])
        .or_else(|| declared.linked("headline"))
        .or_else(|| heading().cloned())
        .or_else(|| declared.page_title.clone())
        .or_else(|| stated(&found.title))?;
    let title = one_line(&title);
    Some(without_site(&title, declared))
}

/// All the texts under which the title may stand in the page.
pub fn titles(declared: &Declared, title: Option<&str>) -> Vec<String> {
    let metas = ["og:title", "twitter:title"].into_iter();
    let mut titles: Vec<String> = metas.filter_map(|name| declared.meta(&[name])).collect();
    titles.extend(declared.headings.iter().cloned());
    titles.extend(declared.linked("headline"));
    titles.extend(declared.page_title.clone());
    titles.extend(title.map(str::to_owned));
    let bare: Vec<String> = titles.iter().map(|t| without_site(t, declared)).collect();
    titles.extend(bare);
    titles
}

/// What parts a title from the name of its site.
const SEPARATORS: [&str; 7] = [" | ", " - ", " – ", " — ", " :: ", " » ", " · "];
/// Parts them too, but more often a title from its subject.
const COLON: &str = ": ";

/// A title without the name of the site before or behind it.
fn without_site(title: &str, declared: &Declared) -> String {
    if let Some(heading) = heading_before(title, declared) {
        return heading;
    }
    let names = site_names(declared);
    let host = url(declared).and_then(|url| site_of(&url));
    // In front stands the name alone: more of it may be what the article is about.
    let is_site = |piece: &str| {
        let piece = letters(piece);
        piece.len() > 2
            && (names.iter().any(|name| letters(name) == piece)
                || host.as_ref().is_some_and(|host| is_host(&piece, host)))
    };
    let is_like_site = |piece: &str| {
        letters(piece).len() > 2 && names.iter().any(|name| starts_alike(name, piece))
    };
    for separator in SEPARATORS {
        if let Some((rest, last)) = title.rsplit_once(separator)
            && (is_site(last) || is_like_site(last))
        {
            return rest.trim().to_owned();
        }
    }
    for separator in SEPARATORS.iter().chain([&COLON]) {
        if let Some((first, rest)) = title.split_once(separator)
            && is_site(first)
        {
            return rest.trim().to_owned();
        }
    }
    title.to_owned()
}

/// The heading on the page that a title starts with: it is the title when only more is said in
/// the head.
fn heading_before(title: &str, declared: &Declared) -> Option<String> {
    let mut headings = declared.headings.iter();
    let heading = headings.find(|heading| {
        heading.len() >= 15
            && title.strip_prefix(heading.as_str()).is_some_and(|rest| {
                let mut separators = SEPARATORS.iter().chain([&COLON]);
                separators.any(|separator| rest.starts_with(separator))
            })
            && !is_logo(heading, declared)
    });
    heading.cloned()
}

/// Whether a heading is a logo: the name of the site, or the end of the page's title, where that
/// name stands.
fn is_logo(heading: &str, declared: &Declared) -> bool {
    let heading = letters(heading);
    let page = declared.page_title.as_deref().unwrap_or_default();
    let separators = SEPARATORS.iter();
    let mut names = site_names(declared).into_iter();
    names.any(|name| letters(&name) == heading)
        || separators
            .filter_map(|separator| page.rsplit_once(separator))
            .any(|(_, end)| letters(end) == heading)
}

/// What the site calls itself.
fn site_names(declared: &Declared) -> Vec<String> {
    let metas = declared.meta(&["og:site_name", "application-name"]);
    let names = metas.into_iter().chain(declared.linked_names("publisher"));
    names.filter(|name| letters(name).len() > 2).collect()
}

/// Whether letters name a host: "example" and "examplecom" do for "news.example.com".
fn is_host(letters_of_name: &str, host: &str) -> bool {
    let (labels, _) = host.rsplit_once('.').unwrap_or((host, ""));
    let mut labels = labels.split('.').map(letters);
    labels.any(|label| label == letters_of_name) || letters(host) == letters_of_name
}

/// Whether one of two names is the start of the other, in whole words: "Example News" and
/// "Example".
fn starts_alike(one: &str, other: &str) -> bool {
    let (one, other) = (words(one), words(other));
    one.starts_with(&other) || other.starts_with(&one)
}

fn letters(text: &str) -> String {
    title::letters(text).collect()
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.map(letters).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use trafilatura::dom::Document;

    use super::*;

    fn declared(head: &str) -> Declared {
        Declared::of(&Document::parse(head))
    }

    #[test]
    fn titles_lose_the_name_of_their_site() {
        let title = |title: &str| {
            let head = "<meta property=og:site_name content='Harbour Post'>\
                <link rel=canonical href='https://harbourpost.example/a'>";
            let declared = declared(&format!("{head}<title>{title}</title>"));
            super::title(&declared, &Metadata::default()).unwrap_or_default()
        };
        assert_eq!(title("Pier agreed | Harbour Post"), "Pier agreed");
        assert_eq!(title("Pier agreed - Harbour Post Online"), "Pier agreed");
        assert_eq!(title("Harbour Post: Pier agreed"), "Pier agreed");
        assert_eq!(title("Pier - agreed at last"), "Pier - agreed at last");
        assert_eq!(title("Exclusive: Pier agreed"), "Exclusive: Pier agreed");
    }

    #[test]
    fn titles_keep_their_subject() {
        for (site, title) in [
            ("Quay", "Quayside council: officers suspended"),
            ("Quay", "Quayside politics - what we learnt"),
            ("Quay", "Quay to be rebuilt - forecast"),
            ("Quay", "What we learnt - Quayside politics"),
            ("Pier Central", "Pier: what happens next"),
            ("Pier Central", "Pier - what happens next"),
        ] {
            let head =
                format!("<meta property=og:site_name content='{site}'><title>{title}</title>");
            assert_eq!(without_site(title, &declared(&head)), title, "{site}");
        }
    }

    #[test]
    fn hosts_behind_titles_go() {
        let declared = declared("<link rel=canonical href='https://www.harbourpost.co.uk/a'>");
        for name in ["Harbour Post", "HarbourPost.co.uk"] {
            let title = format!("Pier agreed - {name}");
            assert_eq!(without_site(&title, &declared), "Pier agreed");
        }
        let title = "Pier agreed - Harbour";
        assert_eq!(without_site(title, &declared), title);
    }

    #[test]
    fn a_heading_that_names_the_site_is_no_title() {
        let title = |html: &str| title(&declared(html), &Metadata::default()).unwrap_or_default();
        let page = "<title>Pier agreed | Harbour Post</title><h1>Harbour Post</h1>";
        assert_eq!(title(page), "Pier agreed | Harbour Post");
        assert_eq!(title(&format!("{page}<h1>Pier agreed</h1>")), "Pier agreed");
        let named = "<meta property=og:site_name content='Harbour Post Online'>\
            <title>Harbour Post Online: Pier agreed</title><h1>Harbour Post Online</h1>";
        assert_eq!(title(named), "Pier agreed");
        let colon = "<title>Exclusive: Pier agreed</title><h1>Pier agreed</h1>";
        assert_eq!(title(colon), "Pier agreed");
    }

    #[test]
    fn the_heading_is_the_title_when_the_head_says_more() {
        let declared = declared(
            "<meta property=og:title content='Pier agreed at last | Opinion'><h1>Pier agreed at last</h1>",
        );
        let title = title(&declared, &Metadata::default());
        assert_eq!(title.as_deref(), Some("Pier agreed at last"));
    }
}
