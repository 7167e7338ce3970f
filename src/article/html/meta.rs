//! Title, author, date and the like, of what the page says and of what the extraction found.

use trafilatura::Metadata;

use super::declared::{Declared, one_line};
use super::links::site_of;
use crate::article::Meta;

/// The title of the article.
pub fn title(declared: &Declared, found: &Metadata) -> Option<String> {
    let title = declared
        .meta(&["og:title", "twitter:title"])
        .or_else(|| declared.linked("headline"))
        .or_else(|| declared.headings.first().cloned())
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

fn stated(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Letters and digits in lower case: what two spellings of a name share.
pub fn letters(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// A title without the name of the site before or behind it.
fn without_site(title: &str, declared: &Declared) -> String {
    const SEPARATORS: [&str; 8] = [" | ", " - ", " – ", " — ", " :: ", " » ", " · ", ": "];
    // The heading on the page is the title, when only more is said in the head.
    let heading = declared.headings.iter().find(|heading| {
        heading.len() >= 15
            && title.strip_prefix(heading.as_str()).is_some_and(|rest| {
                SEPARATORS
                    .iter()
                    .any(|separator| rest.starts_with(separator))
            })
    });
    if let Some(heading) = heading {
        return heading.clone();
    }
    let mut names: Vec<String> = declared
        .meta(&["og:site_name", "application-name"])
        .into_iter()
        .chain(declared.linked_names("publisher"))
        .collect();
    names.extend(url(declared).and_then(|url| site_of(&url)));
    let names: Vec<String> = names.iter().map(|name| letters(name)).collect();
    let is_site = |piece: &str| {
        let piece = letters(piece);
        // "example" for "example.com", "Example News" for "Example".
        piece.len() > 2
            && names.iter().any(|name| {
                name.len() > 2 && (name.starts_with(&piece) || piece.starts_with(name.as_str()))
            })
    };
    for separator in SEPARATORS {
        if let Some((rest, last)) = title.rsplit_once(separator)
            && separator != ": "
            && is_site(last)
        {
            return rest.trim().to_owned();
        }
        if let Some((first, rest)) = title.split_once(separator)
            && is_site(first)
        {
            return without_site(rest.trim(), &Declared::default());
        }
    }
    title.to_owned()
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

/// A name or several; nothing for an address or an account.
fn as_author(name: &str) -> Option<String> {
    const MONTHS: &str = "january february march april may june july august september october \
                          november december published updated";
    // "Jane Doe | Example News"
    let whole = one_line(name.split(" | ").next()?);
    let by = ["By ", "by ", "BY "];
    let name = by.iter().find_map(|by| whole.strip_prefix(by));
    let mut name = name.unwrap_or(&whole);
    // A byline runs on into its date: "Jane Doe November".
    while let Some((names, last)) = name.rsplit_once(' ')
        && MONTHS
            .split_whitespace()
            .any(|month| last.eq_ignore_ascii_case(month))
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
    let iso = linked
        .into_iter()
        .chain(metas)
        .find_map(|date| as_iso(&date));
    iso.or_else(|| date_in(&url(declared)?))
        .or_else(|| found.date.map(|date| date.to_string()))
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
        as_iso(&format!("{}-{month:02}-{day:02}", part[0]))
    })
}

/// A date in ISO 8601, with the time when it has one: "2019-11-20 08:02:00 +0000" becomes
/// "2019-11-20T08:02:00+00:00".
fn as_iso(date: &str) -> Option<String> {
    let date = date.trim();
    let day = date.get(..10)?;
    let shape = |text: &str, like: &str| {
        text.len() == like.len()
            && text.bytes().zip(like.bytes()).all(|(b, l)| match l {
                b'0' => b.is_ascii_digit(),
                _ => b == l,
            })
    };
    if !shape(day, "0000-00-00")
        || !(1900..=2100).contains(&day[..4].parse().unwrap_or(0))
        || !(1..=12).contains(&day[5..7].parse().unwrap_or(0))
        || !(1..=31).contains(&day[8..].parse().unwrap_or(0))
    {
        return None;
    }
    let rest = date[10..].trim_start_matches(['T', 't', ' ']);
    let clock = ["00:00:00", "00:00"]
        .iter()
        .find(|like| rest.get(..like.len()).is_some_and(|time| shape(time, like)));
    let Some(clock) = clock else {
        return Some(day.to_owned());
    };
    let (time, zone) = rest.split_at(clock.len());
    let zone = zone
        .trim_start_matches(|c: char| c == '.' || c.is_ascii_digit())
        .trim();
    let zone = match zone {
        "Z" | "z" | "UTC" | "GMT" => "Z".to_owned(),
        _ if shape(&zone.replace('-', "+"), "+00:00") => zone.to_owned(),
        _ if shape(&zone.replace('-', "+"), "+0000") => format!("{}:{}", &zone[..3], &zone[3..]),
        _ => String::new(),
    };
    Some(format!("{day}T{time}{zone}"))
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

fn url(declared: &Declared) -> Option<String> {
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
    let candidates = declared.language.clone().into_iter().chain(metas);
    candidates
        .filter_map(|tag| {
            let code = tag.trim().split(['-', '_', ',']).next()?.to_lowercase();
            (code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase())).then_some(code)
        })
        .next()
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
    fn the_heading_is_the_title_when_the_head_says_more() {
        let declared = declared(
            "<meta property=og:title content='Pier agreed at last | Opinion'><h1>Pier agreed at last</h1>",
        );
        let title = title(&declared, &Metadata::default());
        assert_eq!(title.as_deref(), Some("Pier agreed at last"));
    }

    #[test]
    fn dates_become_iso() {
        for (date, iso) in [
            ("2019-11-20", Some("2019-11-20")),
            ("2019-11-20 08:02:31", Some("2019-11-20T08:02:31")),
            ("2019-11-20T08:02:31.123Z", Some("2019-11-20T08:02:31Z")),
            ("2019-11-20T08:02-0500", Some("2019-11-20T08:02-05:00")),
            (
                "2019-11-20T08:02:31+05:30",
                Some("2019-11-20T08:02:31+05:30"),
            ),
            ("0001-01-01T00:00:00Z", None),
            ("2019-13-01", None),
            ("20 Nov 2019", None),
            ("2019-11-2é", None),
        ] {
            assert_eq!(as_iso(date).as_deref(), iso, "{date}");
        }
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
            ("Jane Doe November", Some("Jane Doe")),
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
