//! CSV (RFC 4180) that spreadsheets open without running what is in it.

use std::borrow::Cow;
use std::io::{self, Write};

use super::Outcome;
use super::columns::{Cell, Column, Holds};

/// Bytes at the start of a UTF-8 file by which Excel knows it.
pub const MARK: &[u8] = b"\xef\xbb\xbf";

/// Writes the header.
pub fn header(out: &mut impl Write, columns: &[Column]) -> io::Result<()> {
    for (number, column) in columns.iter().enumerate() {
        cell(out, number, &defused(&column.name))?;
    }
    out.write_all(b"\r\n")
}

/// Writes the row of one input.
pub fn row(out: &mut impl Write, columns: &[Column], outcome: &Outcome) -> io::Result<()> {
    for (number, column) in columns.iter().enumerate() {
        let text: Cow<str> = match column.cell(outcome) {
            Cell::Text(text) => text.unwrap_or_default(),
            Cell::Count(count) => count.map(|n| n.to_string()).unwrap_or_default().into(),
            Cell::Probability(p) => p.map(|p| p.to_string()).unwrap_or_default().into(),
            Cell::List(texts) => {
                let between = match column.holds() {
                    Holds::List(between) => between,
                    _ => " ",
                };
                texts.unwrap_or_default().join(between).into()
            }
        };
        cell(out, number, &defused(&text))?;
        if text.is_empty() && columns.len() == 1 {
            // A blank line is no row.
            out.write_all(b"\"\"")?;
        }
    }
    out.write_all(b"\r\n")
}

/// Quotes what needs it; also what spreadsheets of some countries take for the end of a cell.
fn cell(out: &mut impl Write, number: usize, text: &str) -> io::Result<()> {
    if number > 0 {
        out.write_all(b",")?;
    }
    let spaced = text.starts_with(' ') || text.ends_with(' ');
    if !spaced && !text.contains([',', ';', '\t', '"', '\r', '\n']) {
        return out.write_all(text.as_bytes());
    }
    write!(out, "\"{}\"", text.replace('"', "\"\""))
}

/// A text that a spreadsheet would run as a formula gets an apostrophe before it, by which it
/// stays a text (OWASP, "CSV Injection"). Numbers are none.
fn defused(text: &str) -> Cow<'_, str> {
    let formula = text
        .trim_start()
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        || text.starts_with(['\t', '\r', '\n']);
    match formula && text.parse::<f64>().is_err() {
        true => format!("'{text}").into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_defused_and_numbers_are_not() {
        for formula in [
            "=HYPERLINK(\"http://x\",\"y\")",
            "+1+1",
            "-2+3|cmd",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            " =1+1",
            "＝1",
            "- a list",
        ] {
            assert_eq!(defused(formula), format!("'{formula}"));
        }
        for plain in ["-5", "+4.5e3", "1=1", "a@b", "", "— he said"] {
            assert_eq!(defused(plain), plain);
        }
    }

    proptest! {
        #[test]
        fn any_cells_come_back(cells in proptest::collection::vec("[a=,;\"\t\r\n é🧀]{0,8}", 1..5)) {
            let mut bytes = Vec::new();
            for (number, text) in cells.iter().enumerate() {
                cell(&mut bytes, number, text).unwrap();
            }
            bytes.extend(b"\r\nend\r\n");
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(&bytes[..]);
            let read: Vec<Vec<String>> = reader
                .records()
                .map(|row| row.unwrap().iter().map(str::to_owned).collect())
                .collect();
            // The reader takes a blank line for no row.
            match cells == [""] {
                true => prop_assert_eq!(read.len(), 1),
                false => prop_assert_eq!(&read[0], &cells),
            }
        }
    }
}
