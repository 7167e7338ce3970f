//! An HTML page becomes an article.

mod blocks;
mod declared;
mod frame;
mod keep;
mod links;
mod loose;
mod meta;
mod page;
mod prune;
mod shown;
mod tidy;
mod titles;
mod tokens;

use std::panic::catch_unwind;

use super::Article;
use blocks::blocks;
use page::Page;

/// The article of a page. A page without one gives all its text, with a warning.
pub fn read(html: &str) -> Article {
    let tame = tidy::tidy(html);
    // The parser and the extraction see pages of any kind: a fault of theirs on one page must
    // not end the reading of others.
    let page = tame.and_then(|tame| catch_unwind(|| Page::read(&tame)).ok().flatten());
    let Some(page) = page else {
        let mut article = Article::new(page_title(html), text_of(html));
        article
            .warnings
            .push("the page has no usual structure; all its text is read".to_owned());
        return article;
    };
    let mut text = page.text;
    let is_article = page.is_sure && !text.is_empty();
    if text.is_empty() {
        text = text_of(html);
    }
    let has_text = !text.is_empty();
    let mut article = Article::new(page.title, text);
    article.meta = page.meta;
    if has_text && !is_article {
        let warning = "no clear article is found in the page; other text of it may be read";
        article.warnings.push(warning.to_owned());
    }
    article
}

/// All text that a reader of a page, or of a piece of one, sees; a block a line.
pub fn text_of(html: &str) -> String {
    page::join(blocks(html))
}

/// The `<title>`, found without a tree.
fn page_title(html: &str) -> Option<String> {
    let mut tokens = tokens::tokens(html);
    tokens.find(|token| matches!(token, tokens::Token::Open(tag) if tag.is(&["title"])))?;
    match tokens.next() {
        Some(tokens::Token::Raw(title)) => {
            Some(page::decode(title)).map(|t| declared::one_line(&t))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "The harbour council agreed on Tuesday to rebuild the northern pier before \
        the ferries return in the spring.";
    const SECOND: &str = "Nobody will be asked to pay twice for it, the mayor said after a vote \
        that took the councillors until midnight.";

    fn both() -> String {
        format!("{FIRST}\n\n{SECOND}")
    }

    #[test]
    fn a_page_as_they_are() {
        let html = format!(
            "<!doctype html><html lang=en><head><title>Pier agreed - Harbour Post</title>\
             <meta property=og:site_name content='Harbour Post'>\
             <script>document.write('<p>' + x + '</p>');</script></head><body>\
             <nav><ul><li><a href=/>Home</a><li><a href=/sport>Sport</a></ul></nav>\
             <div class=article-body><h1>Pier agreed</h1><div class=byline>By Jane Doe</div>\
             <div class=share-buttons><a href=x>Share</a></div>\
             <figure><img src=x><figcaption>The pier in May</figcaption></figure>\
             <p>{FIRST}</p><div class=newsletter><p>Sign up for our letter</p></div>\
             <p>{SECOND}</p><h3>Related</h3><ul><li><a href=/b>Ferries return</a></ul></div>\
             <div id=comments><p>First! What a pier.</p></div><footer>© Harbour Post</footer>"
        );
        let article = read(&html);
        assert_eq!(article.text, both());
        assert_eq!(article.title.as_deref(), Some("Pier agreed"));
        assert_eq!(article.meta.site.as_deref(), Some("Harbour Post"));
        assert!(article.warnings.is_empty());
    }

    #[test]
    fn words_are_whole() {
        let html =
            format!("<p>{FIRST}</p><p>{SECOND}</p>").replace("councillors", "coun&shy;cillors");
        assert_eq!(read(&html).text, both());
    }

    #[test]
    fn paragraphs_of_every_kind() {
        for html in [
            format!("<P>{FIRST}<P>{SECOND}"),
            format!("<body><div class=story>{FIRST}<br><br />\n{SECOND}</div>"),
            format!(
                "<?xml version='1.0'?><html xmlns='x'><body><p>{FIRST}</p><p>{SECOND}</p></body></html>"
            ),
            format!(
                "<table><tr><td><a href=/>Home</a></td><td><p>{FIRST}</p><p>{SECOND}</p></td></table>"
            ),
            format!(
                "<template><p>No</p></template><p>{FIRST}</p><noscript>No</noscript><p>{SECOND}</p>"
            ),
            format!("<form><p>{FIRST}</p><p>{SECOND}</p><input name=q></form>"),
        ] {
            assert_eq!(read(&html).text, both(), "{html}");
        }
    }

    #[test]
    fn what_is_not_closed_swallows_no_article() {
        for tag in [
            "<svg class=icon width=1 />",
            "<math/>",
            "<iframe src=x />",
            "<noscript>",
            "<select>",
            "<iframe>",
        ] {
            let html = format!("{tag}<article><p>{FIRST}</p>{tag}<p>{SECOND}</p></article>");
            assert_eq!(read(&html).text, both(), "{tag}");
            assert_eq!(text_of(&html), both(), "{tag}");
        }
        let xhtml = format!(
            "<?xml version='1.0'?><html xmlns='x'><head><title>Pier</title><script src='x'/></head>\
             <body><p>{FIRST}</p><script src='y'/><p>{SECOND}</p></body></html>"
        );
        assert_eq!(read(&xhtml).text, both());
    }

    #[test]
    fn linked_data_serves_where_the_page_has_no_text() {
        let html = format!(
            "<script type=\"application/ld+json\">{{\"@type\": \"NewsArticle\", \"headline\": \
             \"Pier agreed\", \"articleBody\": \"{FIRST}\\n\\n{SECOND}\"}}</script><div id=app></div>"
        );
        let article = read(&html);
        assert_eq!(
            (article.text, article.title.as_deref()),
            (both(), Some("Pier agreed"))
        );
    }

    #[test]
    fn pages_without_text_give_none() {
        for html in [
            "",
            "<script>x = '<p>y</p>'</script>",
            "<frameset><frame src=a></frameset>",
        ] {
            let article = read(html);
            assert_eq!(
                (article.text.as_str(), article.warnings.len()),
                ("", 0),
                "{html}"
            );
        }
    }

    #[test]
    fn a_page_that_is_no_article_gives_all_its_text() {
        let article =
            read("<title>Links</title><nav><a href=/a>News</a> <a href=/b>Sport</a></nav>");
        assert_eq!(article.text, "News Sport");
        assert_eq!(article.warnings.len(), 1);
    }

    #[test]
    fn hostile_pages_are_read_in_a_small_stack() {
        let prose = format!("<p>{FIRST}</p>").repeat(3);
        let numbered = |before: &str, after: &str| -> String {
            (0..2_000).map(|n| format!("{before}{n}{after}")).collect()
        };
        let pages = [
            "<div>".repeat(100_000),
            "<span>".repeat(100_000) + &"</span>".repeat(100_000),
            numbered("<b x=", ">") + &"<p>x".repeat(2_000),
            numbered("<a href=", "><div>w"),
            "<table><tr><td>".repeat(2_000),
            "<table>x".repeat(2_000),
            "<div><table><td></div>".repeat(2_000),
            "<form><div></form>".repeat(2_000),
            "<li><div>".repeat(2_000),
            "<p>".repeat(300_000),
            format!("<p {}>", numbered("a", "=x ")),
            "&".repeat(300_000),
            "\0<\0p\0>\0&#0;&#x110000;".repeat(1_000),
            "<!-- ".repeat(10_000),
            "<a href=\"".repeat(10_000),
            "<é>日</日>🦀<🦀 🦀=\"🦀\">".repeat(500),
        ];
        let read_all = move || {
            for html in pages {
                let start: String = html.chars().take(20).collect();
                let article = read(&format!("<article>{prose}{html}</article>"));
                assert_eq!(article.text.matches(FIRST).count(), 3, "{start}");
            }
        };
        let thread = std::thread::Builder::new()
            .stack_size(1 << 20)
            .spawn(read_all);
        assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
    }
}
