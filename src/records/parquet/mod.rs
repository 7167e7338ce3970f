//! Parquet: rows put together from columns.

mod footer;
mod pages;

use std::collections::VecDeque;

use chrono::{DateTime, NaiveDate, SecondsFormat};
use parquet::basic::{Compression, LogicalType, TimeUnit};
use parquet::data_type::Decimal;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::{ReaderIter, TreeBuilder};
use serde_json::{Number, Value};

use self::pages::{Bounded, Group};
use super::{EXACT_DIGITS, Fields, RecordError, twice};
use crate::article::guard::guarded;

/// Days from the first of the first year to the first of 1970.
const EPOCH: i32 = 719_163;

/// Whether a file with these first bytes is a Parquet table.
pub fn is_one(start: &[u8]) -> bool {
    start.starts_with(b"PAR1")
}

/// Rows that are read together, on a thread where a panic does no harm.
const TOGETHER: usize = 32;

/// Reads rows, one group of them after the other.
pub struct ParquetReader<R: ChunkReader> {
    file: SerializedFileReader<Bounded<R>>,
    /// What the columns hold, in the order of the columns.
    kinds: Vec<Option<LogicalType>>,
    group: usize,
    rows: Option<ReaderIter>,
    ready: VecDeque<Result<Fields, RecordError>>,
}

impl<R: ChunkReader + 'static> ParquetReader<R> {
    /// Reads what the file says of itself; with the reader come remarks for the user.
    ///
    /// # Errors
    /// When the file is cut or damaged, or packed in a way that is not read.
    pub fn new(source: R) -> Result<(Self, Vec<String>), RecordError> {
        let open = || {
            footer::check(&source)?;
            SerializedFileReader::new(Bounded(source))
        };
        let file = guarded(open)
            .unwrap_or_else(|_| Err(misfit()))
            .map_err(broken)?;
        let metadata = file.metadata();
        let columns = metadata.row_groups().iter().flat_map(|g| g.columns());
        for column in columns {
            let packed = match column.compression() {
                Compression::BROTLI(_) => "Brotli",
                Compression::LZO => "LZO",
                _ => continue,
            };
            return Err(RecordError::Broken(format!(
                "the Parquet file is packed with {packed}, which is not read; write it with \
                 Zstandard"
            )));
        }
        let schema = metadata.file_metadata().schema_descr();
        if schema.num_columns() == 0 {
            return Err(RecordError::Broken(
                "the Parquet file has no column".to_owned(),
            ));
        }
        let columns = schema.root_schema().get_fields();
        let remarks = (columns.iter().enumerate())
            .filter(|(number, column)| columns[..*number].iter().any(|c| c.name() == column.name()))
            // The library finds columns by name.
            .map(|(_, column)| twice(column.name(), "last"))
            .collect();
        let kinds = (columns.iter())
            .map(|column| column.get_basic_info().logical_type_ref().cloned())
            .collect();
        let reader = Self {
            file,
            kinds,
            group: 0,
            rows: None,
            ready: VecDeque::new(),
        };
        Ok((reader, remarks))
    }

    /// How many rows the file says that it has.
    pub fn row_count(&self) -> u64 {
        let rows = self.file.metadata().file_metadata().num_rows();
        rows.try_into().unwrap_or(0)
    }

    fn row(&mut self) -> Result<Option<Fields>, ParquetError> {
        loop {
            if let Some(row) = self.rows.as_mut().and_then(Iterator::next) {
                let columns = row?.into_columns().into_iter().zip(&self.kinds);
                let fields = columns
                    .map(|((name, field), kind)| (name, top_level(&field, kind.as_ref())))
                    .collect();
                return Ok(Some(fields));
            }
            if self.group == self.file.num_row_groups() {
                return Ok(None);
            }
            let group = Group(self.file.get_row_group(self.group)?);
            let schema = self.file.metadata().file_metadata().schema_descr_ptr();
            self.rows = Some(TreeBuilder::new().as_iter(schema, &group)?);
            self.group += 1;
        }
    }

    /// Reads some rows, none at the end; an error is the last.
    fn read_on(&mut self) {
        let read = guarded(|| {
            for _ in 0..TOGETHER {
                let row = self.row().map_err(broken).transpose();
                let failed = matches!(row, Some(Err(_)));
                self.ready.extend(row);
                if failed {
                    break;
                }
            }
        });
        if read.is_err() {
            self.ready.push_back(Err(broken(misfit())));
        }
    }
}

impl<R: ChunkReader + 'static> Iterator for ParquetReader<R> {
    type Item = Result<Fields, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() {
            self.read_on();
        }
        self.ready.pop_front()
    }
}

fn misfit() -> ParquetError {
    ParquetError::General("its columns do not fit together".to_owned())
}

fn broken(error: ParquetError) -> RecordError {
    let reason = match error {
        ParquetError::General(reason) | ParquetError::EOF(reason) => reason,
        other => other.to_string(),
    };
    RecordError::Broken(format!("the Parquet file is cut or damaged: {reason}"))
}

/// A column's value; timestamps finer than the format's first units are told
/// from integers by what the column says it holds.
fn top_level(field: &Field, kind: Option<&LogicalType>) -> Value {
    let Some(LogicalType::Timestamp(timestamp)) = kind else {
        return value(field);
    };
    let moment = match (field, &timestamp.unit) {
        (Field::Long(n), TimeUnit::MILLIS) | (Field::TimestampMillis(n), _) => {
            DateTime::from_timestamp_millis(*n)
        }
        (Field::Long(n), TimeUnit::MICROS) | (Field::TimestampMicros(n), _) => {
            DateTime::from_timestamp_micros(*n)
        }
        (Field::Long(n), TimeUnit::NANOS) => Some(DateTime::from_timestamp_nanos(*n)),
        _ => None,
    };
    iso(moment, timestamp.is_adjusted_to_u_t_c)
}

fn value(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(b) => (*b).into(),
        Field::Byte(n) => (*n).into(),
        Field::Short(n) => (*n).into(),
        Field::Int(n) => (*n).into(),
        Field::Long(n) => (*n).into(),
        Field::UByte(n) => (*n).into(),
        Field::UShort(n) => (*n).into(),
        Field::UInt(n) => (*n).into(),
        Field::ULong(n) => (*n).into(),
        Field::Float16(n) => short(f32::from(*n)),
        Field::Float(n) => short(*n),
        Field::Double(n) => (*n).into(),
        Field::Decimal(n) => decimal(n),
        Field::Str(text) => text.as_str().into(),
        // Text that the file does not declare as such.
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data()).map_or(Value::Null, Value::from),
        Field::Date(days) => days
            .checked_add(EPOCH)
            .and_then(NaiveDate::from_num_days_from_ce_opt)
            .map_or(Value::Null, |date| date.to_string().into()),
        Field::TimeMillis(_) | Field::TimeMicros(_) => field.to_string().into(),
        Field::TimestampMillis(n) => iso(DateTime::from_timestamp_millis(*n), true),
        Field::TimestampMicros(n) => iso(DateTime::from_timestamp_micros(*n), true),
        Field::Group(row) => row
            .get_column_iter()
            .map(|(name, field)| (name.clone(), value(field)))
            .collect(),
        Field::ListInternal(list) => list.elements().iter().map(value).collect(),
        Field::MapInternal(map) => map
            .entries()
            .iter()
            .map(|(key, field)| match value(key) {
                Value::String(key) => (key, value(field)),
                key => (key.to_string(), value(field)),
            })
            .collect(),
    }
}

/// A number with all its digits: text where JSON would have fewer.
fn decimal(n: &Decimal) -> Value {
    let (bytes, scale) = (n.data(), usize::try_from(n.scale()).unwrap_or(0));
    let sign = bytes
        .first()
        .map_or(0, |first| if *first < 128 { 0 } else { 255 });
    let (rest, last) = bytes.split_at(bytes.len().saturating_sub(16));
    if rest.iter().any(|byte| *byte != sign) {
        // Beyond 38 digits.
        return Value::Null;
    }
    let mut sixteen = [sign; 16];
    sixteen[16 - last.len()..].copy_from_slice(last);
    let whole = i128::from_be_bytes(sixteen);
    let mut text = format!("{:0>1$}", whole.unsigned_abs(), scale + 1);
    if scale > 0 {
        text.insert(text.len() - scale, '.');
    }
    if whole < 0 {
        text.insert(0, '-');
    }
    let exact = usize::try_from(n.precision()).is_ok_and(|digits| digits <= EXACT_DIGITS);
    match text.parse::<Number>() {
        Ok(number) if exact => Value::Number(number),
        _ => Value::String(text),
    }
}

/// A number as it was meant: 0.1, not the 0.10000000149 that is nearest to it.
fn short(n: f32) -> Value {
    let meant = n.to_string().parse::<f64>();
    meant.map_or(Value::Null, Value::from)
}

/// A moment in ISO 8601; one of no known zone has no `Z`.
fn iso(moment: Option<DateTime<chrono::Utc>>, utc: bool) -> Value {
    moment.map_or(Value::Null, |moment| {
        let text = moment.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        match text.strip_suffix('Z') {
            Some(local) if !utc => local.into(),
            _ => text.into(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::open::numbered;

    fn bytes(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tables");
        std::fs::read(format!("{folder}/{name}")).unwrap()
    }

    fn read(bytes: Vec<u8>) -> Result<Vec<Fields>, String> {
        let (reader, _) =
            ParquetReader::new(bytes::Bytes::from(bytes)).map_err(|e| e.to_string())?;
        numbered(reader)
            .map(|row| row.map(|row| row.fields).map_err(|(_, e)| e.to_string()))
            .collect()
    }

    #[test]
    fn every_kind_of_column_becomes_json() {
        let rows = read(bytes("articles.parquet")).unwrap();
        assert_eq!(rows.len(), 5);
        let shown = |column: &str| -> Vec<String> {
            let column = rows.iter().map(|row| row[column].to_string());
            column.take(3).collect()
        };
        assert_eq!(shown("id"), ["\"007\"", "\"b-2\"", "\"c-3\""]);
        assert_eq!(shown("date")[0], "\"2026-01-02\"");
        assert_eq!(shown("seen")[1], "\"2026-01-02T08:01:05Z\"");
        assert_eq!(shown("local")[1], "\"2026-01-02T08:01:05\"");
        assert_eq!(
            shown("labels"),
            ["[]", "[\"food\"]", "[\"cybersecurity\",\"crime\"]"]
        );
        assert_eq!(shown("grades")[0], "{\"cybersecurity\":0,\"sport\":null}");
        assert_eq!(shown("best"), ["[[0,77]]", "[[0,50]]", "null"]);
        assert_eq!(shown("price"), ["1.5", "null", "-20.25"]);
        assert_eq!(shown("raw"), ["\"plain bytes\"", "null", "null"]);
        assert_eq!(shown("big")[0], "9223372036854775813");
        assert_eq!(shown("tags"), ["{\"a\":1}", "{}", "null"]);
    }

    #[test]
    fn pages_of_other_kinds_hold_the_same() {
        let texts = |name| -> Vec<Value> {
            let rows = read(bytes(name)).unwrap();
            rows.iter().map(|row| row["text"].clone()).collect()
        };
        let expected = texts("articles.parquet");
        for name in [
            "articles-zstd.parquet",
            "articles-gzip.parquet",
            "articles-delta.parquet",
        ] {
            assert_eq!(texts(name), expected, "{name}");
        }
    }

    #[test]
    fn no_cut_or_damage_makes_it_panic() {
        for name in ["articles-zstd.parquet", "articles-delta.parquet"] {
            let whole = bytes(name);
            for length in (4..whole.len()).step_by(61) {
                assert!(read(whole[..length].to_vec()).is_err());
            }
            for place in (4..whole.len()).step_by(7) {
                let mut damaged = whole.clone();
                damaged[place] ^= 0x55;
                let _ = read(damaged);
            }
        }
    }
}
