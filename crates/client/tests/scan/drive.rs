//! Runs a machine against a world, on one thread. The requests in flight are served and delivered in a random order.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use gettickets::scan::machine::{Action, Batch, FetchPage, Metrics, ScanMachine, Settings};
use gettickets::scan::{Cursor, ScanReport};
use gettickets::transport::{TransportError, TransportErrorKind};
use gettickets::{ApiError, Error, ErrorKind};

use crate::world::{Reply, Rng, Served, World, digest};

pub(crate) const REFUSAL: &str =
    "Error generating JSON encoded response: Malformed UTF-8 characters, possibly incorrectly encoded";

/// How a scan went.
pub(crate) struct Outcome {
    pub(crate) yielded: Vec<u64>,
    pub(crate) error: Option<Error>,
    pub(crate) report: ScanReport,
    pub(crate) requests: u64,
    /// A digest of everything that the machine asked for and yielded, in this order.
    pub(crate) trace: u64,
}

impl Outcome {
    pub(crate) fn is_incomplete(&self) -> bool {
        self.error.as_ref().is_some_and(|error| matches!(error.kind(), ErrorKind::ScanIncomplete(_)))
    }

    pub(crate) fn problem(&self) -> String {
        self.error.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// Tickets that are required and were not yielded, although the scan says that it is complete.
    pub(crate) fn lost(&self, world: &World) -> Vec<u64> {
        if self.error.is_some() {
            return Vec::new();
        }
        let yielded: HashSet<_> = self.yielded.iter().copied().collect();
        let mut lost: Vec<_> = world.required.difference(&yielded).copied().collect();
        lost.sort_unstable();
        lost
    }

    pub(crate) fn twice(&self) -> Vec<u64> {
        let mut yielded = HashSet::new();
        self.yielded.iter().copied().filter(|id| !yielded.insert(*id)).collect()
    }

    pub(crate) fn never(&self, world: &World) -> Vec<u64> {
        self.yielded.iter().copied().filter(|id| !world.ever.contains(id)).collect()
    }
}

#[track_caller]
pub(crate) fn assert_complete(world: &World, outcome: &Outcome) {
    assert!(outcome.error.is_none(), "{}\n{:?}", outcome.problem(), outcome.report);
    assert_promise(world, outcome);
}

#[track_caller]
pub(crate) fn assert_promise(world: &World, outcome: &Outcome) {
    assert!(outcome.lost(world).is_empty(), "lost: {:?}", outcome.report);
    assert!(outcome.twice().is_empty(), "yielded twice");
    assert!(outcome.never(world).is_empty(), "never matched");
}

/// A machine and the requests in flight.
pub(crate) struct Driver {
    pub(crate) machine: ScanMachine,
    pub(crate) sent: Vec<FetchPage>,
    served: Vec<(u64, Reply, Option<Served>)>,
    /// How many machines there were before this one.
    resumed: u64,
    /// The pass that sent each request.
    passes: HashMap<u64, u64>,
    rng: Rng,
    pub(crate) yielded: Vec<u64>,
    last: Option<Batch>,
    pub(crate) requests: u64,
    trace: u64,
    /// How likely a request waits before a retry, in thousandths.
    pub(crate) waits: u64,
    /// How many microseconds the server takes for each request, and for each ticket.
    pub(crate) pace: (u64, u64),
    /// Prints what is served, for `SCAN_SHOW`.
    show: bool,
}

impl Driver {
    pub(crate) fn new(settings: Settings, seed: u64) -> Driver {
        Driver {
            machine: ScanMachine::new(settings),
            sent: Vec::new(),
            served: Vec::new(),
            resumed: 0,
            passes: HashMap::new(),
            rng: Rng(seed),
            yielded: Vec::new(),
            last: None,
            requests: 0,
            trace: 0,
            waits: 0,
            pace: (0, 0),
            show: std::env::var_os("SCAN_SHOW").is_some(),
        }
    }

    /// Continues in a new machine with other settings, after `taken` tickets of the last batch were taken.
    pub(crate) fn resume(&mut self, settings: Settings, cursor: &Cursor) {
        self.machine = ScanMachine::new(settings);
        self.machine.resume(cursor).unwrap();
        self.sent.clear();
        self.served.clear();
        self.resumed += 1;
        self.passes.clear();
        self.last = None;
    }

    /// The number of the pass that runs now. Passes of different machines have different numbers.
    fn pass(&self) -> u64 {
        self.resumed * 1_000 + self.machine.report().verification_passes
    }

    fn note(&mut self, what: impl IntoIterator<Item = u64>) {
        self.trace = digest(self.trace, what);
    }

    /// Runs until the end, or until at least this many tickets were taken. Then the cursor is returned: the consumer
    /// may have taken part of a batch.
    pub(crate) fn run(
        &mut self,
        world: &mut World,
        stop_after: Option<usize>,
    ) -> Result<Cursor, Result<(), Error>> {
        loop {
            match self.machine.poll() {
                Action::Fetch(fetch) => {
                    self.sent.push(fetch);
                    self.note([0, fetch.id, fetch.offset, fetch.limit, u64::from(fetch.retry_size_failures)]);
                    self.passes.insert(fetch.id, self.pass());
                    self.requests += 1;
                    assert!(self.requests < 200_000, "no end: {:?}", self.machine.report());
                    if self.waits > 0 && self.rng.chance(self.waits) {
                        self.machine.on_throttled(fetch.id, Duration::from_secs(1), self.rng.below(2) == 0);
                    }
                    // Some replies arrive before the next request is sent.
                    if self.rng.below(4) == 0 {
                        self.step(world);
                    }
                }
                Action::Yield(batch) => {
                    self.note([1].into_iter().chain(batch.ids.iter().copied()));
                    let room = stop_after.map_or(usize::MAX, |stop| stop.saturating_sub(self.yielded.len()));
                    if batch.ids.len() > room {
                        let (taken, pending) = batch.ids.split_at(room);
                        self.yielded.extend(taken);
                        return Ok(self.machine.cursor(
                            self.yielded.len() as u64,
                            self.last.as_ref(),
                            pending,
                        ));
                    }
                    self.yielded.extend(&batch.ids);
                    self.last = Some(batch);
                }
                Action::Pending => self.step(world),
                Action::Done(outcome) => return Err(outcome),
            }
        }
    }

    /// Serves or delivers one request.
    fn step(&mut self, world: &mut World) {
        let serve = !self.sent.is_empty() && (self.served.is_empty() || self.rng.below(2) == 0);
        if serve {
            let index = self.rng.below(self.sent.len() as u64) as usize;
            let fetch = self.sent.swap_remove(index);
            let reply = world.serve(fetch.offset, fetch.limit);
            if self.show {
                let ids: Vec<_> = match &reply {
                    Reply::Rows(rows, _) => rows.iter().map(|row| row.id).collect(),
                    _ => Vec::new(),
                };
                let list: Vec<_> = world.clone().list().iter().map(|ticket| ticket.id).collect();
                println!(
                    "serve {} at {}, limit {}: {ids:?} of {list:?}",
                    fetch.id, fetch.offset, fetch.limit
                );
            }
            self.served.push((fetch.id, reply, world.take_served()));
            return;
        }
        assert!(!self.served.is_empty(), "the machine waits for nothing: {:?}", self.machine);
        let index = self.rng.below(self.served.len() as u64) as usize;
        let (id, reply, served) = self.served.swap_remove(index);
        let pass = self.pass();
        if let Some(served) = served
            && self.passes.get(&id) == Some(&pass)
        {
            world.note_delivered(pass, served);
        }
        if self.show {
            println!("deliver {id}; {} pass(es) verified so far", self.machine.report().verification_passes);
        }
        let tickets = if let Reply::Rows(tickets, _) = &reply { tickets.len() as u64 } else { 0 };
        let elapsed = Duration::from_micros(self.pace.0 + self.pace.1 * tickets);
        let metrics = Metrics { requests: 1, elapsed, ..Metrics::default() };
        match reply {
            Reply::Rows(tickets, total) => {
                let rows = tickets.iter().map(|ticket| ticket.row()).collect();
                self.machine.on_rows(id, rows, total, metrics);
            }
            Reply::Unreadable => self.machine.on_error(id, ApiError::new(REFUSAL).into()),
            Reply::TooLarge => {
                self.machine
                    .on_error(id, TransportError::new(TransportErrorKind::TooLarge { limit: 1 }).into());
            }
        }
    }

    pub(crate) fn finish(mut self, result: Result<(), Error>) -> Outcome {
        let cursor = self.machine.cursor(self.yielded.len() as u64, self.last.as_ref(), &[]);
        self.note(cursor.to_string().bytes().map(u64::from));
        Outcome {
            yielded: self.yielded,
            error: result.err(),
            report: self.machine.report().clone(),
            requests: self.requests,
            trace: self.trace,
        }
    }
}

/// Scans to the end.
pub(crate) fn scan(world: &mut World, settings: Settings) -> Outcome {
    let mut driver = Driver::new(settings, world.rng.0 ^ 0x5ca1_ab1e);
    match driver.run(world, None) {
        Err(result) => driver.finish(result),
        Ok(_) => unreachable!("the scan was not to stop"),
    }
}
