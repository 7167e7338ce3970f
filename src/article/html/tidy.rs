//! Makes markup tame before a tree is built of it: no element that says nothing about an
//! article, no nesting without end, few attributes.

use super::shown::shown;
use super::tokens::{Tag, Token, is_name};

/// Deepest nesting that is kept; deeper elements lose their tags but not their text.
const MAX_DEPTH: usize = 100;
/// More tags than any article has.
const MAX_TAGS: usize = 30_000;
/// More character references than any article has, each of which costs much time.
const MAX_REFERENCES: usize = 100_000;
/// Most bytes that are taken apart.
const MAX_BYTES: usize = 8_000_000;
/// Most bytes of text, each counted for all elements that it stands in: what looks at the text
/// of elements looks at it as often. Articles have a million or less.
const MAX_NESTED: usize = 40_000_000;
/// Longest value of an attribute, in bytes.
const MAX_VALUE: usize = 4_096;

/// Rewrites `html`. Gives nothing when it is too large to build a tree of it in a short time.
pub fn tidy(html: &str) -> Option<String> {
    let mut out = String::with_capacity(html.len() / 2);
    let mut open: Vec<&str> = Vec::new();
    let mut keeps_raw = false;
    let mut tags = 0;
    let mut nested = 0;
    for token in shown(html, &DROPPED) {
        match token {
            Token::Text(text) => {
                nested += text.len() * open.len();
                push_text(text, &mut out);
            }
            Token::Raw(text) if keeps_raw => out.push_str(text),
            Token::Raw(_) => {}
            Token::Open(tag) if tag.is(&FORMATTING) => {}
            Token::Open(tag) if tag.is(&DROPPED) => keeps_raw = false,
            Token::Open(tag) => {
                tags += 1;
                if tags > MAX_TAGS {
                    return None;
                }
                keeps_raw = tag.is(&["title"]) || is_linked_data(&tag);
                if tag.is(&["script"]) && !keeps_raw {
                    continue;
                }
                close_implied(&tag, &mut open);
                // What holds no elements may stand at any depth.
                if open.len() < MAX_DEPTH || keeps_raw {
                    push_tag(&tag, &mut out);
                    if tag.is(&VOID) {
                        continue;
                    }
                    if tag.is_empty {
                        push_end(tag.name, &mut out);
                    } else {
                        open.push(tag.name);
                    }
                } else if tag.is(&["br"]) || !tag.is(&["a", "span"]) {
                    // The words of two blocks stay apart.
                    out.push_str("<br><br>");
                }
            }
            Token::Close(name) if is_name(name, &FORMATTING) => {}
            Token::Close(name) => {
                if let Some(at) = scope_of(name, &open) {
                    // Said for each of them, the parser cannot see it in another way.
                    for element in open.drain(at..).rev() {
                        push_end(element, &mut out);
                    }
                }
            }
        }
    }
    let references = out.bytes().filter(|byte| *byte == b'&').count();
    let fits = out.len() <= MAX_BYTES && references <= MAX_REFERENCES && nested <= MAX_NESTED;
    fits.then_some(out)
}

/// Elements that only change how words look. They would part a paragraph into pieces, and a
/// parser that must open them again in each block after one that is never closed needs
/// quadratic time.
const FORMATTING: [&str; 24] = [
    "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
    "mark", "abbr", "acronym", "ins", "bdi", "bdo", "wbr", "ruby", "rb", "rt", "rp",
];

/// Elements that go with all they hold.
const DROPPED: [&str; 12] = [
    "style", "svg", "math", "iframe", "noscript", "template", "object", "select", "textarea",
    "noframes", "xmp", "noembed",
];

const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// Attributes that say what an element is.
const ATTRIBUTES: [&str; 24] = [
    "aria-hidden",
    "class",
    "content",
    "data-component",
    "datetime",
    "hidden",
    "href",
    "http-equiv",
    "id",
    "itemprop",
    "itemscope",
    "itemtype",
    "lang",
    "name",
    "property",
    "pubdate",
    "rel",
    "role",
    "style",
    "title",
    "type",
    "value",
    "data-lp-replacement-content",
    "xml:lang",
];

fn is_linked_data(tag: &Tag) -> bool {
    tag.is(&["script"])
        && tag
            .attribute("type")
            .is_some_and(|t| t.trim().eq_ignore_ascii_case("application/ld+json"))
}

fn push_text(text: &str, out: &mut String) {
    // "<" that starts no tag here must start none later, where other text may follow it.
    match text.strip_prefix('<') {
        Some(rest) => {
            out.push_str("&lt;");
            out.push_str(rest);
        }
        None => out.push_str(text),
    }
}

fn push_tag(tag: &Tag, out: &mut String) {
    out.push('<');
    out.push_str(tag.name);
    let mut seen = [false; ATTRIBUTES.len()];
    for (name, value) in tag.attributes() {
        let Some(at) = ATTRIBUTES.iter().position(|a| a.eq_ignore_ascii_case(name)) else {
            continue;
        };
        if std::mem::replace(&mut seen[at], true) || value.len() > MAX_VALUE {
            continue;
        }
        let quote = if value.contains('"') { '\'' } else { '"' };
        if value.contains(quote) {
            continue;
        }
        out.push(' ');
        out.push_str(ATTRIBUTES[at]);
        out.push('=');
        out.push(quote);
        out.push_str(value);
        out.push(quote);
    }
    out.push('>');
}

fn push_end(name: &str, out: &mut String) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Closes what an opening tag closes without a word: a paragraph at the next one, an item at
/// the next.
fn close_implied(tag: &Tag, open: &mut Vec<&str>) {
    const CLOSES: [(&[&str], &[&str]); 6] = [
        (&["p"], &["p"]),
        (&["li"], &["li"]),
        (&["dt", "dd"], &["dt", "dd"]),
        (&["td", "th"], &["td", "th"]),
        (&["tr"], &["tr", "td", "th"]),
        (&["option"], &["option"]),
    ];
    for (opened, closed) in CLOSES {
        if tag.is(opened) {
            while open.last().is_some_and(|last| is_name(last, closed)) {
                open.pop();
            }
        }
    }
}

/// Where the element stands that a closing tag closes. Cells and tables shield what is around
/// them.
fn scope_of(name: &str, open: &[&str]) -> Option<usize> {
    let table = is_name(
        name,
        &[
            "table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption",
        ],
    );
    for (at, element) in open.iter().enumerate().rev() {
        if element.eq_ignore_ascii_case(name) {
            return Some(at);
        }
        let walls: &[&str] = if table {
            &["table"]
        } else {
            &[
                "table", "td", "th", "caption", "button", "marquee", "applet",
            ]
        };
        if is_name(element, walls) {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tidied(html: &str) -> String {
        tidy(html).unwrap_or_default()
    }

    #[test]
    fn the_article_stays_as_it_is() {
        let html =
            "<article class=\"a b\"><h1>T</h1><p>One<br>two</p><ul><li>x</li></ul></article>";
        assert_eq!(tidied(html), html);
    }

    #[test]
    fn looks_scripts_and_idle_attributes_go() {
        let html = "<p onclick=\"x()\" CLASS='a' class=b>A <b>bo<i>ld</b></i> word<!-- x -->\
            <script>'</p>'</script><style>p{}</style><noscript><p>no</p></noscript>.";
        assert_eq!(tidied(html), "<p class=\"a\">A bold word.");
        let linked = "<script type=\"application/ld+json\">{\"a\": \"<p>\"}</script>";
        assert_eq!(tidied(linked), linked);
    }

    #[test]
    fn nesting_has_an_end_but_no_text_is_lost() {
        let html = format!("{}deep{}", "<div>".repeat(5000), "</div>after".repeat(5000));
        let tidied = tidied(&html);
        assert_eq!(tidied.matches("<div>").count(), MAX_DEPTH);
        assert!(tidied.contains("deep") && tidied.matches("after").count() == 5000);
    }

    #[test]
    fn linked_data_is_no_text_however_deep_it_stands() {
        let linked = "<script type=\"application/ld+json\">{\"a\": 1}</script>";
        for depth in [0, MAX_DEPTH, 5000] {
            let html = "<div>".repeat(depth) + linked;
            assert_eq!(tidied(&html).matches(linked).count(), 1, "{depth}");
        }
    }

    #[test]
    fn what_a_slash_closes_holds_nothing() {
        let xml = "<?xml version='1.0'?><a name='x'/><script src='x'/><title/><p>One<br/>two</p>";
        assert_eq!(
            tidied(xml),
            "<a name=\"x\"></a><title></title><p>One<br>two</p>"
        );
        assert_eq!(tidied("<svg/><p>One"), "<p>One");
        assert_eq!(tidied("<title>One<p>two"), "<title></title>One<p>two");
    }

    #[test]
    fn closing_tags_close_what_is_open_within() {
        assert_eq!(
            tidied("<form><div>a</form>b</div></span>"),
            "<form><div>a</div></form>b"
        );
        // A cell shields what is around its table.
        assert_eq!(
            tidied("<div><table><td></div>x</table>"),
            "<div><table><td>x</td></table>"
        );
        // Paragraphs that are never closed do not count as nested.
        assert_eq!(tidied(&"<p>a".repeat(500)), "<p>a".repeat(500));
    }

    #[test]
    fn stray_signs_start_no_tag_later() {
        assert_eq!(tidied("5 <<b>p>x"), "5 &lt;p>x");
    }

    #[test]
    fn too_much_is_refused() {
        assert_eq!(tidy(&"<p>".repeat(MAX_TAGS + 1)), None);
        assert_eq!(tidy(&"&".repeat(MAX_REFERENCES + 1)), None);
        assert_eq!(tidy(&"x".repeat(MAX_BYTES + 1)), None);
        let lists = |text: usize| "<ul><li>".repeat(MAX_DEPTH / 2) + &"x".repeat(text);
        assert!(tidy(&lists(MAX_NESTED / MAX_DEPTH)).is_some());
        assert_eq!(tidy(&lists(MAX_NESTED / MAX_DEPTH + 1)), None);
    }
}
