//! Reports: the results of many articles in one file or stream.

use std::io::{self, Write};

use super::arrow::{ArrowSink, ParquetSink};
use super::columns::Column;
use super::page::{self, PageMeta};
use super::{Outcome, csv, json};

/// Formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// One JSON object a line.
    Jsonl,
    /// A row of cells for each input.
    Csv {
        /// Whether it begins with the mark by which Excel knows UTF-8.
        excel: bool,
    },
    /// A Parquet file.
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
    /// An HTML page.
    Html,
}

/// Writes the results of many articles, one after the other.
pub struct Report<W: Write + Send> {
    meta: PageMeta,
    sink: Sink<W>,
}

enum Sink<W: Write + Send> {
    Jsonl(W),
    Csv(Vec<Column>, W),
    Parquet(Box<ParquetSink<W>>),
    Arrow(Box<ArrowSink<W>>),
    /// With the number of rows so far.
    Html(usize, W),
}

impl<W: Write + Send> Report<W> {
    /// Begins a report. JSON and HTML have all columns whatever is chosen.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn new(
        format: ReportFormat,
        columns: Vec<Column>,
        meta: PageMeta,
        mut out: W,
    ) -> io::Result<Self> {
        let sink = match format {
            ReportFormat::Jsonl => Sink::Jsonl(out),
            ReportFormat::Csv { excel } => {
                if excel {
                    out.write_all(csv::MARK)?;
                }
                csv::header(&mut out, &columns)?;
                Sink::Csv(columns, out)
            }
            ReportFormat::Parquet => Sink::Parquet(Box::new(ParquetSink::new(columns, out)?)),
            ReportFormat::Arrow => Sink::Arrow(Box::new(ArrowSink::new(columns, out)?)),
            ReportFormat::Html => {
                page::begin(&mut out, &meta)?;
                Sink::Html(0, out)
            }
        };
        Ok(Self { meta, sink })
    }

    /// Writes the row of one input.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn row(&mut self, outcome: &Outcome) -> io::Result<()> {
        let model = &self.meta.model;
        match &mut self.sink {
            Sink::Jsonl(out) => {
                json::write(&mut *out, outcome, model, false)?;
                out.write_all(b"\n")
            }
            Sink::Csv(columns, out) => csv::row(out, columns, outcome),
            Sink::Parquet(sink) => sink.row(outcome),
            Sink::Arrow(sink) => sink.row(outcome),
            Sink::Html(rows, out) => {
                page::row(out, outcome, model, *rows == 0)?;
                *rows += 1;
                Ok(())
            }
        }
    }

    /// Sends on what is buffered, so that readers of a pipe see whole results.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Jsonl(out) | Sink::Csv(_, out) | Sink::Html(_, out) => out.flush(),
            Sink::Arrow(sink) => sink.flush(),
            // Nobody can read half a Parquet file.
            Sink::Parquet(_) => Ok(()),
        }
    }

    /// Writes what ends the report and gives the output back.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn finish(self) -> io::Result<W> {
        let mut out = match self.sink {
            Sink::Jsonl(out) | Sink::Csv(_, out) => out,
            Sink::Parquet(sink) => sink.finish()?,
            Sink::Arrow(sink) => sink.finish()?,
            Sink::Html(_, mut out) => {
                page::end(&mut out)?;
                out
            }
        };
        out.flush()?;
        Ok(out)
    }
}
