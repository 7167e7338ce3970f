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
    /// empty list. Without it the single topic in `label`.
    fn labels(&self) -> Option<Vec<String>> {
        if self.column("labels").is_none() {
            return self.text_of("label").map(|label| vec![label]);
        }
        if let Some(Value::Array(labels)) = self.structure("labels").as_deref() {
            let names = labels.iter().filter_map(|label| match label {
                Value::String(name) => Some(name.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            });
            return Some(names.collect());
        }
        if let Some(Value::Number(number)) = self.column("labels") {
            return Some(vec![number.to_string()]);
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
            None => match self.column("labels") {
                Some(labels) if !labels.is_null() => Err(format!(
                    "has \"labels\" that are no list of topics but {labels}"
                )),
                _ => {
                    Err("has neither \"grades\" (topic to 0-3) nor \"labels\" (a list)".to_owned())
                }
            },
        }
    }

    /// A column that is a list; `None` when the row has no such column or it
    /// holds something else.
    #[must_use]
    pub fn list(&self, column: &str) -> Option<Vec<Value>> {
        Some(self.structure(column)?.as_array()?.clone())
    }

    /// Whether the row says which topics it has, be it none or in a way that
    /// [`grade`](Self::grade) refuses.
    #[must_use]
    pub fn is_labelled(&self) -> bool {
        let labels = self
            .column("labels")
            .is_some_and(|labels| !labels.is_null());
        self.structure("grades").is_some() || labels || self.labels().is_some()
    }

    /// Whether the row's labels are a blank cell, which counts as no topic.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        let blank = |labels: &Value| labels.as_str().is_some_and(|cell| cell.trim().is_empty());
        self.structure("grades").is_none() && self.column("labels").is_some_and(blank)
    }

    /// Whether the row's topics are graded, not only listed.
    #[must_use]
    pub fn is_graded(&self) -> bool {
        self.structure("grades").is_some()
    }

    /// A column that is a list of texts, such as `sentences`; `None` when the
    /// row has no such column or it holds something else.
    #[must_use]
    pub fn texts(&self, column: &str) -> Option<Vec<String>> {
        let texts = self.structure(column)?;
        let texts = texts.as_array()?.iter();
        texts.map(|text| text.as_str().map(str::to_owned)).collect()
    }

    /// Sentences that a reader marked, such as `best`, as spans `[start, end)`
    /// in characters of `text`. The column lists such spans, or the sentences
    /// themselves, of which white space may differ; a sentence that occurs more
    /// than once is the first behind the one before it. A text is a list of one.
    /// `None` when the row has nothing of it.
    ///
    /// # Errors
    /// When something in the list is no span, or a sentence is not in the text.
    pub fn spans(&self, column: &str, text: &str) -> Result<Option<Vec<Range<usize>>>, String> {
        let Some(list) = self.structure(column) else {
            return Ok(None);
        };
        let list = match list.as_ref() {
            Value::Array(list) => list.as_slice(),
            one @ Value::String(_) => std::slice::from_ref(one),
            _ => return Ok(None),
        };
        let length = text.chars().count();
        let number = |v: Option<&Value>| usize::try_from(v?.as_u64()?).ok();
        let mut spans: Vec<Range<usize>> = Vec::new();
        for mark in list {
            let span = match mark {
                Value::String(sentence) => {
                    let from = spans.last().map_or(0, |s| s.end);
                    find(text, sentence, from).ok_or_else(|| {
                        format!("marks {mark} in \"{column}\", which is not in its text")
                    })?
                }
                _ => match (number(mark.get(0)), number(mark.get(1))) {
                    (Some(start), Some(end)) if start <= end && end <= length => start..end,
                    _ => {
                        return Err(format!(
                            "has {mark} in \"{column}\", which is neither a sentence nor \
                             [start, end) within its {length} characters"
                        ));
                    }
                },
            };
            spans.push(span);
        }
        Ok(Some(spans))
    }
}

/// Where `part` stands in `text`, in characters, at `from` or later, or else
/// anywhere; white space of any length is alike.
fn find(text: &str, part: &str, from: usize) -> Option<Range<usize>> {
    // The text with single spaces, and where each of its characters stands.
    let (mut plain, mut places) = (String::new(), Vec::new());
    for (place, c) in text.chars().enumerate() {
        if !c.is_whitespace() {
            plain.push(c);
            places.push(place);
        } else if !plain.ends_with(' ') {
            plain.push(' ');
            places.push(place);
        }
    }
    let words: Vec<&str> = part.split_whitespace().collect();
    let part = words.join(" ");
    let length = part.chars().count();
    if length == 0 {
        return None;
    }
    let mut found = plain.match_indices(&part).map(|(at, _)| {
        let start = plain[..at].chars().count();
        places[start]..places[start + length - 1] + 1
    });
    let first = found.next()?;
    if first.start >= from {
        return Some(first);
    }
    Some(found.find(|span| span.start >= from).unwrap_or(first))
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

    #[test]
    fn grades_and_label_lists_both_give_grades() {
        let graded = Row::of_json(r#"{"grades":{"brexit":2,"sport":0}}"#);
        assert_eq!(graded.grade("brexit"), Ok(2));
        assert_eq!(graded.grade("weather"), Ok(0));
        let listed = Row::of_json(r#"{"labels":["sport"]}"#);
        assert_eq!(
            (listed.grade("sport"), listed.grade("brexit")),
            (Ok(3), Ok(0))
        );
        let empty = Row::of_json(r#"{"grades":null,"labels":["sport"]}"#);
        assert_eq!(empty.grade("sport"), Ok(3));
        assert!(Row::of_json(r#"{"grades":[2]}"#).grade("sport").is_err());
        assert!(
            Row::of_json("{}")
                .grade("sport")
                .unwrap_err()
                .contains("neither")
        );
        assert!(
            Row::of_json(r#"{"grades":{"sport":7}}"#)
                .grade("sport")
                .is_err()
        );
        let unsaid = Row::of_json(r#"{"grades":{"sport":null,"brexit":2}}"#);
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
        let single = Row::of_json(r#"{"label":4}"#);
        assert_eq!(
            (single.topics(), single.grade("4")),
            (vec!["4".to_owned()], Ok(3))
        );
        let numbers = [
            Row::of_json(r#"{"labels":[1,2]}"#),
            Row::of_json(r#"{"labels":2}"#),
        ];
        assert!(numbers.iter().all(|row| row.grade("2") == Ok(3)));
        let wrong = Row::of_json(r#"{"labels":{"sport":true}}"#);
        assert!(
            wrong.is_labelled()
                && wrong
                    .grade("sport")
                    .unwrap_err()
                    .contains("no list of topics")
        );
        let none = Row::of_json(r#"{"labels":" ","grades":""}"#);
        assert!(none.is_blank() && !numbers[0].is_blank());
        assert_eq!((none.grade("sport"), none.topics().len()), (Ok(0), 0));
        let graded =
            Row::of_json(r#"{"grades":"{\"sport\":2}","best":"[[0,7],[9,12]]","alternates":""}"#);
        assert_eq!(graded.grade("sport"), Ok(2));
        let text = "Rain fell on the pier.";
        assert_eq!(graded.spans("best", text), Ok(Some(vec![0..7, 9..12])));
        assert_eq!(graded.spans("alternates", text), Ok(None));
        let unclear = Row::of_json(r#"{"grades":"high"}"#);
        assert!(unclear.grade("sport").unwrap_err().contains("no object"));
    }

    #[test]
    fn lists_of_texts_may_stand_in_a_cell() {
        let listed = Row::of_json(r#"{"a":["One.","Two."],"b":"[\"One.\",\"Two.\"]","c":"[]"}"#);
        let texts = Some(vec!["One.".to_owned(), "Two.".to_owned()]);
        assert_eq!(
            (listed.texts("a"), listed.texts("b")),
            (texts.clone(), texts)
        );
        assert_eq!(listed.texts("c"), Some(Vec::new()));
        let other = Row::of_json(r#"{"a":["One.",2],"b":"One.","c":" ","d":null,"e":{}}"#);
        for column in ["a", "b", "c", "d", "e", "f"] {
            assert_eq!(other.texts(column), None, "{column}");
        }
    }

    #[test]
    fn marked_sentences_are_spans_or_texts() {
        let text = "Élan won.  It\nrained. It rained. Nobody\u{a0}came.";
        let marks = |list: &str| Row::of_json(&format!("{{\"best\":{list}}}")).spans("best", text);
        assert_eq!(marks("[[0,9],[33,45]]"), Ok(Some(vec![0..9, 33..45])));
        let texts = marks(r#"["It rained.","It rained.","Nobody came.","Élan won."]"#);
        assert_eq!(texts, Ok(Some(vec![11..21, 22..32, 33..45, 0..9])));
        assert_eq!(marks("[]"), Ok(Some(Vec::new())));
        assert_eq!(marks("true"), Ok(None));
        assert_eq!(
            marks(r#""Nobody came.""#).map(|m| m.map(|m| m.len())),
            Ok(Some(1))
        );
        for (wrong, part) in [
            (
                r#"["It snowed."]"#,
                "marks \"It snowed.\" in \"best\", which is not in its text",
            ),
            (r#"[" "]"#, "not in its text"),
            ("[[0,900]]", "has [0,900] in \"best\""),
            ("[[9,3]]", "within its 45 characters"),
            ("[7]", "neither a sentence nor"),
        ] {
            let error = marks(wrong).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_sentence_is_marked_when_it_is_mostly_inside_a_span() {
        assert!(is_marked(&(10..20), &[0..3, 12..22]));
        assert!(is_marked(&(10..20), &[0..100, 200..201]));
        assert!(!is_marked(&(10..20), &[18..40, 0..11]));
    }
}
