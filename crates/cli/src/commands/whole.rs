//! A scan as a command sees it: tickets until there are no more, or the failure that says what is missing.

use gettickets::scan::ScanReport;
use gettickets::{Error, Scan, Tickets};

use crate::commands::scanning;
use crate::connect;
use crate::exit::{Exit, Failure, Outcome};

/// A scan that is to be whole.
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

    /// What the scan met on its way.
    pub(crate) fn report(&self) -> ScanReport {
        self.scan.report()
    }

    /// After the last ticket: whether any could not be had.
    pub(crate) fn end(&self) -> Outcome {
        without_holes(&self.report())
    }
}

/// Once something was delivered, whatever stops a scan leaves it incomplete.
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
