//! Scans that end early, and runs that do.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gettickets::transport::{Transport, TransportError, TransportRequest, TransportResponse};
use gettickets::{Client, Credentials, RetryPolicy};
use gettickets_sandbox::Sandbox;
use gettickets_warehouse::{Install, Mirror, Mode};

use super::{Setup, count, options};

/// Answers a number of requests with an empty list of a server that counts tickets, then with an error.
struct Failing;

impl Transport for Failing {
    fn send(&self, _: &TransportRequest) -> Result<TransportResponse, TransportError> {
        let body = r#"{"result":"error","message":"Something went wrong"}"#;
        Ok(http::Response::new(body.into()))
    }
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
fn a_run_that_breaks_off_leaves_the_last_good_state() {
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
fn a_mirror_holds_several_installs_side_by_side() {
    let one = Setup::new(25);
    let two = Sandbox::builder().tickets(35).seed(9).start().unwrap();
    one.run(Mode::Full);
    let mut mirror = Mirror::open(&one.target()).unwrap();
    mirror.run(&Install::new("second", super::client(&two)), &options(Mode::Full), &mut |_| ()).unwrap();
    assert_eq!(count(&one.file(), "SELECT count(*) FROM tickets WHERE install = 'main'"), 25);
    assert_eq!(count(&one.file(), "SELECT count(*) FROM tickets WHERE install = 'second'"), 35);
}
