//! [`TicketReader`]: pages of tickets as a stream of record batches.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use gettickets_protocol::Tickets;

use crate::{TableInstall, TableSchema};

/// A page of tickets for a [`TicketReader`], and the install that it is from.
#[derive(Clone, Debug)]
pub struct TablePage {
    tickets: Tickets,
    /// `None` for the install of the table.
    install: Option<Arc<TableInstall>>,
}

impl From<Tickets> for TablePage {
    fn from(tickets: Tickets) -> TablePage {
        TablePage { tickets, install: None }
    }
}

impl From<(Arc<TableInstall>, Tickets)> for TablePage {
    fn from((install, tickets): (Arc<TableInstall>, Tickets)) -> TablePage {
        TablePage { tickets, install: Some(install) }
    }
}

/// Pages of tickets as a stream of record batches, such as those of a scan.
///
/// Pages are [`Tickets`], or pairs of an `Arc<`[`TableInstall`]`>` and tickets, for a table of several installs.
///
/// It reads only the pages of the next batch. A page that fails ends the stream, after the tickets before it; the error
/// is the source of the [`ArrowError::ExternalError`].
///
/// ```
/// use gettickets_arrow::TicketReader;
/// use gettickets_protocol::{Ticket, Tickets, Version};
///
/// let page = Tickets::new(&vec![Ticket::default(); 25], Version::V8_0);
/// let pages = (0..4).map(|_| Ok::<_, std::io::Error>(page.clone()));
/// let batches: Result<Vec<_>, _> = TicketReader::new(pages).min_rows(50).collect();
/// assert_eq!(batches?.iter().map(|batch| batch.num_rows()).collect::<Vec<_>>(), [50, 50]);
/// # Ok::<(), gettickets_arrow::ArrowError>(())
/// ```
pub struct TicketReader<I> {
    /// `None` after the last page.
    pages: Option<I>,
    table: TableSchema,
    min_rows: usize,
    /// The error to return after the tickets before it.
    failure: Option<Box<dyn Error + Send + Sync>>,
}

impl<I> TicketReader<I> {
    /// Creates a reader with a batch for each page and every column. Pages without tickets are skipped.
    pub fn new(pages: impl IntoIterator<IntoIter = I>) -> TicketReader<I> {
        TicketReader::with_schema(pages, TableSchema::default())
    }

    /// Creates a reader with a batch for each page and these columns.
    pub fn with_schema(pages: impl IntoIterator<IntoIter = I>, table: TableSchema) -> TicketReader<I> {
        TicketReader { pages: Some(pages.into_iter()), table, min_rows: 1, failure: None }
    }

    /// Combines pages until a batch has at least this many rows. The last batch may have fewer. Default: 1.
    ///
    /// Servers send small pages, and readers prefer large batches; a few thousand rows are a good value.
    #[must_use]
    pub fn min_rows(self, rows: usize) -> TicketReader<I> {
        TicketReader { min_rows: rows.max(1), ..self }
    }
}

impl<I, P, E> Iterator for TicketReader<I>
where
    I: Iterator<Item = Result<P, E>>,
    P: Into<TablePage>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Result<RecordBatch, ArrowError>> {
        let mut gathered: Vec<TablePage> = Vec::new();
        let mut rows = 0;
        while rows < self.min_rows
            && let Some(pages) = &mut self.pages
        {
            match pages.next() {
                Some(Ok(page)) => {
                    let page = page.into();
                    rows += page.tickets.len();
                    gathered.push(page);
                }
                Some(Err(error)) => {
                    self.failure = Some(error.into());
                    self.pages = None;
                }
                None => self.pages = None,
            }
        }
        if rows > 0 {
            let own = self.table.install();
            let runs: Vec<(&TableInstall, &Tickets)> =
                gathered.iter().map(|page| (page.install.as_deref().unwrap_or(own), &page.tickets)).collect();
            return Some(self.table.record_batch_of_installs(&runs));
        }
        self.failure.take().map(|error| Err(ArrowError::from_external_error(error)))
    }
}

impl<I> fmt::Debug for TicketReader<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketReader")
            .field("table", &self.table)
            .field("min_rows", &self.min_rows)
            .field("at_end", &self.pages.is_none())
            .finish_non_exhaustive()
    }
}

impl<I, P, E> RecordBatchReader for TicketReader<I>
where
    I: Iterator<Item = Result<P, E>>,
    P: Into<TablePage>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }
}
