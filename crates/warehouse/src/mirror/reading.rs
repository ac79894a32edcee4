//! [`Reading`]: the scans of the installs, whose tickets are converted to rows on a thread of its own, so that it does
//! not take the time of the thread that writes to the database.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope};
use std::time::Duration;

use gettickets::{DateTime, Tickets};
use gettickets_arrow::NumberTooLarge;

use crate::fleet::scan::{FleetScan, InstallReport, Step};
use crate::install::Install;
use crate::row::Row;

/// How many converted pages may wait for the database.
const WAITING: usize = 8;

/// How tickets of an install are converted.
#[derive(Clone, Copy)]
pub(super) struct Conversion<'a> {
    pub(super) install: &'a Install,
    /// Replies dated later than this are ignored when the newest reply is determined.
    pub(super) ahead: DateTime,
}

/// The rows of a page, and what its tickets show of the list.
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    /// Whether the tickets are in the order of the last reply, newest first. Tickets without a reply come last in it.
    pub(super) ordered: bool,
    /// The last replies of the first and the last ticket; `None` if there is no ticket.
    pub(super) ends: Option<(Option<DateTime>, Option<DateTime>)>,
    /// The newest reply that is not in the future.
    pub(super) newest: Option<DateTime>,
}

impl Conversion<'_> {
    /// Converts the tickets of a page. Takes rows from `spare` as long as there are some, for their memory.
    pub(super) fn rows(self, tickets: &Tickets, spare: &mut Vec<Row>) -> Result<Rows, NumberTooLarge> {
        let Conversion { install, ahead } = self;
        let mut rows =
            Rows { rows: Vec::with_capacity(tickets.len()), ordered: true, ends: None, newest: None };
        for ticket in tickets {
            let reply = ticket.lastreply();
            let (first, previous) = rows.ends.unwrap_or((reply, reply));
            rows.ordered &= reply <= previous;
            rows.ends = Some((first, reply));
            rows.newest = rows.newest.max(reply.filter(|reply| *reply <= ahead));
            let row = spare.pop().unwrap_or_default();
            rows.rows.push(row.refill(ticket, install.time_zone.as_ref(), install.access_keys)?);
        }
        Ok(rows)
    }
}

/// What happened in the scans.
pub(super) enum Event {
    Page {
        index: usize,
        rows: Result<Rows, NumberTooLarge>,
        /// The number of matching tickets that the server counts.
        total: Option<u64>,
    },
    /// The scan of the install at this position has ended.
    Ended { index: usize, report: Box<InstallReport> },
    /// Nothing happened for a while.
    Pending,
    /// The scans of all installs have ended.
    Finished,
}

/// The scans of the installs, as one sequence of events.
pub(super) enum Reading<'scope> {
    /// Another thread converts the tickets, and receives rows that are no longer needed.
    Apart(Receiver<Event>, SyncSender<Vec<Row>>),
    /// No thread could be started, so they are converted when they are received.
    Here { scan: Box<FleetScan>, conversions: Vec<Conversion<'scope>>, interval: Duration },
}

impl<'scope> Reading<'scope> {
    /// Starts to read. `interval` is the longest time without an event.
    pub(super) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        scan: FleetScan,
        conversions: Vec<Conversion<'scope>>,
        interval: Duration,
    ) -> Reading<'scope> {
        let (sender, receiver) = sync_channel(WAITING);
        // The scan is handed over when the thread has started, because it would be lost if it could not.
        let (hand_over, handed_over) = sync_channel::<FleetScan>(1);
        let (give_back, given_back) = sync_channel(WAITING);
        let own = conversions.clone();
        let thread = Builder::new().name("rows".to_owned()).spawn_scoped(scope, move || {
            if let Ok(mut scan) = handed_over.recv() {
                convert_all(&mut scan, &own, interval, &sender, &given_back);
            }
        });
        match thread {
            Err(_) => Reading::Here { scan: Box::new(scan), conversions, interval },
            Ok(_) => {
                // The thread receives it, so this cannot fail.
                let _ = hand_over.send(scan);
                Reading::Apart(receiver, give_back)
            }
        }
    }

    /// Waits for the next event.
    pub(super) fn next(&mut self) -> Event {
        match self {
            Reading::Apart(receiver, _) => receiver.recv().unwrap_or(Event::Finished),
            Reading::Here { scan, conversions, interval } => {
                next(scan, conversions, *interval, &mut Vec::new())
            }
        }
    }

    /// Gives rows back so that their memory is used again.
    pub(super) fn give_back(&self, rows: Vec<Row>) {
        if let Reading::Apart(_, give_back) = self {
            // If the channel is full, the memory is not needed.
            let _ = give_back.try_send(rows);
        }
    }
}

/// Sends all events, or stops when no one receives them any more.
fn convert_all(
    scan: &mut FleetScan,
    conversions: &[Conversion<'_>],
    interval: Duration,
    sender: &SyncSender<Event>,
    given_back: &Receiver<Vec<Row>>,
) {
    let mut spare = Vec::new();
    loop {
        if spare.is_empty() {
            spare = given_back.try_recv().unwrap_or_default();
        }
        let event = next(scan, conversions, interval, &mut spare);
        let is_last = matches!(event, Event::Finished);
        if sender.send(event).is_err() || is_last {
            return;
        }
    }
}

fn next(
    scan: &mut FleetScan,
    conversions: &[Conversion<'_>],
    interval: Duration,
    spare: &mut Vec<Row>,
) -> Event {
    match scan.step(interval) {
        Step::Pending => Event::Pending,
        Step::Finished => Event::Finished,
        Step::Page(page) => match conversions.get(page.index) {
            Some(conversion) => Event::Page {
                index: page.index,
                rows: conversion.rows(&page.tickets, spare),
                total: page.total,
            },
            None => Event::Pending,
        },
        Step::Ended(index) => match scan.reports().get(index) {
            Some(report) => Event::Ended { index, report: Box::new(report.clone()) },
            None => Event::Pending,
        },
    }
}
