//! [`CompleteScan`]: a scan that must be complete.

use gettickets::scan::ScanReport;
use gettickets::{Error, Scan, Tickets};

use crate::commands::scanning;
use crate::connect;
use crate::exit::{Exit, Failure, Outcome};

/// A scan that fails if it is not complete.
pub(crate) struct CompleteScan {
    scan: Scan,
    delivered: u64,
}

impl CompleteScan {
    pub(crate) fn of(scan: Scan) -> CompleteScan {
        CompleteScan { scan, delivered: 0 }
    }

    /// Returns the next tickets.
    pub(crate) fn next(&mut self) -> Option<Outcome<Tickets>> {
        Some(match self.scan.next_page()? {
            Ok(tickets) => {
                self.delivered += tickets.len() as u64;
                Ok(tickets)
            }
            Err(error) => Err(interrupted(&error, self.delivered)),
        })
    }

    /// The number of tickets so far.
    pub(crate) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// The report of the scan.
    pub(crate) fn report(&self) -> ScanReport {
        self.scan.report()
    }

    /// Fails if any ticket is missing. Called after the last ticket.
    pub(crate) fn end(&self) -> Outcome {
        check_unreadable(&self.report())
    }
}

/// The failure of a scan that an error stopped. If it delivered any ticket, its result is incomplete.
pub(crate) fn interrupted(error: &Error, delivered: u64) -> Failure {
    let failure = connect::failure_of(error);
    if delivered == 0 || failure.exit == Exit::Usage {
        return failure;
    }
    let what = format!("after {delivered} {}: {}", crate::output::tickets(delivered), failure.what);
    Failure { exit: Exit::Incomplete, what, ..failure }
}

/// The failure of a scan that delivered every ticket except those that the server cannot send.
pub(crate) fn check_unreadable(report: &ScanReport) -> Outcome {
    let missing = &report.unreadable;
    if missing.is_empty() {
        return Ok(());
    }
    let (tickets, are, them) = match missing.len() {
        1 => ("1 ticket".to_owned(), "is", "it"),
        count => (format!("{count} tickets"), "are", "them"),
    };
    let what = format!(
        "{tickets} {are} missing, as the server cannot send {them} in any format: {}; all others were delivered",
        scanning::unreadable(missing)
    );
    Err(Failure::new(Exit::Incomplete, what)
        .hint("A text in such a ticket is not UTF-8. Open the ticket in the install and save the text again"))
}
