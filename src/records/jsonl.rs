//! JSON Lines: one object a line, plain or compressed.

use std::io::{BufRead, Read};
use std::path::Path;

use super::{RecordError, Row};
use crate::article::unpack;

/// Reads rows one at a time, in bounded memory. Blank lines are no rows; a
/// broken row is an error in its place and the rows after it still come.
pub struct JsonlReader {
    input: Box<dyn BufRead + Send>,
    number: usize,
    max_line: u64,
    failed: bool,
}

impl JsonlReader {
    /// Opens a file (`-` for standard input); compression is recognised by its content.
    ///
    /// # Errors
    /// When the file cannot be opened or is a folder.
    pub fn open(path: &Path, max_line: u64) -> std::io::Result<Self> {
        if path == Path::new("-") {
            return Self::new(std::io::stdin(), max_line);
        }
        let file = std::fs::File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(std::io::Error::new(
                std::io::ErrorKind::IsADirectory,
                "is a folder; name a .jsonl file in it",
            ));
        }
        Self::new(file, max_line)
    }

    /// Reads rows of any source.
    ///
    /// # Errors
    /// When the first bytes cannot be read.
    pub fn new(source: impl Read + Send + 'static, max_line: u64) -> std::io::Result<Self> {
        let (input, _) = unpack(source)?;
        Ok(Self {
            input,
            number: 0,
            max_line,
            failed: false,
        })
    }

    /// The next line's bytes, `None` at the end. A line over the limit is
    /// read to its end but not kept.
    fn line(&mut self) -> Option<Result<Vec<u8>, RecordError>> {
        let mut line = Vec::new();
        let limit = self.max_line.saturating_add(1);
        match self.input.by_ref().take(limit).read_until(b'\n', &mut line) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => {
                self.failed = true;
                return Some(Err(error.into()));
            }
        }
        if line.len() as u64 > self.max_line && line.last() != Some(&b'\n') {
            if let Err(error) = self.input.skip_until(b'\n') {
                self.failed = true;
                return Some(Err(error.into()));
            }
            let limit = self.max_line;
            return Some(Err(RecordError::TooLong { limit }));
        }
        Some(Ok(line))
    }
}

impl Iterator for JsonlReader {
    /// The row, or its number and why there is none.
    type Item = Result<Row, (usize, RecordError)>;

    fn next(&mut self) -> Option<Self::Item> {
        // After a failed read (a torn archive, say) nothing more can come.
        while !self.failed {
            let line = match self.line()? {
                Ok(line) if line.iter().all(u8::is_ascii_whitespace) => continue,
                other => other,
            };
            self.number += 1;
            let number = self.number;
            let row = line.and_then(|line| {
                let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
                serde_json::from_slice(line)
                    .map(|fields| Row { number, fields })
                    .map_err(|e| RecordError::NotJson(e.to_string()))
            });
            return Some(row.map_err(|e| (number, e)));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    fn rows(bytes: &[u8]) -> Vec<Result<Row, (usize, RecordError)>> {
        JsonlReader::new(Cursor::new(bytes.to_vec()), 100)
            .unwrap()
            .collect()
    }

    #[test]
    fn broken_and_long_rows_are_errors_in_their_place() {
        let long = format!("{{\"text\":\"{}\"}}", "x".repeat(200));
        let table = format!("{{\"id\":1}}\n\nnot json\n{long}\n[1]\n{{\"id\":2}}");
        let rows = rows(table.as_bytes());
        let shown: Vec<String> = rows
            .iter()
            .map(|row| match row {
                Ok(row) => format!("{} {}", row.number, row.text_of("id").unwrap()),
                Err((number, RecordError::TooLong { limit })) => format!("{number} over {limit}"),
                Err((number, RecordError::NotJson(_))) => format!("{number} not json"),
                Err((number, other)) => format!("{number} {other}"),
            })
            .collect();
        assert_eq!(
            shown,
            ["1 1", "2 not json", "3 over 100", "4 not json", "5 2"]
        );
    }

    #[test]
    fn gzip_is_recognised_and_a_torn_archive_ends_with_an_error() {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        for id in 0..500 {
            writeln!(gz, "{{\"id\":{id}}}").unwrap();
        }
        let bytes = gz.finish().unwrap();
        assert_eq!(rows(&bytes).iter().filter(|r| r.is_ok()).count(), 500);
        let torn = rows(&bytes[..bytes.len() / 2]);
        assert!(matches!(torn.last(), Some(Err((_, RecordError::Io(_))))));
    }
}
