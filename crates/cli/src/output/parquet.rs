//! Parquet: the columns of `gettickets-arrow`, compressed with Zstandard.
//!
//! A row group is the unit that readers skip or read, and that the writer holds in memory. 16,384 tickets take some
//! megabytes when encoded.

use std::io::{self, Write};

use gettickets_arrow::arrow_array::RecordBatch;
use gettickets_arrow::arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::batches::BatchSink;

/// The maximum number of tickets in a row group.
const ROW_GROUP: usize = 16 << 10;

/// Writes batches as Parquet.
pub(crate) struct ParquetWriter<W: Write + Send> {
    /// `None` once finished.
    writer: Option<ArrowWriter<W>>,
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Creates a writer of batches of this schema.
    pub(crate) fn new(out: W, schema: SchemaRef) -> io::Result<ParquetWriter<W>> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .set_created_by(concat!("gettickets ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = ArrowWriter::try_new(out, schema, Some(properties)).map_err(failed)?;
        Ok(ParquetWriter { writer: Some(writer) })
    }

    /// Writes the footer, and returns the output.
    pub(crate) fn into_inner(mut self) -> io::Result<Option<W>> {
        self.writer.take().map(|writer| writer.into_inner().map_err(failed)).transpose()
    }
}

impl<W: Write + Send> BatchSink for ParquetWriter<W> {
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), |writer| writer.write(batch).map_err(failed))
    }

    fn finish(&mut self) -> io::Result<()> {
        match self.writer.take() {
            Some(writer) => writer.into_inner().map_err(failed)?.flush(),
            None => Ok(()),
        }
    }
}

/// Extracts the I/O error, such as a full disk, if there is one.
fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(cause) => io::Error::other(cause),
        },
        error => io::Error::other(error),
    }
}
