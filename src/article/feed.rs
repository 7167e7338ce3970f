//! RSS and Atom feeds: one article an entry.

use feed_rs::model::{Entry, Feed, Text};

use quick_xml::Reader;
use quick_xml::encoding::DecodingReader;
use quick_xml::events::Event;

use super::{Article, html, meta};

/// Deepest nesting of elements. Feeds need about ten, and the parser recurses.
const MAX_DEPTH: usize = 200;

/// The articles of a feed, in its order. What is commonly wrong with feeds is
/// mended: versions of RSS that are missing or unknown, bare ampersands, names of
/// characters that only HTML has, an end that is cut off.
///
/// # Errors
/// What is wrong when the feed cannot be parsed.
pub fn read(bytes: &[u8]) -> Result<Vec<Article>, String> {
    let mended = || mended(bytes);
    let feed = parse(bytes).or_else(|_| parse(&mended()));
    if let Ok(feed) = feed {
        return Ok(feed.entries.iter().map(|e| article(&feed, e)).collect());
    }
    let whole = parse(&without_torn_end(&mended())).map_err(|_| feed.err().unwrap_or_default())?;
    let mut articles: Vec<_> = whole.entries.iter().map(|e| article(&whole, e)).collect();
    if let Some(last) = articles.last_mut() {
        let warning = "the feed breaks off behind this entry; what came next is lost";
        last.warnings.push(warning.to_owned());
    }
    Ok(articles)
}

/// A feed up to the end of its last whole entry, closed there.
fn without_torn_end(bytes: &[u8]) -> Vec<u8> {
    let last = |mark: &[u8]| {
        let at = bytes.windows(mark.len()).rposition(|w| w == mark);
        at.map(|at| at + mark.len())
    };
    let (end, close): (_, &[u8]) = match (last(b"</item>"), last(b"</entry>")) {
        (Some(end), _) => (end, b"</channel></rss>"),
        (None, Some(end)) => (end, b"</feed>"),
        (None, None) => (0, b""),
    };
    [&bytes[..end], close].concat()
}

fn parse(bytes: &[u8]) -> Result<Feed, String> {
    if depth(bytes) > MAX_DEPTH {
        return Err(format!("nests elements deeper than {MAX_DEPTH}"));
    }
    // An entry without an id stays without one.
    let parser = feed_rs::parser::Builder::new()
        .sanitize_content(false)
        .id_generator(|_, _, _| String::new())
        .build();
    let feed = parser.parse(bytes);
    feed.map_err(|e| format!("cannot be read: {e}"))
}

/// A summary without the link to the article that stands glued to its end.
fn without_button(summary: &str) -> &str {
    const BUTTONS: [&str; 7] = [
        "[...]",
        "[…]",
        "»",
        "Continue reading",
        "Continue Reading",
        "Read more",
        "Read More",
    ];
    let mut text = summary.trim_end();
    while let Some(rest) = BUTTONS.iter().find_map(|button| text.strip_suffix(button)) {
        text = rest.trim_end();
    }
    text
}

/// The text of an entry, which is HTML or plain.
fn text_of(content: &str) -> String {
    if content.contains('<') {
        return html::text_of(content);
    }
    let paragraphs = content.replace("\r\n", "\n").replace("\n\n", "<p>");
    html::text_of(&paragraphs)
}

/// Bytes of a feed with its version of RSS set to the usual one, and with every
/// ampersand that opens no entity of XML written as one.
fn mended(bytes: &[u8]) -> Vec<u8> {
    const RSS: &[u8] = b"<rss";
    const ENTITIES: [&[u8]; 6] = [b"amp;", b"lt;", b"gt;", b"quot;", b"apos;", b"#"];
    let mut mended = Vec::with_capacity(bytes.len() + 64);
    let mut rest = bytes;
    if let Some(at) = bytes.windows(RSS.len()).position(|w| w == RSS) {
        mended.extend_from_slice(&bytes[..at + RSS.len()]);
        mended.extend_from_slice(b" version=\"2.0\"");
        rest = &bytes[at + RSS.len()..];
        // The first of two attributes of a name would count, and be an error.
        let tag = rest.iter().position(|b| *b == b'>').unwrap_or(rest.len());
        let version = rest[..tag].windows(8).position(|w| w == b"version=");
        if let Some(version) = version {
            mended.extend_from_slice(&rest[..version]);
            mended.extend_from_slice(b"was-");
            rest = &rest[version..];
        }
    }
    for (number, piece) in rest.split(|b| *b == b'&').enumerate() {
        if number > 0 {
            mended.push(b'&');
            if !ENTITIES.iter().any(|entity| piece.starts_with(entity)) {
                mended.extend_from_slice(b"amp;");
            }
        }
        mended.extend_from_slice(piece);
    }
    mended
}

/// How deep the elements of an XML text are nested, as far as it can be read.
fn depth(bytes: &[u8]) -> usize {
    let mut reader = Reader::from_reader(DecodingReader::new(bytes));
    reader.config_mut().check_end_names = false;
    let (mut depth, mut deepest) = (0usize, 0);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Eof) | Err(_) => return deepest,
            Ok(_) => {}
        }
        deepest = deepest.max(depth);
    }
}

fn article(feed: &Feed, entry: &Entry) -> Article {
    let text_of = |text: &Text| text_of(&text.content);
    let content = entry.content.as_ref().and_then(|c| c.body.as_deref());
    let content = content.map(self::text_of);
    let content = content.filter(|t| !t.trim().is_empty());
    let whole = content.is_some();
    let summary = || Some(without_button(&text_of(entry.summary.as_ref()?)).to_owned());
    let text = content.or_else(summary);
    let line_of = |text: &Text| {
        text_of(text)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let title = entry.title.as_ref().map(line_of);
    let mut article = Article::new(title, text.unwrap_or_default());
    article.id = Some(entry.id.clone()).filter(|id| !id.is_empty());
    let date = entry.published.or(entry.updated);
    article.meta.date = date.map(|d| d.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    let authors = if entry.authors.is_empty() {
        &feed.authors
    } else {
        &entry.authors
    };
    let authors: Vec<&str> = authors.iter().filter_map(|a| a.name.as_deref()).collect();
    article.meta.author = Some(authors.join(", ")).filter(|a| !a.is_empty());
    article.meta.site = feed.title.as_ref().map(line_of);
    let links = &entry.links;
    let link = links.iter().find(|l| l.rel.as_deref() != Some("self"));
    article.meta.url = link.map(|l| l.href.clone());
    let language = entry.language.as_ref().or(feed.language.as_ref());
    article.meta.language = language.and_then(|tag| meta::language(tag));
    if !whole && !article.text.is_empty() {
        let warning = "the feed has a summary of this article only";
        article.warnings.push(warning.to_owned());
    }
    article
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rss_entries_become_articles() {
        let rss = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n\
            <rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
            xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\
            <channel><title>Harbour Daily</title><language>en-GB</language>\n\
            <item><title>Ferry &amp;amp; cranes back</title><guid>f-1</guid>\
            <link>https://harbour.example/ferry</link><dc:creator>Ann Field</dc:creator>\
            <pubDate>Mon, 06 May 2024 09:30:00 +0200</pubDate>\
            <description>Short.</description>\
            <content:encoded><![CDATA[<p>The ferry sails again.</p><p>Fares stay at \u{a3}5.</p>]]>\
            </content:encoded></item>\n\
            <item><title>Cranes</title><description>The cranes &lt;b&gt;work&lt;/b&gt; again.\
            </description></item>\n<item><title>Nothing</title></item></channel></rss>";
        let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(rss);
        let articles = read(&bytes).unwrap();
        assert_eq!(articles.len(), 3);
        let first = &articles[0];
        assert_eq!(first.title.as_deref(), Some("Ferry & cranes back"));
        assert_eq!(first.text, "The ferry sails again.\n\nFares stay at £5.");
        assert_eq!(first.id.as_deref(), Some("f-1"));
        assert_eq!(first.meta.author.as_deref(), Some("Ann Field"));
        assert_eq!(first.meta.date.as_deref(), Some("2024-05-06T07:30:00Z"));
        assert_eq!(first.meta.site.as_deref(), Some("Harbour Daily"));
        assert_eq!(
            first.meta.url.as_deref(),
            Some("https://harbour.example/ferry")
        );
        assert_eq!(first.meta.language.as_deref(), Some("en"));
        assert!(first.warnings.is_empty());
        assert_eq!(articles[1].text, "The cranes work again.");
        assert!(articles[1].warnings[0].contains("summary"));
        assert_eq!(
            (articles[2].text.as_str(), articles[2].id.as_deref()),
            ("", None)
        );
    }

    #[test]
    fn common_faults_are_mended() {
        for root in ["<rss>", "<rss version=\"0.94\">", "<rss version='2.0'>"] {
            let feed = format!(
                "{root}<channel><title>Bread & butter</title><item><title>Ferry &nbsp;&amp; crane\
                 </title><description>Fares & times:&nbsp;&pound;5.</description></item></channel>\
                 </rss>"
            );
            let article = &read(feed.as_bytes()).unwrap()[0];
            assert_eq!(article.title.as_deref(), Some("Ferry & crane"), "{root}");
            assert_eq!(article.text.replace('\u{a0}', " "), "Fares & times: £5.");
        }
    }

    #[test]
    fn buttons_of_summaries_go() {
        for text in [
            "The pier is shut",
            "The pier is shut Read more »",
            "The pier is shut […]",
        ] {
            assert_eq!(without_button(text), "The pier is shut");
        }
    }

    #[test]
    fn a_torn_feed_gives_its_whole_entries() {
        let feed = "<rss version=\"2.0\"><channel><item><title>One</title><description>First.\n\n\
                    Second.</description></item><item><title>Tw";
        let articles = read(feed.as_bytes()).unwrap();
        assert_eq!(articles.len(), 1);
        assert_eq!(articles[0].text, "First.\n\nSecond.");
        assert!(
            articles[0]
                .warnings
                .iter()
                .any(|w| w.contains("breaks off"))
        );
    }

    #[test]
    fn atom_entries_become_articles() {
        let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Harbour</title>\
            <author><name>Desk</name></author>\
            <entry><id>tag:1</id><title type=\"html\">Ferry &lt;i&gt;back&lt;/i&gt;</title>\
            <link rel=\"self\" href=\"https://harbour.example/1.xml\"/>\
            <link href=\"https://harbour.example/1\"/><updated>2024-05-06T09:30:00Z</updated>\
            <content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><p>One.</p>\
            <p>Two <b>bold</b> words.</p></div></content></entry></feed>";
        let articles = read(atom.as_bytes()).unwrap();
        assert_eq!(articles[0].text, "One.\n\nTwo bold words.");
        assert_eq!(articles[0].title.as_deref(), Some("Ferry back"));
        assert_eq!(articles[0].meta.author.as_deref(), Some("Desk"));
        assert_eq!(
            articles[0].meta.url.as_deref(),
            Some("https://harbour.example/1")
        );
    }

    #[test]
    fn entities_are_not_expanded_without_end_and_depth_is_no_danger() {
        let mut laughs = "<?xml version=\"1.0\"?><!DOCTYPE rss [<!ENTITY a0 \"ha\">".to_owned();
        for n in 1..30 {
            let inner = format!("&a{};", n - 1).repeat(10);
            laughs += &format!("<!ENTITY a{n} \"{inner}\">");
        }
        laughs += "]><rss version=\"2.0\"><channel><title>x</title><item><title>&a29;</title>\
                   <description>&a29;</description></item></channel></rss>";
        if let Ok(articles) = read(laughs.as_bytes()) {
            assert!(articles.iter().all(|a| a.text.len() < 1000));
        }
        let deep = format!(
            "<rss version=\"2.0\"><channel><item><description>{}",
            "<b>".repeat(100_000)
        );
        assert!(read(deep.as_bytes()).unwrap_err().contains("deeper"));
        let deep = deep.replace("<item>", "<item><title>A & B</title>");
        assert!(read(deep.as_bytes()).unwrap_err().contains("deeper"));
    }
}
