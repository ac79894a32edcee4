//! [`FleetScan`]: the scans of several installs, run concurrently on threads, as one iterator.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gettickets::scan::Cursor;
use gettickets::{Cancellation, Error, Scan, ScanReport, Tickets};

use super::error::InstallError;
use crate::threads::MAX_WORKERS;

/// Some tickets of one install.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FleetPage {
    /// The name of the install.
    pub install: Arc<str>,
    /// The index of the install in the fleet.
    pub index: usize,
    /// The tickets.
    pub tickets: Tickets,
    /// The number of matching tickets that the server counts, if it sends one.
    pub total: Option<u64>,
    /// The cursor after these tickets, if the scan was started with cursors and one is due.
    pub(crate) cursor: Option<Box<Cursor>>,
}

/// The progress or result of the scan of one install.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InstallReport {
    /// The name of the install.
    pub install: String,
    /// The error that ended the scan early.
    pub error: Option<Error>,
    /// The report of its scan.
    pub scan: ScanReport,
    /// The cursor at which the scan can continue, if it was started with cursors.
    pub(crate) cursor: Option<Box<Cursor>>,
    /// Why a ticket could not be stored, as a sentence. The tickets after it are missing.
    pub(crate) refused: Option<String>,
    /// Whether the scan ended normally.
    ended: bool,
}

impl InstallReport {
    /// Whether every matching ticket was yielded.
    pub fn is_complete(&self) -> bool {
        self.ended && self.error.is_none() && self.refused.is_none() && self.scan.unreadable.is_empty()
    }

    /// Returns why a ticket could not be stored, as a sentence: a number in it is too large for a database.
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }
}

/// The tickets of several installs, in the order in which they arrive.
///
/// An error concerns one install, which it names; the scans of the other installs continue. The iterator ends when all
/// scans have ended. Dropping it stops all scans.
pub struct FleetScan {
    reports: Vec<InstallReport>,
    names: Vec<Arc<str>>,
    cancellations: Vec<Cancellation>,
    queue: Queue,
    /// `None` after all events were received, or if no thread could be started.
    receiver: Option<Receiver<Event>>,
    workers: Vec<JoinHandle<()>>,
    /// The scan that is read on the consumer's thread, if no thread could be started.
    current: Option<(usize, Reader)>,
    /// An item that [`wait_for`](FleetScan::wait_for) has received for the next call of `next`.
    ready: Option<Result<FleetPage, InstallError>>,
    cursor_every: Option<u64>,
}

/// Reads a scan page by page, and creates a cursor at intervals if requested.
struct Reader {
    scan: Scan,
    /// The number of tickets between two cursors.
    cursor_every: Option<u64>,
    /// Tickets since the last cursor.
    since_cursor: u64,
}

impl Reader {
    fn new(scan: Scan, cursor_every: Option<u64>) -> Reader {
        Reader { scan, cursor_every, since_cursor: 0 }
    }

    /// Reads the next page.
    fn step(&mut self, index: usize) -> Event {
        let error = match self.scan.next_page() {
            Some(Ok(tickets)) => {
                self.since_cursor += tickets.len() as u64;
                let due = self.cursor_every.is_some_and(|every| self.since_cursor >= every);
                let cursor = due.then(|| {
                    self.since_cursor = 0;
                    Box::new(self.scan.cursor())
                });
                return Event::Page(index, tickets, self.scan.total(), cursor);
            }
            Some(Err(error)) => Some(error),
            None => None,
        };
        let cursor = self.cursor_every.map(|_| Box::new(self.scan.cursor()));
        Event::End(index, error, Box::new(self.scan.report()), cursor)
    }
}

/// The scans that were not started yet, with their indices in the fleet.
type Queue = Arc<Mutex<VecDeque<(usize, Scan)>>>;

enum Event {
    Page(usize, Tickets, Option<u64>, Option<Box<Cursor>>),
    End(usize, Option<Error>, Box<ScanReport>, Option<Box<Cursor>>),
}

/// The result of waiting for an event for a limited time.
enum Received {
    Event(Event),
    Nothing,
    /// All scans have ended.
    Finished,
}

/// The result of [`FleetScan::step`].
pub(crate) enum Step {
    Page(FleetPage),
    /// The scan of the install at this position has ended, and its report is final.
    Ended(usize),
    /// Nothing happened in the time given.
    Pending,
    /// The scans of all installs have ended.
    Finished,
}

impl FleetScan {
    pub(crate) fn start(scans: impl IntoIterator<Item = (String, Scan)>) -> FleetScan {
        FleetScan::with_workers(scans, MAX_WORKERS, None)
    }

    /// Like [`start`](FleetScan::start), with a cursor after about every `every` tickets of each scan, and at its end.
    pub(crate) fn start_with_cursors(
        scans: impl IntoIterator<Item = (String, Scan)>,
        every: u64,
    ) -> FleetScan {
        FleetScan::with_workers(scans, MAX_WORKERS, Some(every))
    }

    fn with_workers(
        scans: impl IntoIterator<Item = (String, Scan)>,
        most: usize,
        cursor_every: Option<u64>,
    ) -> FleetScan {
        let (names, scans): (Vec<String>, Vec<Scan>) = scans.into_iter().unzip();
        let report = |(name, scan): (&String, &Scan)| InstallReport {
            install: name.clone(),
            error: None,
            scan: scan.report(),
            cursor: None,
            refused: None,
            ended: false,
        };
        let reports = names.iter().zip(&scans).map(report).collect();
        let cancellations = scans.iter().map(Scan::cancellation).collect();
        let count = scans.len();
        let queue: Queue = Arc::new(Mutex::new(scans.into_iter().enumerate().collect()));
        // Scans read ahead themselves, so the channel needs room for only two pages of each.
        let (sender, receiver) = sync_channel(2 * count.clamp(1, MAX_WORKERS));
        let worker = |number: usize| {
            let (queue, sender) = (Arc::clone(&queue), sender.clone());
            thread::Builder::new()
                .name(format!("fleet-{number}"))
                .spawn(move || work(&queue, &sender, cursor_every))
                .ok()
        };
        let workers: Vec<JoinHandle<()>> = (0..count.min(most)).map_while(worker).collect();
        let receiver = (!workers.is_empty()).then_some(receiver);
        let names = names.iter().map(|name| Arc::from(name.as_str())).collect();
        FleetScan {
            reports,
            names,
            cancellations,
            queue,
            receiver,
            workers,
            current: None,
            ready: None,
            cursor_every,
        }
    }

    /// The report of each install, in the order of the fleet. The reports are final after the end of the iterator.
    pub fn reports(&self) -> &[InstallReport] {
        &self.reports
    }

    /// A handle for each install that cancels its scan.
    pub fn cancellations(&self) -> &[Cancellation] {
        &self.cancellations
    }

    /// Waits at most this long for the next page, the next error or the end, and returns whether `next` will return it
    /// without waiting.
    pub fn wait_for(&mut self, time: Duration) -> bool {
        let deadline = Instant::now().checked_add(time);
        while self.ready.is_none() {
            let left = deadline.map_or(time, |deadline| deadline.saturating_duration_since(Instant::now()));
            match self.receive(left) {
                Received::Event(event) => self.ready = self.take(event),
                Received::Nothing => return false,
                Received::Finished => return true,
            }
        }
        true
    }

    /// Like `next`, but waits for at most `time`, and also reports that the scan of an install ended without an error.
    pub(crate) fn step(&mut self, time: Duration) -> Step {
        let event = match self.receive(time) {
            Received::Event(event) => event,
            Received::Nothing => return Step::Pending,
            Received::Finished => return Step::Finished,
        };
        let (Event::Page(index, ..) | Event::End(index, ..)) = &event;
        let index = *index;
        match self.take(event) {
            Some(Ok(page)) => Step::Page(page),
            _ => Step::Ended(index),
        }
    }

    /// Waits at most `time` for the next event.
    fn receive(&mut self, time: Duration) -> Received {
        if let Some(receiver) = &self.receiver {
            match receiver.recv_timeout(time) {
                Ok(event) => return Received::Event(event),
                Err(RecvTimeoutError::Timeout) => return Received::Nothing,
                Err(RecvTimeoutError::Disconnected) => self.join(),
            }
        }
        let Some((index, mut reader)) = self.next_reader() else { return Received::Finished };
        if !reader.scan.wait_for(time) {
            self.current = Some((index, reader));
            return Received::Nothing;
        }
        Received::Event(self.step_here(index, reader))
    }

    /// Updates the report for an event, and returns the item that the iterator yields for it, if any.
    fn take(&mut self, event: Event) -> Option<Result<FleetPage, InstallError>> {
        match event {
            Event::Page(index, tickets, total, cursor) => {
                let install = Arc::clone(self.names.get(index)?);
                Some(Ok(FleetPage { install, index, tickets, total, cursor }))
            }
            Event::End(index, error, scan, cursor) => {
                let report = self.reports.get_mut(index)?;
                report.scan = *scan;
                report.error.clone_from(&error);
                report.cursor = cursor;
                report.ended = true;
                error.map(|error| Err(InstallError { install: report.install.clone(), error }))
            }
        }
    }

    /// Returns the next scan to read on the consumer's thread.
    fn next_reader(&mut self) -> Option<(usize, Reader)> {
        self.current.take().or_else(|| {
            let (index, scan) = pop(&self.queue)?;
            Some((index, Reader::new(scan, self.cursor_every)))
        })
    }

    /// Reads the next page of a scan on the consumer's thread.
    fn step_here(&mut self, index: usize, mut reader: Reader) -> Event {
        let event = reader.step(index);
        if matches!(event, Event::Page(..)) {
            self.current = Some((index, reader));
        }
        event
    }

    /// Waits for the threads, which have sent their last event, to end.
    fn join(&mut self) {
        self.receiver = None;
        for worker in self.workers.drain(..) {
            if let Err(panic) = worker.join() {
                resume_unwind(panic);
            }
        }
    }

    /// Waits for the next event; returns `None` when all scans have ended.
    fn event(&mut self) -> Option<Event> {
        if let Some(receiver) = &self.receiver {
            if let Ok(event) = receiver.recv() {
                return Some(event);
            }
            self.join();
        }
        let (index, reader) = self.next_reader()?;
        Some(self.step_here(index, reader))
    }
}

impl Iterator for FleetScan {
    type Item = Result<FleetPage, InstallError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(ready) = self.ready.take() {
            return Some(ready);
        }
        loop {
            let event = self.event()?;
            if let Some(item) = self.take(event) {
                return Some(item);
            }
        }
    }
}

impl FusedIterator for FleetScan {}

impl Drop for FleetScan {
    fn drop(&mut self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.cancellations.iter().for_each(Cancellation::cancel);
    }
}

impl fmt::Debug for FleetScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetScan").field("reports", &self.reports).finish_non_exhaustive()
    }
}

fn pop(queue: &Queue) -> Option<(usize, Scan)> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// Reads scans from the queue until it is empty, or until the receiver is dropped.
fn work(queue: &Queue, sender: &SyncSender<Event>, cursor_every: Option<u64>) {
    while let Some((index, scan)) = pop(queue) {
        let mut reader = Reader::new(scan, cursor_every);
        loop {
            let event = reader.step(index);
            let is_end = matches!(event, Event::End(..));
            if sender.send(event).is_err() {
                return;
            }
            if is_end {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is the failure report of a test")]

    use gettickets::{Client, Credentials, GetTickets};
    use gettickets_sandbox::Sandbox;

    use super::*;

    #[test]
    fn tickets_are_the_same_with_any_number_of_threads() {
        let sandboxes: Vec<Sandbox> =
            (1..=3).map(|seed| Sandbox::builder().tickets(seed * 60).seed(seed).start().unwrap()).collect();
        for workers in [0, 1, 2, 64] {
            let scans = sandboxes.iter().enumerate().map(|(number, sandbox)| {
                let credentials = Credentials::api(sandbox.identifier(), sandbox.secret());
                let client = Client::builder(sandbox.url()).credentials(credentials).build().unwrap();
                (number.to_string(), client.scan(GetTickets::default()))
            });
            let mut scan = FleetScan::with_workers(scans, workers, None);
            let mut counts = [0; 3];
            loop {
                // With one thread, `next` waits for a page by itself; otherwise `wait_for` is tested.
                while workers != 1 && !scan.wait_for(Duration::from_millis(1)) {}
                let Some(page) = scan.next() else { break };
                let page = page.unwrap();
                assert_eq!(*page.install, *page.index.to_string());
                *counts.get_mut(page.index).unwrap() += page.tickets.len();
            }
            assert_eq!(counts, [60, 120, 180], "{workers} threads");
            assert!(scan.reports().iter().all(InstallReport::is_complete), "{workers} threads");
        }
    }
}
