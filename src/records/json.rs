//! JSON objects in an array, or one after the other over several lines.

use std::io::BufRead;

use super::{Fields, RecordError};

/// Nesting within a row beyond which it is taken for broken.
const MAX_DEPTH: usize = 128;

/// Splits objects at the level of bytes, so that one row alone is in memory
/// and a broken one is an error in its place. Where a broken row ends is
/// guessed: at the brackets that close it, at an object that begins where a
/// key should, or at a line that begins like the row did.
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
    /// In a row of which the first bytes were read by the one before it.
    Begun,
    /// After the array's bracket.
    After,
}

/// The row that is being read.
struct Open {
    bytes: Vec<u8>,
    /// Its brackets that are open.
    brackets: Vec<u8>,
    /// White space before it on its line, when it begins one.
    indent: Option<usize>,
    in_string: bool,
    escaped: bool,
    /// The last byte that is no white space, outside strings.
    before: u8,
    /// Whether its end is looked for only by its likeness to a row's beginning.
    lost: bool,
    too_long: bool,
}

enum Step {
    Goes,
    /// The row is complete, this byte included.
    Ends,
    /// The row ended before this byte.
    EndedBefore,
}

impl Open {
    fn new(indent: Option<usize>) -> Self {
        Self {
            bytes: Vec::new(),
            brackets: Vec::new(),
            indent,
            in_string: false,
            escaped: false,
            before: 0,
            lost: false,
            too_long: false,
        }
    }

    fn step(&mut self, byte: u8, indent: Option<usize>) -> Step {
        if self.lost {
            let begins = byte == b'{' && indent == Some(self.indent.unwrap_or(0));
            return if begins {
                Step::EndedBefore
            } else {
                Step::Goes
            };
        }
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                // No string goes over a line's end: a quote is missing.
                b'\n' => self.lost = true,
                _ => {}
            }
            return Step::Goes;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => {
                let no_value = match self.brackets.last() {
                    Some(open) => *open == b'{' && self.before == b',',
                    None => self.before != 0,
                };
                if byte == b'{' && no_value {
                    return Step::EndedBefore;
                }
                if self.brackets.len() == MAX_DEPTH {
                    self.lost = true;
                }
                self.brackets.push(byte);
            }
            b'}' => {
                while self.brackets.pop().is_some_and(|open| open != b'{') {}
                if self.brackets.is_empty() {
                    return Step::Ends;
                }
            }
            b']' => match self.brackets.last() {
                Some(b'[') => {
                    self.brackets.pop();
                    if self.brackets.is_empty() {
                        return Step::Ends;
                    }
                }
                _ if self.brackets.contains(&b'[') => {
                    while self.brackets.pop().is_some_and(|open| open != b'[') {}
                }
                // The array's own end.
                _ => return Step::EndedBefore,
            },
            // A number or a word where an object should stand.
            b',' if self.brackets.is_empty() => return Step::EndedBefore,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            self.before = byte;
        }
        Step::Goes
    }

    fn finish(self, max_row: u64) -> Result<Fields, RecordError> {
        if self.too_long {
            return Err(RecordError::TooLong { limit: max_row });
        }
        serde_json::from_slice(&self.bytes).map_err(|e| RecordError::NotJson(e.to_string()))
    }
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
        if self.place != Place::Begun && !self.find()? {
            return Ok(None);
        }
        self.place = Place::Between;
        let mut row = Open::new(self.indent);
        let mut first = true;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                if self.in_array && !row.lost && !row.too_long {
                    return Err(cut());
                }
                self.place = Place::After;
                return row.finish(self.max_row).map(Some);
            }
            let mut taken = 0;
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
                    step => {
                        taken += 1;
                        ended = matches!(step, Step::Ends);
                    }
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
            if !row.lost && !row.too_long {
                row.bytes.extend_from_slice(&buffer[..taken]);
            }
            self.input.consume(taken);
            if row.bytes.len() as u64 > self.max_row {
                row.too_long = true;
                row.bytes = Vec::new();
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
