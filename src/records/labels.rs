//! What a labelled row says beside its article.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use super::Row;

/// The lowest grade with which a topic holds.
pub const POSITIVE: u8 = 2;
/// The grade of a topic that is only known to hold.
const LABELLED: u8 = 3;

impl Row {
    /// A column that is a list or an object; where cells are text, as in CSV,
    /// the JSON in it. A blank cell holds nothing.
    fn structure(&self, column: &str) -> Option<Cow<'_, Value>> {
        match self.column(column)? {
            Value::Null => None,
            Value::String(cell) if cell.trim().is_empty() => None,
            Value::String(cell) => Some(match serde_json::from_str(cell) {
                Ok(value) => Cow::Owned(value),
                Err(_) => Cow::Borrowed(self.column(column)?),
            }),
            value => Some(Cow::Borrowed(value)),
        }
    }

    /// The topics in `labels`: a list, or a cell with one. A blank cell is an
    /// empty list.
    fn labels(&self) -> Option<Vec<String>> {
        if let Some(Value::Array(labels)) = self.structure("labels").as_deref() {
            let names = labels.iter().filter_map(Value::as_str);
            return Some(names.map(str::to_owned).collect());
        }
        // Names with something between, perhaps in the brackets and single
        // quotes in which Python writes a list.
        let cell = self.column("labels")?.as_str()?.trim();
        let inner = cell.strip_prefix('[').and_then(|c| c.strip_suffix(']'));
        let names = inner.unwrap_or(cell).split([';', '|', ',']);
        let names = names.map(|name| name.trim().trim_matches(['\'', '"']));
        Some(names.filter(|n| !n.is_empty()).map(str::to_owned).collect())
    }

    /// Ids of the topics that the row speaks of, in `grades` or `labels`.
    #[must_use]
    pub fn topics(&self) -> Vec<String> {
        let graded = match self.structure("grades").as_deref() {
            Some(Value::Object(grades)) => grades
                .iter()
                .filter(|(_, grade)| !grade.is_null())
                .map(|(topic, _)| topic.clone())
                .collect(),
            _ => Vec::new(),
        };
        let labels = self.labels().unwrap_or_default();
        graded.into_iter().chain(labels).collect()
    }

    /// The row's grade, 0 to 3, of a topic: from `grades`, or from `labels`
    /// (3 when listed, 0 when not).
    ///
    /// # Errors
    /// When the row has neither, or a grade is out of range.
    pub fn grade(&self, topic: &str) -> Result<u8, String> {
        if let Some(grades) = self.structure("grades") {
            if !grades.is_object() {
                return Err("has \"grades\" that are no object of topic to 0-3".to_owned());
            }
            // Columns of a fixed structure hold null for what is not said.
            let grade = match grades.get(topic) {
                None | Some(Value::Null) => return Ok(0),
                Some(grade) => grade,
            };
            return match grade.as_u64() {
                Some(grade @ 0..=3) => Ok(grade as u8),
                _ => Err(format!(
                    "has grade {grade} for {topic}; grades are 0, 1, 2 or 3"
                )),
            };
        }
        match self.labels() {
            Some(labels) if labels.iter().any(|l| l == topic) => Ok(LABELLED),
            Some(_) => Ok(0),
            None => Err("has neither \"grades\" (topic to 0-3) nor \"labels\" (a list)".to_owned()),
        }
    }

    /// A column that is a list of texts, such as `sentences`; `None` when the
    /// row has no such column or it holds something else.
    #[must_use]
    pub fn texts(&self, column: &str) -> Option<Vec<String>> {
        let texts = self.structure(column)?;
        let texts = texts.as_array()?.iter();
        texts.map(|text| text.as_str().map(str::to_owned)).collect()
    }

    /// Spans `[start, end)` in characters of the text, such as `best`; `None`
    /// when the row has no such column or it holds something else.
    #[must_use]
    pub fn spans(&self, column: &str) -> Option<Vec<Range<usize>>> {
        let number = |v: &Value| usize::try_from(v.as_u64()?).ok();
        let spans = self.structure(column)?;
        spans
            .as_array()?
            .iter()
            .map(|span| Some(number(span.get(0)?)?..number(span.get(1)?)?))
            .map(|span| span.filter(|s| s.start <= s.end))
            .collect()
    }
}

/// Whether a sentence is the one that a reader marked: more than half of the
/// shorter of the two lies in both.
#[must_use]
pub fn is_marked(sentence: &Range<usize>, marked: &[Range<usize>]) -> bool {
    marked.iter().any(|span| {
        let start = sentence.start.max(span.start);
        let shared = sentence.end.min(span.end).saturating_sub(start);
        shared * 2 > sentence.len().min(span.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> Row {
        Row {
            number: 1,
            fields: serde_json::from_str(json).unwrap(),
        }
    }

    #[test]
    fn grades_and_label_lists_both_give_grades() {
        let graded = row(r#"{"grades":{"brexit":2,"sport":0}}"#);
        assert_eq!(graded.grade("brexit"), Ok(2));
        assert_eq!(graded.grade("weather"), Ok(0));
        let listed = row(r#"{"labels":["sport"]}"#);
        assert_eq!(
            (listed.grade("sport"), listed.grade("brexit")),
            (Ok(3), Ok(0))
        );
        let empty = row(r#"{"grades":null,"labels":["sport"]}"#);
        assert_eq!(empty.grade("sport"), Ok(3));
        assert!(row(r#"{"grades":[2]}"#).grade("sport").is_err());
        assert!(row("{}").grade("sport").unwrap_err().contains("neither"));
        assert!(row(r#"{"grades":{"sport":7}}"#).grade("sport").is_err());
        let unsaid = row(r#"{"grades":{"sport":null,"brexit":2}}"#);
        assert_eq!(unsaid.grade("sport"), Ok(0));
        assert_eq!(unsaid.topics(), ["brexit"]);
    }

    #[test]
    fn cells_hold_lists_and_objects_as_json_or_labels_with_something_between() {
        for cell in [
            "sport; data leak",
            "sport|data leak ;",
            "sport,data leak",
            "[\"sport\", \"data leak\"]",
            "['sport', 'data leak']",
        ] {
            let row = Row {
                number: 1,
                fields: [("Labels".to_owned(), cell.into())].into_iter().collect(),
            };
            assert_eq!(row.topics(), ["sport", "data leak"], "{cell}");
            assert_eq!(row.grade("sport"), Ok(3));
        }
        let none = row(r#"{"labels":" ","grades":""}"#);
        assert_eq!((none.grade("sport"), none.topics().len()), (Ok(0), 0));
        let graded = row(r#"{"grades":"{\"sport\":2}","best":"[[0,7],[9,12]]","alternates":""}"#);
        assert_eq!(graded.grade("sport"), Ok(2));
        assert_eq!(graded.spans("best"), Some(vec![0..7, 9..12]));
        assert_eq!(graded.spans("alternates"), None);
        let unclear = row(r#"{"grades":"high"}"#);
        assert!(unclear.grade("sport").unwrap_err().contains("no object"));
    }

    #[test]
    fn lists_of_texts_may_stand_in_a_cell() {
        let listed = row(r#"{"a":["One.","Two."],"b":"[\"One.\",\"Two.\"]","c":"[]"}"#);
        let texts = Some(vec!["One.".to_owned(), "Two.".to_owned()]);
        assert_eq!(
            (listed.texts("a"), listed.texts("b")),
            (texts.clone(), texts)
        );
        assert_eq!(listed.texts("c"), Some(Vec::new()));
        let other = row(r#"{"a":["One.",2],"b":"One.","c":" ","d":null,"e":{}}"#);
        for column in ["a", "b", "c", "d", "e", "f"] {
            assert_eq!(other.texts(column), None, "{column}");
        }
    }

    #[test]
    fn a_sentence_is_marked_when_it_is_mostly_inside_a_span() {
        assert!(is_marked(&(10..20), &[0..3, 12..22]));
        assert!(is_marked(&(10..20), &[0..100, 200..201]));
        assert!(!is_marked(&(10..20), &[18..40, 0..11]));
    }
}
