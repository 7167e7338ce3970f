//! The evaluation articles that come with topicwire.

use super::cases::Data;
use crate::records::{Columns, Row};

/// What reports and gates call them.
pub const NAME: &str = "fixtures";

const ARTICLES: &str = include_str!("../../eval/fixtures/articles.jsonl");

/// The articles: made up, with two readers' agreed grades and summary sentences.
/// See `eval/README.md`.
///
/// # Errors
/// When a line is no JSON object.
pub fn data() -> Result<Data, serde_json::Error> {
    let rows: Result<Vec<Row>, serde_json::Error> = ARTICLES
        .lines()
        .zip(1..)
        .map(|(line, number)| {
            Ok(Row {
                number,
                fields: serde_json::from_str(line)?,
            })
        })
        .collect();
    Ok(Data {
        name: NAME.to_owned(),
        rows: rows?,
        columns: Columns::default(),
    })
}
