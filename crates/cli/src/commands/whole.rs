//! A scan as a command sees it: tickets until there are no more, or the failure that says what is missing.

use gettickets::scan::{Report, Scan};
use gettickets::{Error, Tickets};

use crate::connect;
use crate::exit::{Exit, Failure, Outcome};

/// How many holes are told one by one.
const SHOWN: usize = 8;

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
    pub(crate) fn report(&self) -> Report {
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

/// Tickets that the server can't send are told, where everything else was delivered.
pub(crate) fn without_holes(report: &Report) -> Outcome {
    let holes = &report.holes;
    if holes.is_empty() {
        return Ok(());
    }
    let places: Vec<String> = holes.iter().take(SHOWN).map(|hole| hole.offset.to_string()).collect();
    let more = if holes.len() > SHOWN { format!(" and {} more", holes.len() - SHOWN) } else { String::new() };
    let (is, offset) = if holes.len() == 1 { ("is", "offset") } else { ("are", "offsets") };
    Err(Failure::new(
        Exit::Incomplete,
        format!(
            "{} {} {is} missing, at {offset} {}{more}, as the server can send it in no format; all others are there",
            holes.len(),
            crate::output::tickets(holes.len() as u64),
            places.join(", "),
        ),
    )
    .hint("A text in such a ticket is not UTF-8. Open the ticket in the install and save the text anew"))
}
