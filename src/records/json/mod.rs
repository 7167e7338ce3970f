//! JSON objects in an array, or one after the other over several lines.

mod row;

use std::io::BufRead;

use self::row::{Open, Step};
use super::{Fields, RecordError};

/// What a string takes of the row after its own.
const SEAM_END: &[u8] = b"{\"";

/// Splits objects at the level of bytes, so that one row alone is in memory
/// and a broken one is an error in its place. Where a broken row ends is
/// guessed: at the brackets that close it, at an object that begins where a
/// key should or in a string, or at a line that begins like the row did.
pub struct JsonReader<R> {
    input: R,
    max_row: u64,
    /// Whether the objects stand in an array, with commas.
    in_array: bool,
    place: Place,
    /// White space since the last line began, or `None` after anything else.
    indent: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the array's bracket.
    Start,
    /// Between rows.
    Between,
    /// In a row whose bracket was found by the one before it.
    Begun,
    /// In a row whose bracket and first quote were read by the one before it.
    Quoted,
    /// After the array's bracket.
    After,
}

impl<R: BufRead> JsonReader<R> {
    /// Rows of an array.
    pub fn array(input: R, max_row: u64) -> Self {
        Self {
            input,
            max_row,
            in_array: true,
            place: Place::Start,
            indent: Some(0),
        }
    }

    /// Rows that stand one after the other.
    pub fn sequence(input: R, max_row: u64) -> Self {
        Self {
            in_array: false,
            place: Place::Between,
            ..Self::array(input, max_row)
        }
    }

    /// Reads on to the first byte of a row; `false` at the end.
    fn find(&mut self) -> Result<bool, RecordError> {
        loop {
            let Some(&byte) = self.input.fill_buf()?.first() else {
                return match (self.in_array, self.place) {
                    (false, _) | (_, Place::After) => Ok(false),
                    _ => Err(cut()),
                };
            };
            match (self.place, byte) {
                (_, b'\n') => self.indent = Some(0),
                (_, b' ' | b'\t' | b'\r') => self.indent = self.indent.map(|n| n + 1),
                (Place::Start, b'[') => {
                    self.indent = None;
                    self.place = Place::Between;
                }
                (Place::Between, b',') if self.in_array => {}
                (Place::Between, b']') if self.in_array => self.place = Place::After,
                (Place::Start | Place::After, _) => {
                    return Err(RecordError::Broken(
                        "something stands after the end of the array; \
                         give each array a file of its own"
                            .to_owned(),
                    ));
                }
                _ => return Ok(true),
            }
            self.input.consume(1);
        }
    }

    fn row(&mut self) -> Result<Option<Fields>, RecordError> {
        let begun = matches!(self.place, Place::Begun | Place::Quoted);
        if !begun && !self.find()? {
            return Ok(None);
        }
        let mut row = Open::new(self.indent);
        if self.place == Place::Quoted {
            for &byte in SEAM_END {
                row.step(byte, None);
                row.bytes.push(byte);
            }
        }
        self.place = Place::Between;
        let mut first = row.bytes.is_empty();
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                if self.in_array && !(row.lost || row.too_long || row.holds_end()) {
                    return Err(cut());
                }
                self.place = Place::After;
                return row.finish(self.max_row).map(Some);
            }
            let (mut taken, mut kept) = (0, 0);
            let mut ended = false;
            for &byte in buffer {
                match row.step(byte, self.indent) {
                    Step::EndedBefore if !first => {
                        ended = true;
                        if byte == b'{' {
                            self.place = Place::Begun;
                        }
                        break;
                    }
                    Step::Next => {
                        ended = true;
                        self.place = Place::Quoted;
                        break;
                    }
                    step => {
                        taken += 1;
                        ended = matches!(step, Step::Ends);
                    }
                }
                if !row.lost {
                    kept = taken;
                }
                first = false;
                self.indent = match byte {
                    b'\n' => Some(0),
                    b' ' | b'\t' | b'\r' => self.indent.map(|n| n + 1),
                    // A comma may stand before a row on its line.
                    b',' => self.indent,
                    _ => None,
                };
                if ended {
                    break;
                }
            }
            if !row.too_long {
                row.bytes.extend_from_slice(&buffer[..kept]);
            }
            self.input.consume(taken);
            if row.bytes.len() as u64 > self.max_row {
                row.too_long = true;
                row.bytes = Vec::new();
            }
            if self.place == Place::Quoted {
                row.give_back();
            }
            if ended {
                return row.finish(self.max_row).map(Some);
            }
        }
    }
}

fn cut() -> RecordError {
    RecordError::Broken("the table ends before its array is closed; is the file whole?".to_owned())
}

impl<R: BufRead> Iterator for JsonReader<R> {
    type Item = Result<Fields, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.row().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::super::open::numbered;
    use super::*;
    use proptest::prelude::*;
    use std::io::{BufReader, Cursor};

    fn shown(reader: JsonReader<impl BufRead + Send + 'static>) -> Vec<String> {
        numbered(reader)
            .map(|row| match row {
                Ok(row) => row.text_of("id").unwrap_or_default(),
                Err((_, RecordError::NotJson(_))) => "not json".to_owned(),
                Err((_, RecordError::TooLong { limit })) => format!("over {limit}"),
                Err((_, other)) => other.to_string(),
            })
            .collect()
    }

    /// With a small buffer, so that every state meets a buffer's end.
    fn array(text: &str) -> Vec<String> {
        let input = BufReader::with_capacity(3, Cursor::new(text.to_owned()));
        shown(JsonReader::array(input, 60))
    }

    fn sequence(text: &str) -> Vec<String> {
        let input = BufReader::with_capacity(3, Cursor::new(text.to_owned()));
        shown(JsonReader::sequence(input, 60))
    }

    #[test]
    fn arrays_of_every_layout_come_out() {
        assert_eq!(array("[]"), [""; 0]);
        assert_eq!(array(r#"[{"id":1},{"id":2,"t":"a]}{\"\\"}]"#), ["1", "2"]);
        let pretty = "\n[\r\n  {\r\n    \"id\": 1,\n    \"a\": [{\"b\": []}]\n  },\n  {\n \"id\": 2 }\n]\n\n";
        assert_eq!(array(pretty), ["1", "2"]);
        let comma_first = "[ {\"id\":1}\n, {\"id\":2}\n, {\"id\":3}\n]";
        assert_eq!(array(comma_first), ["1", "2", "3"]);
    }

    #[test]
    fn what_follows_a_broken_row_still_comes() {
        let broken = "not json";
        assert_eq!(array(r#"[7,"x",{"id":1},[2],{"id":3},null]"#).len(), 6);
        assert_eq!(array(r#"[{"id":1,},{"id":2}]"#), [broken, "2"]);
        assert_eq!(array(r#"[{"id":[1,2},{"id":2}]"#), [broken, "2"]);
        assert_eq!(array(r#"[{"id":1,{"id":2},{"id":3}]"#), [broken, "2", "3"]);
        assert_eq!(array(r#"[x {"id":2}]"#), [broken, "2"]);
        let quote = "[\n {\"id\":\"1},\n {\"id\":2},\n {\"id\":3}\n]";
        assert_eq!(array(quote), [broken, "2", "3"]);
        let first_line = "[{\"id\":\"1},\n{\"id\":2},\n{\"id\":3}]";
        assert_eq!(array(first_line), [broken, "2", "3"]);
        let long = format!("[{{\"t\":\"{}\"}},{{\"id\":2}}]", "x".repeat(300));
        assert_eq!(array(&long), ["over 60", "2"]);
        assert_eq!(array("[{\"id\":\"1}\n]"), [broken]);
    }

    #[test]
    fn a_missing_quote_costs_one_row() {
        let broken = "not json";
        let rows = |first: &str| format!("[{first},{{\"id\":2,\"t\":\"b\"}} ,\t{{\"id\":3}}]");
        for first in [
            r#"{"id":1,"t":"a}"#,
            r#"{"id":1,"t":a"}"#,
            r#"{"id":1,"t:"a"}"#,
            r#"{"id":1,"t":"5" a"}"#,
            r#"{"id":1,"t":["a]}"#,
            r#"{"id":1,"t":[{"u":"a},{"u":1}] }"#,
        ] {
            assert_eq!(array(&rows(first)), [broken, "2", "3"], "{first}");
        }
        let last = r#"[{"id":1},{"id":2,"t":"a},{"id":3,"t":"b}]"#;
        assert_eq!(array(last), ["1", broken, broken]);
        // What a string may hold.
        let whole = r#"[{"id":1,"t":"a},{"},{"t":"},{\"","id":2},{"},{" :1,"id":3}]"#;
        assert_eq!(array(whole), ["1", "2", "3"]);
        let long = format!("[{{\"t\":\"{}}},{{\"id\":2}}]", "x".repeat(300));
        assert_eq!(array(&long), ["over 60", "2"]);
    }

    #[test]
    fn the_message_gives_the_cause() {
        let quote = "a string in it is not closed on its line";
        for (table, cause) in [
            ("[{\"id\":\"1},{\"id\":2}]", quote),
            ("[{\"id\":\"1}]", quote),
            ("[\n {\n  \"id\": \"1,\n  \"x\": 2\n }\n]", quote),
            ("[{\"t\":\"5\" a\"},{\"id\":2}]", "expected `,` or `}`"),
            (&format!("[{}", "{\"a\":".repeat(200)), "recursion limit"),
        ] {
            for capacity in [1, 3, 4096] {
                let input = BufReader::with_capacity(capacity, Cursor::new(table.to_owned()));
                let error = JsonReader::array(input, 2000).next().unwrap().unwrap_err();
                assert!(error.to_string().contains(cause), "{table}: {error}");
            }
        }
    }

    #[test]
    fn a_cut_array_ends_with_an_error() {
        let cut = "cannot be read: the table ends";
        for end in ["[", "[{\"id\":1", "[{\"id\":1}", "[{\"id\":1},", "[\"x"] {
            assert!(array(end).last().unwrap().starts_with(cut), "{end}");
        }
        assert!(
            array("[{\"id\":1}]\n[")
                .last()
                .unwrap()
                .contains("something")
        );
    }

    #[test]
    fn objects_may_stand_one_after_the_other() {
        assert_eq!(sequence("{\n \"id\": 1\n}\n{\n \"id\": 2\n}\n"), ["1", "2"]);
        assert_eq!(sequence("{\n \"id\": 1\n}"), ["1"]);
        assert_eq!(
            sequence("{\n \"id\": 1\n} ] , x {\"id\":2}")
                .last()
                .unwrap(),
            "2"
        );
        assert_eq!(sequence("{\n \"id\": 1"), ["not json"]);
    }

    proptest! {
        #[test]
        fn any_rows_come_back(
            texts in proptest::collection::vec(any::<String>(), 0..6),
            pretty in any::<bool>(),
            capacity in 1usize..40,
        ) {
            let rows: Vec<_> = texts.iter().map(|t| serde_json::json!({t: [{"text": t}]})).collect();
            let table = if pretty { serde_json::to_vec_pretty(&rows) } else { serde_json::to_vec(&rows) };
            let input = BufReader::with_capacity(capacity, Cursor::new(table.unwrap()));
            let read: Vec<_> = JsonReader::array(input, 1 << 20).map(Result::unwrap).collect();
            let rows: Vec<_> = rows.iter().map(|r| r.as_object().unwrap().clone()).collect();
            prop_assert_eq!(read, rows);
        }

        #[test]
        fn no_bytes_make_it_panic_or_hang(bytes in "[\\[\\]{}\",:\\\\ \na1]{0,60}", in_array in any::<bool>()) {
            let input = BufReader::with_capacity(4, Cursor::new(bytes.clone()));
            let reader = match in_array {
                true => JsonReader::array(input, 20),
                false => JsonReader::sequence(input, 20),
            };
            prop_assert!(numbered(reader).take(bytes.len() + 2).count() <= bytes.len() + 1);
        }
    }
}
