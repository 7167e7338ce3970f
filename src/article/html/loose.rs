//! Text that stands beside paragraphs without being one.

use trafilatura::dom::{Document, NodeId};

/// Elements that hold paragraphs.
const CONTAINERS: [&str; 9] = [
    "article", "body", "center", "div", "form", "main", "section", "td", "th",
];
/// Elements within a paragraph.
const INLINE: [&str; 21] = [
    "a", "abbr", "acronym", "b", "big", "br", "cite", "code", "em", "font", "i", "ins", "mark",
    "q", "s", "small", "span", "strong", "sub", "sup", "u",
];
/// Fewer letters are a label.
const MIN_TEXT: usize = 60;

/// A child of a container.
enum Item {
    Text(String),
    Element(NodeId),
}

/// Makes paragraphs of text that stands beside other elements, as a lead above the
/// first paragraph may: the extraction would drop it.
pub fn wrap(doc: &mut Document) {
    // From the innermost outwards, since what is moved gets new ids.
    for container in doc.iter(doc.root(), &CONTAINERS).into_iter().rev() {
        let children = doc.children(container);
        let is_inline = |id: &NodeId| INLINE.contains(&doc.tag_name(*id));
        if children.iter().all(is_inline) {
            continue;
        }
        let mut items = vec![Item::Text(doc.text(container))];
        for child in children {
            items.push(Item::Element(child));
            items.push(Item::Text(doc.tail(child)));
        }
        let runs = runs(doc, items);
        if runs.iter().any(|(wrapped, _)| *wrapped) {
            rebuild(doc, container, runs);
        }
    }
}

/// Parts the children of a container in runs, and tells which become paragraphs.
fn runs(doc: &Document, items: Vec<Item>) -> Vec<(bool, Vec<Item>)> {
    let mut runs: Vec<(bool, Vec<Item>)> = Vec::new();
    for item in items {
        let inline = match &item {
            Item::Text(_) => true,
            Item::Element(id) => INLINE.contains(&doc.tag_name(*id)),
        };
        match runs.last_mut() {
            Some((last, run)) if *last == inline => run.push(item),
            _ => runs.push((inline, vec![item])),
        }
    }
    for (wrapped, run) in &mut runs {
        *wrapped = *wrapped && is_prose(doc, run);
    }
    runs
}

/// Whether a run is long enough for prose, ends like it, and is no row of links.
fn is_prose(doc: &Document, run: &[Item]) -> bool {
    let (mut words, mut linked) = (String::new(), 0);
    for item in run {
        match item {
            Item::Text(text) => words.push_str(text.trim()),
            Item::Element(id) => {
                let text = doc.text_content(*id);
                words.push_str(text.trim());
                linked += if doc.tag_name(*id) == "a" {
                    text.len()
                } else {
                    0
                };
            }
        }
    }
    let ends = words.trim_end_matches(['"', '\'', '”', '’', ')', ' ']);
    words.len() >= MIN_TEXT && linked * 2 < words.len() && ends.ends_with(['.', '!', '?', '…', ':'])
}

fn rebuild(doc: &mut Document, container: NodeId, runs: Vec<(bool, Vec<Item>)>) {
    for item in runs.iter().flat_map(|(_, run)| run) {
        if let Item::Element(id) = item {
            doc.set_tail(*id, "");
        }
    }
    doc.set_text(container, "");
    for (wrapped, run) in runs {
        let parent = match wrapped {
            true => doc.sub_element(container, "p"),
            false => container,
        };
        for item in run {
            let child = match item {
                Item::Text(text) => doc.create_text_node(&text),
                Item::Element(id) => id,
            };
            doc.append_child(parent, child);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAD: &str = "The harbour council agreed on Tuesday to rebuild the northern pier before \
        the ferries return in the spring.";

    fn wrapped(html: &str) -> String {
        let mut doc = Document::parse(html);
        wrap(&mut doc);
        doc.body()
            .map(|body| doc.inner_html(body))
            .unwrap_or_default()
    }

    #[test]
    fn loose_text_becomes_a_paragraph_in_its_place() {
        for (html, expected) in [
            (
                format!("<h1>Pier</h1>{LEAD}<p>Two.</p>"),
                format!("<h1>Pier</h1><p>{LEAD}</p><p>Two.</p>"),
            ),
            (
                format!("<div><p>One.</p>{LEAD} <a href=x>Who</a> pays?<ul><li>A</ul>{LEAD}</div>"),
                format!(
                    "<div><p>One.</p><p>{LEAD} <a href=\"x\">Who</a> pays?</p>\
                     <ul><li>A</li></ul><p>{LEAD}</p></div>"
                ),
            ),
            (
                format!("<div><strong>DUNMORE</strong> {LEAD}<div class=ad>Buy</div>{LEAD}</div>"),
                format!(
                    "<div><p><strong>DUNMORE</strong> {LEAD}</p><div class=\"ad\">Buy</div>\
                     <p>{LEAD}</p></div>"
                ),
            ),
        ] {
            assert_eq!(wrapped(&html), expected);
        }
    }

    #[test]
    fn labels_links_and_plain_containers_stay() {
        let links = "<a href=\"/a\">All about the pier and the ferries of the northern harbour</a>";
        for html in [
            "<div>Share<p>One.</p>Menu</div>".to_owned(),
            format!("<div>{links}<p>One.</p></div>"),
            format!("<div>{LEAD}<br><br>{LEAD}</div>"),
        ] {
            assert_eq!(wrapped(&html), html);
        }
    }
}
