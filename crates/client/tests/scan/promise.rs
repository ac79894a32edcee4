//! What a scan owes, checked against a server that knows.

use std::collections::HashSet;

use gettickets::scan::{Report, Scan};
use gettickets::{Error, ErrorKind, GetTickets};

use crate::list::Server;

/// How a scan went.
pub(crate) struct Outcome {
    pub(crate) told: Vec<u64>,
    pub(crate) error: Option<Error>,
    pub(crate) report: Report,
}

impl Outcome {
    pub(crate) fn is_incomplete(&self) -> bool {
        self.error.as_ref().is_some_and(|error| matches!(error.kind(), ErrorKind::ScanIncomplete(_)))
    }

    pub(crate) fn problem(&self) -> String {
        self.error.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

/// Scans to the end.
pub(crate) fn scan(server: &Server, page_len: u64) -> Outcome {
    run(Scan::new(server.clone(), GetTickets { limitnum: Some(page_len), ..GetTickets::default() }))
}

pub(crate) fn run(mut scan: Scan) -> Outcome {
    let (mut told, mut error) = (Vec::new(), None);
    for ticket in scan.by_ref() {
        match ticket {
            Ok(ticket) => told.push(ticket.get().id()),
            Err(failure) => error = Some(failure),
        }
    }
    assert!(scan.next().is_none(), "a scan that has ended stays so");
    let outcome = Outcome { told, error, report: scan.report() };
    // Told as an error it would pass for honesty.
    assert!(!outcome.problem().contains("broke off"), "the reader panicked");
    outcome
}

/// Tickets lost in silence, told twice, and told though they never matched.
pub(crate) fn broken(server: &Server, outcome: &Outcome) -> (Vec<u64>, Vec<u64>, Vec<u64>) {
    let world = server.world();
    let mut told = HashSet::new();
    let twice = outcome.told.iter().copied().filter(|id| !told.insert(*id)).collect();
    let never = outcome.told.iter().copied().filter(|id| !world.ever.contains(id)).collect();
    let mut lost: Vec<_> = world.always.difference(&told).copied().collect();
    lost.sort_unstable();
    if outcome.error.is_some() {
        // The scan said that it is not certain.
        lost.clear();
    }
    (lost, twice, never)
}

/// The promise, for a scan that must also end well.
#[track_caller]
pub(crate) fn assert_complete(server: &Server, outcome: &Outcome) {
    assert!(outcome.error.is_none(), "{}", outcome.problem());
    assert_eq!(broken(server, outcome), (vec![], vec![], vec![]));
}
