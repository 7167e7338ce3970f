//! One JSON object, byte by byte, to find where it ends.

use crate::records::{Fields, RecordError};

/// Nesting within a row beyond which it is taken for broken.
const MAX_DEPTH: usize = 128;

/// The row that is being read.
pub struct Open {
    /// What was read of it.
    pub bytes: Vec<u8>,
    /// Its brackets that are open.
    brackets: Vec<u8>,
    /// White space before it on its line, when it begins one.
    indent: Option<usize>,
    in_string: bool,
    escaped: bool,
    seam: Seam,
    /// The last byte that is no white space, outside strings.
    before: u8,
    /// Whether its end is looked for only by its likeness to a row's beginning.
    pub lost: bool,
    pub too_long: bool,
}

pub enum Step {
    Goes,
    /// The row is complete, this byte included.
    Ends,
    /// The row ended before this byte.
    EndedBefore,
    /// The row ended before the bracket and quote that stand before this byte.
    Next,
}

/// How much of `},{` has been read, the end of one row and the beginning of
/// the next, where a missing quote makes a string of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seam {
    No,
    /// So many brackets that close the row.
    Closes(usize),
    Comma(usize),
    /// All of it, and the string's end may come.
    Opens(usize),
    /// The string has ended with it. The next byte is that of a key, or else
    /// the string is as it should be.
    Quoted(usize),
}

impl Seam {
    fn step(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Closes(n), b'}' | b']') => Self::Closes(n + 1),
            (_, b'}' | b']') => Self::Closes(1),
            (Self::Closes(n), b',') => Self::Comma(n),
            (Self::Comma(n), b'{') => Self::Opens(n),
            (Self::Opens(n), b'"') => Self::Quoted(n),
            (seam, b' ' | b'\t') => seam,
            _ => Self::No,
        }
    }
}

impl Open {
    pub fn new(indent: Option<usize>) -> Self {
        Self {
            bytes: Vec::new(),
            brackets: Vec::new(),
            indent,
            in_string: false,
            escaped: false,
            seam: Seam::No,
            before: 0,
            lost: false,
            too_long: false,
        }
    }

    pub fn step(&mut self, byte: u8, indent: Option<usize>) -> Step {
        if self.lost {
            let begins = byte == b'{' && indent == Some(self.indent.unwrap_or(0));
            return if begins {
                Step::EndedBefore
            } else {
                Step::Goes
            };
        }
        if self.in_string {
            self.seam = self.seam.step(byte);
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
        if let Seam::Quoted(closed) = std::mem::replace(&mut self.seam, Seam::No)
            && closed >= self.brackets.len()
            && !byte.is_ascii_whitespace()
            && !b",:}]".contains(&byte)
        {
            return Step::Next;
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

    pub fn finish(self, max_row: u64) -> Result<Fields, RecordError> {
        if self.too_long {
            return Err(RecordError::TooLong { limit: max_row });
        }
        serde_json::from_slice(&self.bytes).map_err(|e| {
            RecordError::NotJson(match self.in_string && e.is_eof() {
                true => "a string in it is not closed on its line".to_owned(),
                false => e.to_string(),
            })
        })
    }

    /// Leaves what a string took of the next row.
    pub fn give_back(&mut self) {
        let seam = self.bytes.iter().rposition(|byte| *byte == b'{');
        self.bytes.truncate(seam.unwrap_or(0));
        self.in_string = true;
    }

    /// Whether the array's end stands in a string of the row.
    pub fn holds_end(&self) -> bool {
        self.in_string && self.bytes.trim_ascii_end().ends_with(b"]")
    }
}
