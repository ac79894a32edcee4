//! [`Source`]: a blocking or an asynchronous scan, as the source of a Python scan.

use std::task::{Context, Poll};
use std::time::Duration;

use gettickets::scan::ScanStatus;
use gettickets::{AsyncScan, Cancellation, Error, Scan, Tickets};

/// A scan of the client, blocking or asynchronous. A peeked item is returned again until it is committed.
pub(crate) trait Source: Send {
    /// Waits at most this long for an item; returns whether one is available. An asynchronous scan does not wait
    /// here.
    fn wait_for(&mut self, time: Duration) -> bool;
    /// Waits within the runtime for an item.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()>;
    /// The next page, or the rest of the current one; `None` at the end.
    fn peek_page(&mut self) -> Option<Result<Tickets, Error>>;
    /// Counts the first ticket of the page as returned.
    fn commit(&mut self);
    /// Counts the whole page as returned.
    fn commit_page(&mut self);
    /// The handle that reads the scan's state.
    fn status(&self) -> ScanStatus;
    /// The flag that cancels the scan.
    fn cancellation(&self) -> Cancellation;
}

impl Source for Scan {
    fn wait_for(&mut self, time: Duration) -> bool {
        Scan::wait_for(self, time)
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn peek_page(&mut self) -> Option<Result<Tickets, Error>> {
        Scan::peek_page(self)
    }

    fn commit(&mut self) {
        Scan::commit(self);
    }

    fn commit_page(&mut self) {
        Scan::commit_page(self);
    }

    fn status(&self) -> ScanStatus {
        Scan::status(self)
    }

    fn cancellation(&self) -> Cancellation {
        Scan::cancellation(self)
    }
}

/// An asynchronous scan, and the page or error that it returned last.
pub(crate) struct AsyncSource {
    scan: AsyncScan,
    end: Option<Result<(), Error>>,
}

impl AsyncSource {
    pub(crate) fn new(scan: AsyncScan) -> AsyncSource {
        AsyncSource { scan, end: None }
    }
}

impl Source for AsyncSource {
    fn wait_for(&mut self, _: Duration) -> bool {
        self.end.is_some() || self.scan.peek_page().is_some()
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.end.is_some() {
            return Poll::Ready(());
        }
        self.scan.poll_ready(context).map(|ready| match ready {
            Some(Ok(())) => {}
            None => self.end = Some(Ok(())),
            Some(Err(error)) => self.end = Some(Err(error)),
        })
    }

    fn peek_page(&mut self) -> Option<Result<Tickets, Error>> {
        match self.scan.peek_page() {
            Some(page) => Some(Ok(page)),
            None => self.end.clone()?.err().map(Err),
        }
    }

    fn commit(&mut self) {
        self.scan.commit();
    }

    fn commit_page(&mut self) {
        self.scan.commit_page();
    }

    fn status(&self) -> ScanStatus {
        self.scan.status()
    }

    fn cancellation(&self) -> Cancellation {
        self.scan.cancellation()
    }
}
