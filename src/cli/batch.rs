//! `classify batch`: a table of articles, row by row.

use std::path::PathBuf;
use std::time::Instant;

use super::files::{Output, unwritable};
use super::{
    Common, Ended,
    classify::{Shape, Summary, Text},
    say,
};
use crate::batch::{self, Event, Limits};
use crate::output::{Format, Printer};
use crate::records::{self, Columns};

/// Flags of `batch`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Table of articles: JSON Lines, JSON, CSV, TSV or Parquet, also as .gz,
    /// .zst or .bz2; - for standard input
    #[arg(value_name = "TABLE")]
    table: PathBuf,
    /// Format of the results
    #[arg(short, long, value_name = "FORMAT", default_value = "jsonl")]
    format: FormatName,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    columns: ColumnArgs,
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    summary: Summary,
    #[command(flatten)]
    text: Text,
}

/// Flags that name the columns.
#[derive(Debug, clap::Args)]
pub struct ColumnArgs {
    /// Column with the text
    #[arg(long, value_name = "NAME", default_value = "text")]
    text_column: String,
    /// Column with the title
    #[arg(long, value_name = "NAME", default_value = "title")]
    title_column: String,
    /// Column with the identifier
    #[arg(long, value_name = "NAME", default_value = "id")]
    id_column: String,
    /// Column with the site or publication
    #[arg(long, value_name = "NAME", default_value = "source")]
    source_column: String,
    /// Column with the date of publication
    #[arg(long, value_name = "NAME", default_value = "date")]
    date_column: String,
    /// Column with the address
    #[arg(long, value_name = "NAME", default_value = "url")]
    url_column: String,
}

impl ColumnArgs {
    pub fn columns(&self) -> Columns {
        Columns {
            text: self.text_column.clone(),
            title: self.title_column.clone(),
            id: self.id_column.clone(),
            source: self.source_column.clone(),
            date: self.date_column.clone(),
            url: self.url_column.clone(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormatName {
    /// One object a line, in the order of the rows
    Jsonl,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<Ended> {
    let table = args.table.display().to_string();
    let analyzer = args.shape.labels.own.analyzer(common)?;
    let mut options = args.shape.options(&analyzer)?;
    args.summary.set(&args.shape, &analyzer, &mut options)?;
    // In JSON a character of the text takes up to six bytes.
    let max_row = args
        .text
        .max_bytes
        .saturating_mul(6)
        .saturating_add(1 << 16);
    let opened = match records::open(&args.table, max_row) {
        Ok(opened) => opened,
        Err(error) => {
            say("error", format!("{table}: {error}"));
            return Ok(Ended::InputFailed);
        }
    };
    for warning in &opened.warnings {
        common.warn(format!("{table}: {warning}"));
    }
    let format = match args.format {
        FormatName::Jsonl => Format::Jsonl,
    };
    let inputs: Vec<_> = std::iter::once(args.table.clone())
        .chain(args.shape.labels.own.file())
        .collect();
    let output = Output::open(args.output.as_deref(), &inputs)?;
    let mut printer = Printer::new(format, analyzer.model().clone(), output);
    let mut progress = common.progress();
    let start = Instant::now();
    let columns = args.columns.columns();
    let counts = batch::run(
        opened.rows,
        &columns,
        &analyzer,
        &options,
        Limits {
            max_bytes: args.text.max_bytes,
            with_text: args.text.with_text,
        },
        &mut printer,
        |event| match event {
            Event::Failed(row, error) => say("error", format!("{table}: row {row} {error}")),
            Event::Progress(counts) => progress(&format!("{} rows", counts.rows)),
        },
    )
    .map_err(|e| unwritable(e, args.output.as_deref()))?;
    printer
        .finish()
        .map_err(|e| unwritable(e, args.output.as_deref()))?
        .complete()?;

    let seconds = start.elapsed().as_secs_f64();
    if !common.quiet {
        let labels: Vec<String> = analyzer
            .topics()
            .iter()
            .map(|t| format!("{} {}", counts.labels.get(&t.id).unwrap_or(&0), t.id))
            .collect();
        say(
            "done",
            format!(
                "{} rows, {} failed; {}; {seconds:.1} s",
                counts.rows,
                counts.failed,
                labels.join(", ")
            ),
        );
    }
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    common.note(format!("{:.0} tokens/s", counts.tokens as f64 / seconds));
    Ok(if counts.failed > 0 {
        Ended::InputFailed
    } else {
        Ended::Well
    })
}
