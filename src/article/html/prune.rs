//! Takes out of a page's tree what its structure shows to be no part of the article.

use std::collections::HashSet;

use trafilatura::dom::{Document, NodeId};

use super::links::{Density, site, stay_on};

/// Drops what is no part of the article.
pub fn prune(doc: &mut Document) {
    let site = site(doc);
    let site = site.as_deref();
    drop_hidden(doc);
    drop_captions(doc);
    drop_popups(doc);
    drop_teasers(doc);
    drop_link_lists(doc, site);
    drop_link_paragraphs(doc, site);
}

/// Names of the heading elements.
pub const HEADINGS: [&str; 6] = ["h1", "h2", "h3", "h4", "h5", "h6"];

/// Bytes of text in paragraphs.
pub fn prose(doc: &Document, id: NodeId) -> usize {
    let paragraphs = doc.iter(id, &["p"]);
    paragraphs.iter().map(|p| doc.text_content(*p).len()).sum()
}

/// Drops elements, but none that holds much of the page's prose.
fn drop_small(doc: &mut Document, elements: Vec<NodeId>) {
    if elements.is_empty() {
        return;
    }
    let whole = prose(doc, doc.root());
    for id in elements {
        if prose(doc, id) * 5 <= whole {
            doc.remove(id, true);
        }
    }
}

/// Drops what is not shown. Some pages hide their article until a script shows it.
fn drop_hidden(doc: &mut Document) {
    let mut hidden = doc.query_selector_all(doc.root(), "[style*=\"display\"], [hidden]");
    hidden.retain(|id| {
        let style = doc.get_attribute(*id, "style").unwrap_or_default();
        let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
        doc.get_attribute(*id, "hidden").is_some()
            || style.to_ascii_lowercase().contains("display:none")
    });
    drop_small(doc, hidden);
}

/// Drops the captions of pictures.
fn drop_captions(doc: &mut Document) {
    let tags = [
        "figcaption",
        "div",
        "p",
        "span",
        "section",
        "dd",
        "h4",
        "h5",
    ];
    let mut captions = doc.iter(doc.root(), &tags);
    captions.retain(|id| {
        doc.tag_name(*id) == "figcaption"
            || words(&doc.class_name(*id)).any(|word| word == "caption")
    });
    drop_small(doc, captions);
}

/// The words of class names, in lower case: "photoCaption left-side" has four.
fn words(names: &str) -> impl Iterator<Item = String> + '_ {
    let mut chars = names.chars().peekable();
    std::iter::from_fn(move || {
        while chars.next_if(|c| !c.is_alphanumeric()).is_some() {}
        let mut word: String = chars.next()?.to_lowercase().collect();
        let mut was_lower = false;
        while let Some(c) =
            chars.next_if(|c| c.is_alphanumeric() && !(was_lower && c.is_uppercase()))
        {
            was_lower = c.is_lowercase();
            word.extend(c.to_lowercase());
        }
        Some(word)
    })
}

/// Drops what shows only when the reader points at a word: a run of links within a paragraph,
/// with nothing between them.
fn drop_popups(doc: &mut Document) {
    for paragraph in doc.iter(doc.root(), &["p"]) {
        for span in doc.iter_descendants(paragraph, &["span"]) {
            let density = Density::of(doc, span);
            if density.links >= 3 && is_nothing_but_links(doc, span) {
                doc.remove(span, true);
            }
        }
    }
}

fn is_nothing_but_links(doc: &Document, id: NodeId) -> bool {
    let len = |id| {
        let text = doc.text_content(id);
        text.chars().filter(|c| !c.is_whitespace()).count()
    };
    doc.iter(id, &["a"]).into_iter().map(len).sum::<usize>() == len(id)
}

/// Drops headings within links: they lead to other articles.
fn drop_teasers(doc: &mut Document) {
    for a in doc.iter(doc.root(), &["a"]) {
        let href = doc.get_attribute(a, "href").unwrap_or_default();
        let leads_on = !href.is_empty() && !href.starts_with('#');
        if leads_on && !doc.iter(a, &HEADINGS).is_empty() {
            doc.remove(a, true);
        }
    }
}

/// Drops lists of links to other articles, and the line above that announces them.
fn drop_link_lists(doc: &mut Document, site: Option<&str>) {
    let mut kept = HashSet::new();
    // Inner lists come before the lists that hold them.
    for list in doc.iter(doc.root(), &["ul", "ol"]).into_iter().rev() {
        let mut inner = doc.iter_descendants(list, &["ul", "ol"]).into_iter();
        if inner.any(|inner| kept.contains(&inner)) || !leads_elsewhere(doc, list, site) {
            kept.insert(list);
            continue;
        }
        if let Some(above) = doc.prev_element_sibling(list)
            && announces(doc, above)
        {
            doc.remove(above, true);
        }
        doc.remove(list, true);
    }
}

/// Whether a list has items that are links to other articles, and no others.
fn leads_elsewhere(doc: &Document, list: NodeId, site: Option<&str>) -> bool {
    let items = doc.iter(list, &["li"]).into_iter();
    let mut items = items
        .map(|item| Density::of(doc, item))
        .filter(|item| item.all > 0);
    let first = items.next();
    first.is_some_and(|first| first.is_linked())
        && items.all(|item| item.is_linked())
        && stay_on(doc, list, site)
}

/// Whether an element is a heading or a line such as "Read more:".
fn announces(doc: &Document, id: NodeId) -> bool {
    let text = doc.text_content(id);
    let text = text.trim();
    HEADINGS.contains(&doc.tag_name(id))
        || (doc.tag_name(id) == "p" && text.ends_with(':') && text.len() < 40)
}

/// Drops paragraphs that are a link to another article, or several.
fn drop_link_paragraphs(doc: &mut Document, site: Option<&str>) {
    for paragraph in doc.iter(doc.root(), &["p"]) {
        let density = Density::of(doc, paragraph);
        let several = density.links > 1 && density.linked * 4 >= density.all * 3;
        if density.all > 0
            && (density.is_linked() || several)
            && !doc.text_content(paragraph).trim_end().ends_with('.')
            && stay_on(doc, paragraph, site)
        {
            doc.remove(paragraph, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROSE: &str = "The harbour council agreed on Tuesday to rebuild the northern pier before \
        the ferries return in the spring.";

    /// What stays of `html` between paragraphs: its text, white space collapsed.
    fn pruned(html: &str) -> String {
        let head = "<link rel=canonical href='https://post.example/a'>";
        let prose = format!("<p>{PROSE}</p>").repeat(3);
        let mut doc = Document::parse(&format!("{head}<article>{prose}{html}{prose}</article>"));
        prune(&mut doc);
        let text = doc.text_content(doc.root()).replace(PROSE, "");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn links_to_other_articles_go() {
        for html in [
            "<h4>More:</h4><ul><li><a href=/b>Ferries return</a></li><li><a href=/c>Who pays</a></ul>",
            "<p>Read also:</p><ul><li><a href='https://www.post.example/b'>Ferries return</a></ul>",
            "<div><a href=/b><img src=x><h3>Ferries return</h3></a><a href=/c><h3>Who pays</h3></a></div>",
            "<p><a href=/b>Ferries return</a></p>",
            "<p><a href=/b>Ferries return</a> [VIDEO] <br><a href=/c>Who pays for it all</a></p>",
        ] {
            assert_eq!(pruned(html), "", "{html}");
        }
    }

    #[test]
    fn links_of_the_article_stay() {
        for (html, text) in [
            (
                "<ul><li><a href='https://shop.example'>Buy it</a></li></ul>",
                "Buy it",
            ),
            (
                "<ul><li><a href=/b>Ferries</a> return in May.</li><li> Others too</ul>",
                "Ferries return in May. Others too",
            ),
            (
                "<p><a href=/b>The council has said so.</a></p>",
                "The council has said so.",
            ),
            ("<p>It <a href=/b>met</a> at nine</p>", "It met at nine"),
            ("<h2><a href='#x'>What is next</a></h2>", "What is next"),
            ("<a href='#x'><h2>What is next</h2></a>", "What is next"),
        ] {
            assert_eq!(pruned(html), text, "{html}");
        }
    }

    #[test]
    fn captions_popups_and_hidden_elements_go() {
        for html in [
            "<figure><img><figcaption>The pier</figcaption></figure>",
            "<div class='photoCaption small'>The pier</div>",
            "<div style='display : none'>123</div><p hidden>456</p>",
        ] {
            assert_eq!(pruned(html), "", "{html}");
        }
        let popup = "<p>Mayor Doe<span class=box><a href=/d>Doe</a> <a href=/1>Who pays</a> \
            <a href=/2>MORE</a></span> said so in the town hall on Monday.</p>";
        assert_eq!(
            pruned(popup),
            "Mayor Doe said so in the town hall on Monday."
        );
        // An enumeration has something between its links.
        let list = "<p>Led by <span><a href=/1>Doe</a>, <a href=/2>Roe</a> and <a href=/3>Moe</a>\
            </span>, they all met there.</p>";
        assert_eq!(pruned(list), "Led by Doe, Roe and Moe, they all met there.");
    }

    #[test]
    fn a_page_that_is_hidden_until_a_script_shows_it_stays() {
        let html = format!("<div style=\"display:none\" class=content><p>{PROSE}</p></div>");
        let mut doc = Document::parse(&html);
        prune(&mut doc);
        assert!(doc.text_content(doc.root()).contains(PROSE));
    }
}
