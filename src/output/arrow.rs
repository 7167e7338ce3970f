//! Parquet files and Arrow streams: the columns of a report as they are, not as text.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, Float32Builder, Int64Builder, ListBuilder, StringBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::Outcome;
use super::columns::{Cell, Column, Holds};

/// Rows of a group in a Parquet file: so many are held, compressed, until it is written.
const GROUP: usize = 8192;
/// Rows that are added to a group together, and bytes of text after which fewer are.
const TOGETHER: usize = 256;
const TOGETHER_BYTES: usize = 16 << 20;
/// Rows of a batch in a stream: whoever reads it waits for so many.
const STREAMED: usize = 32;

/// Gathers rows into a batch of columns.
pub struct Batch {
    columns: Vec<Column>,
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
    bytes: usize,
}

enum Builder {
    Text(StringBuilder),
    Count(Int64Builder),
    Probability(Float32Builder),
    List(ListBuilder<StringBuilder>),
}

impl Batch {
    /// Of these columns.
    pub fn new(columns: Vec<Column>) -> Self {
        let field = |column: &Column| {
            let kind = match column.holds() {
                Holds::Text => DataType::Utf8,
                Holds::Count => DataType::Int64,
                Holds::Probability => DataType::Float32,
                Holds::List(_) => {
                    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
                }
            };
            Field::new(&column.name, kind, true)
        };
        let builder = |column: &Column| match column.holds() {
            Holds::Text => Builder::Text(StringBuilder::new()),
            Holds::Count => Builder::Count(Int64Builder::new()),
            Holds::Probability => Builder::Probability(Float32Builder::new()),
            Holds::List(_) => Builder::List(ListBuilder::new(StringBuilder::new())),
        };
        Self {
            schema: Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>())),
            builders: columns.iter().map(builder).collect(),
            columns,
            rows: 0,
            bytes: 0,
        }
    }

    fn add(&mut self, outcome: &Outcome) {
        self.rows += 1;
        for (column, builder) in self.columns.iter().zip(&mut self.builders) {
            match (builder, column.cell(outcome)) {
                (Builder::Text(builder), Cell::Text(text)) => {
                    self.bytes += text.as_ref().map_or(0, |text| text.len());
                    builder.append_option(text);
                }
                (Builder::Count(builder), Cell::Count(count)) => {
                    builder.append_option(count.and_then(|n| i64::try_from(n).ok()));
                }
                (Builder::Probability(builder), Cell::Probability(p)) => builder.append_option(p),
                (Builder::List(builder), Cell::List(texts)) => {
                    builder.append_option(texts.map(|t| t.into_iter().map(Some)));
                }
                // A cell is what its column holds.
                (builder, _) => builder.append_null(),
            }
        }
    }

    /// Whether it is to be sent on. Nothing but the rows decides that, so that the bytes that
    /// come of them are always the same.
    fn is_full(&self, rows: usize) -> bool {
        self.rows == rows || self.bytes > TOGETHER_BYTES
    }

    fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        (self.rows, self.bytes) = (0, 0);
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        RecordBatch::try_new(self.schema.clone(), arrays)
    }
}

impl Builder {
    fn append_null(&mut self) {
        match self {
            Self::Text(builder) => builder.append_null(),
            Self::Count(builder) => builder.append_null(),
            Self::Probability(builder) => builder.append_null(),
            Self::List(builder) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => ArrayBuilder::finish(builder),
            Self::Count(builder) => ArrayBuilder::finish(builder),
            Self::Probability(builder) => ArrayBuilder::finish(builder),
            Self::List(builder) => ArrayBuilder::finish(builder),
        }
    }
}

/// Writes a Parquet file.
pub struct ParquetSink<W: Write + Send> {
    batch: Batch,
    writer: ArrowWriter<W>,
}

impl<W: Write + Send> ParquetSink<W> {
    /// Begins the file.
    pub fn new(columns: Vec<Column>, out: W) -> io::Result<Self> {
        let batch = Batch::new(columns);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP))
            // The version of a library is no part of the results.
            .set_created_by("topicwire".to_owned())
            .build();
        let writer = ArrowWriter::try_new(out, batch.schema.clone(), Some(properties));
        Ok(Self {
            batch,
            writer: writer.map_err(of_parquet)?,
        })
    }

    /// Adds the row of one input.
    pub fn row(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.batch.add(outcome);
        match self.batch.is_full(TOGETHER) {
            true => self.send(),
            false => Ok(()),
        }
    }

    fn send(&mut self) -> io::Result<()> {
        let batch = self.batch.take().map_err(of_arrow)?;
        self.writer.write(&batch).map_err(of_parquet)
    }

    /// Writes what ends the file and gives the output back.
    pub fn finish(mut self) -> io::Result<W> {
        self.send()?;
        self.writer.into_inner().map_err(of_parquet)
    }
}

/// Writes an Arrow IPC stream.
pub struct ArrowSink<W: Write> {
    batch: Batch,
    writer: StreamWriter<W>,
}

impl<W: Write> ArrowSink<W> {
    /// Begins the stream.
    pub fn new(columns: Vec<Column>, out: W) -> io::Result<Self> {
        let batch = Batch::new(columns);
        let writer = StreamWriter::try_new(out, &batch.schema);
        Ok(Self {
            batch,
            writer: writer.map_err(of_arrow)?,
        })
    }

    /// Adds the row of one input.
    pub fn row(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.batch.add(outcome);
        match self.batch.is_full(STREAMED) {
            true => self.send(),
            false => Ok(()),
        }
    }

    fn send(&mut self) -> io::Result<()> {
        let batch = self.batch.take().map_err(of_arrow)?;
        self.writer.write(&batch).map_err(of_arrow)
    }

    /// Sends on what is buffered.
    pub fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(of_arrow)
    }

    /// Writes what ends the stream and gives the output back.
    pub fn finish(mut self) -> io::Result<W> {
        if self.batch.rows > 0 {
            self.send()?;
        }
        self.writer.into_inner().map_err(of_arrow)
    }
}

fn of_arrow(error: ArrowError) -> io::Error {
    match error {
        ArrowError::IoError(_, error) => error,
        other => io::Error::other(other),
    }
}

fn of_parquet(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    }
}
