//! Scans of several statuses: each ticket once, even if tickets change their status during the scan.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gettickets::scan::{Cursor, Fetch, FetchContext, Fetched, InvalidCursor};
use gettickets::{Error, ErrorKind, Field, FindingKind, GetTickets, Scan, Status, StatusFilter, decode};

use crate::blocking::spell;
use crate::traces::digest;
use crate::world::{Rng, Ticket, mix};

/// A server in memory whose tickets have one of four statuses, S0 to S3.
#[derive(Clone)]
struct Helpdesk(Arc<Mutex<Desk>>);

struct Desk {
    /// Tickets by id.
    tickets: BTreeMap<u64, Ticket>,
    rng: Rng,
    /// The percentage of requests that a change precedes.
    changes: u64,
    moved: HashSet<u64>,
    /// Tickets change their status any number of times, not once.
    restless: bool,
    /// Statuses in the order in which they were requested.
    requested: Vec<String>,
}

impl Helpdesk {
    fn new(seed: u64, tickets: u64, changes: u64) -> Helpdesk {
        let mut rng = Rng(mix(seed));
        let tickets = (1..=tickets)
            .map(|id| {
                let status = rng.below(4) as u8;
                (id, Ticket { id, status, date: 1_000 + id, lastreply: 1_000 + id, ..Ticket::default() })
            })
            .collect();
        let desk =
            Desk { tickets, rng, changes, moved: HashSet::new(), restless: false, requested: Vec::new() };
        Helpdesk(Arc::new(Mutex::new(desk)))
    }

    fn scan(&self) -> Scan {
        let request = GetTickets { limitnum: Some(20), ..GetTickets::default() };
        Scan::new(self.clone(), request).statuses(["S0", "S1", "S2"])
    }

    /// The tickets that have a status below this one.
    fn below(&self, status: u8) -> HashSet<u64> {
        let desk = self.0.lock().unwrap();
        desk.tickets.values().filter(|ticket| ticket.status < status).map(|ticket| ticket.id).collect()
    }
}

impl Desk {
    /// Moves a ticket from one of the statuses below 3 to another, once for each ticket.
    fn change(&mut self) {
        if self.rng.below(100) >= self.changes {
            return;
        }
        let candidates: Vec<u64> = self
            .tickets
            .values()
            .filter(|ticket| ticket.status < 3 && !self.moved.contains(&ticket.id))
            .map(|ticket| ticket.id)
            .collect();
        if candidates.is_empty() {
            return;
        }
        let id = candidates[self.rng.below(candidates.len() as u64) as usize];
        let step = 1 + self.rng.below(2) as u8;
        if let Some(ticket) = self.tickets.get_mut(&id) {
            ticket.status = (ticket.status + step) % 3;
            if !self.restless {
                self.moved.insert(id);
            }
        }
    }
}

impl Fetch for Helpdesk {
    fn fetch(&self, request: &GetTickets, _: &FetchContext) -> Result<Fetched, Error> {
        let mut desk = self.0.lock().unwrap();
        desk.change();
        let wanted = request.status.as_ref().map(StatusFilter::to_string);
        desk.requested.push(wanted.clone().unwrap_or_default());
        let matches = |ticket: &&Ticket| match wanted.as_deref() {
            None => true,
            Some("All Active Tickets") => ticket.status < 3,
            Some(status) => status == format!("S{}", ticket.status),
        };
        let list: Vec<Ticket> = desk.tickets.values().rev().filter(matches).cloned().collect();
        let (start, limit) = (request.limitstart.unwrap_or(0), request.limitnum.unwrap_or(25));
        let rows: Vec<Ticket> = list.iter().skip(start as usize).take(limit as usize).cloned().collect();
        let page = decode(spell(&rows, Some(list.len() as u64))).unwrap().into_page().unwrap();
        Ok(Fetched { page, requests: 1, elapsed: Duration::from_millis(1) })
    }

    fn endpoint(&self) -> String {
        "memory".to_owned()
    }
}

fn ids(scan: Scan) -> Vec<u64> {
    scan.map(|ticket| ticket.unwrap().id()).collect()
}

#[test]
fn tickets_that_change_their_status_once_are_yielded_once() {
    let (mut complete, mut missed_by_one_round) = (0, 0);
    for seed in 0..300 {
        let desk = Helpdesk::new(seed, 150, 20);
        let required = desk.below(3);
        let mut scan = desk.scan().concurrency(1 + seed as usize % 4);
        let mut yielded = HashSet::new();
        let mut first_round = HashSet::new();
        for ticket in scan.by_ref() {
            let Ok(ticket) = ticket else { break };
            assert!(yielded.insert(ticket.id()), "seed {seed}: yielded twice");
            if scan_rounds(&desk) == 1 {
                first_round.insert(ticket.id());
            }
        }
        if let Some(error) = scan.failure() {
            assert!(matches!(error.kind(), ErrorKind::ScanIncomplete(_)), "{error}");
            continue;
        }
        complete += 1;
        assert!(required.is_subset(&yielded), "seed {seed}: {:?}", required.difference(&yielded));
        missed_by_one_round += u64::from(!required.is_subset(&first_round));
        let report = scan.report();
        assert_eq!(report.tickets, yielded.len() as u64);
    }
    assert!(complete > 200, "only {complete} of 300 scans are complete");
    assert!(missed_by_one_round > 30, "{missed_by_one_round}: the histories prove little");
}

/// How often the first list was started.
fn scan_rounds(desk: &Helpdesk) -> usize {
    let desk = desk.0.lock().unwrap();
    let mut runs = desk.requested.clone();
    runs.dedup();
    runs.iter().filter(|status| *status == "S0").count()
}

#[test]
fn lists_are_read_in_order_and_closed_tickets_last() {
    let desk = Helpdesk::new(1, 100, 0);
    let request = GetTickets { limitnum: Some(20), status: Some("S3".into()), ..GetTickets::default() };
    let statuses = [StatusFilter::from(Status::Closed.as_str()), "S1".into(), "S0".into(), "S1".into()];
    let scan = Scan::new(desk.clone(), request).concurrency(1).statuses(statuses);
    let status = scan.status();
    let expected: HashSet<u64> = desk.below(2);
    assert_eq!(ids(scan).into_iter().collect::<HashSet<_>>(), expected);
    let mut order = desk.0.lock().unwrap().requested.clone();
    order.dedup();
    assert_eq!(order, ["S1", "S0", "Closed", "S1", "S0"]);
    assert_eq!(status.total(), Some(expected.len() as u64));
}

#[test]
fn statuses_that_overlap_yield_each_ticket_once() {
    let desk = Helpdesk::new(2, 100, 0);
    let request = GetTickets { limitnum: Some(20), ..GetTickets::default() };
    let scan = Scan::new(desk.clone(), request).statuses(["S1", "All Active Tickets"]);
    let yielded = ids(scan);
    assert_eq!(yielded.len(), desk.below(3).len());
    assert_eq!(yielded.iter().copied().collect::<HashSet<_>>(), desk.below(3));
}

#[test]
fn one_status_is_a_plain_scan_and_no_status_is_a_scan_of_all() {
    let desk = Helpdesk::new(3, 50, 0);
    let request = GetTickets { status: Some("S0".into()), ..GetTickets::default() };
    let all = Scan::new(desk.clone(), request.clone()).statuses(Vec::<StatusFilter>::new());
    assert_eq!(ids(all).into_iter().collect::<HashSet<_>>(), desk.below(1));
    let one = Scan::new(desk.clone(), GetTickets::default()).statuses(["S0"]);
    let cursor = one.cursor();
    assert_eq!(ids(one).into_iter().collect::<HashSet<_>>(), desk.below(1));
    assert!(Scan::new(desk, request).resume(&cursor).is_ok(), "both are the same scan");
}

#[test]
fn it_is_resumed_after_any_ticket() {
    for seed in 0..40 {
        let desk = Helpdesk::new(seed, 90, 5);
        let required = desk.below(3);
        let mut yielded = HashSet::new();
        let mut cursor: Option<Cursor> = None;
        // 11 tickets at a time.
        loop {
            let mut scan = desk.scan();
            if let Some(cursor) = &cursor {
                let text = cursor.to_string();
                scan = scan.resume(&text.parse().unwrap()).unwrap();
            }
            let part: Vec<u64> = scan.by_ref().take(11).map(|ticket| ticket.unwrap().id()).collect();
            for id in &part {
                assert!(yielded.insert(*id), "seed {seed}: {id} is yielded twice");
            }
            if part.len() < 11 {
                break;
            }
            assert_eq!(scan.yielded(), yielded.len() as u64);
            cursor = Some(scan.cursor());
        }
        assert!(required.is_subset(&yielded), "seed {seed}: {:?}", required.difference(&yielded));
    }
}

#[test]
fn it_is_resumed_after_any_page() {
    let desk = Helpdesk::new(2, 100, 0);
    let scan = || {
        let request = GetTickets { limitnum: Some(20), ..GetTickets::default() };
        Scan::new(desk.clone(), request).statuses(["S1", "All Active Tickets"])
    };
    let expected = ids(scan());
    let (mut pages, mut yielded) = (scan(), Vec::new());
    let mut count = 0;
    while let Some(page) = pages.next_page() {
        yielded.extend(page.unwrap().iter().map(|ticket| ticket.id()));
        count += 1;
        let rest = ids(scan().resume(&pages.cursor()).unwrap());
        assert_eq!([yielded.as_slice(), &rest].concat(), expected, "after {} tickets", yielded.len());
    }
    // Tickets of the second list that the first one had divide its pages.
    assert!(count > 20, "{count} pages");
}

#[test]
fn findings_of_several_statuses_are_counted_once_for_each_ticket() {
    let desk = Helpdesk::new(6, 120, 0);
    for ticket in desk.0.lock().unwrap().tickets.values_mut().step_by(3) {
        // Its date is not readable.
        ticket.flag = 9;
    }
    let undated = {
        let desk = desk.0.lock().unwrap();
        desk.tickets.values().filter(|ticket| ticket.flag == 9 && ticket.status < 3).count() as u64
    };
    let mut scan = desk.scan();
    assert_eq!(scan.by_ref().filter(Result::is_ok).count(), desk.below(3).len());
    let report = scan.report();
    let of_dates: Vec<_> =
        report.findings.iter().filter(|found| found.kind == FindingKind::UnreadableDate).collect();
    assert_eq!(
        of_dates.iter().map(|found| (found.field, found.count)).collect::<Vec<_>>(),
        [(Some(Field::Date), undated)]
    );
}

/// One request at a time, so that each run is the same.
#[test]
fn several_statuses_are_read_as_before() {
    let mut lines = String::new();
    for seed in 0..60 {
        let desk = Helpdesk::new(seed, 10 + seed * 7 % 130, [0, 10, 40][seed as usize % 3]);
        desk.0.lock().unwrap().restless = seed % 5 == 0;
        let scan = match seed % 7 {
            1 => desk.scan().statuses(["S2", "S1"]),
            2 => desk.scan().statuses(["S1", "All Active Tickets", "S0"]),
            3 => desk.scan().max_requests(12),
            _ => desk.scan(),
        };
        let mut scan = scan.concurrency(1);
        let mut yielded = Vec::new();
        while let Some(Ok(ticket)) = scan.next() {
            yielded.push(ticket.id());
        }
        let requested = desk.0.lock().unwrap().requested.join(" ");
        let report = scan.report();
        let ended = scan.failure().map_or("complete".to_owned(), |error| error.code().to_owned());
        let _ = writeln!(
            lines,
            "{seed}: {} requests, {} tickets, {} twice, {} verifications, {} warnings, total {:?}, {ended}; {:08x} {:08x}",
            report.requests,
            yielded.len(),
            report.duplicates,
            report.verification_passes,
            report.warnings.len(),
            report.total,
            digest(&format!("{yielded:?} {requested}")),
            digest(&format!("{report:?} {:?} {}", scan.failure(), scan.cursor())),
        );
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn a_cursor_of_other_statuses_is_refused() {
    let desk = Helpdesk::new(4, 90, 0);
    let mut scan = desk.scan();
    scan.next().unwrap().unwrap();
    let cursor = scan.cursor();
    let request = || GetTickets { limitnum: Some(20), ..GetTickets::default() };
    let single = Scan::new(desk.clone(), request()).statuses(["S0"]);
    assert_eq!(single.resume(&cursor).unwrap_err(), InvalidCursor::OfAnotherScan);
    let other = Scan::new(desk.clone(), request()).statuses(["S0", "S1"]);
    assert_eq!(other.resume(&cursor).unwrap_err(), InvalidCursor::OfAnotherScan);
    let single = Scan::new(desk.clone(), request()).cursor();
    assert_eq!(desk.scan().resume(&single).unwrap_err(), InvalidCursor::OfAnotherScan);
    // One of a single status, which is the first of several.
    let first = Scan::new(desk.clone(), request()).statuses(["S0"]).cursor();
    assert_eq!(desk.scan().resume(&first).unwrap_err(), InvalidCursor::OfAnotherScan);
    let text = cursor.to_string();
    assert!(text.contains(r#""part":0"#), "{text}");
    for (from, to) in [(r#""part":0"#, r#""part":3"#), (r#""round":0"#, r#""round":4"#)] {
        let cursor: Cursor = text.replace(from, to).parse().unwrap();
        assert_eq!(desk.scan().resume(&cursor).unwrap_err(), InvalidCursor::NotACursor, "{to}");
    }
}

#[test]
fn the_limits_are_those_of_all_lists_together() {
    let desk = Helpdesk::new(5, 90, 0);
    let most = desk.below(1).len() as u64 + 3;
    let mut scan = desk.scan().max_tickets(most);
    let yielded: Vec<_> = scan.by_ref().collect();
    let error = yielded.last().unwrap().as_ref().unwrap_err();
    assert_eq!(yielded.len() as u64, most + 1);
    assert!(error.to_string().contains(&format!("more than {most} tickets match")), "{error}");
    let mut scan = desk.scan().statuses(["S0"]).max_tickets(3);
    assert_eq!((scan.by_ref().filter(Result::is_ok).count(), scan.failure().is_some()), (3, true));
    let mut scan = desk.scan().concurrency(1).max_requests(5);
    let error = scan.by_ref().find_map(Result::err).unwrap();
    assert!(matches!(error.kind(), ErrorKind::ScanIncomplete(_)), "{error}");
    assert_eq!(scan.report().requests, 5);
}
