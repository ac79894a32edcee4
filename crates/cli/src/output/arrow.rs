//! Arrow's IPC file: the columns of `gettickets-arrow` as they lie in memory, to be mapped and not parsed.
//!
//! It is not compressed, as what is compressed cannot be mapped.

use std::io::{self, Write};

use arrow_ipc::writer::FileWriter;
use gettickets_arrow::arrow_array::RecordBatch;
use gettickets_arrow::arrow_schema::Schema;
use gettickets_arrow::{ArrowError, TableSchema};
use gettickets_protocol::Tickets;

use super::TicketWriter;

/// Pages are put together into batches of this many rows: readers like few and large ones.
pub(crate) const BATCH: usize = 8 << 10;

/// Pages on their way to becoming a batch.
#[derive(Default)]
pub(crate) struct Gathered {
    pages: Vec<Tickets>,
    rows: usize,
    layout: TableSchema,
}

impl Gathered {
    /// Adds a page; gives a batch once there is enough for one.
    pub(crate) fn push(&mut self, tickets: &Tickets) -> Result<Option<RecordBatch>, ArrowError> {
        self.rows += tickets.len();
        self.pages.push(tickets.clone());
        if self.rows < BATCH { Ok(None) } else { self.take() }
    }

    #[cfg(test)]
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Everything gathered, if anything.
    pub(crate) fn take(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        if self.rows == 0 {
            return Ok(None);
        }
        let tickets: Vec<_> = self.pages.iter().flatten().collect();
        let batch = self.layout.record_batch_of(&tickets)?;
        self.pages.clear();
        self.rows = 0;
        Ok(Some(batch))
    }
}

/// Writes tickets as an Arrow IPC file.
pub(crate) struct ArrowWriter<W: Write> {
    /// None once finished.
    writer: Option<FileWriter<W>>,
    gathered: Gathered,
}

impl<W: Write> ArrowWriter<W> {
    pub(crate) fn new(out: W) -> io::Result<ArrowWriter<W>> {
        ArrowWriter::with_schema(out, &gettickets_arrow::schema())
    }

    /// A writer of batches of this schema.
    pub(crate) fn with_schema(out: W, schema: &Schema) -> io::Result<ArrowWriter<W>> {
        let writer = FileWriter::try_new(out, schema).map_err(failed)?;
        Ok(ArrowWriter { writer: Some(writer), gathered: Gathered::default() })
    }

    /// Writes a batch of the writer's schema.
    pub(crate) fn batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), |writer| writer.write(batch).map_err(failed))
    }

    /// Writes the footer, and gives back what it was written to.
    pub(crate) fn into_inner(mut self) -> io::Result<Option<W>> {
        if let Some(batch) = self.gathered.take().map_err(failed)? {
            self.batch(&batch)?;
        }
        self.writer.take().map(|writer| writer.into_inner().map_err(failed)).transpose()
    }
}

impl<W: Write> TicketWriter for ArrowWriter<W> {
    fn write(&mut self, tickets: &Tickets) -> io::Result<()> {
        match self.gathered.push(tickets).map_err(failed)? {
            Some(batch) => self.batch(&batch),
            None => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        if let Some(batch) = self.gathered.take().map_err(failed)? {
            self.batch(&batch)?;
        }
        match self.writer.take() {
            Some(writer) => writer.into_inner().map_err(failed)?.flush(),
            None => Ok(()),
        }
    }
}

/// The error of the file beneath, such as a full disk, where there is one.
pub(crate) fn failed(error: ArrowError) -> io::Error {
    match error {
        ArrowError::IoError(_, error) => error,
        error => io::Error::other(error),
    }
}
