//! Labelled tables, read whole.

use std::path::Path;

use anyhow::{anyhow, bail};

use super::{Common, Ended, say};
use crate::article::Article;
use crate::records::{self, Columns, Row};

/// Longest row that is read; far more than any article.
const MAX_ROW: u64 = 1 << 25;

/// A labelled table.
pub struct Table {
    /// The rows that give an article.
    pub articles: Vec<(Row, Article)>,
    /// Whether there were others.
    pub ended: Ended,
}

/// Reads a table of articles. Rows that give no article are reported and left out.
///
/// # Errors
/// When the table cannot be opened or no row gives an article.
pub fn read(path: &Path, columns: &Columns, common: &Common) -> anyhow::Result<Table> {
    let (rows, ended) = rows(path, common)?;
    let mut table = articles(path, rows, columns)?;
    if ended == Ended::InputFailed {
        table.ended = ended;
    }
    let count = table.articles.len();
    common.note(format!("{}: {count} articles", path.display()));
    Ok(table)
}

/// Reads the rows of a table. Those that cannot be read are reported and left out.
///
/// # Errors
/// When the table cannot be opened.
pub fn rows(path: &Path, common: &Common) -> anyhow::Result<(Vec<Row>, Ended)> {
    let name = path.display().to_string();
    let table = records::open(path, MAX_ROW).map_err(|e| anyhow!("{name}: {e}"))?;
    for warning in &table.warnings {
        common.warn(format!("{name}: {warning}"));
    }
    let mut ended = Ended::Well;
    let mut rows = Vec::new();
    for row in table.rows {
        match row {
            Ok(row) => rows.push(row),
            Err((number, error)) => {
                ended = Ended::InputFailed;
                say("error", format!("{name}: row {number} {error}; left out"));
            }
        }
    }
    Ok((rows, ended))
}

/// Makes articles of the rows of a table. Rows that give none are reported and left out.
///
/// # Errors
/// When no row gives an article.
pub fn articles(path: &Path, rows: Vec<Row>, columns: &Columns) -> anyhow::Result<Table> {
    let name = path.display().to_string();
    let mut ended = Ended::Well;
    let mut articles = Vec::new();
    for row in rows {
        match row.article(columns) {
            Ok(article) => articles.push((row, article)),
            Err(error) => {
                ended = Ended::InputFailed;
                say(
                    "error",
                    format!("{name}: row {} {error}; left out", row.number),
                );
            }
        }
    }
    if articles.is_empty() {
        bail!("{name}: no row gives an article");
    }
    Ok(Table { articles, ended })
}
