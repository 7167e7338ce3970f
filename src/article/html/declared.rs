//! What a page says of its article, in its head and in linked data.

use serde_json::Value;
use trafilatura::dom::Document;

/// Statements of a page about its article.
#[derive(Debug, Default)]
pub struct Declared {
    /// Names and contents of the `<meta>` elements, names in lower case.
    metas: Vec<(String, String)>,
    /// Texts of the `<h1>` elements.
    pub headings: Vec<String>,
    /// The `<title>`.
    pub page_title: Option<String>,
    /// The canonical address.
    pub canonical: Option<String>,
    /// The language of the `<html>` element.
    pub language: Option<String>,
    /// The linked data of the article.
    linked: Option<Value>,
}

impl Declared {
    /// Collects what a page says.
    pub fn of(doc: &Document) -> Self {
        let root = doc.root();
        let text = |id| one_line(&doc.text_content(id));
        let value = |selector: &str, attribute: &str| {
            let id = doc.query_selector(root, selector)?;
            non_empty(doc.get_attribute(id, attribute)?)
        };
        let mut metas = Vec::new();
        for id in doc.iter(root, &["meta"]) {
            let content = non_empty(doc.get_attribute(id, "content").unwrap_or_default());
            let Some(content) = content else { continue };
            for name in ["property", "name", "itemprop", "http-equiv"] {
                if let Some(name) = doc.get_attribute(id, name) {
                    metas.push((name.to_lowercase(), content.clone()));
                }
            }
        }
        let headings = doc.iter(root, &["h1"]).into_iter().map(text);
        let title = doc.query_selector(root, "title");
        Self {
            metas,
            headings: headings.filter(|h| !h.is_empty()).collect(),
            page_title: title.and_then(|id| non_empty(text(id))),
            canonical: value("link[rel=\"canonical\"]", "href"),
            language: value("html", "lang").or_else(|| value("html", "xml:lang")),
            linked: linked(doc),
        }
    }

    /// The content of the first `<meta>` of the first of `names` that has one.
    pub fn meta(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| {
            let found = self.metas.iter().find(|(n, _)| n == name);
            found.map(|(_, content)| content.clone())
        })
    }

    /// A string of the linked data.
    pub fn linked(&self, key: &str) -> Option<String> {
        non_empty(self.linked.as_ref()?.get(key)?.as_str()?.to_owned())
    }

    /// The markup of the article's text in the linked data, unless it is cut off.
    pub fn body(&self) -> Option<String> {
        let body = self.linked("articleBody")?;
        let end = body.trim_end();
        let is_cut = ["…", "...", "&hellip;", "[…]"]
            .iter()
            .any(|cut| end.ends_with(cut));
        // Plain text has its paragraphs on lines.
        let markup = if body.contains("</") {
            body
        } else {
            body.replace('\n', "<p>")
        };
        (!is_cut).then_some(markup)
    }

    /// The names of a person or organisation in the linked data, or of several.
    pub fn linked_names(&self, key: &str) -> Vec<String> {
        let one = |value: &Value| {
            let name = value.as_str().or_else(|| value.get("name")?.as_str());
            name.map(str::to_owned)
        };
        match self.linked.as_ref().and_then(|linked| linked.get(key)) {
            Some(Value::Array(values)) => values.iter().filter_map(one).collect(),
            Some(value) => one(value).into_iter().collect(),
            None => Vec::new(),
        }
    }
}

/// Collapses white space.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn non_empty(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

/// The first object in the linked data that is an article.
fn linked(doc: &Document) -> Option<Value> {
    let scripts = doc.query_selector_all(doc.root(), "script[type=\"application/ld+json\" i]");
    scripts.into_iter().find_map(|script| {
        let data = serde_json::from_str(&json(&doc.text_content(script))).ok()?;
        find_article(data)
    })
}

/// Mends what people get wrong in linked data: line ends within strings, and comment marks
/// around it all.
fn json(script: &str) -> String {
    let script = script.trim();
    let script = script.strip_prefix("<!--").unwrap_or(script);
    let script = script.strip_suffix("-->").unwrap_or(script);
    script.replace(|c: char| c.is_control(), " ")
}

fn find_article(data: Value) -> Option<Value> {
    match data {
        Value::Array(values) => values.into_iter().find_map(find_article),
        Value::Object(mut object) => {
            if object.get("@type").is_some_and(is_article_type) {
                return Some(Value::Object(object));
            }
            ["@graph", "mainEntity"]
                .iter()
                .find_map(|key| find_article(object.remove(*key)?))
        }
        _ => None,
    }
}

fn is_article_type(value: &Value) -> bool {
    match value {
        Value::String(name) => {
            name.ends_with("Article") || name.ends_with("Posting") || name == "Report"
        }
        Value::Array(names) => names.iter().any(is_article_type),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(html: &str) -> Declared {
        Declared::of(&Document::parse(html))
    }

    fn linked(json: &str) -> Declared {
        declared(&format!(
            "<script type=\"application/LD+json\">{json}</script>"
        ))
    }

    #[test]
    fn linked_data_of_every_shape() {
        let article = r#"{"@type": "NewsArticle", "headline": "Pier", "author": {"name": "Jane"}}"#;
        let list = format!("[{{\"@type\": \"WebSite\"}}, {article}]");
        let graph = format!("{{\"@graph\": {list}}}");
        for json in [article, &list, &graph, &format!("<!--\n{article}\n-->")] {
            let declared = linked(json);
            assert_eq!(
                declared.linked("headline").as_deref(),
                Some("Pier"),
                "{json}"
            );
            assert_eq!(declared.linked_names("author"), ["Jane"]);
        }
        let names =
            r#"{"@type": ["BlogPosting"], "author": ["Jane", {"@id": "x"}, {"name": "John"}]}"#;
        assert_eq!(linked(names).linked_names("author"), ["Jane", "John"]);
        assert_eq!(linked("{\"@type\": \"Article\",").linked("headline"), None);
    }

    #[test]
    fn a_body_with_line_ends_has_paragraphs_and_a_cut_one_counts_not() {
        let body = |text: &str| {
            linked(&format!(
                r#"{{"@type": "Article", "articleBody": "{text}"}}"#
            ))
            .body()
        };
        assert_eq!(body("One.\\nTwo.").as_deref(), Some("One.<p>Two."));
        assert_eq!(body("<p>One.\\n</p>").as_deref(), Some("<p>One.\n</p>"));
        assert_eq!(body("One. Two and…"), None);
    }

    #[test]
    fn metas_by_any_name() {
        let html =
            "<html lang=de><meta Name=Author content=' Jane '><meta property=og:title content=T>";
        let declared = declared(html);
        assert_eq!(declared.meta(&["x", "author"]).as_deref(), Some(" Jane "));
        assert_eq!(declared.meta(&["og:title"]).as_deref(), Some("T"));
        assert_eq!(declared.language.as_deref(), Some("de"));
    }
}
