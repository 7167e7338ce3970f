//! Tables of articles: rows in, whatever the format.

mod jsonl;
mod labels;

pub use jsonl::JsonlReader;
pub use labels::{POSITIVE, is_marked};

use serde_json::{Map, Value};

use crate::article::Article;

/// Names of the columns that hold an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The text; every row must have it.
    pub text: String,
    /// The title.
    pub title: String,
    /// The row's identifier.
    pub id: String,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            text: "text".to_owned(),
            title: "title".to_owned(),
            id: "id".to_owned(),
        }
    }
}

/// Why a row gives no article. The messages follow the row's place.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The table itself cannot be read further.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The row is longer than the limit.
    #[error("is longer than {limit} bytes; split the article or raise --max-bytes")]
    TooLong {
        /// The limit in force.
        limit: u64,
    },
    /// The row is not a JSON object.
    #[error("is not a JSON object: {0}")]
    NotJson(String),
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

/// One row of a table.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Number of the row in its table, from 1.
    pub number: usize,
    /// The columns.
    pub fields: Map<String, Value>,
}

impl Row {
    /// A column as text; numbers are written out, anything else is `None`.
    #[must_use]
    pub fn text_of(&self, column: &str) -> Option<String> {
        match self.fields.get(column)? {
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
        let text = match self.fields.get(&columns.text) {
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
        Ok(article)
    }
}
