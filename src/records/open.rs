//! One door to every kind of table: the content says what it is.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::IgnoredAny;

use super::arrow::{self, ArrowReader};
use super::delimited::DelimitedReader;
use super::json::JsonReader;
use super::jsonl::JsonlReader;
use super::parquet::{self, ParquetReader};
use super::text::Sampled;
use super::{Fields, RecordError, Row};
use crate::article::{suffix, unpack};

/// Most bytes of a Parquet table or an Arrow file that must be held in memory, because it is
/// compressed as a whole or comes from a pipe.
const MAX_IN_MEMORY: u64 = 1 << 29;
const BUFFER: usize = 1 << 16;

/// Rows, each with its number; an error has the number of the row it stands for.
pub type Rows = Box<dyn Iterator<Item = Result<Row, (usize, RecordError)>> + Send>;

/// A table that is open for reading.
pub struct Table {
    /// The rows, in order, one in memory at a time.
    pub rows: Rows,
    /// What the user should know of how it is read.
    pub warnings: Vec<String>,
    /// How far it has been read.
    pub done: Done,
}

/// How much of a table has been read, in bytes or rows.
#[derive(Debug, Clone, Default)]
pub struct Done {
    count: Arc<AtomicU64>,
    /// 0 when nobody knows.
    total: u64,
}

impl Done {
    fn of(total: u64) -> Self {
        Self {
            total,
            ..Self::default()
        }
    }

    fn add(&self, count: u64) {
        self.count.fetch_add(count, Ordering::Relaxed);
    }

    /// The share that has been read, 0 to 1; `None` where the whole is not known.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for display")]
    pub fn share(&self) -> Option<f64> {
        let count = self.count.load(Ordering::Relaxed);
        (self.total > 0).then(|| (count as f64 / self.total as f64).min(1.0))
    }
}

impl Table {
    fn read_as(self, done: Done) -> Self {
        Self { done, ..self }
    }
}

/// Counts what is read of a file.
struct Counted<R> {
    source: R,
    done: Done,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.done.add(count as u64);
        Ok(count)
    }
}

/// Formats of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// One object a line.
    JsonLines,
    /// Objects in an array, or over several lines.
    Json,
    /// Cells between commas, semicolons or bars.
    Csv,
    /// Cells between tabs.
    Tsv,
    /// Columns in binary pages.
    Parquet,
    /// Batches of columns as they lie in memory.
    Arrow,
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(match self {
            Self::JsonLines => "JSON Lines",
            Self::Json => "JSON",
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Parquet => "Parquet",
            Self::Arrow => "Arrow",
        })
    }
}

impl Format {
    /// The formats that a suffix may stand for.
    fn of_suffix(suffix: &str) -> &'static [Self] {
        match suffix {
            "jsonl" | "ndjson" => &[Self::JsonLines],
            "json" => &[Self::Json, Self::JsonLines],
            "csv" => &[Self::Csv, Self::Tsv],
            "tsv" | "tab" => &[Self::Tsv],
            "parquet" | "pq" => &[Self::Parquet],
            "arrow" | "arrows" | "ipc" | "feather" => &[Self::Arrow],
            _ => &[],
        }
    }
}

/// Opens a table, `-` for standard input, plain or compressed. No row may be
/// longer than `max_row` bytes.
///
/// # Errors
/// When it cannot be opened or is no table.
pub fn open(path: &Path, max_row: u64) -> Result<Table, RecordError> {
    let suffix = suffix(path).unwrap_or_default();
    if path == Path::new("-") {
        let (input, _) = unpack(io::stdin())?;
        return read(Sampled::new(input), &suffix, max_row);
    }
    let file = std::fs::File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        let folder = "is a folder; name a table in it";
        return Err(io::Error::new(io::ErrorKind::IsADirectory, folder).into());
    }
    let done = match metadata.is_file() {
        true => Done::of(metadata.len()),
        false => Done::default(),
    };
    let counted = Counted {
        source: file,
        done: done.clone(),
    };
    let (input, compression) = unpack(counted)?;
    let sampled = Sampled::new(input);
    let seekable = compression.is_none() && metadata.is_file();
    let again = || std::fs::File::open(path);
    if parquet::is_one(&sampled.start) && seekable {
        let (rows, remarks) = ParquetReader::new(again()?)?;
        let done = Done::of(rows.row_count());
        let read = done.clone();
        let rows = rows.inspect(move |_| read.add(1));
        return Ok(table(rows, Format::Parquet, &suffix, remarks).read_as(done));
    }
    if arrow::is_file(&sampled.start) && seekable {
        let (rows, remarks) = ArrowReader::file(again()?)?;
        return Ok(table(rows, Format::Arrow, &suffix, remarks));
    }
    Ok(read(sampled, &suffix, max_row)?.read_as(done))
}

/// All of a table that must be held in memory.
fn in_memory(sampled: Sampled) -> Result<Vec<u8>, RecordError> {
    let mut bytes = Vec::new();
    let mut whole = sampled.whole().take(MAX_IN_MEMORY + 1);
    whole.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_IN_MEMORY {
        return Err(RecordError::Broken(format!(
            "a Parquet table or Arrow file that is compressed as a whole or comes from a pipe may \
             have {MAX_IN_MEMORY} bytes at most; save it as a plain file"
        )));
    }
    Ok(bytes)
}

/// Reads a table from a stream.
fn read(sampled: Sampled, suffix: &str, max_row: u64) -> Result<Table, RecordError> {
    if parquet::is_one(&sampled.start) {
        let (rows, remarks) = ParquetReader::new(bytes::Bytes::from(in_memory(sampled)?))?;
        return Ok(table(rows, Format::Parquet, suffix, remarks));
    }
    if arrow::is_file(&sampled.start) {
        let (rows, remarks) = ArrowReader::file(Cursor::new(in_memory(sampled)?))?;
        return Ok(table(rows, Format::Arrow, suffix, remarks));
    }
    if arrow::is_stream(&sampled.start) {
        let (rows, remarks) = ArrowReader::stream(sampled.whole())?;
        return Ok(table(rows, Format::Arrow, suffix, remarks));
    }
    if sampled.start.starts_with(b"PK\x03\x04") {
        return Err(RecordError::Broken(
            "it is a spreadsheet or a ZIP archive; save the sheet as CSV".to_owned(),
        ));
    }
    let (mut text, warning) = sampled.text()?;
    let mut warnings = Vec::from_iter(warning);
    // A stray zero byte does not make a text something else.
    let zeros = text.start.iter().filter(|b| **b == 0).count();
    if zeros * 100 > text.start.len() {
        return Err(RecordError::Broken(
            "it is not text; tables may be JSON Lines, JSON, CSV, TSV, Parquet or Arrow".to_owned(),
        ));
    }
    text.start.drain(..blank_lines(&text.start));
    let start = text.start.trim_ascii_start();
    let (first, lines) = (start.first().copied(), spans_lines(start));
    if first == Some(b'<') {
        return Err(RecordError::Broken(
            "it is HTML or XML; tables may be JSON Lines, JSON, CSV, TSV, Parquet or Arrow"
                .to_owned(),
        ));
    }
    let named = Format::of_suffix(suffix);
    let layout = layout(&text.start, named);
    let mut input = BufReader::with_capacity(BUFFER, text.whole());
    let format = match first {
        Some(b'{') if !lines => Some(Format::JsonLines),
        Some(b'{' | b'[') => Some(Format::Json),
        // A broken first row or a remark: the name says more.
        _ => named.first().copied(),
    };
    Ok(match format {
        Some(format @ Format::JsonLines) => {
            let rows = JsonlReader::new(input, max_row);
            table(rows, format, suffix, warnings)
        }
        Some(format @ Format::Json) => {
            let rows = match first {
                Some(b'[') => JsonReader::array(input, max_row),
                _ => JsonReader::sequence(input, max_row),
            };
            table(rows, format, suffix, warnings)
        }
        _ => {
            let (delimiter, said) = layout;
            if said {
                input.skip_until(b'\n')?;
            }
            let (rows, remarks) = DelimitedReader::new(input, delimiter, max_row)?;
            warnings.extend(remarks);
            let format = match delimiter {
                b'\t' => Format::Tsv,
                _ => Format::Csv,
            };
            table(rows, format, suffix, warnings)
        }
    })
}

/// How long the blank lines are that a text starts with. White space on the
/// first line that is not blank may be a cell.
fn blank_lines(start: &[u8]) -> usize {
    let blank = start.len() - start.trim_ascii_start().len();
    let end = start[..blank].iter().rposition(|b| *b == b'\n');
    end.map_or(0, |at| at + 1)
}

fn table(
    rows: impl Iterator<Item = Result<Fields, RecordError>> + Send + 'static,
    format: Format,
    suffix: &str,
    mut warnings: Vec<String>,
) -> Table {
    let named = Format::of_suffix(suffix);
    if !named.is_empty() && !named.contains(&format) {
        warnings.push(format!(
            "is named .{suffix} but holds {format}; read as that"
        ));
    }
    Table {
        rows: numbered(rows),
        warnings,
        done: Done::default(),
    }
}

/// Numbers the rows and ends after an error of the table itself.
pub(super) fn numbered(
    mut rows: impl Iterator<Item = Result<Fields, RecordError>> + Send + 'static,
) -> Rows {
    let mut number = 0;
    let mut ended = false;
    Box::new(std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let row = rows.next()?;
        ended = row.as_ref().is_err_and(RecordError::ends_table);
        number += 1;
        Some(match row {
            Ok(fields) => Ok(Row { number, fields }),
            Err(error) => Err((number, error)),
        })
    }))
}

/// Whether the first object goes over several lines.
fn spans_lines(start: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(start).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => start[..values.byte_offset()].contains(&b'\n'),
        Some(Err(_)) => start.strip_prefix(b"{").is_some_and(|rest| {
            let rest = rest.trim_ascii_start();
            let before = start.len() - rest.len();
            start[..before].contains(&b'\n')
        }),
        None => false,
    }
}

/// What stands between cells, and whether the first line says so in Excel's
/// way (`sep=;`).
fn layout(start: &[u8], named: &[Format]) -> (u8, bool) {
    let line = start.split(|b| *b == b'\n').next();
    if let Some([b's', b'e', b'p', b'=', delimiter]) = line.map(<[u8]>::trim_ascii_end) {
        return (*delimiter, true);
    }
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    for byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if quoted => {}
            _ => {
                for (_, count) in counts.iter_mut().filter(|(d, _)| d == byte) {
                    *count += 1;
                }
            }
        }
    }
    if named == [Format::Tsv] && (counts[2].1 > 0 || counts.iter().all(|(_, count)| *count == 0)) {
        return (b'\t', false);
    }
    // Of equals the first: the comma.
    let most = counts.iter().rev().max_by_key(|(_, count)| *count);
    (most.map_or(b',', |(delimiter, _)| *delimiter), false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    fn open_as(name: &str, bytes: &[u8]) -> Result<Table, RecordError> {
        let (input, _) = unpack(Cursor::new(bytes.to_vec())).unwrap();
        read(
            Sampled::new(input),
            &suffix(Path::new(name)).unwrap_or_default(),
            1000,
        )
    }

    /// Warnings and the rows' ids or errors.
    fn shown(name: &str, bytes: &[u8]) -> (Vec<String>, Vec<String>) {
        let table = open_as(name, bytes).unwrap();
        let rows = table.rows.map(|row| match row {
            Ok(row) => row.text_of("id").unwrap_or_default(),
            Err((number, error)) => format!("{number} {error}"),
        });
        (table.warnings, rows.collect())
    }

    #[test]
    fn the_content_decides_and_a_suffix_that_disagrees_is_named() {
        let lines = b"\xef\xbb\xbf\n{\"id\":1}\n{\"id\":2}\n";
        let array = b"  [{\"id\":1},\n {\"id\":2}]";
        let pretty = b"{\n  \"id\": 1\n}\n{\n  \"id\": 2\n}\n";
        let csv = "\u{feff}id;text\r\n1;a, b\r\n2;ü\r\n".as_bytes();
        let ids = ["1", "2"].map(str::to_owned);
        for (name, bytes, other) in [
            ("a.jsonl", &lines[..], "a.csv"),
            ("a.JSON.gz", array, "a.jsonl"),
            ("a.json", pretty, "a.jsonl"),
            ("-", csv, "a.tsv"),
            ("a.csv", b"id\ttext\n1\ta\n2\tb", "a.pq"),
            ("a.tsv.bz2", b"id\n1\n2\n", "a.parquet"),
            ("a", b"sep=|\r\nid|text;;;\r\n1|a\r\n2|b\r\n", "a.tsv"),
            (
                "a.csv",
                b" \r\n\nsep=;\r\ntext,,,;id\r\na;1\r\nb;2",
                "a.tsv",
            ),
            ("a.csv", b"\"text,,,,\";id\n\"a\nb\";1\nc;2\n", "a.tsv"),
            ("a", b"\n\tid\n0\t1\n1\t2", "a.pq"),
        ] {
            let (warnings, rows) = shown(name, bytes);
            assert_eq!(rows, ids, "{name}");
            assert_eq!(warnings, [""; 0], "{name}");
            let (warnings, rows) = shown(other, bytes);
            assert_eq!((warnings.len(), &rows[..]), (1, &ids[..]), "{other}");
        }
        let unclear = shown("a.tsv", b"id\ttext, or none\n1\ta\n2\tb");
        assert_eq!(unclear, (Vec::new(), ids.to_vec()));
        let (warnings, _) = shown("a.csv.zst", lines);
        assert_eq!(
            warnings,
            ["is named .csv but holds JSON Lines; read as that"]
        );
        let (bytes, _, _) =
            encoding_rs::WINDOWS_1252.encode("id;text\n1;Käse und Brötchen für 5 €\n");
        assert_eq!(
            shown("a.csv", &bytes).0,
            ["not UTF-8; read as windows-1252"]
        );
    }

    #[test]
    fn a_broken_first_line_is_a_broken_row() {
        let (_, rows) = shown("a.jsonl", b"{\"id\":\n{\"id\":2}\n");
        assert_eq!(rows[1], "2");
        assert!(rows[0].starts_with("1 is not a JSON object"), "{rows:?}");
        let (_, rows) = shown("a.json", b"{\n \"id\": 1,\n}\n{\n \"id\": 2\n}");
        assert!(rows[0].starts_with("1 is not a JSON object"), "{rows:?}");
        assert_eq!(rows[1], "2");
        for name in ["a.jsonl", "a.ndjson.gz", "a.json"] {
            for first in ["null", "# made by x, \"y\"", "\n7"] {
                let table = format!("{first}\n{{\"id\":2,\"x\":1}}\n{{\"id\":3}}\n");
                let (warnings, rows) = shown(name, table.as_bytes());
                assert!(rows[0].starts_with("1 is not a JSON object"), "{rows:?}");
                assert_eq!(rows[rows.len() - 2..], ["2", "3"], "{name}");
                assert_eq!(warnings, [""; 0]);
            }
        }
    }

    #[test]
    fn what_is_no_table_is_refused_with_a_reason() {
        let refused = |bytes: &[u8]| open_as("a.csv", bytes).err().unwrap().to_string();
        assert!(refused(b"PK\x03\x04\x14\0").contains("save the sheet as CSV"));
        assert!(refused(b"\0\0\0\x01\0\0").contains("is not text"));
        assert!(refused(b"<html><table>").contains("HTML"));
        assert!(refused(b"PAR1 and nothing else").contains("cut or damaged"));
        assert!(matches!(
            open(Path::new("nowhere.csv"), 9),
            Err(RecordError::Io(_))
        ));
        let folder = open(&std::env::temp_dir(), 9).err().unwrap();
        assert!(folder.to_string().contains("is a folder"));
        for empty in [&b""[..], b"\n\n", b"id,text\n"] {
            assert_eq!(shown("a.csv", empty).1, [""; 0]);
        }
    }

    #[test]
    fn a_torn_archive_ends_with_an_error_after_the_rows_before() {
        for row in ["{\"id\":7,\"x\":\"", "7,"] {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writeln!(gz, "{}", if row == "7," { "id,x" } else { "" }).unwrap();
            let mut noise = 1u32;
            for _ in 0..5000 {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                writeln!(gz, "{row}{noise}{}", if row == "7," { "" } else { "\"}" }).unwrap();
            }
            let bytes = gz.finish().unwrap();
            assert_eq!(shown("a.gz", &bytes).1, vec!["7"; 5000]);
            let rows = shown("a.gz", &bytes[..bytes.len() / 2]).1;
            let (last, before) = rows.split_last().unwrap();
            assert!(before.len() > 1000 && before.iter().all(|id| id == "7"));
            assert!(last.contains("cannot be read"), "{last}");
        }
    }
}
