//! A report as one HTML page for people, which needs nothing beside it.
//!
//! The page counts, sorts and draws by itself; what is written here is the JSON that it does
//! that with.

use std::io::{self, Write};

use serde::Serialize;

use serde_json::Value;

use super::{Outcome, json};
use crate::analysis::ModelId;
use crate::records::Fields;

const PAGE: &str = include_str!("page.html");
const META: &str = "<!--META-->";
const ROWS: &str = "<!--ROWS-->";

/// Up to here whole numbers are exact in a page's script.
const MOST: u64 = 1 << 53;

/// A topic as the page knows it.
#[derive(Debug, Clone, Serialize)]
pub struct PageTopic {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// From which probability on it holds.
    pub threshold: f32,
}

/// What the page says of the whole report.
#[derive(Debug, Clone, Serialize)]
pub struct PageMeta {
    /// The model.
    pub model: ModelId,
    /// Its topics.
    pub topics: Vec<PageTopic>,
    /// Columns that are passed on.
    pub columns: Vec<String>,
    /// What rows were left out, when any.
    pub filters: Option<String>,
}

/// Writes what comes before the rows.
pub fn begin(out: &mut impl Write, meta: &PageMeta) -> io::Result<()> {
    let (head, rest) = split(PAGE, META);
    let (between, _) = split(rest, ROWS);
    out.write_all(head.as_bytes())?;
    serde_json::to_writer(Escaped(&mut *out), meta)?;
    write!(out, "{between}[")
}

/// Writes the row of one input.
pub fn row(
    out: &mut impl Write,
    outcome: &Outcome,
    model: &ModelId,
    first: bool,
) -> io::Result<()> {
    out.write_all(if first { b"\n" } else { b",\n" })?;
    let columns = outcome.columns.map(with_all_digits);
    let outcome = Outcome {
        columns: columns.as_ref(),
        ..*outcome
    };
    json::write(Escaped(out), &outcome, model, false)
}

/// Columns with numbers as text where the page would round them.
fn with_all_digits(columns: &Fields) -> Fields {
    let told = |value: &Value| match value {
        Value::Number(number)
            if number.as_u64().is_some_and(|n| n > MOST)
                || number.as_i64().is_some_and(|n| n.unsigned_abs() > MOST) =>
        {
            number.to_string().into()
        }
        other => other.clone(),
    };
    columns
        .iter()
        .map(|(name, value)| (name.clone(), told(value)))
        .collect()
}

/// Writes what comes after the rows.
pub fn end(out: &mut impl Write) -> io::Result<()> {
    let (_, tail) = split(PAGE, ROWS);
    write!(out, "\n]{tail}")
}

fn split<'a>(page: &'a str, mark: &str) -> (&'a str, &'a str) {
    page.split_once(mark).unwrap_or((page, ""))
}

/// JSON in which no tag begins or ends.
struct Escaped<W>(W);

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (number, part) in bytes.split(|byte| *byte == b'<').enumerate() {
            if number > 0 {
                self.0.write_all(b"\\u003c")?;
            }
            self.0.write_all(part)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_one_place_for_each_part_and_no_row_can_end_it() {
        for mark in [META, ROWS] {
            assert_eq!(PAGE.matches(mark).count(), 1, "{mark}");
        }
        let meta = PageMeta {
            model: ModelId {
                name: "</script><b>".to_owned(),
                version: String::new(),
            },
            topics: Vec::new(),
            columns: Vec::new(),
            filters: None,
        };
        let columns = serde_json::json!({"nr": 9_007_199_254_740_993_u64, "page": 3});
        let outcome = Outcome {
            path: Some("<!--"),
            columns: columns.as_object(),
            ..Outcome::of(Err("</script>"))
        };
        let mut page = Vec::new();
        begin(&mut page, &meta).unwrap();
        row(&mut page, &outcome, &meta.model, true).unwrap();
        row(&mut page, &outcome, &meta.model, false).unwrap();
        end(&mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert_eq!(
            page.matches("</script>").count(),
            PAGE.matches("</script>").count()
        );
        assert!(page.ends_with("</html>\n"), "{}", &page[page.len() - 20..]);
        let rows = page.split("id=\"rows\">").nth(1).unwrap();
        let rows = rows.split("</script>").next().unwrap();
        let rows: Vec<serde_json::Value> = serde_json::from_str(rows).unwrap();
        assert_eq!(rows[1]["error"], "</script>");
        let told = serde_json::json!({"nr": "9007199254740993", "page": 3});
        assert_eq!(rows[1]["columns"], told);
    }
}
