//! Scans and runs that end early.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use gettickets::transport::{Transport, TransportError, TransportRequest, TransportResponse};
use gettickets::{Client, Credentials, RetryPolicy};
use gettickets_sandbox::{Quirk, Sandbox};
use gettickets_warehouse::{Fleet, Install, Mirror, MirrorErrorKind, Mode};

use super::{Setup, count, options};

/// Answers every request with an error of the API.
struct Failing;

impl Transport for Failing {
    fn send(&self, _: &TransportRequest) -> Result<TransportResponse, TransportError> {
        let body = r#"{"result":"error","message":"Something went wrong"}"#;
        Ok(http::Response::new(body.into()))
    }
}

/// Answers every request with this body.
pub(crate) struct Fixed(pub(crate) &'static str);

impl Transport for Fixed {
    fn send(&self, _: &TransportRequest) -> Result<TransportResponse, TransportError> {
        Ok(http::Response::new(self.0.into()))
    }
}

#[test]
fn a_canceled_run_is_rolled_back() {
    let setup = Setup::new(300);
    let mut mirror = Mirror::open(&setup.target()).unwrap();
    let options = options(Mode::Full);
    let cancellation = options.cancellation.clone();
    let error = mirror.run(&setup.install(), &options, &mut |_| cancellation.cancel()).unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::Cancelled);
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM tickets"), 0);
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM runs"), 0);
}

#[test]
fn a_run_that_waits_for_a_server_can_be_canceled() {
    let sandbox = Sandbox::builder().tickets(9).quirks([Quirk::Hang]).start().unwrap();
    let credentials = Credentials::api(sandbox.identifier(), sandbox.secret());
    let never = RetryPolicy::default().total_timeout(Duration::MAX);
    let client =
        Client::builder(sandbox.url()).credentials(credentials).timeout(Duration::MAX).retries(never);
    let install = Install::new("main", client.build().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut mirror = Mirror::open(folder.path().join("tickets.db").to_str().unwrap()).unwrap();
    let options = options(Mode::Full);
    let cancellation = options.cancellation.clone();
    let error = thread::scope(|scope| {
        scope.spawn(|| {
            while sandbox.request_count() == 0 {
                thread::sleep(Duration::from_millis(5));
            }
            cancellation.cancel();
        });
        mirror.run(&install, &options, &mut |_| ()).unwrap_err()
    });
    assert_eq!(error.kind(), MirrorErrorKind::Cancelled);
}

#[test]
fn an_incomplete_scan_marks_nothing_as_gone() {
    let setup = Setup::new(120);
    setup.run(Mode::Full);
    let client = Client::builder(setup.sandbox.url())
        .credentials(Credentials::api("i", "s"))
        .retries(RetryPolicy::none())
        .transport(Failing)
        .build()
        .unwrap();
    let mut mirror = Mirror::open(&setup.target()).unwrap();
    let report = mirror.run(&Install::new("main", client), &options(Mode::Full), &mut |_| ()).unwrap();
    assert!(!report.complete && report.failure.is_some());
    assert_eq!(report.gone, 0);
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM tickets WHERE gone IS NULL"), 120);
    assert_eq!(
        count(&setup.file(), "SELECT count(*) FROM runs WHERE NOT complete AND reason IS NOT NULL"),
        1
    );
}

#[test]
fn a_failed_run_leaves_the_last_complete_state() {
    let setup = Setup::new(900);
    setup.run(Mode::Full);
    let ids = setup.sandbox.store().ids().unwrap();
    for id in ids.iter().take(200) {
        setup.sandbox.store().set_department(*id, 77).unwrap();
    }
    let broken = catch_unwind(AssertUnwindSafe(|| {
        let mut mirror = Mirror::open(&setup.target()).unwrap();
        mirror.run(&setup.install(), &options(Mode::Full), &mut |_| panic!("the program ends here"))
    }));
    assert!(broken.is_err());
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM tickets WHERE deptid = 77"), 0);
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM runs"), 1);
    assert_eq!(setup.run(Mode::Full).changed, 200);
}

#[test]
fn ids_that_belong_to_other_tickets_now_are_reported() {
    let setup = Setup::new(40);
    setup.run(Mode::Full);
    let store = setup.sandbox.store();
    let id = store.ids().unwrap()[7];
    let mut ticket = store.get(id).unwrap().unwrap();
    store.delete(id).unwrap();
    ticket.tid = "OTHER-1".into();
    ticket.date = Some(jiff::civil::date(2001, 2, 3).at(4, 5, 6, 0));
    store.open(ticket).unwrap();
    let report = setup.run(Mode::Full);
    assert!(report.warnings.iter().any(|warning| warning.contains("backup")), "{report:?}");
    assert!(setup.changes(report.run).iter().any(|change| change.1 == "replaced"));
}

#[test]
fn new_tickets_with_lower_ids_are_reported() {
    let setup = Setup::new(40);
    let store = setup.sandbox.store();
    let ids = store.ids().unwrap();
    let highest = *ids.iter().max().unwrap();
    let mut ticket = store.get(highest - 1).unwrap().unwrap();
    store.delete(highest - 1).unwrap();
    assert!(setup.run(Mode::Full).warnings.is_empty(), "the first run has nothing to compare with");
    ticket.tid = "AGAIN-1".into();
    store.open(ticket).unwrap();
    let report = setup.run(Mode::Full);
    assert!(report.warnings.iter().any(|warning| warning.contains("lower ids")), "{report:?}");
    let stored = "SELECT count(*) FROM runs WHERE json_extract(findings, '$.warnings[0]') LIKE '%backup%'";
    assert_eq!(count(&setup.file(), stored), 1);
}

#[test]
fn highest_ids_that_are_gone_are_reported() {
    for (highest, lower, is_reported) in [(10, 0, true), (9, 0, false), (9, 15, false)] {
        let setup = Setup::new(60);
        setup.run(Mode::Full);
        let mut ids = setup.sandbox.store().ids().unwrap();
        ids.sort_unstable();
        let (low, high) = ids.split_at(ids.len() - highest);
        for id in low.iter().take(lower).chain(high) {
            setup.sandbox.store().delete(*id).unwrap();
        }
        let report = setup.run(Mode::Full);
        assert_eq!(report.gone, (highest + lower) as u64);
        let warning = report.warnings.iter().any(|warning| warning.contains("tickets with the highest ids"));
        assert_eq!(warning, is_reported, "{highest} and {lower}: {report:?}");
    }
}

#[test]
fn the_number_of_unreadable_tickets_is_in_the_reason() {
    for (tickets, begin) in [(30, "1 ticket cannot"), (60, "2 tickets cannot")] {
        let sandbox = Sandbox::builder().tickets(tickets).quirk(Quirk::MalformedUtf8Deep).start().unwrap();
        let reason = Setup::of(sandbox).run(Mode::Full).reason.unwrap();
        assert!(reason.starts_with(begin), "{reason}");
    }
}

#[test]
fn an_error_has_a_hint_and_its_cause() {
    for kind in MirrorErrorKind::ALL {
        assert!(kind.hint().ends_with('.'), "{kind:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let error = Mirror::open(folder.path().join("missing").join("tickets.db").to_str().unwrap()).unwrap_err();
    assert_eq!(error.hint(), MirrorErrorKind::ReadOnly.hint());
    assert!(std::error::Error::source(&error).unwrap().is::<std::io::Error>(), "{error:?}");
}

#[test]
fn an_unreadable_ticket_makes_the_run_incomplete_and_all_others_are_stored() {
    let sandbox = Sandbox::builder().tickets(120).quirk(Quirk::MalformedUtf8Deep).start().unwrap();
    let setup = Setup::of(sandbox);
    let report = setup.run(Mode::Full);
    assert!(!report.complete && report.failure.is_none() && report.unreadable > 0, "{report:?}");
    assert!(report.reason.as_ref().unwrap().contains("cannot be sent"), "{report:?}");
    assert_eq!(report.tickets + report.unreadable, 120);
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM tickets").cast_unsigned(), report.tickets);
    let again = setup.run(Mode::Full);
    assert_eq!((again.gone, again.new), (0, 0), "{again:?}");
}

#[test]
fn an_id_that_is_too_large_is_an_error_and_other_tickets_are_stored() {
    let sandbox = Sandbox::builder()
        .load(vec![gettickets::Ticket { id: 1, tid: "A".into(), ..Default::default() }])
        .start()
        .unwrap();
    let other = Sandbox::builder().tickets(30).start().unwrap();
    let setup = Setup::of(sandbox);
    let body = r#"{"result":"success","totalresults":1,"startnumber":0,"numreturned":1,"tickets":{"ticket":[{"id":18446744073709551615,"tid":"B"}]}}"#;
    let huge = Client::builder(setup.sandbox.url())
        .credentials(Credentials::api("i", "s"))
        .transport(Fixed(body))
        .build()
        .unwrap();
    let fleet =
        Fleet::new([Install::new("huge", huge), Install::new("other", super::client(&other))]).unwrap();
    let mut mirror = Mirror::open(&setup.target()).unwrap();
    let reports = mirror.run_all(&fleet, &options(Mode::Full), &mut |_| ()).unwrap();
    let error = reports[0].as_ref().unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::Value);
    assert!(error.to_string().contains("18446744073709551615"), "{error}");
    assert_eq!(reports[1].as_ref().unwrap().new, 30);
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM tickets"), 30);
    let incomplete =
        "SELECT count(*) FROM runs WHERE install = 'huge' AND NOT complete AND reason IS NOT NULL";
    assert_eq!(count(&setup.file(), incomplete), 1);
}

#[test]
fn a_mirror_can_hold_several_installs() {
    let one = Setup::new(25);
    let two = Sandbox::builder().tickets(35).seed(9).start().unwrap();
    one.run(Mode::Full);
    let mut mirror = Mirror::open(&one.target()).unwrap();
    mirror.run(&Install::new("second", super::client(&two)), &options(Mode::Full), &mut |_| ()).unwrap();
    assert_eq!(count(&one.file(), "SELECT count(*) FROM tickets WHERE install = 'main'"), 25);
    assert_eq!(count(&one.file(), "SELECT count(*) FROM tickets WHERE install = 'second'"), 35);
}
