//! [`BatchWriter`]: tickets as record batches, for Parquet and Arrow files.

use std::io;
use std::sync::Arc;

use gettickets_arrow::arrow_array::RecordBatch;
use gettickets_arrow::{ArrowError, TableInstall, TableSchema};
use gettickets_protocol::Tickets;

use super::{InstallContext, TicketWriter};

/// The minimum number of rows in a batch: readers prefer few and large ones.
pub(crate) const BATCH: usize = 8 << 10;

/// Pages of one or several installs that are not in a batch yet.
pub(crate) struct Gathered {
    table: TableSchema,
    runs: Vec<(Arc<TableInstall>, Tickets)>,
    rows: usize,
    /// The install of the next pages.
    install: Arc<TableInstall>,
}

impl Gathered {
    /// Creates an empty collection for batches of these columns.
    pub(crate) fn new(table: TableSchema, install: TableInstall) -> Gathered {
        Gathered { table, runs: Vec::new(), rows: 0, install: Arc::new(install) }
    }

    /// Sets the install of the next pages.
    pub(crate) fn begin_install(&mut self, install: &InstallContext) {
        if self.install.name.as_deref() != install.name.as_deref() {
            self.install = Arc::new(install.for_tables());
        }
    }

    /// Adds a page; returns a batch when there are enough rows.
    pub(crate) fn push(&mut self, tickets: &Tickets) -> Result<Option<RecordBatch>, ArrowError> {
        self.rows += tickets.len();
        self.runs.push((Arc::clone(&self.install), tickets.clone()));
        if self.rows < BATCH { Ok(None) } else { self.take() }
    }

    #[cfg(test)]
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the remaining rows as a batch, if there are any.
    pub(crate) fn take(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        if self.rows == 0 {
            return Ok(None);
        }
        let runs: Vec<(&TableInstall, &Tickets)> =
            self.runs.iter().map(|(install, tickets)| (&**install, tickets)).collect();
        let batch = self.table.record_batch_of_installs(&runs)?;
        self.runs.clear();
        self.rows = 0;
        Ok(Some(batch))
    }
}

/// An output for batches of one schema.
pub(crate) trait BatchSink {
    /// Writes a batch.
    fn batch(&mut self, batch: &RecordBatch) -> io::Result<()>;

    /// Writes the end of the file, and flushes.
    fn finish(&mut self) -> io::Result<()>;
}

/// Writes tickets in batches.
pub(crate) struct BatchWriter<S> {
    sink: S,
    gathered: Gathered,
}

impl<S: BatchSink> BatchWriter<S> {
    /// Creates a writer to this output, which has the schema of the batches.
    pub(crate) fn new(sink: S, gathered: Gathered) -> BatchWriter<S> {
        BatchWriter { sink, gathered }
    }

    fn batch(&mut self, batch: Result<Option<RecordBatch>, ArrowError>) -> io::Result<()> {
        batch.map_err(failed)?.map_or(Ok(()), |batch| self.sink.batch(&batch))
    }
}

impl<S: BatchSink> TicketWriter for BatchWriter<S> {
    fn begin_install(&mut self, install: &InstallContext) {
        self.gathered.begin_install(install);
    }

    fn write(&mut self, tickets: &Tickets) -> io::Result<()> {
        let batch = self.gathered.push(tickets);
        self.batch(batch)
    }

    fn finish(&mut self) -> io::Result<()> {
        let batch = self.gathered.take();
        self.batch(batch)?;
        self.sink.finish()
    }
}

/// Extracts the I/O error, such as a full disk, if there is one.
pub(crate) fn failed(error: ArrowError) -> io::Error {
    match error {
        ArrowError::IoError(_, error) => error,
        ArrowError::ExternalError(error) => io::Error::other(error),
        error => io::Error::other(error),
    }
}
