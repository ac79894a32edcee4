//! The scan on threads, against a list in memory: what is sent and when, which tickets count as yielded, and how it
//! stops.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use gettickets::scan::{Cursor, Fetch, FetchContext, Fetched, InvalidCursor, SharedTicket};
use gettickets::transport::{TransportError, TransportErrorKind};
use gettickets::{
    ApiError, Error, ErrorKind, FindingKind, GetTickets, Scan, ScanPages, ScanStatus, StatusFilter, Ticket,
    decode,
};

use crate::drive::REFUSAL;
use crate::history::time;
use crate::world::{By, Group, Rates, Reply, Total, World};

/// A server in memory.
#[derive(Clone)]
struct Server {
    world: Arc<Mutex<World>>,
    /// How long a request takes, unless it is canceled.
    slow: Duration,
    /// Requests that were started.
    begun: Arc<AtomicU64>,
}

impl Server {
    fn new(world: World) -> Server {
        Server { world: Arc::new(Mutex::new(world)), slow: Duration::ZERO, begun: Arc::default() }
    }

    fn slow(world: World, slow: Duration) -> Server {
        Server { slow, ..Server::new(world) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn begun(&self) -> u64 {
        self.begun.load(Ordering::SeqCst)
    }

    fn scan(&self, limit: u64) -> Scan {
        Scan::new(self.clone(), request(limit))
    }
}

fn request(limit: u64) -> GetTickets {
    GetTickets { limitnum: Some(limit), ..GetTickets::default() }
}

fn quiet(count: u64) -> World {
    World::new(7, count, 360)
}

/// The reply as a server sends it.
pub(crate) fn spell(rows: &[crate::world::Ticket], total: Option<u64>) -> String {
    let mut text = String::from(r#"{"result":"success","#);
    if let Some(total) = total {
        let _ = write!(text, r#""totalresults":{total},"#);
    }
    let _ = write!(text, r#""startnumber":0,"numreturned":{},"tickets":{{"ticket":["#, rows.len());
    for (index, row) in rows.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let at = |seconds| {
            if seconds == 0 {
                "0000-00-00 00:00:00".to_owned()
            } else {
                time(seconds).to_string().replace('T', " ")
            }
        };
        // Some tickets have an unreadable date.
        let date = if row.flag == 9 { "yesterday".to_owned() } else { at(row.date) };
        let _ = write!(
            text,
            r#"{comma}{{"id":"{}","tid":"T{}","deptid":"{}","userid":"1","name":"","email":"","cc":"","c":"","subject":"S","priority":"P{}","admin":"","attachment":"","flag":"{}","service":"","date":"{date}","status":"S{}","lastreply":"{}"}}"#,
            row.id,
            row.id,
            row.dept,
            row.priority,
            row.flag,
            row.status,
            at(row.lastreply),
        );
    }
    text.push_str("]}}");
    text
}

impl Fetch for Server {
    fn fetch(&self, request: &GetTickets, context: &FetchContext) -> Result<Fetched, Error> {
        // Like a client: a call that is canceled before it begins sends nothing.
        if context.cancellation.is_cancelled() {
            return Err(TransportError::new(TransportErrorKind::Interrupted).into());
        }
        self.begun.fetch_add(1, Ordering::SeqCst);
        if !self.slow.is_zero() && context.cancellation.wait(self.slow) {
            return Err(TransportError::new(TransportErrorKind::Interrupted).into());
        }
        let reply = self.world().serve(request.limitstart.unwrap_or(0), request.limitnum.unwrap_or(25));
        match reply {
            Reply::Rows(rows, total) => {
                let page = decode(spell(&rows, total)).unwrap().into_page().unwrap();
                Ok(Fetched { page, requests: 1, elapsed: Duration::from_millis(1) })
            }
            Reply::Unreadable => Err(ApiError::new(REFUSAL).into()),
            Reply::TooLarge => Err(TransportError::new(TransportErrorKind::TooLarge { limit: 1 }).into()),
        }
    }

    fn endpoint(&self) -> String {
        "memory".to_owned()
    }
}

fn ids(scan: &mut Scan) -> Vec<u64> {
    scan.map(|ticket| ticket.unwrap().id()).collect()
}

#[test]
fn a_scan_that_has_ended_leaves_no_thread() {
    for _ in 0..40 {
        let server = Server::new(quiet(60));
        assert_eq!(server.scan(8).filter(Result::is_ok).count(), 60);
        // Each thread holds the source of the scan. Drop waits for them up to a tenth of a second, and a busy machine may
        // not run them for longer.
        let begin = Instant::now();
        while Arc::strong_count(&server.begun) > 1 {
            assert!(begin.elapsed() < Duration::from_secs(20), "a thread has not ended");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[test]
fn tickets_are_yielded_in_list_order_with_any_number_of_threads() {
    for by in [By::NewestReply, By::IdRising, By::Grouped(Group::Priority)] {
        for concurrency in [1, 2, 4, 8] {
            let server = Server::new(World { by, ..quiet(300) });
            let expected: Vec<_> = server.world().list().iter().map(|ticket| ticket.id).collect();
            let mut scan = server.scan(20).concurrency(concurrency);
            assert_eq!(ids(&mut scan), expected);
            assert!(scan.report().concurrency <= concurrency);
            assert_eq!((scan.yielded(), scan.report().endpoint.as_str()), (300, "memory"));
            assert!(scan.next().is_none(), "a scan that has ended stays so");
        }
    }
}

#[test]
fn the_guarantee_holds_for_a_changing_list_with_threads() {
    for seed in 0..200 {
        let mut world = World::new(seed, 150, 60);
        world.rates = Rates::of(20 + seed * 4);
        let server = Server::new(world);
        let (mut yielded, mut error) = (HashSet::new(), None);
        for ticket in server.scan(20).concurrency(1 + seed as usize % 8) {
            match ticket {
                Ok(ticket) => assert!(yielded.insert(ticket.id()), "yielded twice"),
                Err(failure) => error = Some(failure),
            }
        }
        let world = server.world();
        match error {
            None => assert!(world.required.is_subset(&yielded), "seed {seed}"),
            Some(error) => assert!(matches!(error.kind(), ErrorKind::ScanIncomplete(_)), "{error}"),
        }
    }
}

#[test]
fn nothing_is_sent_before_the_first_ticket_and_little_ahead() {
    let server = Server::new(quiet(2_000));
    let mut scan = server.scan(20);
    assert_eq!(server.begun(), 0);
    assert!(scan.next().is_some());
    std::thread::sleep(Duration::from_millis(100));
    // The page that was taken, at most eight pages that wait for a late one, and four in flight.
    assert!(server.begun() <= 13, "{} requests", server.begun());
}

#[test]
fn pages_have_the_same_tickets_and_a_scan_can_change_over_to_them() {
    let server = Server::new(quiet(130));
    let expected: Vec<_> = server.world().list().iter().map(|ticket| ticket.id).collect();
    let mut scan = server.scan(20);
    let mut yielded: Vec<_> = scan
        .by_ref()
        .take(7)
        .map(|ticket| ticket.unwrap().to_ticket())
        .map(|ticket: Ticket| ticket.id)
        .collect();
    let mut pages = scan.pages();
    for page in pages.by_ref() {
        let page = page.unwrap();
        assert!(!page.is_empty());
        yielded.extend(page.iter().map(|ticket| ticket.id()));
    }
    assert_eq!(yielded, expected);
    assert_eq!(pages.report().tickets, 130);
    assert!(pages.next().is_none() && pages.failure().is_none());
}

#[test]
fn a_scanned_ticket_has_its_page_and_its_accessors() {
    let server = Server::new(quiet(30));
    for ticket in server.scan(20) {
        let ticket = ticket.unwrap();
        assert_eq!(ticket.tickets().get(ticket.index()).unwrap().id(), ticket.get().id());
        assert_eq!(ticket.tid(), format!("T{}", ticket.id()));
        assert_eq!(ticket.subject_text(), "S");
        assert!(ticket.lastreply().is_some());
    }
}

#[test]
fn scans_and_their_parts_are_send() {
    fn crosses<T: Send>() {}
    fn is_shared<T: Sync>() {}
    crosses::<Scan>();
    crosses::<SharedTicket>();
    crosses::<ScanPages>();
    crosses::<ScanStatus>();
    is_shared::<ScanStatus>();
}

#[test]
fn the_error_that_ended_a_scan_is_returned_again() {
    struct Refuses(Server);
    impl Fetch for Refuses {
        fn fetch(&self, request: &GetTickets, context: &FetchContext) -> Result<Fetched, Error> {
            match request.limitstart {
                Some(0) => self.0.fetch(request, context),
                _ => Err(ApiError::new("Invalid Permissions").into()),
            }
        }
    }
    let mut scan = Scan::new(Refuses(Server::new(quiet(100))), request(20));
    let mut yielded = 0;
    while let Some(Ok(_)) = scan.next() {
        yielded += 1;
        assert!(scan.failure().is_none());
    }
    assert_eq!(yielded, 20);
    let failure = scan.failure().unwrap();
    assert_eq!(failure.code(), "permission");
    assert!(failure.may_have_been_sent() && failure.attempts() == 1);
    assert!(scan.next().is_none() && scan.status().failure().is_some());
}

#[test]
fn limitstart_is_refused_before_anything_is_sent() {
    let server = Server::new(quiet(10));
    let request = GetTickets { limitstart: Some(5), ..GetTickets::default() };
    let mut scan = Scan::new(server.clone(), request);
    let error = scan.next().unwrap().unwrap_err();
    assert!(error.to_string().contains("offset 5"), "{error}");
    assert!(!error.may_have_been_sent() && error.hint().is_some());
    assert_eq!(server.begun(), 0);
}

#[test]
fn a_server_that_ignores_limitstart_is_an_error() {
    struct Ignores(Server);
    impl Fetch for Ignores {
        fn fetch(&self, request: &GetTickets, context: &FetchContext) -> Result<Fetched, Error> {
            self.0.fetch(&GetTickets { limitstart: Some(0), ..request.clone() }, context)
        }
    }
    for (count, limit) in [(100, 20), (7, 20), (1, 20)] {
        let outcome: Result<Vec<_>, _> =
            Scan::new(Ignores(Server::new(quiet(count))), request(limit)).collect();
        let error = outcome.unwrap_err();
        assert!(error.to_string().contains("ignores limitstart"), "{count}: {error}");
    }
}

#[test]
fn findings_of_every_page_are_in_the_report() {
    let mut world = quiet(1_000);
    let list = world.order();
    let bad: Vec<_> = list.iter().step_by(40).map(|index| world.tickets[*index].id).collect();
    for id in &bad {
        let index = world.index(*id).unwrap();
        world.tickets[index].flag = 9;
    }
    for limit in [7, 100, 1_000] {
        let server = Server::new(world.clone());
        let mut scan = server.scan(limit);
        assert_eq!(ids(&mut scan).len(), 1_000);
        let report = scan.report();
        let finding =
            report.findings.iter().find(|finding| finding.kind == FindingKind::UnreadableDate).unwrap();
        assert_eq!((finding.count, finding.ids.len()), (25, 16), "{limit}: {:?}", report.findings);
        assert_eq!(finding.ids, bad[..16]);
    }
}

#[test]
fn tickets_without_a_last_reply_are_compared_by_their_opening() {
    struct Fixed(&'static str);
    impl Fetch for Fixed {
        fn fetch(&self, request: &GetTickets, _: &FetchContext) -> Result<Fetched, Error> {
            let page = decode(self.0).unwrap().into_page().unwrap();
            let start = request.limitstart.unwrap_or(0) as usize;
            Ok(Fetched { page: page.slice(start..), requests: 1, elapsed: Duration::ZERO })
        }
    }
    let body = r#"{"result":"success","totalresults":"7","startnumber":0,"numreturned":7,"tickets":{"ticket":[
        {"id":"1","date":"2025-06-01 00:00:00","lastreply":"0000-00-00 00:00:00"},
        {"id":"2","date":"2025-06-01 00:00:00","lastreply":""},
        {"id":"3","date":"2025-06-01 00:00:00","lastreply":null},
        {"id":"4","date":"2025-06-01 00:00:00","lastreply":"2020-01-01 00:00:00"},
        {"id":"5","date":"2020-01-01 00:00:00","lastreply":"2020-01-01 00:00:00"},
        {"id":"6","date":"0000-00-00 00:00:00","lastreply":"0000-00-00 00:00:00"},
        {"id":"7","date":"2020-01-01 00:00:00","lastreply":"2025-06-02 10:00:00"}]}}"#;
    let mut scan =
        Scan::new(Fixed(body), GetTickets::default()).updated_since("2025-05-01T00:00:00".parse().unwrap());
    assert_eq!(ids(&mut scan), [1, 2, 3, 4, 6, 7]);
    assert_eq!(scan.report().undated, 1);
}

#[test]
fn unreadable_tickets_end_the_scan_unless_they_are_skipped() {
    let mut world = quiet(90);
    let list = world.order();
    world.tickets[list[40]].bad = true;
    let server = Server::new(world);
    let mut scan = server.scan(20).skip_unreadable(true);
    assert_eq!(ids(&mut scan).len(), 89);
    assert_eq!(scan.report().unreadable.len(), 1);
    assert!(scan.report().warnings[0].contains("skip_unreadable"));
    let outcomes: Vec<_> = server.scan(20).collect();
    assert_eq!(outcomes.len(), 90);
    assert!(outcomes.last().unwrap().as_ref().unwrap_err().to_string().contains("offset 40"));
}

/// Writes a reply from the ids of its tickets.
type ReplyWriter = fn(&[&str]) -> String;

/// A server that sends thirty tickets.
#[derive(Clone)]
struct Shaped {
    ids: Vec<&'static str>,
    write: ReplyWriter,
}

impl Fetch for Shaped {
    fn fetch(&self, request: &GetTickets, _: &FetchContext) -> Result<Fetched, Error> {
        let start = request.limitstart.unwrap_or(0) as usize;
        let limit = request.limitnum.unwrap_or(25) as usize;
        let ids: Vec<_> = self.ids.iter().skip(start).take(limit).copied().collect();
        let page = decode((self.write)(&ids))?.into_page()?;
        Ok(Fetched { page, requests: 1, elapsed: Duration::from_millis(1) })
    }
}

fn json_reply(ids: &[&str], tickets: &str) -> String {
    let count = ids.len();
    format!(
        r#"{{"result":"success","totalresults":30,"startnumber":0,"numreturned":{count},"tickets":{tickets}}}"#
    )
}

/// The tickets in JSON, one without an id if the id is empty.
fn json_tickets(ids: &[&str], with_keys: bool) -> String {
    let ticket = |(index, id): (usize, &&str)| {
        let key = if with_keys { format!(r#""{index}":"#) } else { String::new() };
        let id = if id.is_empty() { String::new() } else { format!(r#""id":"{id}","#) };
        format!(r#"{key}{{{id}"subject":"S"}}"#)
    };
    ids.iter().enumerate().map(ticket).collect::<Vec<_>>().join(",")
}

fn documented(ids: &[&str]) -> String {
    json_reply(ids, &format!(r#"{{"ticket":[{}]}}"#, json_tickets(ids, false)))
}

const SHAPES: [(&str, ReplyWriter); 7] = [
    ("documented", documented),
    ("a single ticket as an object", |ids| match ids {
        [_] => json_reply(ids, &format!(r#"{{"ticket":{}}}"#, json_tickets(ids, false))),
        _ => documented(ids),
    }),
    ("numeric keys", |ids| json_reply(ids, &format!(r#"{{"ticket":{{{}}}}}"#, json_tickets(ids, true)))),
    ("a bare list", |ids| json_reply(ids, &format!("[{}]", json_tickets(ids, false)))),
    ("a bare list with numeric keys", |ids| json_reply(ids, &format!("{{{}}}", json_tickets(ids, true)))),
    ("a nested list", |ids| json_reply(ids, &format!(r#"{{"ticket":[[{}]]}}"#, json_tickets(ids, false)))),
    ("XML", |ids| {
        let ticket = |id: &&str| {
            let id = if id.is_empty() { String::new() } else { format!("<id>{id}</id>") };
            format!("<ticket>{id}<subject>S</subject></ticket>")
        };
        format!(
            "<whmcsapi><result>success</result><totalresults>30</totalresults><tickets>{}</tickets></whmcsapi>",
            ids.iter().map(ticket).collect::<String>()
        )
    }),
];

#[test]
fn tickets_with_a_bad_id_are_stepped_over_in_every_shape() {
    for (shape, write) in SHAPES {
        for bad in ["x", ""] {
            for at in [0, 13, 29] {
                let mut ids: Vec<&'static str> = vec![
                    "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
                    "17", "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30",
                ];
                ids[at] = bad;
                let mut scan = Scan::new(Shaped { ids, write }, request(8)).skip_unreadable(true);
                let yielded: Vec<_> = scan.by_ref().map(|ticket| ticket.map(|ticket| ticket.id())).collect();
                let expected: Vec<_> = (1..=30).filter(|id| *id != at as u64 + 1).collect();
                let named = format!("{shape} {bad:?} {at}: {yielded:?}");
                let yielded: Vec<_> = yielded.into_iter().map(|id| id.unwrap_or_default()).collect();
                assert_eq!(yielded, expected, "{named}");
                let offsets: Vec<_> = scan.report().unreadable.iter().map(|ticket| ticket.offset).collect();
                assert_eq!(offsets, [at as u64], "{named}");
            }
        }
    }
}

#[test]
fn a_reply_that_is_not_a_list_of_tickets_ends_the_scan_at_once() {
    let shapes: [ReplyWriter; 3] = [
        |ids| json_reply(ids, r#"{"ticket":"none"}"#),
        |ids| json_reply(ids, r#""none""#),
        |ids| json_reply(ids, r#"{"id":"x"}"#),
    ];
    for write in shapes {
        let mut scan = Scan::new(Shaped { ids: Vec::new(), write }, request(8)).skip_unreadable(true);
        let error = scan.next().unwrap().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error}");
        assert_eq!((scan.report().requests, scan.report().unreadable.len()), (1, 0), "{error}");
    }
}

// Stopping.

#[test]
fn a_dropped_scan_sends_nothing_further() {
    for taken in [0, 1, 25] {
        let server = Server::slow(quiet(3_000), Duration::from_millis(20));
        let mut scan = server.scan(20);
        assert_eq!(scan.by_ref().take(taken).count(), taken);
        drop(scan);
        let begun = server.begun();
        std::thread::sleep(Duration::from_millis(120));
        assert_eq!(server.begun(), begun, "{taken} taken");
    }
}

#[test]
fn a_closed_scan_has_ended_and_its_state_stays_readable() {
    let server = Server::new(quiet(300));
    let mut scan = server.scan(20);
    assert_eq!(scan.by_ref().take(30).count(), 30);
    let status = scan.status();
    scan.close();
    assert!(scan.next().is_none() && scan.next_page().is_none() && scan.wait_for(Duration::MAX));
    assert_eq!((scan.yielded(), scan.total(), scan.cursor().tickets()), (30, Some(300), 30));
    drop(scan);
    assert!(status.is_closed());
    assert_eq!((status.yielded(), status.total(), status.cursor().tickets()), (30, Some(300), 30));
    assert!(status.report().requests >= 2);
}

#[test]
fn the_state_of_a_scan_is_readable_before_and_after_it() {
    /// A source that has no endpoint.
    struct Empty;
    impl Fetch for Empty {
        fn fetch(&self, _: &GetTickets, _: &FetchContext) -> Result<Fetched, Error> {
            let page = decode(spell(&[], Some(0))).unwrap().into_page().unwrap();
            Ok(Fetched { page, requests: 1, elapsed: Duration::from_millis(1) })
        }
    }
    let mut scan = Scan::new(Empty, GetTickets { limitstart: Some(0), ..request(20) });
    let status = scan.status();
    assert!(!status.is_closed() && status.in_flight() == 0 && status.total().is_none());
    assert!(scan.next().is_none() && scan.failure().is_none());
    assert!(!status.is_closed() && status.in_flight() == 0);
    assert_eq!((scan.report().endpoint.as_str(), status.total()), ("", Some(0)));
    drop(scan);
    assert!(status.is_closed());

    let mut scan = Scan::new(Empty, GetTickets { limitstart: Some(1), ..request(20) });
    let error = scan.next().unwrap().unwrap_err();
    assert!(error.to_string().contains("offset 1") && !error.may_have_been_sent(), "{error}");
    assert!(error.hint().unwrap().contains("limitstart") && scan.report().requests == 0);
}

#[test]
fn a_canceled_scan_ends_with_an_error_at_once() {
    let server = Server::slow(quiet(3_000), Duration::from_secs(600));
    let mut scan = server.scan(20);
    let cancellation = scan.cancellation();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        cancellation.cancel();
    });
    let error = scan.next().unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error}");
    assert!(scan.next().is_none());
    thread.join().unwrap();
}

#[test]
fn the_state_is_readable_while_another_thread_waits() {
    let server = Server::slow(quiet(100), Duration::from_secs(600));
    let mut scan = server.scan(20);
    let (status, cancellation) = (scan.status(), scan.cancellation());
    let thread = std::thread::spawn(move || scan.next().map(|ticket| ticket.is_err()));
    while status.in_flight() == 0 {
        std::thread::yield_now();
    }
    assert_eq!(
        (status.report().tickets, status.total(), status.yielded(), status.cursor().tickets()),
        (0, None, 0, 0)
    );
    cancellation.cancel();
    assert_eq!(thread.join().unwrap(), Some(true));
}

#[test]
fn waiting_for_a_ticket_has_a_limit() {
    let server = Server::slow(quiet(10), Duration::from_secs(600));
    let mut scan = server.scan(20);
    assert!(!scan.wait_for(Duration::from_millis(20)));
    let server = Server::new(quiet(10));
    let mut scan = server.scan(20);
    assert!(scan.wait_for(Duration::from_secs(600)));
    assert_eq!(ids(&mut scan).len(), 10);
    assert!(scan.wait_for(Duration::ZERO), "the end is something to report");
}

#[test]
fn pages_have_the_state_of_their_scan() {
    let server = Server::new(quiet(45));
    let mut pages = server.scan(20).pages();
    assert_eq!(pages.total(), None);
    assert!(pages.wait_for(Duration::from_secs(600)));
    assert_eq!(pages.next().unwrap().unwrap().len(), 20);
    assert_eq!((pages.total(), pages.cursor().tickets(), pages.as_scan().yielded()), (Some(45), 20, 20));
    assert!(pages.report().requests >= 1 && pages.failure().is_none());
    pages.close();
    assert!(pages.next().is_none() && pages.wait_for(Duration::MAX));
    assert_eq!(pages.into_scan().yielded(), 20);

    let server = Server::slow(quiet(45), Duration::from_secs(600));
    let mut pages = server.scan(20).pages();
    assert!(!pages.wait_for(Duration::from_millis(20)), "nothing has come");
    pages.as_scan().cancellation().cancel();
    let error = pages.next().unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error}");
    assert!(matches!(pages.failure().unwrap().kind(), ErrorKind::Cancelled));
}

#[test]
fn a_panic_of_the_source_ends_the_scan_with_an_error() {
    struct Panics;
    impl Fetch for Panics {
        fn fetch(&self, _: &GetTickets, _: &FetchContext) -> Result<Fetched, Error> {
            panic!("as a user's own source may")
        }
    }
    let error = Scan::new(Panics, request(20)).next().unwrap().unwrap_err();
    assert!(error.to_string().contains("panicked"), "{error}");
}

// Which tickets count as yielded.

#[test]
fn a_peeked_ticket_is_not_yielded() {
    let server = Server::new(quiet(60));
    let mut scan = server.scan(20);
    assert_eq!(scan.by_ref().take(10).count(), 10);
    let looked_at = scan.peek().unwrap().unwrap().id();
    assert_eq!(scan.peek().unwrap().unwrap().id(), looked_at);
    assert_eq!(scan.yielded(), 10);
    let mut rest = server.scan(20).resume(&scan.cursor()).unwrap();
    assert_eq!(rest.next().unwrap().unwrap().id(), looked_at);
    scan.commit();
    assert_eq!(scan.yielded(), 11);
    assert_ne!(scan.peek().unwrap().unwrap().id(), looked_at);
    let page = scan.peek_page().unwrap().unwrap();
    assert_eq!(page.len(), 9);
    scan.commit_page();
    assert_eq!(scan.yielded(), 20);
}

#[test]
fn resumed_scans_together_yield_the_whole_list_with_any_page_size() {
    for by in [By::NewestReply, By::IdRising, By::Grouped(Group::Status)] {
        for parts in [&[0][..], &[1], &[20], &[33, 5, 0, 60], &[149], &[500]] {
            let server = Server::new(World { by, ..World::new(3, 150, 360) });
            let mut yielded = Vec::new();
            let mut cursor = None::<String>;
            for (number, part) in parts.iter().enumerate() {
                let mut scan = server.scan(10 + 7 * number as u64).concurrency(1 + number);
                if let Some(cursor) = &cursor {
                    scan = scan.resume(&cursor.parse().unwrap()).unwrap();
                }
                yielded.extend(scan.by_ref().take(*part).map(|ticket| ticket.unwrap().id()));
                assert_eq!(scan.yielded(), yielded.len() as u64);
                cursor = Some(scan.cursor().to_string());
            }
            let cursor: Cursor = cursor.unwrap().parse().unwrap();
            assert_eq!(cursor.tickets(), yielded.len() as u64);
            yielded.extend(ids(&mut server.scan(40).resume(&cursor).unwrap()));
            assert_eq!(yielded.len(), 150, "{by:?} {parts:?}");
            assert_eq!(yielded.iter().collect::<HashSet<_>>().len(), 150);
        }
    }
}

#[test]
fn a_cursor_of_another_request_or_time_is_refused() {
    let server = Server::new(World::new(1, 50, 60));
    let mut scan = server.scan(20);
    assert!(scan.by_ref().take(5).all(|ticket| ticket.is_ok()));
    let cursor = scan.cursor();
    let resume = |request: GetTickets| Scan::new(server.clone(), request).resume(&cursor).err();
    assert_eq!(resume(request(20)), None);
    assert_eq!(resume(request(7)), None, "the page size is not part of what is requested");
    assert_eq!(resume(GetTickets { limitstart: Some(0), ..request(20) }), None, "a scan begins at offset 0");
    let other = GetTickets { status: Some(StatusFilter::AwaitingReply), ..request(20) };
    assert_eq!(resume(other), Some(InvalidCursor::OfAnotherScan));
    let since = server.scan(20).updated_since("2026-01-01T00:00:00".parse().unwrap());
    assert_eq!(since.resume(&cursor).err(), Some(InvalidCursor::OfAnotherScan));
    let error =
        server.scan(20).resume(&cursor).unwrap().updated_since("2026-01-01T00:00:00".parse().unwrap()).next();
    assert!(error.unwrap().unwrap_err().to_string().contains("cannot be resumed"));
}

#[test]
fn a_text_that_is_not_a_cursor_is_refused_without_requests() {
    for text in ["", "{}", "null", "[1]", r#"{"gettickets_cursor":1}"#] {
        assert_eq!(text.parse::<Cursor>().err(), Some(InvalidCursor::NotACursor), "{text}");
    }
    let server = Server::new(World::new(1, 50, 60));
    let text = server.scan(20).cursor().to_string();
    for ids in ["0:1000000000", "0:18446744073709551615", "5:3,-1", "x"] {
        let text = text.replace(r#""ids":"""#, &format!(r#""ids":"{ids}""#));
        assert_ne!(text, server.scan(20).cursor().to_string());
        let cursor: Cursor = text.parse().unwrap();
        let began = Instant::now();
        assert_eq!(server.scan(20).resume(&cursor).err(), Some(InvalidCursor::NotACursor), "{ids}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn a_cursor_whose_parts_contradict_each_other_is_refused() {
    let server = Server::new(World::new(1, 50, 60));
    let mut scan = server.scan(20);
    assert_eq!(scan.by_ref().take(25).filter(Result::is_ok).count(), 25);
    let sound: serde_json::Value = serde_json::from_str(&scan.cursor().to_string()).unwrap();
    let resume = |cursor: &serde_json::Value| {
        server.scan(20).resume(&cursor.to_string().parse().unwrap()).map(drop).err()
    };
    assert_eq!(resume(&sound), None);
    let end = sound["position"]["end"].as_u64().unwrap();
    assert!(end > 0, "{sound}");
    for (part, value) in [
        ("/position/end", 0.into()),
        ("/position/end", u64::MAX.into()),
        ("/gettickets_cursor", 99.into()),
        ("/yielded", 0.into()),
    ] {
        let mut cursor = sound.clone();
        *cursor.pointer_mut(part).unwrap() = value;
        assert_eq!(resume(&cursor), Some(InvalidCursor::NotACursor), "{cursor}");
    }
}

#[test]
fn a_cursor_has_no_personal_data() {
    let server = Server::new(World::new(1, 50, 60));
    let asked = GetTickets { email: Some("someone@example.com".into()), ..request(20) };
    let mut scan = Scan::new(server, asked);
    assert!(scan.next().is_some());
    let text = scan.cursor().to_string();
    assert!(!text.contains("example") && !text.contains("someone"), "{text}");
}

#[test]
fn a_full_scan_of_recent_tickets_reads_the_whole_list() {
    let read = |full| {
        let world = World::new(9, 3_000, 900);
        let mut times: Vec<_> = world.tickets.iter().map(|ticket| ticket.lastreply).collect();
        times.sort_unstable();
        let since = time(times[times.len() - 40]);
        let mut scan = Server::new(world).scan(50).updated_since(since).full(full);
        let yielded = ids(&mut scan).len();
        (yielded, scan.report().requests)
    };
    let ((recent, early), (in_all, requests)) = (read(false), read(true));
    assert_eq!((recent, in_all), (40, 40));
    assert!(early < 30 && requests >= 60, "{early} and {requests} requests");
}

#[test]
fn a_server_that_counts_more_than_it_sends_may_be_allowed() {
    let scan = || Server::new(World { total: Total::Fixed(55), ..quiet(40) }).scan(25);
    let mut refused = scan();
    assert_eq!(refused.by_ref().filter(Result::is_ok).count(), 40);
    assert!(refused.failure().unwrap().hint().unwrap().contains("allow_count_mismatch"));
    let mut allowed = scan().allow_count_mismatch(true);
    assert_eq!(ids(&mut allowed).len(), 40);
    let warnings = allowed.report().warnings;
    assert!(
        warnings.iter().any(|warning| warning.contains("counts 55 matching tickets and sends 40")),
        "{warnings:?}"
    );
}

#[test]
fn debug_shows_the_progress_of_a_scan_and_its_tickets() {
    let mut scan = Server::new(quiet(7)).scan(20);
    let ticket = scan.next().unwrap().unwrap();
    assert_eq!(ids(&mut scan).len(), 6);
    assert_eq!(format!("{ticket:?}"), format!("{:?}", ticket.get()));
    let status = scan.status();
    for shown in [format!("{scan:?}"), format!("{status:?}")] {
        assert!(shown.contains("tickets: 7") && shown.contains(r#"endpoint: "memory""#), "{shown}");
    }
    let mut context = FetchContext::default();
    context.on_wait = Some(Arc::new(|_| {}));
    assert_eq!(
        format!("{context:?}"),
        "FetchContext { cancellation: Cancellation { is_cancelled: false }, retry_size_failures: true, on_wait: true }"
    );
}
