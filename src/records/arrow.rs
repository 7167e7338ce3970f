//! Arrow IPC, as a stream and as a file (Feather, version 2).

use std::collections::VecDeque;
use std::io::{BufReader, Read, Seek};

use arrow_array::{ArrayRef, RecordBatch, RecordBatchReader, new_empty_array};
use arrow_cast::cast;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_json::writer::{EncoderOptions, LineDelimited, WriterBuilder, make_encoder};
use arrow_schema::{ArrowError, DataType, SchemaRef};

use super::{EXACT_DIGITS, Fields, RecordError, twice};
use crate::article::guard::guarded;

/// Rows that are turned into JSON together.
const TOGETHER: usize = 64;

/// Whether a stream with these first bytes is an Arrow IPC stream.
pub fn is_stream(start: &[u8]) -> bool {
    start.starts_with(b"\xff\xff\xff\xff")
}

/// Whether a file with these first bytes is an Arrow IPC file.
pub fn is_file(start: &[u8]) -> bool {
    start.starts_with(b"ARROW1")
}

/// Reads rows, one batch of them after the other.
pub struct ArrowReader<B> {
    batches: B,
    /// The columns that can be read.
    readable: Vec<usize>,
    /// What is left of the batch under way.
    batch: Option<RecordBatch>,
    ready: VecDeque<Result<Fields, RecordError>>,
}

impl<R: Read + Send> ArrowReader<StreamReader<BufReader<R>>> {
    /// Reads a stream's schema; with the reader come remarks for the user.
    ///
    /// # Errors
    /// When it is cut or damaged.
    pub fn stream(source: R) -> Result<(Self, Vec<String>), RecordError> {
        Self::new(|| StreamReader::try_new_buffered(source, None))
    }
}

impl<R: Read + Seek + Send> ArrowReader<FileReader<BufReader<R>>> {
    /// Reads what a file says of itself; with the reader come remarks for the user.
    ///
    /// # Errors
    /// When it is cut or damaged.
    pub fn file(source: R) -> Result<(Self, Vec<String>), RecordError> {
        Self::new(|| FileReader::try_new_buffered(source, None))
    }
}

impl<B: RecordBatchReader + Send> ArrowReader<B> {
    fn new(
        open: impl FnOnce() -> Result<B, ArrowError> + Send,
    ) -> Result<(Self, Vec<String>), RecordError> {
        let opened = guarded(|| {
            let batches = open()?;
            let (readable, remarks) = readable(&batches.schema());
            Ok((batches, readable, remarks))
        });
        let (batches, readable, remarks) =
            opened.unwrap_or_else(|_| Err(misfit())).map_err(broken)?;
        let reader = Self {
            batches,
            readable,
            batch: None,
            ready: VecDeque::new(),
        };
        Ok((reader, remarks))
    }

    /// Makes some rows ready, none at the end; an error is the last.
    fn read_on(&mut self) {
        let read = guarded(|| -> Result<(), RecordError> {
            while self
                .batch
                .as_ref()
                .is_none_or(|batch| batch.num_rows() == 0)
            {
                let Some(batch) = self.batches.next() else {
                    self.batch = None;
                    return Ok(());
                };
                let batch = batch.and_then(|batch| batch.project(&self.readable));
                self.batch = Some(batch.map_err(broken)?);
            }
            if let Some(batch) = self.batch.take() {
                let count = batch.num_rows().min(TOGETHER);
                let rows = rows(&batch.slice(0, count)).map_err(broken)?;
                self.ready.extend(rows.into_iter().map(Ok));
                self.batch = Some(batch.slice(count, batch.num_rows() - count));
            }
            Ok(())
        });
        if let Err(error) = read.unwrap_or_else(|_| Err(broken(misfit()))) {
            self.ready.push_back(Err(error));
        }
    }
}

impl<B: RecordBatchReader + Send> Iterator for ArrowReader<B> {
    type Item = Result<Fields, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() {
            self.read_on();
        }
        self.ready.pop_front()
    }
}

/// The columns that can be made JSON of, each name once, and a remark for each that is left out.
fn readable(schema: &SchemaRef) -> (Vec<usize>, Vec<String>) {
    let mut remarks = Vec::new();
    let mut readable = Vec::new();
    for (number, field) in schema.fields().iter().enumerate() {
        let first = schema.index_of(field.name());
        if first.is_ok_and(|first| first != number) {
            remarks.push(twice(field.name(), "first"));
            continue;
        }
        let empty = new_empty_array(field.data_type());
        match make_encoder(field, &empty, &EncoderOptions::default()) {
            Ok(_) => readable.push(number),
            Err(_) => remarks.push(format!(
                "column \"{}\" holds {}, which is not read; left out",
                field.name(),
                field.data_type()
            )),
        }
    }
    (readable, remarks)
}

/// A column as text where JSON would have digits of bytes, or fewer digits than there are.
fn plain(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::FixedSizeBinary(_) => cast(&cast(column, &DataType::Binary)?, &DataType::Utf8),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            cast(column, &DataType::Utf8)
        }
        DataType::Decimal32(digits, _)
        | DataType::Decimal64(digits, _)
        | DataType::Decimal128(digits, _)
        | DataType::Decimal256(digits, _)
            if usize::from(*digits) > EXACT_DIGITS =>
        {
            cast(column, &DataType::Utf8)
        }
        _ => Ok(column.clone()),
    }
}

fn rows(batch: &RecordBatch) -> Result<Vec<Fields>, ArrowError> {
    let fields = batch.schema_ref().fields().iter().zip(batch.columns());
    let columns = fields.map(|(field, column)| Ok((field.name(), plain(column)?, true)));
    let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
    let batch = &RecordBatch::try_from_iter_with_nullable(columns)?;
    let mut writer = WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, LineDelimited>(Vec::new());
    writer.write(batch)?;
    writer.finish()?;
    let rows = serde_json::Deserializer::from_slice(&writer.into_inner())
        .into_iter()
        .collect::<Result<Vec<Fields>, _>>();
    rows.map_err(|e| ArrowError::JsonError(e.to_string()))
}

fn misfit() -> ArrowError {
    ArrowError::IpcError("its parts do not fit together".to_owned())
}

fn broken(error: ArrowError) -> RecordError {
    match error {
        ArrowError::IoError(_, error) => error.into(),
        error if error.to_string().contains("lz4") => RecordError::Broken(
            "the Arrow data is packed with LZ4, which is not read; write it with Zstandard or \
             unpacked"
                .to_owned(),
        ),
        error => RecordError::Broken(format!("the Arrow data is cut or damaged: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::builder::{Int64Builder, ListBuilder, MapBuilder, StringBuilder};
    use arrow_array::{
        ArrayRef, BinaryArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
        TimestampMicrosecondArray,
    };
    use arrow_ipc::writer::{FileWriter, StreamWriter};
    use std::io::Cursor;
    use std::sync::Arc;

    fn batch() -> RecordBatch {
        let mut labels = ListBuilder::new(StringBuilder::new());
        labels.append_value([Some("brexit"), Some("sport")]);
        labels.append_null();
        RecordBatch::try_from_iter([
            (
                "text",
                Arc::new(StringArray::from(vec!["Käse\n🧀", "\"No,\" she said."])) as ArrayRef,
            ),
            ("id", Arc::new(Int64Array::from(vec![7, i64::MAX]))),
            ("day", Arc::new(Date32Array::from(vec![Some(20_000), None]))),
            (
                "seen",
                Arc::new(TimestampMicrosecondArray::from(vec![0, 1]).with_timezone("UTC")),
            ),
            ("score", Arc::new(Float64Array::from(vec![0.1, f64::NAN]))),
            ("labels", Arc::new(labels.finish())),
        ])
        .unwrap()
    }

    fn stream() -> Vec<u8> {
        let batch = batch();
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        for _ in 0..50 {
            writer.write(&batch).unwrap();
        }
        writer.into_inner().unwrap()
    }

    #[test]
    fn streams_and_files_give_their_rows() {
        let batch = batch();
        let mut file = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        for _ in 0..50 {
            file.write(&batch).unwrap();
        }
        let file = file.into_inner().unwrap();
        assert!(is_file(&file) && is_stream(&stream()));
        let (of_file, remarks) = ArrowReader::file(Cursor::new(file)).unwrap();
        assert_eq!(remarks, [""; 0]);
        let of_file: Vec<Fields> = of_file.map(Result::unwrap).collect();
        let (of_stream, _) = ArrowReader::stream(Cursor::new(stream())).unwrap();
        let of_stream: Vec<Fields> = of_stream.map(Result::unwrap).collect();
        assert_eq!(of_file, of_stream);
        assert_eq!(of_stream.len(), 100);
        let shown = |row: &Fields| serde_json::to_string(row).unwrap();
        assert_eq!(
            shown(&of_stream[98]),
            r#"{"day":"2024-10-04","id":7,"labels":["brexit","sport"],"score":0.1,"seen":"1970-01-01T00:00:00Z","text":"Käse\n🧀"}"#
        );
        assert_eq!(
            shown(&of_stream[99]),
            r#"{"day":null,"id":9223372036854775807,"labels":null,"score":null,"seen":"1970-01-01T00:00:00.000001Z","text":"\"No,\" she said."}"#
        );
    }

    #[test]
    fn a_column_that_cannot_be_read_costs_no_other() {
        let mut tags = MapBuilder::new(None, Int64Builder::new(), Int64Builder::new());
        for batch in 0..2 {
            tags.keys().append_value(batch);
            tags.values().append_value(7);
            tags.append(true).unwrap();
        }
        let batch = RecordBatch::try_from_iter([
            ("tags", Arc::new(tags.finish()) as ArrayRef),
            ("text", Arc::new(StringArray::from(vec!["a", "b"]))),
        ])
        .unwrap();
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        let stream = writer.into_inner().unwrap();
        let (rows, remarks) = ArrowReader::stream(Cursor::new(stream)).unwrap();
        assert!(
            remarks[0].starts_with("column \"tags\" holds Map"),
            "{remarks:?}"
        );
        let rows: Vec<String> = rows
            .map(|row| serde_json::to_string(&row.unwrap()).unwrap())
            .collect();
        assert_eq!(rows, [r#"{"text":"a"}"#, r#"{"text":"b"}"#]);
    }

    #[test]
    fn bytes_are_text_and_decimals_keep_their_digits() {
        let decimals = |digits, scale, number| {
            let array = Decimal128Array::from(vec![number]).with_precision_and_scale(digits, scale);
            Arc::new(array.unwrap()) as ArrayRef
        };
        let batch = RecordBatch::try_from_iter([
            (
                "text",
                Arc::new(BinaryArray::from_vec(vec!["Käse".as_bytes()])) as ArrayRef,
            ),
            ("odd", Arc::new(BinaryArray::from_vec(vec![b"\xff"]))),
            ("id", decimals(20, 0, 12_345_678_901_234_567_890)),
            (
                "long",
                decimals(38, 10, -123_456_789_012_345_678_901_234_567_891),
            ),
            ("price", decimals(10, 2, -5)),
            ("share", decimals(2, 2, 25)),
            ("id", Arc::new(StringArray::from(vec!["b"]))),
        ])
        .unwrap();
        let expected = r#"{"id":"12345678901234567890","long":"-12345678901234567890.1234567891","odd":null,"price":-0.05,"share":0.25,"text":"Käse"}"#;

        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
        writer.write(&batch).unwrap();
        let stream = writer.into_inner().unwrap();
        let (mut rows, remarks) = ArrowReader::stream(Cursor::new(stream)).unwrap();
        assert_eq!(remarks, [twice("id", "first")]);
        let shown = |row: Option<Result<Fields, RecordError>>| {
            serde_json::to_string(&row.unwrap().unwrap()).unwrap()
        };
        assert_eq!(shown(rows.next()), expected);

        let mut writer =
            ::parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        let file = bytes::Bytes::from(writer.into_inner().unwrap());
        let (mut rows, remarks) = crate::records::parquet::ParquetReader::new(file).unwrap();
        assert_eq!(remarks, [twice("id", "last")]);
        let last = expected.replace("12345678901234567890\",\"long", "b\",\"long");
        assert_eq!(shown(rows.next()), last);
    }

    #[test]
    fn a_cut_or_damaged_stream_keeps_the_rows_before_and_never_panics() {
        let whole = stream();
        let cut = whole[..whole.len() / 2].to_vec();
        let (cut, _) = ArrowReader::stream(Cursor::new(cut)).unwrap();
        let rows: Vec<_> = cut.collect();
        let (last, before) = rows.split_last().unwrap();
        assert!(last.is_err() && before.len() > 20 && before.iter().all(Result::is_ok));
        for place in (0..whole.len()).step_by(41) {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x55;
            if let Ok((reader, _)) = ArrowReader::stream(Cursor::new(damaged)) {
                // What is damaged inside may be read as something else.
                let _ = reader.take(200).count();
            }
        }
    }
}
