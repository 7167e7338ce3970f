//! Ways of showing an analysis, one file each.

mod json;
mod markdown;
mod text;

pub use text::Page;

use std::io::{self, Write};

use crate::analysis::{Analysis, ModelId};

/// Version of the JSON; counts breaking changes.
pub const SCHEMA: u32 = 1;

/// One input and what came of it.
#[derive(Debug)]
pub struct Outcome<'a> {
    /// Path of the file, when the input is one.
    pub path: Option<&'a str>,
    /// Identifier of the article, when its source gives one.
    pub id: Option<&'a str>,
    /// The analysis, or why there is none.
    pub result: Result<&'a Analysis, &'a str>,
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
        self.written += 1;
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
