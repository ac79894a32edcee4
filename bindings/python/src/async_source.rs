//! [`AsyncSource`]: an asynchronous scan as the source of a Python scan.

use std::task::{Context, Poll};
use std::time::Duration;

use gettickets::scan::ScanStatus;
use gettickets::{AsyncScan, Cancellation, Error, Tickets};

use crate::source::Source;

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
