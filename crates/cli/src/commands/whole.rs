//! [`Whole`]: a scan that must be complete.

use gettickets::scan::ScanReport;
use gettickets::{Error, Scan, Tickets};

use crate::commands::scanning;
use crate::connect;
use crate::exit::{Exit, Failure, Outcome};

/// A scan that fails if it is not complete.
pub(crate) struct Whole {
    scan: Scan,
    delivered: u64,
}

impl Whole {
    pub(crate) fn of(scan: Scan) -> Whole {
        Whole { scan, delivered: 0 }
    }

    /// The next tickets.
    pub(crate) fn next(&mut self) -> Option<Outcome<Tickets>> {
        Some(match self.scan.next_page()? {
            Ok(tickets) => {
                self.delivered += tickets.len() as u64;
                Ok(tickets)
            }
            Err(error) => Err(cut_off(&error, self.delivered)),
        })
    }

    /// How many tickets came so far.
    pub(crate) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// The report of the scan.
    pub(crate) fn report(&self) -> ScanReport {
        self.scan.report()
    }

    /// After the last ticket: fails if any ticket is missing.
    pub(crate) fn end(&self) -> Outcome {
        without_holes(&self.report())
    }
}

/// The failure of a scan that was stopped by an error. After the first ticket it counts as incomplete.
pub(crate) fn cut_off(error: &Error, delivered: u64) -> Failure {
    let failure = connect::failure_of(error);
    if delivered == 0 || failure.exit == Exit::Usage {
        return failure;
    }
    let what = format!("after {delivered} {}: {}", crate::output::tickets(delivered), failure.what);
    Failure { exit: Exit::Incomplete, what, ..failure }
}

/// The failure of a scan that delivered every ticket but those that the server cannot send.
pub(crate) fn without_holes(report: &ScanReport) -> Outcome {
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
