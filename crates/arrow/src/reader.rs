//! [`TicketReader`]: pages of tickets as a stream of record batches.

use std::error::Error;
use std::fmt;

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use gettickets_protocol::Tickets;

use crate::Layout;

/// Pages of tickets as a stream of record batches, such as those of a scan.
///
/// It reads no further than the batch it gives, and holds no more than that batch's pages. A page that
/// fails ends the stream, after the tickets that came before it; the error is kept whole inside
/// [`ArrowError::ExternalError`].
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
    /// None once the pages are at their end.
    pages: Option<I>,
    layout: Layout,
    min_rows: usize,
    /// What to say after the tickets that came before it.
    failure: Option<Box<dyn Error + Send + Sync>>,
}

impl<I> TicketReader<I> {
    /// A batch for each page, with every column. Pages without tickets give none.
    pub fn new(pages: impl IntoIterator<IntoIter = I>) -> TicketReader<I> {
        TicketReader::with_layout(pages, Layout::default())
    }

    /// A batch for each page, with these columns.
    pub fn with_layout(pages: impl IntoIterator<IntoIter = I>, layout: Layout) -> TicketReader<I> {
        TicketReader { pages: Some(pages.into_iter()), layout, min_rows: 1, failure: None }
    }

    /// Puts pages together until a batch has at least this many rows; the last may have fewer. Default: 1.
    ///
    /// Servers send small pages, and readers like large batches: a few thousand rows are a good number.
    #[must_use]
    pub fn min_rows(self, rows: usize) -> TicketReader<I> {
        TicketReader { min_rows: rows.max(1), ..self }
    }
}

impl<I, E> Iterator for TicketReader<I>
where
    I: Iterator<Item = Result<Tickets, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Result<RecordBatch, ArrowError>> {
        let mut gathered = Vec::new();
        let mut rows = 0;
        while rows < self.min_rows
            && let Some(pages) = &mut self.pages
        {
            match pages.next() {
                Some(Ok(tickets)) => {
                    rows += tickets.len();
                    gathered.push(tickets);
                }
                Some(Err(error)) => {
                    self.failure = Some(error.into());
                    self.pages = None;
                }
                None => self.pages = None,
            }
        }
        if rows > 0 {
            let tickets: Vec<_> = gathered.iter().flatten().collect();
            return Some(self.layout.record_batch_of(&tickets));
        }
        self.failure.take().map(|error| Err(ArrowError::from_external_error(error)))
    }
}

impl<I> fmt::Debug for TicketReader<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketReader")
            .field("layout", &self.layout)
            .field("min_rows", &self.min_rows)
            .field("at_end", &self.pages.is_none())
            .finish_non_exhaustive()
    }
}

impl<I, E> RecordBatchReader for TicketReader<I>
where
    I: Iterator<Item = Result<Tickets, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn schema(&self) -> SchemaRef {
        self.layout.schema()
    }
}
