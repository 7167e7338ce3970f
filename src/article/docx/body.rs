//! The main part of a Word document to paragraphs.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{character, damaged};

/// A cell with more paragraphs than this is laid out in a table, not a table's.
const MAX_CELL_PARAGRAPHS: usize = 3;

/// Elements whose text is not the document's: taken out or moved away by a
/// tracked change, the look before a tracked change, the code of a field, the
/// second form of a text box, the reading aid above a character.
const SKIPPED: [&str; 9] = [
    "del",
    "moveFrom",
    "delText",
    "instrText",
    "delInstrText",
    "rPrChange",
    "pPrChange",
    "Fallback",
    "rt",
];

/// What is being read.
#[derive(Debug, Default)]
struct Body {
    done: Vec<String>,
    /// Open paragraphs: those of a text box stand within another.
    open: Vec<String>,
    /// Open rows of tables, each with the paragraphs of its cells.
    rows: Vec<Vec<Vec<String>>>,
    /// Bytes of text so far.
    length: usize,
    hidden: bool,
    in_text: bool,
    /// Whether the properties of a paragraph are being read.
    in_properties: bool,
    /// Whether a tracked change takes the end of the paragraph out.
    joins_next: bool,
    /// What such a paragraph leaves to the next one.
    carried: String,
}

/// Reads the paragraphs; the row of a table is one, its cells a tab apart.
pub fn paragraphs<R: BufRead>(xml: &mut Reader<R>, max_text: usize) -> Result<Vec<String>, String> {
    let mut body = Body::default();
    let mut buffer = Vec::new();
    let (mut depth, mut skipping) = (0usize, None);
    loop {
        buffer.clear();
        let event = xml.read_event_into(&mut buffer).map_err(damaged)?;
        match &event {
            Event::Start(element) => {
                depth += 1;
                if skipping.is_none() && SKIPPED.contains(&element.local_name().as_ref()) {
                    skipping = Some(depth);
                }
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Eof if depth > 0 => return Err(damaged("its text breaks off")),
            Event::Eof => {
                let carried = std::mem::take(&mut body.carried);
                body.add(split(&carried));
                return Ok(body.done);
            }
            _ => {}
        }
        match skipping {
            Some(level) if depth < level => skipping = None,
            Some(_) => {}
            None => body.take(&event),
        }
        if body.length > max_text {
            return Err(format!(
                "has more than {max_text} bytes of text; split it into articles or raise --max-bytes"
            ));
        }
    }
}

impl Body {
    fn take(&mut self, event: &Event) {
        match event {
            Event::Start(element) => self.start(element),
            Event::Empty(element) => {
                self.start(element);
                self.end(element.local_name().as_ref());
            }
            Event::End(element) => self.end(element.local_name().as_ref()),
            Event::Text(text) if self.in_text => self.push(text),
            Event::CData(text) if self.in_text => self.push(text),
            Event::GeneralRef(entity) if self.in_text => {
                if let Some(c) = character(entity) {
                    self.push(c.encode_utf8(&mut [0; 4]));
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, element: &BytesStart) {
        match element.local_name().as_ref() {
            "p" => self.open.push(std::mem::take(&mut self.carried)),
            "pPr" => self.in_properties = true,
            // Elsewhere it has content and is skipped.
            "del" if self.in_properties => self.joins_next = true,
            "tr" => self.rows.push(Vec::new()),
            "tc" => {
                if let Some(row) = self.rows.last_mut() {
                    row.push(Vec::new());
                }
            }
            "r" => self.hidden = false,
            "vanish" => self.hidden = !is_off(element),
            "t" => self.in_text = true,
            "tab" | "ptab" => self.push(" "),
            "br" | "cr" => self.push("\n"),
            "noBreakHyphen" => self.push("-"),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "r" => self.hidden = false,
            "pPr" => self.in_properties = false,
            "p" => {
                let text = self.open.pop().unwrap_or_default();
                if std::mem::take(&mut self.joins_next) {
                    self.carried = text;
                } else {
                    self.add(split(&text));
                }
            }
            "tr" => {
                let cells = self.rows.pop().unwrap_or_default();
                self.add(row(cells));
            }
            _ => {}
        }
    }

    fn push(&mut self, text: &str) {
        if self.hidden {
            return;
        }
        // The tab stops among a paragraph's properties come here as well.
        if let Some(open) = self.open.last_mut() {
            open.push_str(text);
            self.length += text.len();
        }
    }

    /// Adds paragraphs to the innermost cell, or to the text.
    fn add(&mut self, paragraphs: Vec<String>) {
        match self.rows.last_mut().and_then(|row| row.last_mut()) {
            Some(cell) => cell.extend(paragraphs),
            None => self.done.extend(paragraphs),
        }
    }
}

fn is_off(element: &BytesStart) -> bool {
    let value = element
        .attributes()
        .flatten()
        .find(|a| a.key.local_name().as_ref() == "val");
    value.is_some_and(|a| matches!(&*a.value, "0" | "false" | "off"))
}

/// A paragraph as one line of text, or as several where blank lines part it.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.replace('\u{ad}', "").split('\n') {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        match parts.last_mut() {
            Some(last) if !line.is_empty() && !last.is_empty() => {
                last.push(' ');
                last.push_str(&line);
            }
            Some(last) if last.is_empty() => *last = line,
            _ => parts.push(line),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The row of a table as one paragraph. A table that only lays out the page
/// keeps its paragraphs.
fn row(cells: Vec<Vec<String>>) -> Vec<String> {
    let filled = cells.iter().filter(|cell| !cell.is_empty()).count();
    if filled <= 1 || cells.iter().any(|cell| cell.len() > MAX_CELL_PARAGRAPHS) {
        return cells.concat();
    }
    let cells: Vec<String> = cells.iter().map(|cell| cell.join(" ")).collect();
    vec![cells.join("\t").trim().to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Vec<String> {
        let xml = format!("<w:document><w:body>{body}</w:body></w:document>");
        paragraphs(&mut Reader::from_reader(xml.as_bytes()), 1000).unwrap()
    }

    fn runs(inner: &str) -> Vec<String> {
        read(&format!("<w:p>{inner}</w:p>"))
    }

    #[test]
    fn runs_make_words_and_breaks_make_spaces() {
        let text = runs(
            "<w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>Fer</w:t></w:r>\n  <w:r><w:t xml:space=\"preserve\">ry &amp; \
             </w:t><w:tab/><w:t>caf&#233;</w:t><w:br/><w:t>well</w:t><w:noBreakHyphen/><w:t>known</w:t></w:r>",
        );
        assert_eq!(text, ["Ferry & café well-known"]);
        let two = runs("<w:r><w:t>One.</w:t><w:br/><w:br/><w:t>Two.</w:t></w:r>");
        assert_eq!(two, ["One.", "Two."]);
    }

    #[test]
    fn changes_codes_and_hidden_text() {
        let text = runs(
            "<w:ins><w:r><w:t>in</w:t></w:r></w:ins><w:del><w:r><w:t>x</w:t><w:delText>out</w:delText></w:r></w:del>\
             <w:moveFrom><w:r><w:t>gone</w:t></w:r></w:moveFrom><w:moveTo><w:r><w:t> there</w:t></w:r></w:moveTo>\
             <w:r><w:fldChar w:fldCharType=\"begin\"/><w:instrText>HYPERLINK \"x\"</w:instrText></w:r>\
             <w:hyperlink><w:r><w:t> link</w:t></w:r></w:hyperlink>\
             <w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:rPr><w:vanish w:val=\"0\"/></w:rPr><w:t> seen</w:t></w:r>\
             <w:r><w:footnoteReference w:id=\"1\"/></w:r>",
        );
        assert_eq!(text, ["in there link seen"]);
    }

    #[test]
    fn the_look_before_a_change_hides_nothing_and_deleted_ends_join() {
        let text = runs(
            "<w:r><w:rPr><w:rPrChange><w:rPr><w:vanish/></w:rPr></w:rPrChange></w:rPr>\
             <w:t>seen</w:t></w:r>",
        );
        assert_eq!(text, ["seen"]);
        let run = |text: &str| format!("<w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r>");
        let joined = read(&format!(
            "<w:p><w:pPr><w:rPr><w:del w:id=\"1\"/></w:rPr></w:pPr>{}</w:p><w:p>{}</w:p>",
            run("One "),
            run("line.")
        ));
        assert_eq!(joined, ["One line."]);
    }

    #[test]
    fn a_text_box_comes_once() {
        let boxed = |kind: &str| {
            format!(
                "<mc:{kind}><w:txbxContent><w:p><w:r><w:t>Box</w:t></w:r></w:p></w:txbxContent></mc:{kind}>"
            )
        };
        let text = runs(&format!(
            "<w:r><w:t>Be</w:t><mc:AlternateContent>{}{}</mc:AlternateContent><w:t>fore</w:t></w:r>",
            boxed("Choice"),
            boxed("Fallback")
        ));
        assert_eq!(text, ["Box", "Before"]);
    }

    #[test]
    fn rows_are_lines() {
        let cell = |text: &str| format!("<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>");
        let table = format!(
            "<w:tbl><w:tr>{}{}</w:tr><w:tr>{}</w:tr></w:tbl>",
            cell("Fish"),
            cell("3"),
            cell("alone")
        );
        assert_eq!(read(&table), ["Fish\t3", "alone"]);
    }

    #[test]
    fn limits_and_torn_text() {
        let xml = "<w:p><w:r><w:t>word word</w:t></w:r></w:p>";
        let limited = |max| paragraphs(&mut Reader::from_reader(xml.as_bytes()), max);
        assert!(limited(9).is_ok());
        assert!(limited(8).unwrap_err().contains("--max-bytes"));
        let torn = paragraphs(&mut Reader::from_reader(&xml.as_bytes()[..20]), 100);
        assert!(torn.unwrap_err().contains("damaged"));
    }

    #[test]
    fn deep_nesting_and_growing_entities_do_no_harm() {
        let deep = format!(
            "{}{}",
            "<w:sdt>".repeat(100_000),
            "</w:sdt>".repeat(100_000)
        );
        assert!(read(&deep).is_empty());
        let laughs = "<!DOCTYPE d [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]>\
                      <w:p><w:r><w:t>so &b; said</w:t></w:r></w:p>";
        let text = paragraphs(&mut Reader::from_reader(laughs.as_bytes()), 100).unwrap();
        assert_eq!(text, ["so said"]);
    }
}
