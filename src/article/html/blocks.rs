//! Markup to blocks of text.

use super::shown::shown;
use super::tokens::{Tag, Token, is_name};

/// What a block of text is by its innermost block tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A paragraph, or text of any other block.
    Text,
    /// A heading of any level.
    Heading,
    /// An item of a list.
    Item,
}

/// A piece of text between two block tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: Kind,
    /// Its text, not empty: white space collapsed, a line for each `<br>`,
    /// entities as they stand.
    pub text: String,
}

/// The text of `html` in blocks, in order.
pub fn blocks(html: &str) -> Vec<Block> {
    let mut out = Out::default();
    for token in shown(html, &HIDDEN) {
        match token {
            Token::Text(text) => out.text(text),
            Token::Raw(_) => {}
            Token::Open(tag) if tag.is(&HIDDEN) => out.end_block(),
            Token::Open(tag) => out.open(&tag),
            Token::Close(name) => out.close(name),
        }
    }
    out.end_block();
    out.blocks
}

const HIDDEN: [&str; 6] = ["noscript", "template", "svg", "math", "object", "select"];

const INLINE: [&str; 39] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em",
    "font", "i", "img", "ins", "kbd", "label", "mark", "nobr", "q", "rp", "rt", "ruby", "s",
    "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
    "ref",
];

#[derive(Default)]
struct Out {
    blocks: Vec<Block>,
    current: String,
    kind: Option<Kind>,
    /// What stands before the next word.
    gap: Gap,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
}

impl Out {
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_whitespace() || c == '\0' {
                if self.gap == Gap::None {
                    self.gap = Gap::Space;
                }
                continue;
            }
            if !self.current.is_empty() {
                match self.gap {
                    Gap::None => {}
                    Gap::Space => self.current.push(' '),
                    Gap::Line => self.current.push('\n'),
                }
            }
            self.gap = Gap::None;
            self.current.push(c);
        }
    }

    fn open(&mut self, tag: &Tag) {
        if tag.is(&["br"]) {
            if self.gap == Gap::Line {
                self.end_block();
            } else {
                self.gap = Gap::Line;
            }
        } else if tag.is(&["td", "th"]) {
            self.gap = Gap::Space;
        } else if !tag.is(&INLINE) {
            self.end_block();
            if tag.is(&["h1", "h2", "h3", "h4", "h5", "h6"]) {
                self.kind = Some(Kind::Heading);
            } else if tag.is(&["li", "dt", "dd"]) {
                self.kind = Some(Kind::Item);
            } else if !tag.is(&["p", "div"]) {
                // A paragraph of an item or of a heading is still that.
                self.kind = None;
            }
        }
    }

    fn close(&mut self, name: &str) {
        if is_name(name, &["td", "th"]) {
            self.gap = Gap::Space;
        } else if !is_name(name, &INLINE) {
            self.end_block();
            if !is_name(name, &["p", "div"]) {
                self.kind = None;
            }
        }
    }

    fn end_block(&mut self) {
        self.gap = Gap::None;
        let text = std::mem::take(&mut self.current);
        if !text.is_empty() {
            let kind = self.kind.unwrap_or(Kind::Text);
            self.blocks.push(Block { kind, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(html: &str) -> Vec<String> {
        blocks(html).into_iter().map(|block| block.text).collect()
    }

    #[test]
    fn words_are_never_glued_and_never_torn() {
        let html = "<p>The <b>coun</b>cil\n met<br>on <a href=x>Monday</a>.</p>It <i>voted</i>\
            <ul><li>yes<li>no</ul><table><tr><td>North</td><td>12</td></tr><tr><td>South<td>9</table>";
        assert_eq!(
            texts(html),
            [
                "The council met\non Monday.",
                "It voted",
                "yes",
                "no",
                "North 12",
                "South 9"
            ]
        );
    }

    #[test]
    fn two_line_breaks_part_paragraphs() {
        assert_eq!(
            texts("<div>One.<br> <br/>Two.<br>Three.<br><br><br>Four.<br></div>"),
            ["One.", "Two.\nThree.", "Four."]
        );
    }

    #[test]
    fn what_is_not_shown_gives_no_text() {
        let html = "<head><title>T</title><body><noscript><p>Switch on</p></noscript><p>Shown</p>\
            <template><template>x</template>y</template><svg><text>z</text></svg><style>p{}</style>";
        assert_eq!(texts(html), ["Shown"]);
    }

    #[test]
    fn paragraphs_of_items_and_headings_are_of_their_kind() {
        let kinds: Vec<Kind> = blocks("<h2><div>A</div></h2><p>B</p><ul><li><p>C</p></ul>D")
            .iter()
            .map(|block| block.kind)
            .collect();
        assert_eq!(kinds, [Kind::Heading, Kind::Text, Kind::Item, Kind::Text]);
    }
}
