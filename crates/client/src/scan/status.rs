//! [`ScanStatus`]: a handle that reads the state of a scan.

use std::fmt;
use std::sync::Arc;

use super::cursor::Cursor;
use super::delivery::Delivery;
use super::report::ScanReport;
use crate::error::Error;

/// A scan whose state status handles can read.
pub(crate) trait Observed: Send + Sync {
    /// Calls `look` while nothing changes.
    fn observe(&self, look: &mut dyn FnMut(&mut Delivery));
}

/// Reads the state of a scan from any thread, even while another thread waits for a ticket, and after the end. Cloning
/// is cheap.
#[derive(Clone)]
pub struct ScanStatus {
    source: Arc<dyn Observed>,
}

impl ScanStatus {
    pub(crate) fn new(source: Arc<impl Observed + 'static>) -> ScanStatus {
        ScanStatus { source }
    }

    fn look<T>(&self, default: T, look: impl Fn(&mut Delivery) -> T) -> T {
        let mut found = default;
        self.source.observe(&mut |delivery| found = look(delivery));
        found
    }

    /// See [`Scan::report`](crate::Scan::report).
    pub fn report(&self) -> ScanReport {
        self.look(ScanReport::default(), |delivery| delivery.report())
    }

    /// See [`Scan::cursor`](crate::Scan::cursor).
    pub fn cursor(&self) -> Cursor {
        self.look(Cursor::default(), |delivery| delivery.cursor())
    }

    /// See [`Scan::total`](crate::Scan::total).
    pub fn total(&self) -> Option<u64> {
        self.look(None, |delivery| delivery.total())
    }

    /// See [`Scan::yielded`](crate::Scan::yielded).
    pub fn yielded(&self) -> u64 {
        self.look(0, |delivery| delivery.yielded())
    }

    /// See [`Scan::failure`](crate::Scan::failure).
    pub fn failure(&self) -> Option<Error> {
        self.look(None, |delivery| delivery.failure().cloned())
    }

    /// The number of requests in flight.
    pub fn in_flight(&self) -> usize {
        self.look(0, |delivery| delivery.series().in_flight())
    }

    /// Whether the scan was closed or dropped.
    pub fn is_closed(&self) -> bool {
        self.look(false, |delivery| delivery.is_closed())
    }
}

impl fmt::Debug for ScanStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScanStatus").field("report", &self.report()).finish_non_exhaustive()
    }
}
