//! Author, date and the like, of what the page says and of what the extraction found.

use trafilatura::Metadata;

use super::declared::{Declared, one_line};
use crate::article::{Meta, meta};

/// What the page says of the article.
pub fn meta(declared: &Declared, found: &Metadata) -> Meta {
    Meta {
        author: author(declared, found),
        date: date(declared, found),
        site: site(declared, found),
        url: url(declared),
        language: language(declared),
    }
}

/// A text, when there is one.
pub fn stated(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn author(declared: &Declared, found: &Metadata) -> Option<String> {
    let names = declared.linked_names("author");
    let metas = [
        "author",
        "article:author",
        "byl",
        "parsely-author",
        "sailthru.author",
        "dc.creator",
    ];
    let candidates = [
        Some(names.join(", ")),
        declared.meta(&metas[..1]),
        declared.meta(&metas[1..]),
        Some(found.author.replace("; ", ", ")),
    ];
    candidates
        .into_iter()
        .flatten()
        .find_map(|name| as_author(&name))
}

/// Words that follow an author's name: months, but none that is a name too, and the like.
const AFTER_NAMES: [&str; 8] = [
    "january",
    "february",
    "september",
    "october",
    "november",
    "december",
    "published",
    "updated",
];

/// A name or several; nothing for an address or an account.
fn as_author(name: &str) -> Option<String> {
    // "Jane Doe | Example News"
    let whole = one_line(name.split(" | ").next()?);
    let by = ["By ", "by ", "BY "];
    let name = by.iter().find_map(|by| whole.strip_prefix(by));
    let mut name = name.unwrap_or(&whole);
    // A byline runs on into its date: "Jane Doe November".
    while let Some((names, last)) = name.rsplit_once(' ')
        && names.contains(' ')
        && AFTER_NAMES.contains(&last.to_lowercase().as_str())
    {
        name = names;
    }
    let is_name = name.contains(char::is_alphabetic)
        && name.len() <= 120
        && !name.contains(['@', '/', '{', '<'])
        && !["admin", "administrator", "webmaster"].contains(&name.to_lowercase().as_str());
    is_name.then(|| name.trim_matches([',', ' ']).to_owned())
}

fn date(declared: &Declared, found: &Metadata) -> Option<String> {
    let metas = [
        "article:published_time",
        "og:article:published_time",
        "og:published_time",
        "datepublished",
        "parsely-pub-date",
        "sailthru.date",
        "date",
        "pubdate",
        "publishdate",
        "publish-date",
        "dc.date",
        "dc.date.issued",
        "dcterms.created",
    ];
    let linked = declared.linked("datePublished");
    let metas = metas.iter().filter_map(|name| declared.meta(&[name]));
    let dates = linked.into_iter().chain(metas);
    let dates: Vec<String> = dates.filter_map(|date| meta::date(&date)).collect();
    // The first counts, but another may have its time.
    let timed = dates.iter().find(|date| {
        date.contains('T') && dates.first().is_some_and(|first| date.starts_with(first))
    });
    let date = timed.or(dates.first()).cloned();
    date.or_else(|| date_in(&url(declared)?)).or_else(|| {
        // A guess from the text; from a year alone it makes the first of January.
        let guess = found.date?.to_string();
        (!guess.ends_with("-01-01")).then_some(guess)
    })
}

/// The date in the path of an address: "/2019/11/20/" or "/2019/nov/20/".
fn date_in(url: &str) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let parts: Vec<&str> = url.split('/').collect();
    parts.windows(3).find_map(|part| {
        let named = MONTHS
            .iter()
            .position(|name| part[1].eq_ignore_ascii_case(name));
        let month = named.map_or_else(|| part[1].parse().ok(), |at| Some(at + 1))?;
        let day: u32 = part[2].parse().ok()?;
        meta::date(&format!("{}-{month:02}-{day:02}", part[0]))
    })
}

fn site(declared: &Declared, found: &Metadata) -> Option<String> {
    let candidates = [
        declared.meta(&["og:site_name", "application-name"]),
        declared.linked_names("publisher").into_iter().next(),
        stated(&found.sitename),
    ];
    candidates.into_iter().flatten().find_map(|name| {
        // Names come with what the site is about: "Example | All the news".
        let name = one_line(name.split(" | ").next()?.trim_start_matches('@'));
        (!name.is_empty() && name.len() <= 80 && !name.contains("//")).then_some(name)
    })
}

/// The address of the article, when it is a whole one.
pub fn url(declared: &Declared) -> Option<String> {
    let canonical = declared.canonical.clone();
    let og = declared.meta(&["og:url"]);
    let is_absolute = |url: &String| url.starts_with("http://") || url.starts_with("https://");
    canonical
        .into_iter()
        .chain(og)
        .map(|url| url.trim().to_owned())
        .find(is_absolute)
}

/// The two letters of the language, without its country.
fn language(declared: &Declared) -> Option<String> {
    let metas = declared.meta(&["content-language", "dc.language", "og:locale"]);
    let mut candidates = declared.language.clone().into_iter().chain(metas);
    candidates.find_map(|tag| meta::language(&tag))
}

#[cfg(test)]
mod tests {
    use trafilatura::dom::Document;

    use super::*;

    fn declared(head: &str) -> Declared {
        Declared::of(&Document::parse(head))
    }

    #[test]
    fn a_date_takes_its_time_from_where_it_is_said() {
        let date = |metas: &str| super::date(&declared(metas), &Metadata::default());
        let day = "<meta property=article:published_time content='May 6, 2024'>";
        assert_eq!(date(day).as_deref(), Some("2024-05-06"));
        let same = format!("{day}<meta name=date content='2024-05-06 09:30'>");
        assert_eq!(date(&same).as_deref(), Some("2024-05-06T09:30"));
        let other = format!("{day}<meta name=date content='2024-05-07 09:30'>");
        assert_eq!(date(&other).as_deref(), Some("2024-05-06"));
    }

    #[test]
    fn dates_in_addresses() {
        let date = |path| date_in(&format!("https://post.example/{path}"));
        assert_eq!(date("a/2019/Nov/5/pier").as_deref(), Some("2019-11-05"));
        assert_eq!(date("2019/11/20/").as_deref(), Some("2019-11-20"));
        assert_eq!(date("2019/11/pier"), None);
        assert_eq!(date("12/11/20"), None);
    }

    #[test]
    fn authors_are_names() {
        for (said, name) in [
            ("By  Jane Doe", Some("Jane Doe")),
            ("Jane Doe | Harbour Post", Some("Jane Doe")),
            ("Jane Doe NOVEMBER updated", Some("Jane Doe")),
            ("Jane Rae May", Some("Jane Rae May")),
            ("Jane January", Some("Jane January")),
            ("https://example.com/jane", None),
            ("@jane", None),
            ("admin", None),
            ("", None),
        ] {
            assert_eq!(as_author(said).as_deref(), name, "{said}");
        }
    }

    #[test]
    fn what_the_page_says_comes_first() {
        let declared = declared(
            "<html lang=en-GB><meta property=og:site_name content='Post | All the news'>\
             <meta name=author content='Jane Doe'><link rel=canonical href='/a'>\
             <meta property=og:url content='https://post.example/a'>\
             <meta property=article:published_time content='2019-11-20T08:02Z'>",
        );
        let meta = meta(&declared, &Metadata::default());
        let expected = Meta {
            author: Some("Jane Doe".into()),
            date: Some("2019-11-20T08:02Z".into()),
            site: Some("Post".into()),
            url: Some("https://post.example/a".into()),
            language: Some("en".into()),
        };
        assert_eq!(meta, expected);
    }
}
