//! [`Source`]: what a Python scan reads from, a blocking scan or an asynchronous one.

use std::time::Duration;

use gettickets::{Error, Scan, ScanStatus, Tickets};

/// A scan of the client, blocking or asynchronous. What is peeked at is returned again until it is committed.
pub(crate) trait Source: Send {
    /// Waits for something to take, for this time at most; returns whether there is something.
    fn wait_for(&mut self, time: Duration) -> bool;
    /// The next page, or the rest of the one that was begun; `None` at the end.
    fn peek_page(&mut self) -> Option<Result<Tickets, Error>>;
    /// Counts the first ticket of the page as returned.
    fn commit(&mut self);
    /// Counts the whole page as returned.
    fn commit_page(&mut self);
    /// The handle that reads the scan's state.
    fn status(&self) -> ScanStatus;
}

impl Source for Scan {
    fn wait_for(&mut self, time: Duration) -> bool {
        Scan::wait_for(self, time)
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
}
