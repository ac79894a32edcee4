//! The first page of a list: when it alone shows every change since the last run.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gettickets::transport::{Transport, TransportError, TransportRequest, TransportResponse};
use gettickets::{Client, Credentials, FindingKind, Page, RetryPolicy, Status, Ticket, Tickets, Version};
use gettickets_sandbox::{Quirk, Sandbox};
use gettickets_warehouse::{Install, Mirror, Mode, RunReport};
use jiff::ToSpan;
use jiff::civil::{DateTime, date};

use super::{Setup, count, options};

/// The number of tickets on the first page.
const FRONT: usize = 250;

/// The number of tickets in a list, which is more than one page.
const TICKETS: usize = 400;

/// An install whose list has these tickets in this order, whatever their last replies are.
#[derive(Clone, Default)]
struct List {
    tickets: Arc<Mutex<Vec<Ticket>>>,
}

impl List {
    /// A list in the order of the last reply, with a minute between two replies.
    fn new() -> List {
        let ticket = |at: usize| Ticket {
            id: 1_000 - at as u64,
            tid: format!("T-{at}"),
            date: Some(date(2020, 1, 1).at(0, 0, 0, 0)),
            lastreply: Some(newest() - (at as i64).minutes()),
            status: Status::from("Open"),
            ..Ticket::default()
        };
        let list = List::default();
        list.edit(|tickets| tickets.extend((0..TICKETS).map(ticket)));
        list
    }

    fn edit(&self, edit: impl FnOnce(&mut Vec<Ticket>)) {
        edit(&mut self.tickets.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Answers this many tickets, except the first one of the list.
    fn answer(&self, number: usize) {
        self.edit(|tickets| {
            for (at, ticket) in tickets.iter_mut().skip(1).take(number).enumerate() {
                ticket.lastreply = Some(newest() + (number as i64 - at as i64).seconds());
                ticket.status = Status::from("Answered");
            }
            tickets.sort_by_key(|ticket| std::cmp::Reverse(ticket.lastreply));
        });
    }

    /// Runs a mirror, which reads as far back as the newest reply of the last run.
    fn run(&self, setup: &Setup, mode: Mode) -> RunReport {
        let client = Client::builder("https://billing.example.com")
            .credentials(Credentials::api("i", "s"))
            .retries(RetryPolicy::none())
            .transport(self.clone())
            .build()
            .unwrap();
        let mut options = options(mode);
        options.overlap = Duration::ZERO;
        let mut mirror = Mirror::open(&setup.target()).unwrap();
        mirror.run(&Install::new("main", client), &options, &mut |_| ()).unwrap()
    }
}

impl Transport for List {
    fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        let number = |name: &str| {
            let pair = request.body.as_str().split('&').find_map(|pair| pair.strip_prefix(name))?;
            pair.strip_prefix('=')?.parse::<usize>().ok()
        };
        let (start, limit) = (number("limitstart").unwrap_or(0), number("limitnum").unwrap_or(25));
        let tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        let page: Vec<Ticket> = tickets.iter().skip(start).take(limit).cloned().collect();
        let page = Page::new(Tickets::new(&page, Version::V8_0), start as u64, tickets.len() as u64);
        Ok(http::Response::new(page.to_wire_json(Version::V8_0).into_bytes()))
    }
}

/// The newest reply of a list that was not answered.
fn newest() -> DateTime {
    date(2026, 3, 4).at(12, 0, 0, 0)
}

#[test]
fn the_first_page_is_sufficient_if_its_last_four_tickets_are_older_than_the_last_run() {
    // The reply that was the newest of the last run is not older.
    for (answered, is_sufficient) in [(FRONT - 5, true), (FRONT - 4, false)] {
        let (list, setup) = (List::new(), Setup::new(1));
        assert!(list.run(&setup, Mode::Full).complete);
        list.answer(answered);
        let report = list.run(&setup, Mode::Incremental);
        assert_eq!((report.complete, report.changed), (true, answered as u64), "{report:?}");
        assert_eq!(report.requests == 1, is_sufficient, "{answered} answered: {report:?}");
        let stored = count(&setup.file(), "SELECT count(*) FROM tickets WHERE status = 'Answered'");
        assert_eq!(stored, answered as i64);
    }
}

#[test]
fn more_is_read_if_the_first_page_ends_in_the_second_of_the_last_run() {
    let (list, setup) = (List::new(), Setup::new(1));
    list.edit(|tickets| tickets.iter_mut().for_each(|ticket| ticket.lastreply = Some(newest())));
    list.run(&setup, Mode::Full);
    list.edit(|tickets| tickets.iter_mut().for_each(|ticket| ticket.status = Status::from("Closed")));
    let report = list.run(&setup, Mode::Incremental);
    assert_eq!(report.changed, TICKETS as u64, "{report:?}");
}

#[test]
fn more_is_read_if_the_first_page_has_a_ticket_twice() {
    let (list, setup) = (List::new(), Setup::new(1));
    list.run(&setup, Mode::Full);
    list.edit(|tickets| {
        let opened = Ticket { id: 2_000, lastreply: Some(newest()), ..Ticket::default() };
        tickets.insert(0, opened.clone());
        tickets.insert(0, opened);
    });
    let report = list.run(&setup, Mode::Incremental);
    assert!(report.requests > 1, "{report:?}");
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM tickets WHERE id = 2000"), 1);
}

#[test]
fn a_reply_in_the_future_does_not_hide_later_replies() {
    let (list, setup) = (List::new(), Setup::new(1));
    list.edit(|tickets| tickets[0].lastreply = Some(date(9000, 1, 1).at(0, 0, 0, 0)));
    list.run(&setup, Mode::Full);
    list.answer(3);
    let report = list.run(&setup, Mode::Incremental);
    assert_eq!((report.full, report.changed), (false, 3), "{report:?}");
}

#[test]
fn the_report_of_a_first_page_has_its_deviations() {
    let sandbox = Sandbox::builder().tickets(FRONT as u64 / 2).quirk(Quirk::CountMismatch).start().unwrap();
    let setup = Setup::of(sandbox);
    let store = setup.sandbox.store();
    for id in store.ids().unwrap() {
        store.reply(id, Status::from("Open")).unwrap();
    }
    setup.run(Mode::Full);
    let mut options = options(Mode::Incremental);
    options.overlap = Duration::ZERO;
    let mut mirror = Mirror::open(&setup.target()).unwrap();
    let report = mirror.run(&setup.install(), &options, &mut |_| ()).unwrap();
    assert_eq!((report.requests, report.findings), (1, 1), "{report:?}");
    assert_eq!(report.deviations[0].kind, FindingKind::CountMismatch);
    let sql = format!(
        "SELECT count(*) FROM runs WHERE run = {} AND json_extract(findings, '$.deviations[0].kind') LIKE 'numreturned%' \
         AND json_extract(findings, '$.deviations[0].count') = 1 AND json_extract(findings, '$.warnings') = '[]'",
        report.run
    );
    assert_eq!(count(&setup.file(), &sql), 1);
}
