//! Tables of articles: rows in, whatever the format.

mod arrow;
mod cells;
mod delimited;
mod json;
mod jsonl;
mod labels;
mod open;
mod parquet;
mod text;

pub use labels::{POSITIVE, is_marked};
pub use open::{Done, Rows, Table, open};

use serde_json::{Map, Value};

use crate::article::Article;

/// Digits that a number in JSON has for certain.
const EXACT_DIGITS: usize = 15;

/// The remark on a column whose name another has before it.
fn twice(name: &str, read: &str) -> String {
    format!("column \"{name}\" is there more than once; the {read} is read")
}

/// The columns of a row.
pub type Fields = Map<String, Value>;

/// Names of the columns that hold an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The text; every row must have it.
    pub text: String,
    /// The title.
    pub title: String,
    /// The row's identifier.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// The site or publication.
    pub source: String,
    /// The date of publication.
    pub date: String,
    /// The address.
    pub url: String,
}

impl Columns {
    /// The names, each with the flag that sets it.
    #[must_use]
    pub fn flags(&self) -> [(&'static str, &str); 7] {
        [
            ("--text-column", &self.text),
            ("--title-column", &self.title),
            ("--id-column", &self.id),
            ("--author-column", &self.author),
            ("--source-column", &self.source),
            ("--date-column", &self.date),
            ("--url-column", &self.url),
        ]
    }
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            text: "text".to_owned(),
            title: "title".to_owned(),
            id: "id".to_owned(),
            author: "author".to_owned(),
            source: "source".to_owned(),
            date: "date".to_owned(),
            url: "url".to_owned(),
        }
    }
}

/// Why a row gives no article. The messages follow the row's place.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The table itself cannot be read further.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The table ends or breaks off where it should not.
    #[error("cannot be read: {0}")]
    Broken(String),
    /// The row is longer than the limit.
    #[error("is longer than {limit} bytes; split the article or raise --max-bytes")]
    TooLong {
        /// The limit in force.
        limit: u64,
    },
    /// The row of a CSV table is longer than the limit.
    #[error(
        "is longer than {limit} bytes; check that each quote in it is closed, or raise --max-bytes"
    )]
    TooLongOrUnclosed {
        /// The limit in force.
        limit: u64,
    },
    /// The row is not a JSON object.
    #[error("is not a JSON object: {0}")]
    NotJson(String),
    /// The row has more or fewer cells than the header.
    #[error("has {found} cells where the header has {expected}; check its quotes")]
    Cells {
        /// Cells of the row.
        found: usize,
        /// Cells of the header.
        expected: usize,
    },
    /// A cell opens a quote and the table ends before another.
    #[error("opens a quote that is never closed; check its quotes")]
    Unclosed,
    /// A cell goes on after the quote that ends it.
    #[error("has text after a closing quote; check its quotes")]
    TextAfterQuote,
    /// Bytes of another encoding.
    #[error("has bytes in column \"{column}\" that are not UTF-8; save the table as UTF-8")]
    NotUtf8 {
        /// The column.
        column: String,
    },
    /// The text column holds something else.
    #[error("has no text in column \"{column}\" but {found}")]
    NotText {
        /// The text column.
        column: String,
        /// The beginning of what it holds, as JSON.
        found: String,
    },
    /// The row has no text column.
    #[error("has no column \"{column}\" (columns: {present}); name it with --text-column")]
    NoText {
        /// The column that was looked for.
        column: String,
        /// The columns that there are.
        present: String,
    },
    /// The text column is blank.
    #[error("has an empty text")]
    Empty,
}

impl RecordError {
    /// Whether nothing can be read after it.
    fn ends_table(&self) -> bool {
        matches!(self, Self::Io(_) | Self::Broken(_))
    }
}

/// One row of a table.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Number of the row in its table, from 1.
    pub number: usize,
    /// The columns.
    pub fields: Fields,
}

impl Row {
    /// The first row of a table, from JSON.
    #[cfg(test)]
    pub(crate) fn of_json(json: &str) -> Self {
        Self {
            number: 1,
            fields: serde_json::from_str(json).unwrap_or_else(|e| panic!("{e}: {json}")),
        }
    }

    /// A column by its name: exactly, or else without regard to case and
    /// outer white space when only one column is meant.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Value> {
        if let Some(value) = self.fields.get(name) {
            return Some(value);
        }
        let plain = |name: &str| name.trim().to_lowercase();
        let name = plain(name);
        let mut alike = self.fields.iter().filter(|(key, _)| plain(key) == name);
        match (alike.next(), alike.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// A column as text; numbers are written out, anything else or a blank is
    /// `None`.
    #[must_use]
    pub fn text_of(&self, column: &str) -> Option<String> {
        match self.column(column)? {
            Value::String(text) if text.trim().is_empty() => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The row's article.
    ///
    /// # Errors
    /// When the text column is missing or blank.
    pub fn article(&self, columns: &Columns) -> Result<Article, RecordError> {
        let text = match self.column(&columns.text) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => {
                return Err(RecordError::NotText {
                    column: columns.text.clone(),
                    found: other.to_string().chars().take(40).collect(),
                });
            }
            None => {
                let present: Vec<&str> = self.fields.keys().map(String::as_str).collect();
                return Err(RecordError::NoText {
                    column: columns.text.clone(),
                    present: present.join(", "),
                });
            }
        };
        if text.trim().is_empty() {
            return Err(RecordError::Empty);
        }
        let mut article = Article::new(self.text_of(&columns.title), text);
        article.id = self.text_of(&columns.id);
        article.meta.author = self.text_of(&columns.author);
        article.meta.site = self.text_of(&columns.source);
        article.meta.date = self.text_of(&columns.date);
        article.meta.url = self.text_of(&columns.url);
        Ok(article)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_may_differ_in_case_and_spaces_when_one_alone_is_meant() {
        let one = Row::of_json(r#"{" Text ":"a","ID":7,"ÜBER":"b"}"#);
        assert_eq!(one.text_of("text").as_deref(), Some("a"));
        assert_eq!(one.text_of("id").as_deref(), Some("7"));
        assert_eq!(one.text_of("über").as_deref(), Some("b"));
        let exact = Row::of_json(r#"{"Text":"a","text":"b"}"#);
        assert_eq!(exact.text_of("text").as_deref(), Some("b"));
        let unclear = Row::of_json(r#"{"Text":"a","TEXT":"b"}"#);
        let error = unclear.article(&Columns::default()).unwrap_err();
        assert!(
            error.to_string().contains("(columns: TEXT, Text)"),
            "{error}"
        );
    }

    #[test]
    fn an_article_carries_what_its_columns_say() {
        let row = Row::of_json(
            r#"{"text":"Rain.","source":"The Gull","author":"Ann Field","date":"2026-01-02","url":"","id":" "}"#,
        );
        let article = row.article(&Columns::default()).unwrap();
        assert_eq!(article.meta.author.as_deref(), Some("Ann Field"));
        assert_eq!(article.meta.site.as_deref(), Some("The Gull"));
        assert_eq!(article.meta.date.as_deref(), Some("2026-01-02"));
        assert_eq!((article.meta.url, article.id), (None, None));
    }
}
