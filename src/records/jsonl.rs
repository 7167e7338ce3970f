//! JSON Lines: one object a line.

use std::io::{BufRead, Read};

use super::{Fields, RecordError};

/// Reads rows one at a time, in bounded memory. Blank lines are no rows; a
/// broken row is an error in its place and the rows after it still come.
pub struct JsonlReader<R> {
    input: R,
    max_row: u64,
}

impl<R: BufRead> JsonlReader<R> {
    pub fn new(input: R, max_row: u64) -> Self {
        Self { input, max_row }
    }

    /// The next line's bytes, `None` at the end. A line over the limit is
    /// read to its end but not kept.
    fn line(&mut self) -> Result<Option<Vec<u8>>, RecordError> {
        let mut line = Vec::new();
        let kept = self.max_row.saturating_add(1);
        if self
            .input
            .by_ref()
            .take(kept)
            .read_until(b'\n', &mut line)?
            == 0
        {
            return Ok(None);
        }
        if line.len() as u64 > self.max_row && line.last() != Some(&b'\n') {
            self.input.skip_until(b'\n')?;
            return Err(RecordError::TooLong {
                limit: self.max_row,
            });
        }
        Ok(Some(line))
    }
}

impl<R: BufRead> Iterator for JsonlReader<R> {
    type Item = Result<Fields, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = match self.line().transpose()? {
                Ok(line) => line,
                Err(error) => return Some(Err(error)),
            };
            if !line.iter().all(u8::is_ascii_whitespace) {
                let row = serde_json::from_slice(&line);
                return Some(row.map_err(|e| RecordError::NotJson(e.to_string())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_and_long_rows_are_errors_in_their_place() {
        let long = format!("{{\"text\":\"{}\"}}", "x".repeat(200));
        let table = format!("{{\"id\":1}}\r\n\n  \nnot json\n{long}\n[1]\n{{\"id\":2}}\n\n");
        let shown: Vec<String> = JsonlReader::new(table.as_bytes(), 100)
            .map(|row| match row {
                Ok(fields) => fields["id"].to_string(),
                Err(RecordError::TooLong { limit }) => format!("over {limit}"),
                Err(RecordError::NotJson(_)) => "not json".to_owned(),
                Err(other) => other.to_string(),
            })
            .collect();
        assert_eq!(shown, ["1", "not json", "over 100", "not json", "2"]);
    }
}
