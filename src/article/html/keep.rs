//! Shields what the extraction would take for no part of the article.

use std::collections::HashSet;

use trafilatura::dom::{Document, NodeId};

use super::links::Density;
use super::prune::{HEADINGS, prose};

/// Shields what holds the article, whatever its elements are called.
pub fn keep(doc: &mut Document) {
    keep_forms(doc);
    keep_words(doc);
    keep_headings(doc);
    keep_labels(doc);
    keep_quotations(doc);
    mark_body(doc);
}

/// Keeps forms around the article: some pages are one form.
fn keep_forms(doc: &mut Document) {
    let forms = doc.iter(doc.root(), &["form"]);
    if forms.is_empty() {
        return;
    }
    let whole = prose(doc, doc.root());
    for form in forms {
        if prose(doc, form) * 2 > whole {
            doc.set_tag_name(form, "div");
        }
    }
}

/// Keeps the words within paragraphs of prose, whatever the elements around them are called.
fn keep_words(doc: &mut Document) {
    for paragraph in doc.iter(doc.root(), &["p"]) {
        let spans = doc.iter_descendants(paragraph, &["span"]);
        if !spans.is_empty() && !Density::of(doc, paragraph).is_half_linked() {
            for span in spans {
                doc.clear_attributes(span);
            }
        }
    }
}

/// Keeps the text of headings whatever is in them, and headings that are links when a
/// paragraph follows.
fn keep_headings(doc: &mut Document) {
    for heading in doc.iter(doc.root(), &HEADINGS) {
        doc.strip_tags(heading, &["div", "p"]);
        if let Some(next) = doc.next_element_sibling(heading)
            && doc.tag_name(next) == "p"
            && !Density::of(doc, next).is_linked()
        {
            doc.strip_tags(heading, &["a"]);
        }
    }
}

/// Keeps lines of text that are no paragraphs by their tag, but stand among such.
fn keep_labels(doc: &mut Document) {
    for parent in doc.iter(doc.root(), &["div", "section", "article", "main", "body"]) {
        let children = doc.children(parent);
        let paragraphs = children.iter().filter(|id| {
            // Empty paragraphs stand around anything.
            doc.tag_name(**id) == "p" && doc.text_content(**id).trim().len() >= 80
        });
        if paragraphs.count() < 3 {
            continue;
        }
        for id in children {
            if doc.tag_name(id) == "div" && is_line(doc, id) {
                doc.set_tag_name(id, "p");
            }
        }
    }
}

fn is_line(doc: &Document, id: NodeId) -> bool {
    const INLINE: [&str; 8] = ["a", "br", "cite", "img", "q", "span", "sub", "sup"];
    !doc.text_content(id).trim().is_empty()
        && doc
            .iter_descendants(id, &[])
            .iter()
            .all(|e| INLINE.contains(&doc.tag_name(*e)))
        && !Density::of(doc, id).is_half_linked()
}

/// Keeps quotations, such as posts from elsewhere, whatever they and the elements around them
/// are called.
fn keep_quotations(doc: &mut Document) {
    let mut kept = HashSet::new();
    for id in doc
        .iter(doc.root(), &["blockquote", "div", "figure"])
        .into_iter()
        .rev()
    {
        let keep = if doc.tag_name(id) == "blockquote" {
            !Density::of(doc, id).is_linked()
        } else {
            let children = doc.children(id);
            !children.is_empty() && children.iter().all(|child| kept.contains(child))
        };
        if keep {
            doc.clear_attributes(id);
            kept.insert(id);
        }
    }
}

/// Marks the element that holds the article, on pages whose names for elements tell nothing of
/// it. Without a mark the extraction would take paragraphs alone, and no lists.
fn mark_body(doc: &mut Document) {
    const NAMED: &str = "article, main, [role=\"main\"], [itemprop=\"articleBody\"], \
        [class*=\"article\" i], [class*=\"content\" i], [class*=\"entry\" i], \
        [class*=\"post\" i], [class*=\"story\" i], [class*=\"text\" i], \
        [id*=\"article\" i], [id*=\"content\" i], [id*=\"story\" i]";
    let Some(body) = doc.body() else { return };
    let whole = prose(doc, body);
    if whole == 0 || doc.query_selector(body, NAMED).is_some() {
        return;
    }
    let mut holder = body;
    while let Some(child) = doc
        .children(holder)
        .into_iter()
        .find(|child| doc.tag_name(*child) != "p" && prose(doc, *child) * 5 >= whole * 4)
    {
        holder = child;
    }
    if holder == body {
        let (text, children) = (doc.text(body), doc.children(body));
        holder = doc.sub_element(body, "div");
        doc.set_text(holder, &text);
        doc.set_text(body, "");
        // The text behind an element goes with it.
        doc.extend(holder, &children);
    }
    doc.set_tag_name(holder, "div");
    doc.set_attribute(holder, "itemprop", "articleBody");
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROSE: &str = "The harbour council agreed on Tuesday to rebuild the northern pier before \
        the ferries return in the spring.";

    /// The markup of the body.
    fn markup(html: &str) -> String {
        let mut doc = Document::parse(html);
        keep(&mut doc);
        doc.body()
            .map(|body| doc.inner_html(body))
            .unwrap_or_default()
    }

    #[test]
    fn a_form_around_the_article_is_none() {
        let html = format!("<form id=page><div class=content><p>{PROSE}</p></div></form>");
        assert!(!markup(&html).contains("<form"));
        let html = format!("<main><p>{PROSE}</p><form>Sign up</form></main>");
        assert!(markup(&html).contains("<form"));
    }

    #[test]
    fn names_do_not_decide_on_words_quotations_and_labels() {
        let html = format!(
            "<article><p>{PROSE} It <span class=link>voted</span>.</p><p>{PROSE}</p><p>{PROSE}</p>\
             <div class=subhead>What is next</div>\
             <div class=social-embed><blockquote class=tweet><p>We did it.</p></blockquote></div></article>"
        );
        let markup = markup(&html);
        assert!(markup.contains("It <span>voted</span>."));
        assert!(markup.contains("<p class=\"subhead\">What is next</p>"));
        assert!(markup.contains("<div><blockquote><p>We did it.</p></blockquote></div>"));
    }

    #[test]
    fn the_element_of_the_article_is_marked_where_no_name_tells() {
        let html = format!("<div id=top>Menu</div>Start<p>{PROSE}</p>more<ul><li>A point</ul>end");
        let marked = markup(&html);
        let text = marked
            .split_once("<div itemprop=\"articleBody\">")
            .map(|(_, text)| text);
        assert!(
            text.is_some_and(|text| text.contains("A point") && text.matches("more").count() == 1)
        );
        assert!(!markup(&format!("<main><p>{PROSE}</p></main>")).contains("itemprop"));
    }
}
