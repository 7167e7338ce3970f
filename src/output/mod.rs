//! Ways of showing an analysis, one file each.

mod arrow;
mod columns;
mod csv;
mod digest;
mod json;
mod markdown;
mod page;
mod report;
mod text;

pub use columns::{Column, ColumnError, Extra};
pub use digest::{DigestLine, DigestView};
pub use page::{PageMeta, PageTopic};
pub use report::{Report, ReportFormat};
pub use text::{Page, one_line};

use std::io::{self, Write};

use crate::analysis::{Analysis, ModelId};
use crate::records::Fields;

/// Version of the JSON; counts breaking changes.
pub const SCHEMA: u32 = 1;

/// One input and what came of it.
#[derive(Debug)]
pub struct Outcome<'a> {
    /// Path of the file or table, when the input is from one.
    pub path: Option<&'a str>,
    /// Number of its row there, where there may be several, from 1.
    pub row: Option<usize>,
    /// Identifier of the article, when its source gives one.
    pub id: Option<&'a str>,
    /// The article's text, when JSON is to carry it.
    pub text: Option<&'a str>,
    /// Number of the group of copies that it is in, where copies are told.
    pub cluster: Option<usize>,
    /// Columns of its table that are passed on, when any.
    pub columns: Option<&'a Fields>,
    /// The analysis, or why there is none.
    pub result: Result<&'a Analysis, &'a str>,
}

impl<'a> Outcome<'a> {
    /// Of an input of which nothing else is known.
    #[must_use]
    pub fn of(result: Result<&'a Analysis, &'a str>) -> Self {
        Self {
            path: None,
            row: None,
            id: None,
            text: None,
            cluster: None,
            columns: None,
            result,
        }
    }
}

/// A way of showing results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A page for people.
    Text(Page),
    /// One JSON object, or an array of them for several inputs.
    Json {
        /// Whether an array is written.
        array: bool,
    },
    /// One JSON object a line.
    Jsonl,
    /// Markdown.
    Markdown,
}

/// Writes results one after the other.
pub struct Printer<W: Write> {
    format: Format,
    model: ModelId,
    out: W,
    written: usize,
}

impl<W: Write> Printer<W> {
    /// A printer of one format onto `out`.
    pub fn new(format: Format, model: ModelId, out: W) -> Self {
        Self {
            format,
            model,
            out,
            written: 0,
        }
    }

    /// Writes one result.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn print(&mut self, outcome: &Outcome) -> io::Result<()> {
        let first = self.written == 0;
        let pages = matches!(self.format, Format::Text(_) | Format::Markdown);
        // A page shows nothing of an input that failed; JSON shows every input.
        self.written += usize::from(!pages || outcome.result.is_ok());
        match self.format {
            Format::Text(page) => {
                if let Ok(analysis) = outcome.result {
                    if !first {
                        writeln!(self.out)?;
                    }
                    page.write(&mut self.out, outcome, analysis)?;
                }
            }
            Format::Markdown => {
                if let Ok(analysis) = outcome.result {
                    if !first {
                        writeln!(self.out)?;
                    }
                    markdown::write(&mut self.out, outcome, analysis)?;
                }
            }
            Format::Json { array } => {
                let before = match (array, first) {
                    (true, true) => "[\n",
                    (true, false) => ",\n",
                    (false, _) => "",
                };
                write!(self.out, "{before}")?;
                json::write(&mut self.out, outcome, &self.model, true)?;
                if !array {
                    writeln!(self.out)?;
                }
            }
            Format::Jsonl => {
                json::write(&mut self.out, outcome, &self.model, false)?;
                writeln!(self.out)?;
            }
        }
        Ok(())
    }

    /// Writes what ends the output and gives it back.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        if self.format == (Format::Json { array: true }) {
            let before = if self.written == 0 { "[" } else { "" };
            writeln!(self.out, "{before}\n]")?;
        }
        self.out.flush()?;
        Ok(self.out)
    }

    /// Sends on what is buffered, so that readers of a pipe see whole results.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Evidence, Place, SummarySentence, TopicResult};
    use crate::article::Meta;

    fn place(sentence: usize, start: usize, text: &str) -> Place {
        Place {
            sentence,
            start,
            end: start + text.chars().count(),
        }
    }

    fn analysis() -> Analysis {
        let lead = "The port’s <crane> computers were locked on Monday by criminals who asked \
                    for 40 bitcoin, the harbour master\nsaid.";
        let odd = "No ransom was paid.\u{1b}[31m\u{202e}";
        let topic = |id: &str, name: &str, probability, evidence: Vec<Evidence>| TopicResult {
            id: id.to_owned(),
            name: name.to_owned(),
            probability,
            label: probability >= 0.5,
            threshold: 0.5,
            uncertain: (0.2..0.6).contains(&probability),
            evidence,
        };
        let evidence = Evidence {
            place: place(0, 25, lead),
            weight: 0.75,
            text: lead.to_owned(),
        };
        Analysis {
            title: Some("Cranes stand still at | Dunmore *port*".to_owned()),
            meta: Meta {
                author: Some("Ann Field".to_owned()),
                date: Some("2024-05-06".to_owned()),
                site: Some("Harbour | Daily".to_owned()),
                url: None,
                language: Some("en".to_owned()),
            },
            words: 120,
            sentences: 9,
            topics: vec![
                topic("cybersecurity", "Cybersecurity", 0.9731, vec![evidence]),
                topic("sport", "Sport", 0.42, Vec::new()),
            ],
            summary: vec![
                SummarySentence {
                    place: place(0, 25, lead),
                    score: 0.61,
                    text: lead.to_owned(),
                },
                SummarySentence {
                    place: place(4, 300, odd),
                    score: 0.4,
                    text: odd.to_owned(),
                },
            ],
            warnings: vec!["not UTF-8; read as windows-1252".to_owned()],
            tokens: 160,
        }
    }

    fn print(format: Format, failed: bool) -> String {
        let model = ModelId {
            name: "small".to_owned(),
            version: "1.2.0".to_owned(),
        };
        let analysis = analysis();
        let mut printer = Printer::new(format, model, Vec::new());
        let outcome = |path, result| Outcome {
            path: Some(path),
            id: Some("nr-7"),
            ..Outcome::of(result)
        };
        printer.print(&outcome("a.txt", Ok(&analysis))).unwrap();
        if failed {
            let error = Err("is empty; there is nothing to classify");
            printer.print(&outcome("b.txt", error)).unwrap();
        }
        String::from_utf8(printer.finish().unwrap()).unwrap()
    }

    #[test]
    fn text() {
        let page = print(Format::Text(Page { width: 60 }), true);
        insta::assert_snapshot!(anstream::adapter::strip_str(&page).to_string());
    }

    #[test]
    fn json() {
        insta::assert_snapshot!(print(Format::Json { array: false }, false));
        insta::assert_snapshot!(print(Format::Json { array: true }, true));
    }

    #[test]
    fn jsonl() {
        insta::assert_snapshot!(print(Format::Jsonl, true));
    }

    #[test]
    fn json_carries_the_text_when_asked() {
        let model = ModelId {
            name: "small".to_owned(),
            version: "1.2.0".to_owned(),
        };
        let mut printer = Printer::new(Format::Jsonl, model, Vec::new());
        let analysis = analysis();
        let outcome = Outcome {
            text: Some("All of it."),
            ..Outcome::of(Ok(&analysis))
        };
        printer.print(&outcome).unwrap();
        let line = String::from_utf8(printer.finish().unwrap()).unwrap();
        assert!(
            line.trim_end()
                .ends_with(r#","error":null,"text":"All of it."}"#)
        );
    }

    #[test]
    fn markdown() {
        insta::assert_snapshot!(print(Format::Markdown, true));
    }
}
