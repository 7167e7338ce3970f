//! What a labelled row says beside its article.

use std::ops::Range;

use serde_json::Value;

use super::Row;

/// The lowest grade with which a topic holds.
pub const POSITIVE: u8 = 2;
/// The grade of a topic that is only known to hold.
const LABELLED: u8 = 3;

impl Row {
    /// Ids of the topics that the row speaks of, in `grades` or `labels`.
    #[must_use]
    pub fn topics(&self) -> Vec<String> {
        let grades = self.fields.get("grades").and_then(Value::as_object);
        let labels = self.fields.get("labels").and_then(Value::as_array);
        let grades = grades.into_iter().flat_map(|g| g.keys().cloned());
        let labels = labels.into_iter().flatten().filter_map(Value::as_str);
        grades.chain(labels.map(str::to_owned)).collect()
    }

    /// The row's grade, 0 to 3, of a topic: from `grades`, or from `labels`
    /// (3 when listed, 0 when not).
    ///
    /// # Errors
    /// When the row has neither, or a grade is out of range.
    pub fn grade(&self, topic: &str) -> Result<u8, String> {
        if let Some(grades) = self.fields.get("grades").filter(|g| !g.is_null()) {
            if !grades.is_object() {
                return Err("has \"grades\" that are no object of topic to 0-3".to_owned());
            }
            let grade = match grades.get(topic) {
                None => return Ok(0),
                Some(grade) => grade,
            };
            return match grade.as_u64() {
                Some(grade @ 0..=3) => Ok(grade as u8),
                _ => Err(format!(
                    "has grade {grade} for {topic}; grades are 0, 1, 2 or 3"
                )),
            };
        }
        match self.fields.get("labels").and_then(Value::as_array) {
            Some(labels) if labels.iter().any(|l| l.as_str() == Some(topic)) => Ok(LABELLED),
            Some(_) => Ok(0),
            None => Err("has neither \"grades\" (topic to 0-3) nor \"labels\" (a list)".to_owned()),
        }
    }

    /// Spans `[start, end)` in characters of the text, such as `best`; `None`
    /// when the row has no such column.
    #[must_use]
    pub fn spans(&self, column: &str) -> Option<Vec<Range<usize>>> {
        let number = |v: &Value| usize::try_from(v.as_u64()?).ok();
        let spans = self.fields.get(column)?.as_array()?;
        spans
            .iter()
            .map(|span| Some(number(span.get(0)?)?..number(span.get(1)?)?))
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
    }

    #[test]
    fn a_sentence_is_marked_when_it_is_mostly_inside_a_span() {
        assert!(is_marked(&(10..20), &[0..3, 12..22]));
        assert!(is_marked(&(10..20), &[0..100, 200..201]));
        assert!(!is_marked(&(10..20), &[18..40, 0..11]));
    }
}
