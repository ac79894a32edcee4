//! Writes the columns of `gettickets-arrow` as an Arrow IPC file, which can be memory-mapped.
//!
//! The file is not compressed, because compressed data cannot be memory-mapped.

use std::io::{self, Write};

use arrow_ipc::writer::FileWriter;
use gettickets_arrow::arrow_array::RecordBatch;
use gettickets_arrow::arrow_schema::Schema;

use super::batches::{BatchSink, failed};

/// Writes batches as an Arrow IPC file.
pub(crate) struct ArrowWriter<W: Write> {
    /// `None` once finished.
    writer: Option<FileWriter<W>>,
}

impl<W: Write> ArrowWriter<W> {
    /// Creates a writer of batches of this schema.
    pub(crate) fn new(out: W, schema: &Schema) -> io::Result<ArrowWriter<W>> {
        Ok(ArrowWriter { writer: Some(FileWriter::try_new(out, schema).map_err(failed)?) })
    }

    /// Writes the footer, and returns the output.
    pub(crate) fn into_inner(mut self) -> io::Result<Option<W>> {
        self.writer.take().map(|writer| writer.into_inner().map_err(failed)).transpose()
    }
}

impl<W: Write> BatchSink for ArrowWriter<W> {
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
