//! [`Source`]: a scan of the client as the source of a Python scan. This file has the blocking one.

use std::task::{Context, Poll};
use std::time::Duration;

use gettickets::scan::ScanStatus;
use gettickets::{Cancellation, Error, Scan, Tickets};

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
