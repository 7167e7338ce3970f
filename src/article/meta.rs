//! What a document says of itself, where it can be believed.

use chrono::{Datelike, NaiveDate};

/// A title, unless a program made it up: a file name, or one that only
/// names the program.
pub fn title(given: &str) -> Option<String> {
    let title = given.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = title.to_lowercase();
    let last = lower.rsplit(' ').next().unwrap_or_default();
    let file_name = last.rsplit_once('.').is_some_and(|(stem, suffix)| {
        !stem.is_empty()
            && [
                "doc", "docx", "odt", "rtf", "pdf", "txt", "htm", "html", "tex", "dvi", "ps",
                "indd", "qxd", "qxp", "pages", "wpd", "md", "tmp",
            ]
            .contains(&suffix)
    });
    let programs = [
        "untitled",
        "microsoft word",
        "unbenannt",
        "document",
        "dokument",
        "about:blank",
        "enscript output",
    ];
    // "Document1", "Microsoft Word - report", but not "Documents reveal bribes - Post".
    let made_up = programs.iter().any(|start| {
        let rest = lower.strip_prefix(start);
        let until_dash = rest.and_then(|rest| rest.split(" - ").next());
        until_dash.is_some_and(|rest| !rest.contains(char::is_alphabetic))
    });
    let address = lower.starts_with("http://") || lower.starts_with("https://");
    let letters = title.chars().filter(|c| c.is_alphabetic()).count();
    let sensible = letters >= 4 && title.contains(' ') && !file_name && !made_up && !address;
    sensible.then_some(title)
}

/// An author, unless it is the name of a program or an account.
pub fn author(given: String) -> Option<String> {
    let author = given.split_whitespace().collect::<Vec<_>>().join(" ");
    let accounts = [
        "root",
        "user",
        "admin",
        "administrator",
        "owner",
        "unknown",
        "anonymous",
        "(anonymous)",
        "python-docx",
        "author",
        "microsoft office user",
        "windows user",
    ];
    let known = accounts.contains(&author.to_lowercase().as_str());
    (author.chars().any(char::is_alphabetic) && !known).then_some(author)
}

/// A date in ISO 8601, with the time when it has one: `2019-11-20T08:02:00+00:00` of
/// `2019-11-20 08:02:00 +0000`, `2024-05-06` of `May 6, 2024`.
pub fn date(given: &str) -> Option<String> {
    // Not "05/06/2024": nobody knows which number is the month.
    const SHAPES: [&str; 6] = [
        "%Y-%m-%d",
        "%Y/%m/%d",
        "%d.%m.%Y",
        "%B %d, %Y",
        "%B %d %Y",
        "%d %B %Y",
    ];
    let given = given.trim();
    // The day of the week may stand in front: "Mon, 6 May 2024".
    let bare = given.split_once(", ").map_or(given, |(first, rest)| {
        let is_day = first.parse::<chrono::Weekday>().is_ok();
        if is_day { rest.trim_start() } else { given }
    });
    let (day, rest) = SHAPES
        .iter()
        .find_map(|shape| NaiveDate::parse_and_remainder(bare, shape).ok())?;
    let ends =
        rest.is_empty() || rest.starts_with(|c: char| "TtZz".contains(c) || !c.is_alphanumeric());
    if !ends || !(1900..=2100).contains(&day.year()) {
        return None;
    }
    let clock = clock(rest.trim_start_matches(['T', 't', ',', ' ']));
    Some(clock.map_or_else(|| day.to_string(), |clock| format!("{day}T{clock}")))
}

/// The time of the day and its zone, as far as there is one that can be.
fn clock(given: &str) -> Option<String> {
    let shape = |text: &str, like: &str| {
        text.len() == like.len()
            && text.bytes().zip(like.bytes()).all(|(b, l)| match l {
                b'0' => b.is_ascii_digit(),
                _ => b == l,
            })
    };
    let is_time = |time: &str| {
        let mut numbers = time.split(':').map(|n| n.parse().unwrap_or(99));
        numbers.next().is_some_and(|hour| hour < 24) && numbers.all(|n| n < 60)
    };
    let len = ["00:00:00", "00:00"]
        .iter()
        .map(|like| like.len())
        .find(|len| {
            given
                .get(..*len)
                .is_some_and(|time| shape(time, &"00:00:00"[..*len]))
        })?;
    let (time, rest) = given.split_at(len);
    let zone = rest
        .trim_start_matches(|c: char| c == '.' || c.is_ascii_digit())
        .trim();
    // Half a day more or less is worse than no time.
    let half = zone.get(..2).unwrap_or_default().to_ascii_lowercase();
    if !is_time(time) || half == "am" || half == "pm" {
        return None;
    }
    let zone = match zone {
        "Z" | "z" | "UTC" | "GMT" => "Z".to_owned(),
        _ if shape(&zone.replace('-', "+"), "+00:00") => zone.to_owned(),
        _ if shape(&zone.replace('-', "+"), "+0000") => format!("{}:{}", &zone[..3], &zone[3..]),
        _ => String::new(),
    };
    let can_be = zone.len() < 2 || is_time(&zone[1..]);
    Some(format!("{time}{}", if can_be { zone.as_str() } else { "" }))
}

/// The two letters of a language: `en` of `en-GB`.
pub fn language(tag: &str) -> Option<String> {
    let code = tag.trim().split(['-', '_', ',']).next()?;
    let code = code.to_ascii_lowercase();
    (code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase())).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_that_programs_make_up_are_none() {
        for given in [
            "",
            " ",
            "Microsoft Word - foo.doc",
            "foo.doc",
            "My last article.docx",
            "Untitled",
            "Microsoft Word 2007 - report",
            "untitled 1",
            "Document1",
            "https://example.org/a b",
            "ferry",
            "12 13",
        ] {
            assert_eq!(title(given), None, "{given}");
        }
        for given in [
            "Ferry sails again",
            "Documents show what the court knew",
            "Cranes sold to U.S.",
            "Documents reveal bribes - Harbour Post",
            "Document shows who paid - Harbour Post",
        ] {
            assert_eq!(title(given).as_deref(), Some(given));
        }
    }

    #[test]
    fn authors_and_languages() {
        assert_eq!(author(" Ann  Field ".into()).as_deref(), Some("Ann Field"));
        assert_eq!(author("root".into()), None);
        assert_eq!(author("-".into()), None);
        assert_eq!(language("de-AT").as_deref(), Some("de"));
        assert_eq!(language(" EN-gb ").as_deref(), Some("en"));
        assert_eq!(language("zh-Hant").as_deref(), Some("zh"));
        // The sign for Kelvin is a "k" in lower case.
        for none in ["x-klingon", "German", "", "é", "\u{212a}k"] {
            assert_eq!(language(none), None, "{none}");
        }
    }

    #[test]
    fn dates_become_iso() {
        for (given, iso) in [
            ("2019-11-20", "2019-11-20"),
            ("2019-11-20 08:02:31", "2019-11-20T08:02:31"),
            ("2024-05-06 09:30", "2024-05-06T09:30"),
            ("2019-11-20T08:02:31.123Z", "2019-11-20T08:02:31Z"),
            ("2019-11-20T08:02-0500", "2019-11-20T08:02-05:00"),
            ("2019-11-20T08:02:31+05:30", "2019-11-20T08:02:31+05:30"),
            ("2019-11-20T25:61:61Z", "2019-11-20"),
            ("2019-11-20T08:02:31+99:00", "2019-11-20T08:02:31"),
            ("2019-11-20Z", "2019-11-20"),
            ("2024/05/06", "2024-05-06"),
            ("6.5.2024", "2024-05-06"),
            ("May 6, 2024", "2024-05-06"),
            (" Sep 6, 2024, 09:30 PM", "2024-09-06"),
            ("20 Nov 2019", "2019-11-20"),
            ("Mon, 06 May 2024 09:30:00 GMT", "2024-05-06T09:30:00Z"),
            ("Monday, May 6, 2024", "2024-05-06"),
        ] {
            assert_eq!(date(given).as_deref(), Some(iso), "{given}");
        }
        for given in [
            "",
            "yesterday",
            "0001-01-01T00:00:00Z",
            "2019-13-01",
            "2019-02-30",
            "2019-11-201",
            "2019-11-2é",
            "05/06/2024",
            "Friday, the end",
        ] {
            assert_eq!(date(given), None, "{given}");
        }
    }
}
