//! Many articles: rows in, results out, in order and in bounded memory.

pub mod copies;
pub mod digest;

use std::collections::BTreeMap;
use std::io::Write;

use crate::analysis::Analysis;
use crate::analyzer::{Analyzer, TOGETHER};
use crate::article::Article;
use crate::options::Options;
use crate::output::{Outcome, Printer};
use crate::records::{Columns, RecordError, Row};

/// What a batch came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows read.
    pub rows: usize,
    /// Rows that failed; each is in the output with its error.
    pub failed: usize,
    /// Articles that each topic holds for.
    pub labels: BTreeMap<String, usize>,
    /// Tokens that the encoder read.
    pub tokens: usize,
}

/// What is read of a row and what of it is passed on.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes of an article's text.
    pub max_bytes: u64,
    /// Whether the results carry the texts.
    pub with_text: bool,
}

/// What is told while a batch runs.
#[derive(Debug)]
pub enum Event<'a> {
    /// A row failed, with its number and why.
    Failed(usize, &'a str),
    /// A few more rows are done.
    Progress(&'a Counts),
}

/// Analyses the rows of a table and prints one result for each, in order.
/// A row that cannot be read gives a result with its error.
///
/// # Errors
/// When the results cannot be written.
pub fn run<W: Write>(
    rows: impl Iterator<Item = Result<Row, (usize, RecordError)>>,
    columns: &Columns,
    analyzer: &Analyzer,
    options: &Options,
    limits: Limits,
    printer: &mut Printer<W>,
    mut tell: impl FnMut(Event),
) -> std::io::Result<Counts> {
    let mut counts = Counts::default();
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let inputs: Vec<Input> = rows
            .by_ref()
            .take(TOGETHER)
            .map(|row| Input::of(row, columns, limits.max_bytes))
            .collect();
        for (input, result) in analyze(&inputs, analyzer, options) {
            counts.rows += 1;
            match &result {
                Ok(analysis) => {
                    counts.tokens += analysis.tokens;
                    for label in analysis.labels() {
                        *counts.labels.entry(label.to_owned()).or_default() += 1;
                    }
                }
                Err(error) => {
                    counts.failed += 1;
                    tell(Event::Failed(input.number, error));
                }
            }
            printer.print(&Outcome {
                path: None,
                id: input.id.as_deref(),
                text: match &input.article {
                    Ok(article) if limits.with_text => Some(&article.text),
                    _ => None,
                },
                result: result.as_ref().map_err(String::as_str),
            })?;
        }
        printer.flush()?;
        tell(Event::Progress(&counts));
    }
    Ok(counts)
}

/// A row as far as it could be read.
pub struct Input {
    /// Number of the row, from 1.
    pub number: usize,
    /// Its identifier.
    pub id: Option<String>,
    /// The article, or why there is none.
    pub article: Result<Article, String>,
}

impl Input {
    /// What a row gives.
    #[must_use]
    pub fn of(row: Result<Row, (usize, RecordError)>, columns: &Columns, max_bytes: u64) -> Self {
        match row {
            Ok(row) => Self {
                number: row.number,
                id: row.text_of(&columns.id),
                article: match row.article(columns) {
                    Ok(article) if article.text.len() as u64 > max_bytes => {
                        let limit = max_bytes;
                        Err(RecordError::TooLong { limit }.to_string())
                    }
                    article => article.map_err(|e| e.to_string()),
                },
            },
            Err((number, error)) => Self {
                number,
                id: None,
                article: Err(error.to_string()),
            },
        }
    }
}

/// Analyses what could be read, together; results in the order of the inputs.
fn analyze<'a>(
    inputs: &'a [Input],
    analyzer: &Analyzer,
    options: &Options,
) -> Vec<(&'a Input, Result<Analysis, String>)> {
    let articles: Vec<&Article> = inputs
        .iter()
        .filter_map(|input| input.article.as_ref().ok())
        .collect();
    let mut analyses = analyzer.analyze_all(&articles, options).into_iter();
    inputs
        .iter()
        .map(|input| {
            let result = match &input.article {
                Ok(_) => match analyses.next() {
                    Some(analysis) => analysis.map_err(|e| e.to_string()),
                    None => Err("was not analysed".to_owned()),
                },
                Err(error) => Err(error.clone()),
            };
            (input, result)
        })
        .collect()
}
