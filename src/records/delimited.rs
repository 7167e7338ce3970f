//! CSV and TSV: a header, then a row of cells for each article.

use std::io::BufRead;

use super::cells::CellReader;
use super::{Fields, RecordError};

/// Reads rows one at a time, in bounded memory. Blank rows are no rows; a row
/// with more or fewer cells than the header is an error in its place.
pub struct DelimitedReader<R> {
    cells: CellReader<R>,
    header: Vec<String>,
}

impl<R: BufRead> DelimitedReader<R> {
    /// Reads the header; with the reader come remarks for the user.
    pub fn new(input: R, delimiter: u8, max_row: u64) -> Result<(Self, Vec<String>), RecordError> {
        let mut cells = CellReader::new(input, delimiter, max_row);
        let mut header: Vec<String> = Vec::new();
        let mut warnings = Vec::new();
        if cells.read()? {
            for (i, cell) in cells.iter().enumerate() {
                header.push(String::from_utf8_lossy(cell).into_owned());
                if header[i].trim().is_empty() {
                    header[i] = format!("column {}", i + 1);
                }
            }
            for i in 0..header.len() {
                if !header[..i].contains(&header[i]) {
                    continue;
                }
                // No other column may have the new name either.
                let mut other = format!("{} ({})", header[i], i + 1);
                while header.contains(&other) {
                    other.push('\'');
                }
                warnings.push(format!(
                    "the header names \"{}\" more than once; column {} is read as \"{other}\"",
                    header[i],
                    i + 1
                ));
                header[i] = other;
            }
        }
        Ok((Self { cells, header }, warnings))
    }

    fn row(&mut self) -> Result<Option<Fields>, RecordError> {
        if !self.cells.read()? {
            return Ok(None);
        }
        let (found, expected) = (self.cells.len(), self.header.len());
        if found != expected {
            return Err(RecordError::Cells { found, expected });
        }
        let mut fields = Fields::new();
        for (column, cell) in self.header.iter().zip(self.cells.iter()) {
            let text = std::str::from_utf8(cell).map_err(|_| RecordError::NotUtf8 {
                column: column.clone(),
            })?;
            fields.insert(column.clone(), text.into());
        }
        Ok(Some(fields))
    }
}

impl<R: BufRead> Iterator for DelimitedReader<R> {
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

    fn reader(
        table: &str,
        delimiter: u8,
    ) -> (DelimitedReader<impl BufRead + Send + 'static>, Vec<String>) {
        let input = BufReader::with_capacity(5, Cursor::new(table.as_bytes().to_vec()));
        DelimitedReader::new(input, delimiter, 200).unwrap()
    }

    fn rows(table: &str, delimiter: u8) -> Vec<String> {
        numbered(reader(table, delimiter).0)
            .map(|row| match row {
                Ok(row) => serde_json::to_string(&row.fields).unwrap(),
                Err((_, error)) => error.to_string(),
            })
            .collect()
    }

    #[test]
    fn quotes_line_ends_and_odd_cells_come_out() {
        let table = "id,text\r\n007,\"Two\r\nlines, a \"\"quote\"\"\"\r\n\r\n8,Käse 🧀\r\n,\r\n9,5\" pipe\r\n";
        assert_eq!(
            rows(table, b','),
            [
                r#"{"id":"007","text":"Two\r\nlines, a \"quote\""}"#,
                r#"{"id":"8","text":"Käse 🧀"}"#,
                r#"{"id":"9","text":"5\" pipe"}"#,
            ]
        );
        // The last line's end may be missing.
        assert_eq!(rows("a\tb\n1\t\"2\"", b'\t'), [r#"{"a":"1","b":"2"}"#]);
        assert_eq!(rows("a\tb\n1\t2\" x", b'\t'), [r#"{"a":"1","b":"2\" x"}"#]);
        assert_eq!(rows("", b','), [""; 0]);
        assert_eq!(rows("a,b\n\n", b','), [""; 0]);
    }

    #[test]
    fn rows_of_another_width_are_errors_in_their_place() {
        let rows = rows("a,b\n1,2,3\n4,5\n6\n7,8\n", b',');
        assert!(rows[0].starts_with("has 3 cells where the header has 2"));
        assert_eq!(rows[1], r#"{"a":"4","b":"5"}"#);
        assert!(rows[2].starts_with("has 1 cells"));
        assert_eq!(rows[3], r#"{"a":"7","b":"8"}"#);
    }

    #[test]
    fn a_long_row_is_an_error_and_the_rows_after_it_still_come() {
        let table = format!("a,b\n1,\"{}\"\n2,3\n", "x\n".repeat(9000));
        let rows = rows(&table, b',');
        assert!(
            rows[0].starts_with("is longer than 200 bytes"),
            "{}",
            rows[0]
        );
        assert_eq!(rows[1..], [r#"{"a":"2","b":"3"}"#]);
        let wide = format!("a,b\n{}\n2,3\n", ",".repeat(100_000));
        assert_eq!(self::rows(&wide, b',')[1..], [r#"{"a":"2","b":"3"}"#]);
    }

    #[test]
    fn an_open_quote_is_an_error_and_the_rows_after_it_still_come() {
        for end in ["\"", "\"open\n", "\"a \"\"b", "\"open\n2,3\n4,5"] {
            let rows = rows(&format!("a,b\n0,0\n1,{end}"), b',');
            assert!(rows[1].contains("never closed"), "{rows:?}");
            assert_eq!(rows.len(), 1 + end.lines().count(), "{rows:?}");
        }
        let rows = rows(&format!("a,b\n1,\"{}", "x,y\n".repeat(900)), b',');
        assert_eq!(rows.len(), 1);
        assert!(rows[0].contains("check that each quote"), "{rows:?}");
    }

    #[test]
    fn columns_without_a_name_of_their_own_get_one() {
        let (reader, warnings) = reader(",text,text\n1,2,3\n", b',');
        assert_eq!(reader.header, ["column 1", "text", "text (3)"]);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("\"text (3)\""), "{warnings:?}");
        let (reader, _) = self::reader("a,a (3),a,column 4,\n1,2,3,4,5\n", b',');
        assert_eq!(
            reader.header,
            ["a", "a (3)", "a (3)'", "column 4", "column 5"]
        );
    }

    proptest! {
        #[test]
        fn any_table_comes_back(
            table in proptest::collection::vec(proptest::collection::vec("[a\"',;\r\n é🧀]{0,8}", 3), 0..8),
            delimiter in proptest::sample::select(vec![b',', b';', b'\t', b'|']),
            capacity in 1usize..30,
        ) {
            let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
            writer.write_record(["a", "b", "c"]).unwrap();
            for row in &table {
                writer.write_record(row).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let input = BufReader::with_capacity(capacity, Cursor::new(bytes));
            let (reader, _) = DelimitedReader::new(input, delimiter, 1000).unwrap();
            let read: Vec<Vec<String>> = reader
                .map(|row| row.unwrap().values().map(|v| v.as_str().unwrap().to_owned()).collect())
                .collect();
            let mut expected = table.clone();
            expected.retain(|row| row.iter().any(|cell| !cell.as_bytes().trim_ascii().is_empty()));
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn no_bytes_make_it_panic_or_hang(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let input = BufReader::with_capacity(7, Cursor::new(bytes));
            if let Ok((reader, _)) = DelimitedReader::new(input, b',', 20) {
                prop_assert!(numbered(reader).take(300).count() <= 200);
            }
        }
    }
}
