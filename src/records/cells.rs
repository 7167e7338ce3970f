//! The cells of CSV and TSV.

use std::io::{self, BufRead};

use super::RecordError;

/// Most cells of a row.
const MAX_CELLS: usize = 1 << 14;

/// Splits a table into cells, one row at a time. A quote opens a cell that may
/// hold anything only when a second one ends it. Any other quote is text, so
/// that it cannot swallow the rows after it.
pub struct CellReader<R> {
    input: R,
    delimiter: u8,
    max_row: u64,
    /// What is read ahead, and how much of it is done with.
    ahead: Vec<u8>,
    done: usize,
    /// The cells of the row, one after the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// What becomes of a quote that begins a cell.
enum Quoted {
    /// The cell ends before this place.
    Ends(usize),
    /// Text follows the second quote.
    Followed,
    /// There is no second quote.
    Unclosed,
    /// There is none up to this place, beyond the limit.
    TooLong(usize),
}

impl<R: BufRead> CellReader<R> {
    pub fn new(input: R, delimiter: u8, max_row: u64) -> Self {
        Self {
            input,
            delimiter,
            max_row,
            ahead: Vec::new(),
            done: 0,
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// How many cells the row has.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cells of the row.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.bytes[*start..*end])
    }

    /// Reads the next row that is not blank; `false` at the end. A row over
    /// the limit is read to its end but not kept.
    pub fn read(&mut self) -> Result<bool, RecordError> {
        while self.read_any()? {
            if self.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read_any(&mut self) -> Result<bool, RecordError> {
        // Not after each row: the rest is moved.
        if self.done * 2 >= self.ahead.len() {
            self.ahead.drain(..self.done);
            self.done = 0;
        }
        self.bytes.clear();
        self.ends.clear();
        if self.byte(self.done)?.is_none() {
            return Ok(false);
        }
        // Those who write TSV rarely quote: there a lone quote is no fault.
        let strict = self.delimiter != b'\t';
        let limit = usize::try_from(self.max_row).unwrap_or(usize::MAX);
        let limit = self.done.saturating_add(limit);
        let mut fault = None;
        let mut at = self.done;
        loop {
            let quoted = match self.byte(at)? {
                Some(b'"') => Some(self.quoted(at + 1, limit)?),
                _ => None,
            };
            at = match quoted {
                Some(Quoted::Ends(end)) => end,
                Some(Quoted::TooLong(end)) if strict => return self.skip(end, true),
                Some(Quoted::Followed) => {
                    fault.get_or_insert(RecordError::TextAfterQuote);
                    self.plain(at, limit)?
                }
                Some(_) => {
                    fault.get_or_insert(RecordError::Unclosed);
                    self.plain(at, limit)?
                }
                None => self.plain(at, limit)?,
            };
            self.ends.push(self.bytes.len());
            if at > limit || self.len() == MAX_CELLS {
                return self.skip(at, false);
            }
            match self.byte(at)? {
                Some(byte) if byte == self.delimiter => at += 1,
                end => {
                    let two = end == Some(b'\r') && self.byte(at + 1)? == Some(b'\n');
                    self.done = at + usize::from(end.is_some()) + usize::from(two);
                    break;
                }
            }
        }
        match fault {
            Some(fault) if strict => Err(fault),
            _ => Ok(true),
        }
    }

    /// The byte at a place in `ahead`, read if need be; `None` at the end.
    fn byte(&mut self, at: usize) -> io::Result<Option<u8>> {
        while at >= self.ahead.len() {
            let more = self.input.fill_buf()?;
            let count = more.len();
            if count == 0 {
                return Ok(None);
            }
            self.ahead.extend_from_slice(more);
            self.input.consume(count);
        }
        Ok(Some(self.ahead[at]))
    }

    /// Whether a cell ends before this byte.
    fn ends_cell(&self, byte: u8) -> bool {
        byte == self.delimiter || byte == b'\n' || byte == b'\r'
    }

    /// Adds the bytes up to the first that `ends`, which may stand beyond
    /// what is read; returns where it stopped.
    fn take(&mut self, at: usize, ends: impl Fn(&Self, u8) -> bool) -> usize {
        let rest = &self.ahead[at..];
        let run = rest.iter().position(|byte| ends(self, *byte));
        let end = at + run.unwrap_or(rest.len());
        self.bytes.extend_from_slice(&self.ahead[at..end]);
        end
    }

    /// Reads a cell without quotes of its own; returns where it ends.
    fn plain(&mut self, mut at: usize, limit: usize) -> io::Result<usize> {
        while at <= limit
            && let Some(byte) = self.byte(at)?
            && !self.ends_cell(byte)
        {
            at = self.take(at, Self::ends_cell);
        }
        Ok(at)
    }

    /// Reads a cell from behind the quote that may open it. Nothing is added
    /// when it does not.
    fn quoted(&mut self, mut at: usize, limit: usize) -> io::Result<Quoted> {
        let before = self.bytes.len();
        let mut found = loop {
            if at > limit {
                break Quoted::TooLong(at);
            }
            match self.byte(at)? {
                None => break Quoted::Unclosed,
                Some(b'"') if self.byte(at + 1)? == Some(b'"') => {
                    self.bytes.push(b'"');
                    at += 2;
                }
                Some(b'"') => break Quoted::Ends(at + 1),
                Some(_) => at = self.take(at, |_, byte| byte == b'"'),
            }
        };
        if let Quoted::Ends(mut end) = found {
            while end <= limit && self.byte(end)? == Some(b' ') {
                end += 1;
            }
            let followed = self.byte(end)?.is_some_and(|byte| !self.ends_cell(byte));
            found = match followed {
                true if end <= limit => Quoted::Followed,
                _ => Quoted::Ends(end),
            };
        }
        if !matches!(found, Quoted::Ends(_)) {
            self.bytes.truncate(before);
        }
        Ok(found)
    }

    /// Skips the rest of a row that is too long, from a place inside or
    /// outside quotes.
    fn skip(&mut self, at: usize, mut quoted: bool) -> Result<bool, RecordError> {
        self.done = at;
        // Whether a quote here would open a cell, or go on with one.
        let mut opens = false;
        loop {
            if self.done >= self.ahead.len() {
                self.ahead.clear();
                self.done = 0;
            }
            let Some(byte) = self.byte(self.done)? else {
                break;
            };
            self.done += 1;
            match byte {
                b'"' if quoted => (quoted, opens) = (false, true),
                b'"' if opens => quoted = true,
                b'\n' | b'\r' if !quoted => break,
                _ => opens = byte == self.delimiter,
            }
        }
        Err(RecordError::TooLongOrUnclosed {
            limit: self.max_row,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Cursor};

    /// The rows, cells between bars, or their errors, read in small pieces.
    fn rows(table: &str, delimiter: u8) -> Vec<String> {
        let input = BufReader::with_capacity(3, Cursor::new(table.to_owned()));
        let mut cells = CellReader::new(input, delimiter, 60);
        let mut rows = Vec::new();
        loop {
            rows.push(match cells.read() {
                Ok(false) => return rows,
                Ok(true) => {
                    let row: Vec<_> = cells.iter().map(String::from_utf8_lossy).collect();
                    row.join("|")
                }
                Err(error) => error.to_string(),
            });
        }
    }

    const FOLLOWED: &str = "has text after a closing quote; check its quotes";
    const UNCLOSED: &str = "opens a quote that is never closed; check its quotes";

    #[test]
    fn a_stray_quote_costs_no_row() {
        let table = "1,\"We win, he said.\n2,He said \"no\" to it.\n3,Fine.";
        assert_eq!(
            rows(table, b','),
            [FOLLOWED, "2|He said \"no\" to it.", "3|Fine."]
        );
        let table = "1,\"a\nb\",\"c\n2,\"x \"\"y\"\"\nz\"\n";
        assert_eq!(rows(table, b','), [FOLLOWED, "2|x \"y\"\nz"]);
        let table = "1,\"Yes\" he said,\"a\nb\"\n2,\"b\"  ,\"\"\n3,c";
        assert_eq!(rows(table, b','), [FOLLOWED, "2|b|", "3|c"]);
        assert_eq!(rows("0,\"a\n1,b\r2,c", b','), [UNCLOSED, "1|b", "2|c"]);
    }

    #[test]
    fn a_stray_quote_in_tsv_is_text() {
        let table = "1\t\"We win, he said.\n2\tHe said \"no\" to it.\n3\tFine.";
        let read = ["1|\"We win, he said.", "2|He said \"no\" to it.", "3|Fine."];
        assert_eq!(rows(table, b'\t'), read);
        let table = "\"No\" she said\t\"a\tb\n\"\t\"\"\"\n2\t\"x";
        assert_eq!(
            rows(table, b'\t'),
            ["\"No\" she said|a\tb\n|\"\"\"", "2|\"x"]
        );
        // Also where the limit comes before the table's end.
        let table = "1\t\"x\n".repeat(30);
        assert_eq!(rows(&table, b'\t'), ["1|\"x"; 30]);
        let table = format!("1\t\"x\n{}", "2\ty\n".repeat(30));
        assert_eq!(rows(&table, b'\t').len(), 31);
    }

    #[test]
    fn a_row_that_is_too_long_is_skipped_with_its_quotes() {
        let long = "x".repeat(80);
        for cell in [
            format!("\"{long}\n\"\"{long}\n\",\"\n\""),
            format!("{long}\" 5\",\"\n{long}\""),
            format!("\"{}", "\"\"".repeat(40) + "\n\""),
        ] {
            let rows = rows(&format!("1,{cell}\n2,b\n"), b',');
            assert_eq!(rows.len(), 2, "{cell}");
            assert!(rows[0].contains("is longer than 60 bytes"), "{}", rows[0]);
            assert_eq!(rows[1], "2|b");
        }
        let spaces = format!("1,\"a\"{}x\n2,b", " ".repeat(99));
        assert_eq!(rows(&spaces, b',')[1..], ["2|b"]);
    }
}
