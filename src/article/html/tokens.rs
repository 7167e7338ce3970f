//! The tokens of markup, in one pass and for any input: no tree, no recursion.

/// A piece of markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// Text, entities as they stand.
    Text(&'a str),
    /// `<name …>`
    Open(Tag<'a>),
    /// `</name>`
    Close(&'a str),
    /// What stands in an element whose content is no markup, such as a script.
    Raw(&'a str),
}

/// An opening tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The name as written: its case is not settled.
    pub name: &'a str,
    /// What stands between the name and the end of the tag.
    attributes: &'a str,
    /// Whether nothing stands in the element, so that no closing tag belongs to it.
    pub is_empty: bool,
}

impl<'a> Tag<'a> {
    /// Whether the name is one of `names`, which are in lower case.
    pub fn is(&self, names: &[&str]) -> bool {
        is_name(self.name, names)
    }

    /// Names and values of the attributes, entities as they stand.
    pub fn attributes(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut rest = self.attributes;
        std::iter::from_fn(move || {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if rest.is_empty() {
                return None;
            }
            let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/');
            // A stray "=" starts a name.
            let first = rest.chars().next().map_or(0, char::len_utf8);
            let len = rest[first..].find(ends).map_or(rest.len(), |at| at + first);
            let (name, after) = rest.split_at(len);
            rest = after;
            let trimmed = after.trim_start_matches(|c: char| c.is_ascii_whitespace());
            let Some(value) = trimmed.strip_prefix('=') else {
                return Some((name, ""));
            };
            let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
            let (value, after) = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    value[1..].split_once(quote).unwrap_or((&value[1..], ""))
                }
                _ => {
                    let end = value.find(|c: char| c.is_ascii_whitespace());
                    value.split_at(end.unwrap_or(value.len()))
                }
            };
            rest = after;
            Some((name, value))
        })
    }

    /// The value of the first attribute of that name, which is in lower case.
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// Whether a name of any case is one of `names`, which are in lower case.
pub fn is_name(name: &str, names: &[&str]) -> bool {
    names.iter().any(|n| n.eq_ignore_ascii_case(name))
}

/// The tokens of `html`. Comments, declarations and processing instructions give none.
pub fn tokens(html: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = html;
    let is_xml = html
        .trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
        .starts_with("<?xml");
    // Bytes of the element that has just been opened, when its content is no markup.
    let mut raw = 0;
    let mut unclosed = [false; RAW.len()];
    std::iter::from_fn(move || {
        loop {
            if raw > 0 {
                let (content, after) = rest.split_at(std::mem::take(&mut raw));
                rest = after;
                return Some(Token::Raw(content));
            }
            match rest.as_bytes() {
                [] => return None,
                [b'<', b'!', b'-', b'-', ..] => rest = after_comment(rest),
                [b'<', b'/', c, ..] if c.is_ascii_alphabetic() => {
                    let (tag, after) = split_tag(rest, 2);
                    rest = after;
                    return Some(Token::Close(tag.name));
                }
                [b'<', b'!' | b'?' | b'/', ..] => {
                    rest = rest.split_once('>').map_or("", |(_, after)| after);
                }
                [b'<', c, ..] if c.is_ascii_alphabetic() => {
                    let (mut tag, after) = split_tag(rest, 1);
                    rest = after;
                    tag.is_empty = tag.attributes.ends_with('/') && (is_xml || tag.is(&CLOSABLE));
                    if !tag.is_empty
                        && let Some(at) = RAW.iter().position(|name| tag.is(&[name]))
                    {
                        // Searched for once, since there may be as many as there are tags.
                        let end = (!unclosed[at]).then(|| raw_end(rest, RAW[at])).flatten();
                        unclosed[at] = end.is_none();
                        raw = end.unwrap_or(if at < CODE { rest.len() } else { 0 });
                        tag.is_empty = end.is_none() && at >= CODE;
                    }
                    return Some(Token::Open(tag));
                }
                _ => {
                    let next = rest.bytes().skip(1).position(|byte| byte == b'<');
                    let (text, after) = rest.split_at(next.map_or(rest.len(), |at| at + 1));
                    rest = after;
                    return Some(Token::Text(text));
                }
            }
        }
    })
}

/// Elements whose content is no markup.
const RAW: [&str; 8] = [
    "script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes",
];

/// How many of them, from the first, hold code. Where it is never closed, no text follows; where
/// another one is never closed, a page follows.
const CODE: usize = 2;

/// Elements that "/>" closes in HTML too. Browsers do not close frames so, but those who write
/// feeds do, and nothing stands in a frame.
const CLOSABLE: [&str; 3] = ["svg", "math", "iframe"];

/// Splits off the tag that `markup` starts with; its name starts at `name_at`.
/// A tag that is never closed takes all the rest.
fn split_tag(markup: &str, name_at: usize) -> (Tag<'_>, &str) {
    let bytes = markup.as_bytes();
    let is_end = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'>');
    let name_end = bytes[name_at..]
        .iter()
        .position(is_end)
        .map_or(bytes.len(), |at| name_at + at);
    let mut quote = None;
    let mut after_equals = false;
    let mut end = bytes.len();
    for (at, &byte) in bytes.iter().enumerate().skip(name_end) {
        match quote {
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if byte == b'>' => {
                end = at;
                break;
            }
            None if after_equals && matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None => {}
        }
        after_equals = byte == b'=' || (after_equals && byte.is_ascii_whitespace());
    }
    let tag = Tag {
        name: &markup[name_at..name_end],
        attributes: &markup[name_end..end],
        is_empty: false,
    };
    (tag, markup.get(end + 1..).unwrap_or(""))
}

/// What follows the comment that `markup` starts with; nothing when it is never closed.
fn after_comment(markup: &str) -> &str {
    let body = &markup[4..];
    match body.strip_prefix('>').or_else(|| body.strip_prefix("->")) {
        Some(after) => after,
        None => body.split_once("-->").map_or("", |(_, after)| after),
    }
}

/// Where the content of the raw element `name` ends, if it does.
fn raw_end(content: &str, name: &str) -> Option<usize> {
    let bytes = content.as_bytes();
    content.match_indices("</").map(|(at, _)| at).find(|at| {
        let found = bytes.get(at + 2..at + 2 + name.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens, spelled out in short.
    fn short(html: &str) -> Vec<String> {
        let spell = |token| match token {
            Token::Text(text) => text.to_owned(),
            Token::Raw(text) => format!("[{text}]"),
            Token::Close(name) => format!("</{name}>"),
            Token::Open(tag) => {
                let attributes = tag.attributes().map(|(n, v)| format!(" {n}={v}"));
                format!("<{}{}>", tag.name, attributes.collect::<String>())
            }
        };
        tokens(html).map(spell).collect()
    }

    #[test]
    fn attributes_of_every_spelling() {
        let html = r#"<A href=/a?b=c title = 'x > y' DISABLED data-x="1""2"/>"#;
        assert_eq!(
            short(html),
            ["<A href=/a?b=c title=x > y DISABLED= data-x=1 \"2\"=>"]
        );
        assert_eq!(short("<p =x = y>"), ["<p =x=y>"]);
    }

    #[test]
    fn scripts_are_no_markup() {
        assert_eq!(
            short("<script>if (a < b) x = '</p><!--';</SCRIPT >é<b>"),
            [
                "<script>",
                "[if (a < b) x = '</p><!--';]",
                "</SCRIPT>",
                "é",
                "<b>"
            ]
        );
        assert_eq!(short("<title>a <b> c</title>")[1], "[a <b> c]");
    }

    #[test]
    fn what_is_never_closed_ends_with_the_page() {
        assert_eq!(short("a<!-- b <p>c"), ["a"]);
        assert_eq!(short("a<!--> b"), ["a", " b"]);
        assert_eq!(short("a<script>b<p>c"), ["a", "<script>", "[b<p>c]"]);
        assert_eq!(short("a<a href=\"x>y</a>"), ["a", "<a href=x>y</a>>"]);
        assert_eq!(short("a<"), ["a", "<"]);
    }

    #[test]
    fn only_code_goes_on_to_the_end_of_the_page() {
        for name in ["iframe", "textarea", "title", "noframes"] {
            let open = format!("<{name}>");
            assert_eq!(short(&format!("{open}b<p>c")), [&open, "b", "<p>", "c"]);
        }
    }

    #[test]
    fn closed_by_a_slash() {
        assert_eq!(short("<iframe src=x />a<p>")[1..], ["a", "<p>"]);
        let scripts = "<script src='x'/>a<script>b</script>";
        assert_eq!(short(scripts)[1..], ["[a<script>b]", "</script>"]);
        let xml = format!("\u{feff}\n<?xml version='1.0'?>{scripts}");
        let tokens = short(&xml);
        assert_eq!(
            tokens[tokens.len() - 4..],
            ["a", "<script>", "[b]", "</script>"]
        );
    }

    #[test]
    fn declarations_are_skipped_and_stray_signs_are_text() {
        assert_eq!(
            short("<?xml version=\"1.0\"?><!DOCTYPE html>5 <6 </ >日<日>"),
            ["5 ", "<6 ", "日", "<日>"]
        );
    }
}
