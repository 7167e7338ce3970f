//! What office programs write of a document, where it can be believed.

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
    let made_up = [
        "untitled",
        "microsoft word",
        "unbenannt",
        "document",
        "dokument",
        "about:blank",
        "enscript output",
    ]
    .iter()
    .any(|start| {
        lower.starts_with(start) && (lower.len() < start.len() + 4 || lower.contains(" - "))
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

/// The two letters of a language: `en` of `en-GB`.
pub fn language(tag: &str) -> Option<String> {
    let code = tag
        .split(['-', '_'])
        .next()
        .unwrap_or_default()
        .to_lowercase();
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
        assert_eq!(language("x-klingon"), None);
        assert_eq!(language(""), None);
    }
}
