//! Labelled articles: what is measured on, and how it can be sliced.

use std::collections::BTreeMap;

use serde_json::Value;

use super::results::DataRecord;
use super::summaries::Gold;
use crate::article::{Article, segment};
use crate::model::sha256_hex;
use crate::records::{Columns, RecordError, Row};

/// A set of labelled rows.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// What reports and suites call it.
    pub name: String,
    /// What messages call it: the path of its file.
    pub path: String,
    /// The rows.
    pub rows: Vec<Row>,
    /// Names of the columns that hold the articles.
    pub columns: Columns,
}

impl Data {
    /// What is recorded of it.
    #[must_use]
    pub fn record(&self) -> DataRecord {
        DataRecord {
            name: self.name.clone(),
            rows: self.rows.len(),
            failed: 0,
            sha256: self.digest(),
        }
    }

    /// SHA-256, in hex, over all rows: what tells two sets apart.
    #[must_use]
    pub fn digest(&self) -> String {
        let json = |row: &Row| serde_json::to_string(&row.fields).unwrap_or_default();
        let hashes = self.rows.iter().map(|row| sha256_hex(json(row).as_bytes()));
        sha256_hex(hashes.collect::<String>().as_bytes())
    }
}

/// The row's article; a row without a text is its `sentences` on lines.
///
/// # Errors
/// When there is neither.
pub fn article(row: &Row, columns: &Columns) -> Result<Article, RecordError> {
    match (row.column(&columns.text), row.texts("sentences")) {
        (None, Some(sentences)) => {
            let text = Value::from(sentences.join("\n"));
            let mut row = row.clone();
            row.fields.insert(columns.text.clone(), text);
            row.article(columns)
        }
        _ => row.article(columns),
    }
}

/// Columns with lists that a summary is judged by.
const SUMMARY_LISTS: [&str; 5] = ["best", "references", "reference", "summary", "highlights"];
/// Columns with texts that it is judged by.
const SUMMARY_TEXTS: [&str; 5] = ["best", "extract", "reference", "summary", "highlights"];

/// Whether a row has a column that its summary could be judged by.
#[must_use]
pub fn has_gold(row: &Row) -> bool {
    let filled = |column: &&str| row.list(column).is_some_and(|list| !list.is_empty());
    SUMMARY_LISTS.iter().any(filled)
        || (SUMMARY_TEXTS.iter()).any(|column| row.text_of(column).is_some())
}

/// What the article's summary is judged by; `None` when the row has nothing of it.
///
/// Marked sentences are in `best` and `alternates`, or in `extract`, a text of
/// chosen sentences run together; `summary` marks sentences too when each of its
/// lines is one of the article's. Written summaries are in `references`, a list
/// of them, or in `reference`, `summary` or `highlights`: one, as text or as a list of lines.
///
/// # Errors
/// When marks are malformed or not in the text.
pub fn gold(row: &Row, article: &Article) -> Result<Option<Gold>, String> {
    let text = article.text.as_str();
    let mut gold = Gold {
        best: row.spans("best", text)?.filter(|best| !best.is_empty()),
        alternates: row.spans("alternates", text)?,
        junk: row.spans("junk", text)?,
        references: references(row),
    };
    if gold.best.is_none()
        && let Some(extract) = row.text_of("extract")
    {
        let extract = plain(&extract);
        let sentences = segment(article).sentences.into_iter();
        let inside = sentences.filter(|s| extract.contains(&plain(&text[s.bytes.clone()])));
        let inside: Vec<_> = inside.map(|s| s.chars).collect();
        if inside.is_empty() {
            return Err("has an \"extract\" without a sentence of its text".to_owned());
        }
        gold.best = Some(inside);
    }
    if gold.best.is_none() {
        // A summary in words of its own marks nothing, which is no error.
        let summary = row.spans("summary", text).ok().flatten();
        gold.best = summary.filter(|best| !best.is_empty());
    }
    if gold.references.is_empty()
        && let Some(best) = &gold.best
    {
        let chars: Vec<char> = text.chars().collect();
        let lines = best.iter().map(|span| chars[span.clone()].iter().collect());
        let lines: Vec<String> = lines.map(|line: String| plain(&line)).collect();
        gold.references.push(lines.join("\n"));
    }
    let has_words = gold.references.iter().any(|r| !r.trim().is_empty());
    Ok(has_words.then_some(gold))
}

/// A text in one line.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn references(row: &Row) -> Vec<String> {
    let lines = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(lines) => {
            let lines: Option<Vec<&str>> = lines.iter().map(Value::as_str).collect();
            Some(lines?.join("\n"))
        }
        _ => None,
    };
    if let Some(references) = row.list("references") {
        return references.iter().filter_map(lines).collect();
    }
    ["reference", "summary", "highlights"]
        .into_iter()
        .filter_map(|column| match row.list(column) {
            Some(list) => lines(&Value::Array(list)),
            None => row.text_of(column),
        })
        .filter(|text| !text.trim().is_empty())
        .take(1)
        .collect()
}

/// Columns whose values make slices, if rows have them.
const SLICES: [&str; 4] = ["kind", "source", "category", "confidence"];

/// In which slices an article is: what they are cut by, and which.
#[must_use]
pub fn traits(row: &Row, article: &Article, columns: &[String]) -> BTreeMap<String, String> {
    let words = article.text.split_whitespace().count();
    let length = match words {
        0..300 => "0 to 299 words",
        300..600 => "300 to 599 words",
        600..1200 => "600 to 1,199 words",
        _ => "1,200 words and more",
    };
    let mut traits = BTreeMap::from([("length".to_owned(), length.to_owned())]);
    if let Some(year) = article.meta.date.as_deref().and_then(year) {
        traits.insert("year".to_owned(), year);
    }
    for column in SLICES.into_iter().chain(columns.iter().map(String::as_str)) {
        if let (Some(value), false) = (row.text_of(column), traits.contains_key(column)) {
            traits.insert(column.to_owned(), value);
        }
    }
    traits
}

/// The year of a date in whatever form: the first number of four digits that may be one.
fn year(date: &str) -> Option<String> {
    date.split(|c: char| !c.is_ascii_digit())
        .find(|n| n.len() == 4 && (n.starts_with("19") || n.starts_with("20")))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        r#""text":"The ferry sank on Monday. Nobody was hurt. The port stays open.""#;

    fn of(columns: &str) -> Result<Option<Gold>, String> {
        let row = Row::of_json(&format!("{{{TEXT},{columns}}}"));
        let article = article(&row, &Columns::default()).unwrap();
        gold(&row, &article)
    }

    #[test]
    fn marks_and_summaries_of_every_form_are_found() {
        let spans = of(r#""best":[[0,25]],"alternates":["Nobody was hurt."],"junk":[]"#);
        let spans = spans.unwrap().unwrap();
        let one = |span| Some(std::iter::once(span).collect::<Vec<_>>());
        assert_eq!((spans.best, spans.alternates), (one(0..25), one(26..42)));
        assert_eq!(spans.junk, Some(Vec::new()));
        assert_eq!(spans.references, ["The ferry sank on Monday."]);

        let glued = of(r#""extract":"The ferry sank on Monday.The port stays open.""#);
        let glued = glued.unwrap().unwrap();
        assert_eq!(glued.best, Some(vec![0..25, 43..63]));
        assert_eq!(
            glued.references,
            ["The ferry sank on Monday.\nThe port stays open."]
        );

        let lines = of(r#""summary":["Nobody was hurt."]"#).unwrap().unwrap();
        assert_eq!(lines.best, one(26..42));
        assert_eq!(lines.references, ["Nobody was hurt."]);

        for written in [
            r#""summary":"A ship sank.\nThe port is open.""#,
            r#""highlights":["A ship sank.","The port is open."]"#,
            r#""reference":["A ship sank.","The port is open."]"#,
            r#""references":[["A ship sank.","The port is open."]]"#,
        ] {
            let written = of(written).unwrap().unwrap();
            assert_eq!(written.references, ["A ship sank.\nThe port is open."]);
            assert_eq!(written.best, None);
        }
        let several = of(r#""references":["A.","B."]"#).unwrap().unwrap();
        assert_eq!(several.references, ["A.", "B."]);
        assert_eq!(of(r#""summary":" ","references":[]"#), Ok(None));
        assert_eq!(of(r#""best":[]"#), Ok(None));
        assert_eq!(of(r#""summary":[]"#), Ok(None));
        assert!(
            of(r#""extract":"It snowed.""#)
                .unwrap_err()
                .contains("extract")
        );
        assert!(
            of(r#""best":["It snowed."]"#)
                .unwrap_err()
                .contains("It snowed.")
        );
    }

    #[test]
    fn a_row_of_sentences_is_an_article() {
        let row =
            Row::of_json(r#"{"sentences":["A title","","One sank."],"summary":["One sank."]}"#);
        let article = article(&row, &Columns::default()).unwrap();
        assert_eq!(article.text, "A title\n\nOne sank.");
        let gold = gold(&row, &article).unwrap().unwrap();
        assert_eq!(gold.best.map(|b| b[0].clone()), Some(9..18));
    }

    #[test]
    fn slices_come_from_the_article_and_from_columns() {
        let row = Row::of_json(&format!(
            r#"{{{TEXT},"date":"4/12/2019","kind":"wire","confidence":"h","desk":"sea"}}"#
        ));
        let article = article(&row, &Columns::default()).unwrap();
        let traits = traits(&row, &article, &["desk".to_owned(), "none".to_owned()]);
        let expected = [
            ("confidence", "h"),
            ("desk", "sea"),
            ("kind", "wire"),
            ("length", "0 to 299 words"),
            ("year", "2019"),
        ];
        let traits: Vec<(&str, &str)> = traits
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(traits, expected);
        assert_eq!(
            (year("May 2017"), year("12 1234"), year("")),
            (Some("2017".to_owned()), None, None)
        );
    }

    #[test]
    fn the_digest_follows_the_rows() {
        let data = |json: &str| Data {
            rows: vec![Row::of_json(json)],
            ..Data::default()
        };
        assert_eq!(
            data(r#"{"a":1,"b":2}"#).digest(),
            data(r#"{"b":2,"a":1}"#).digest()
        );
        assert_ne!(data(r#"{"a":1}"#).digest(), data(r#"{"a":2}"#).digest());
    }
}
