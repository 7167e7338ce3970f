//! Links in a page's tree: how much of a text they are, and whether they lead elsewhere.

use trafilatura::dom::{Document, NodeId};

/// Letters and digits in an element, in all and within links.
pub struct Density {
    /// How many there are.
    pub all: usize,
    /// How many of them are link text.
    pub linked: usize,
    /// How many links.
    pub links: usize,
}

impl Density {
    /// Measures an element.
    pub fn of(doc: &Document, id: NodeId) -> Self {
        let links = doc.iter(id, &["a"]);
        Self {
            all: letters(doc, id),
            linked: links.iter().map(|a| letters(doc, *a)).sum(),
            links: links.len(),
        }
    }

    /// Whether nearly all the text is link text.
    pub fn is_linked(&self) -> bool {
        self.all > 0 && self.linked * 10 >= self.all * 9
    }

    /// Whether at least half the text is link text.
    pub fn is_half_linked(&self) -> bool {
        self.linked * 2 >= self.all
    }
}

fn letters(doc: &Document, id: NodeId) -> usize {
    let text = doc.text_content(id);
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// The host that a page says it stands on.
pub fn site(doc: &Document) -> Option<String> {
    let value = |selector, attribute| {
        let id = doc.query_selector(doc.root(), selector)?;
        doc.get_attribute(id, attribute)
    };
    let canonical = value("link[rel=\"canonical\"]", "href");
    canonical
        .as_deref()
        .and_then(site_of)
        .or_else(|| site_of(&value("meta[property=\"og:url\"]", "content")?))
}

/// The host of an address without "www.": "example.com" of "https://www.example.com/news"; nothing for an address without a host.
pub fn site_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.trim().split_once("//")?;
    if !matches!(
        scheme.to_ascii_lowercase().as_str(),
        "" | "http:" | "https:"
    ) {
        return None;
    }
    let host = rest.split(['/', '?', '#', ':']).next()?;
    let host = host.to_ascii_lowercase();
    Some(host.strip_prefix("www.").unwrap_or(&host).to_owned())
}

/// Whether two hosts are of one site: the same, or one a part of the other.
fn is_same_site(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    let Some(before) = long.strip_suffix(short) else {
        return false;
    };
    // Everybody may stand under "co.uk".
    let is_public = |host: &str| match host.split_once('.') {
        Some((name, land)) => name.len() <= 3 && land.len() == 2,
        None => true,
    };
    before.is_empty() || (before.ends_with('.') && !is_public(short))
}

/// Whether all links of an element stay on `site`, as those to other articles do; unknown
/// counts as staying.
pub fn stay_on(doc: &Document, id: NodeId, site: Option<&str>) -> bool {
    doc.iter(id, &["a"]).into_iter().all(|a| {
        let href = doc.get_attribute(a, "href").unwrap_or_default();
        match (site_of(&href), site) {
            (Some(there), Some(here)) => is_same_site(&there, here),
            _ => true,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_of_an_address() {
        assert_eq!(
            site_of("https://www.example.com/a").as_deref(),
            Some("example.com")
        );
        assert_eq!(
            site_of("//m.Example.com:80?x").as_deref(),
            Some("m.example.com")
        );
        for other in [
            "/news/a",
            "mailto:a@example.com",
            "#top",
            "",
            "ftp://example.com",
        ] {
            assert_eq!(site_of(other), None, "{other}");
        }
    }

    #[test]
    fn hosts_of_a_site() {
        for (one, other) in [
            ("post.co.uk", "post.co.uk"),
            ("post.co.uk", "m.post.co.uk"),
            ("abc.com", "news.abc.com"),
            ("localhost", "localhost"),
        ] {
            assert!(
                is_same_site(one, other) && is_same_site(other, one),
                "{one}"
            );
        }
        for (one, other) in [
            ("post.co.uk", "herald.co.uk"),
            ("co.uk", "herald.co.uk"),
            ("post.example", "harbourpost.example"),
            ("com", "example.com"),
            ("", "example.com"),
        ] {
            assert!(
                !is_same_site(one, other) && !is_same_site(other, one),
                "{one}"
            );
        }
    }

    #[test]
    fn links_that_stay() {
        let stays = |links: &str| {
            let head = "<link rel=canonical href='https://www.example.com/a'>";
            let doc = Document::parse(&format!("{head}<body>{links}"));
            stay_on(&doc, doc.root(), site(&doc).as_deref())
        };
        assert!(stays(
            "<a href=/b>b</a><a href='http://m.example.com/c'>c</a>"
        ));
        assert!(!stays(
            "<a href=/b>b</a><a href='https://example.org/'>c</a>"
        ));
    }
}
