//! Scans with the largest numbers that settings, replies and cursors can hold.

use std::collections::VecDeque;
use std::time::Duration;

use gettickets::scan::machine::{Action, Metrics, Row, ScanMachine, Settings};
use gettickets::scan::{Cursor, Fetch, FetchContext, Fetched, InvalidCursor, ScanReport};
use gettickets::{Error, GetTickets, Scan, decode};
use serde_json::Value;

/// A list by last reply, newest first.
fn list(count: u32) -> Vec<Row> {
    let row =
        |number: u32| Row { id: number.into(), lastreply: number, date: number, fingerprint: number.into() };
    (1..=count).rev().map(row).collect()
}

/// Scans a list that does not change. Returns the ids that were yielded, and the report.
fn scanned(settings: Settings, list: &[Row]) -> (Vec<u64>, ScanReport) {
    let mut machine = ScanMachine::new(settings);
    let (mut flights, mut ids) = (VecDeque::new(), Vec::new());
    loop {
        match machine.poll() {
            Action::Fetch(fetch) => flights.push_back(fetch),
            Action::Yield(batch) => ids.extend(batch.ids),
            Action::Pending => {
                let fetch = flights.pop_front().unwrap();
                let page = list.iter().skip(fetch.offset as usize).take(fetch.limit as usize);
                let rows = page.copied().collect();
                machine.on_rows(fetch.id, rows, Some(list.len() as u64), Metrics::default());
            }
            Action::Done(outcome) => {
                outcome.unwrap();
                return (ids, machine.report().clone());
            }
        }
    }
}

fn ids(list: &[Row]) -> Vec<u64> {
    list.iter().map(|row| row.id).collect()
}

#[test]
fn a_limitnum_above_the_largest_page_counts_as_the_largest_page() {
    let list = list(300);
    for limitnum in [u64::MAX, u64::MAX / 2, 1 << 32, (1 << 32) - 1] {
        let request = GetTickets { limitnum: Some(limitnum), ..GetTickets::default() };
        let (yielded, report) = scanned(Settings::new(request), &list);
        assert_eq!(yielded, ids(&list), "{limitnum}");
        assert_eq!(report.page_sizes.unwrap().max, (1 << 32) - 1, "{limitnum}");
    }
}

#[test]
fn at_most_64_requests_are_in_flight_whatever_the_concurrency() {
    let list = list(2_000);
    let request = GetTickets { limitnum: Some(10), ..GetTickets::default() };
    for (concurrency, most) in [(0, 1), (63, 63), (65, 64), (usize::MAX, 64)] {
        let (yielded, report) = scanned(Settings { concurrency, ..Settings::new(request.clone()) }, &list);
        assert_eq!(yielded, ids(&list), "{concurrency}");
        assert_eq!(report.concurrency, most, "{concurrency}");
    }
    assert_eq!(Scan::MAX_CONCURRENCY, 64);
}

/// A server with one ticket for each status. The open ones it counts as 1, and all others as the largest number.
struct Miscounting;

impl Fetch for Miscounting {
    fn fetch(&self, request: &GetTickets, _: &FetchContext) -> Result<Fetched, Error> {
        let is_open = request.status.as_ref().is_some_and(|status| status.as_str() == "Open");
        let (id, total) = if is_open { (1, 1) } else { (2, u64::MAX) };
        let ticket =
            if request.limitstart == Some(0) { format!(r#"{{"id":"{id}"}}"#) } else { String::new() };
        let body =
            format!(r#"{{"result":"success","totalresults":"{total}","tickets":{{"ticket":[{ticket}]}}}}"#);
        let page = decode(body)?.into_page().unwrap();
        Ok(Fetched { page, requests: 1, elapsed: Duration::ZERO })
    }
}

#[test]
fn counts_of_several_statuses_add_up_to_the_largest_number_at_most() {
    let mut scan = Scan::new(Miscounting, GetTickets::default()).statuses(["Open", "Answered"]);
    let (mut ids, mut failed) = (Vec::new(), false);
    for ticket in scan.by_ref() {
        match ticket {
            Ok(ticket) => ids.push(ticket.id()),
            Err(_) => failed = true,
        }
    }
    assert_eq!((ids, failed), (vec![1, 2], true));
    assert_eq!((scan.total(), scan.report().total), (Some(u64::MAX), Some(u64::MAX)));
}

#[test]
fn a_warning_of_a_scan_is_logged_once() {
    crate::logged::listen();
    let mut scan = Scan::new(Miscounting, GetTickets::default()).allow_count_mismatch(true);
    assert!(scan.by_ref().all(|ticket| ticket.is_ok()));
    let warnings = scan.report().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("the difference was allowed")), "{warnings:?}");
    let logged = crate::logged::logged();
    for warning in warnings {
        assert_eq!(logged.lines().filter(|line| **line == warning).count(), 1, "{warning}");
    }
}

#[test]
fn a_cursor_with_a_count_that_no_list_has_is_refused() {
    let mut scan = Scan::new(Miscounting, GetTickets::default());
    assert_eq!(scan.next().unwrap().unwrap().id(), 2);
    let sound: Value = serde_json::from_str(&scan.cursor().to_string()).unwrap();
    let resume = |cursor: &Value| {
        let cursor: Cursor = cursor.to_string().parse().unwrap();
        Scan::new(Miscounting, GetTickets::default()).resume(&cursor).err()
    };
    assert_eq!(resume(&sound), None);
    for count in ["/yielded", "/position/end", "/position/region"] {
        for (number, refusal) in [
            (1_u64 << 61, None),
            (1 << 62, Some(InvalidCursor::NotACursor)),
            (u64::MAX, Some(InvalidCursor::NotACursor)),
        ] {
            let mut cursor = sound.clone();
            *cursor.pointer_mut(count).unwrap() = number.into();
            assert_eq!(resume(&cursor), refusal, "{count} {number}");
        }
    }
}
