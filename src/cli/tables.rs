//! Labelled tables, read whole.

use std::path::Path;

use anyhow::{Context, bail};

use super::{Common, Ended, say};
use crate::article::Article;
use crate::records::{Columns, JsonlReader, Row};

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
    let name = path.display().to_string();
    let rows = JsonlReader::open(path, MAX_ROW).with_context(|| name.clone())?;
    let mut articles = Vec::new();
    let mut ended = Ended::Well;
    for row in rows {
        let read = row.and_then(|row| match row.article(columns) {
            Ok(article) => Ok((row, article)),
            Err(error) => Err((row.number, error)),
        });
        match read {
            Ok(pair) => articles.push(pair),
            Err((number, error)) => {
                ended = Ended::InputFailed;
                say("error", format!("{name}: row {number} {error}; left out"));
            }
        }
    }
    if articles.is_empty() {
        bail!("{name}: no row gives an article");
    }
    common.note(format!("{name}: {} articles", articles.len()));
    Ok(Table { articles, ended })
}
