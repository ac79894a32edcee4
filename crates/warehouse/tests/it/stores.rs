//! What a mirror does in both kinds of databases: each check here runs in SQLite and in PostgreSQL.

use std::cell::RefCell;
use std::path::Path;

use gettickets::{Status, Ticket};
use gettickets_sandbox::Sandbox;
use gettickets_warehouse::{Install, Mirror, MirrorErrorKind, Mode, RunReport};
use jiff::ToSpan;
use jiff::civil::date;
use jiff::tz::TimeZone;

use super::server::Server;
use super::{Setup, client, options};

/// An empty database.
struct Database {
    target: String,
    /// Runs a query that returns a number.
    query: Box<dyn Fn(&str) -> i64>,
}

impl Database {
    fn sqlite(folder: &Path) -> Database {
        let file = folder.join("tickets.db");
        let target = file.to_str().unwrap().to_owned();
        Database { target, query: Box::new(move |sql| super::count(&file, sql)) }
    }

    fn postgresql(server: &Server) -> Database {
        let client = RefCell::new(server.client().unwrap());
        let query = move |sql: &str| client.borrow_mut().query_one(sql, &[]).unwrap().get(0);
        Database { target: server.url(), query: Box::new(query) }
    }

    fn open(&self) -> Mirror {
        Mirror::open(&self.target).unwrap()
    }

    fn run(&self, install: &Install, mode: Mode) -> RunReport {
        self.open().run(install, &options(mode), &mut |_| ()).unwrap()
    }

    fn count(&self, sql: &str) -> i64 {
        (self.query)(sql)
    }
}

/// Defines a test in SQLite and one in PostgreSQL for each check, which is given an empty database.
macro_rules! in_both_databases {
    ($($check:ident)+) => {
        mod sqlite {
            $(#[test]
            fn $check() {
                let folder = tempfile::tempdir().unwrap();
                super::$check(&super::Database::sqlite(folder.path()));
            })+
        }

        mod postgresql {
            $(#[test]
            fn $check() {
                let Some(server) = crate::postgres::start() else { return };
                super::$check(&super::Database::postgresql(&server));
            })+
        }
    };
}

in_both_databases! {
    a_run_after_a_canceled_one_does_not_store_its_tickets
    a_mirror_that_is_open_and_does_not_run_does_not_lock_the_database
    a_ticket_is_replaced_if_its_number_and_opening_date_differ
    an_install_has_one_name
    tickets_that_are_gone_do_not_count_as_missing_from_the_first_page
    nul_characters_are_replaced
    a_run_with_another_time_zone_writes_every_row_again
}

fn a_run_after_a_canceled_one_does_not_store_its_tickets(database: &Database) {
    let (setup, other) = (Setup::new(300), Setup::new(20));
    let mut mirror = database.open();
    let canceled = options(Mode::Full);
    let cancellation = canceled.cancellation.clone();
    let error = mirror.run(&setup.install(), &canceled, &mut |_| cancellation.cancel()).unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::Cancelled);
    assert_eq!(error.to_string(), format!("{}: the run was canceled", mirror.place()));
    let install = Install::new("other", client(&other.sandbox));
    assert_eq!(mirror.run(&install, &options(Mode::Full), &mut |_| ()).unwrap().new, 20);
    assert_eq!(database.count("SELECT count(*) FROM tickets"), 20);
    assert_eq!(database.count("SELECT count(*) FROM installs"), 1);
}

fn a_mirror_that_is_open_and_does_not_run_does_not_lock_the_database(database: &Database) {
    let setup = Setup::new(5);
    let mut first = database.open();
    first.run(&setup.install(), &options(Mode::Full), &mut |_| ()).unwrap();
    assert_eq!(database.run(&setup.install(), Mode::Full).tickets, 5);
    first.run(&setup.install(), &options(Mode::Full), &mut |_| ()).unwrap();
}

/// A ticket that returns is not another one.
fn a_ticket_is_replaced_if_its_number_and_opening_date_differ(database: &Database) {
    let setup = Setup::new(30);
    let install = setup.install();
    database.run(&install, Mode::Full);
    let store = setup.sandbox.store();
    let ids = store.ids().unwrap();
    let [returned, renumbered, redated, replaced] = [ids[3], ids[8], ids[13], ids[18]];
    let ticket = store.get(returned).unwrap().unwrap();
    store.delete(returned).unwrap();
    assert_eq!(database.run(&install, Mode::Full).gone, 1);
    store.open(ticket).unwrap();
    for (id, number, day) in [(renumbered, true, false), (redated, false, true), (replaced, true, true)] {
        let mut ticket = store.get(id).unwrap().unwrap();
        if number {
            ticket.tid = format!("NEW-{id}");
        }
        if day {
            ticket.date = Some(date(2001, 2, 3).at(4, 5, 6, 0) + (id as i64).days());
        }
        store.delete(id).unwrap();
        store.open(ticket).unwrap();
    }
    let report = database.run(&install, Mode::Full);
    assert_eq!((report.new, report.changed, report.gone), (0, 4, 0), "{report:?}");
    assert_eq!(report.warnings.len(), 1, "{report:?}");
    assert!(report.warnings[0].starts_with("1 ids now belong to other tickets"), "{report:?}");
    let changes = |what: &str, id: u64| {
        database.count(&format!("SELECT count(*) FROM changes WHERE what = '{what}' AND id = {id}"))
    };
    for (id, expected) in [(returned, [1, 0]), (renumbered, [0, 0]), (redated, [0, 0]), (replaced, [0, 1])] {
        assert_eq!([changes("returned", id), changes("replaced", id)], expected, "{id}");
    }
    assert_eq!(database.count("SELECT count(*) FROM tickets WHERE gone IS NOT NULL"), 0);
    assert!(database.run(&install, Mode::Full).warnings.is_empty());
}

fn an_install_has_one_name(database: &Database) {
    let (setup, elsewhere) = (Setup::new(5), Setup::new(5));
    database.run(&setup.install(), Mode::Full);
    let refused = |name: &str, setup: &Setup| {
        let install = Install::new(name, client(&setup.sandbox));
        assert_eq!((install.name(), install.client().endpoint()), (name, client(&setup.sandbox).endpoint()));
        let error = database.open().run(&install, &options(Mode::Full), &mut |_| ()).unwrap_err();
        assert_eq!(error.kind(), MirrorErrorKind::Install, "{error}");
        error.to_string()
    };
    let (stored, moved) = (setup.install().client().endpoint(), client(&elsewhere.sandbox).endpoint());
    let message = refused("renamed", &setup);
    assert!(
        message.ends_with(&format!("the mirror has {stored} under the name main, not renamed")),
        "{message}"
    );
    let message = refused("main", &elsewhere);
    assert!(
        message.ends_with(&format!("the mirror has {stored} under the name main, not {moved}")),
        "{message}"
    );
    let other = Install::new("elsewhere", client(&elsewhere.sandbox));
    assert_eq!(database.run(&other, Mode::Full).new, 5);
}

/// The server counts as many tickets as the mirror has, without those that are gone.
fn tickets_that_are_gone_do_not_count_as_missing_from_the_first_page(database: &Database) {
    let setup = super::mirror::regular(900);
    let install = setup.install();
    let tickets = database.run(&install, Mode::Full).tickets;
    setup.sandbox.store().delete(setup.sandbox.store().ids().unwrap()[500]).unwrap();
    assert_eq!(database.run(&install, Mode::Full).gone, 1);
    let report = database.run(&install, Mode::Incremental);
    assert_eq!((report.requests, report.changed, report.complete), (1, 0, true), "{report:?}");
    assert_eq!((report.reason, report.warnings), (None, Vec::<String>::new()));
    assert_eq!(database.count("SELECT count(*) FROM tickets"), tickets as i64);
    assert_eq!(database.count("SELECT count(*) FROM runs WHERE complete AND findings IS NULL"), 3);
}

fn nul_characters_are_replaced(database: &Database) {
    let ticket = |id: u64, subject: &str| Ticket {
        id,
        subject: subject.to_owned(),
        status: Status::from("Open"),
        ..Ticket::default()
    };
    let tickets = vec![ticket(1, "a\0b"), ticket(2, "c"), ticket(3, "\0")];
    let setup = Setup::of(Sandbox::builder().load(tickets).start().unwrap());
    let report = database.run(&setup.install(), Mode::Full);
    assert_eq!((report.complete, report.new), (true, 3), "{report:?}");
    assert_eq!(report.warnings.len(), 1, "{report:?}");
    assert!(report.warnings[0].starts_with("2 tickets have NUL characters"), "{report:?}");
    let stored = "SELECT count(*) FROM tickets WHERE status = 'Open' AND (id, subject) IN \
        ((1, 'a\u{fffd}b'), (2, 'c'), (3, '\u{fffd}'))";
    assert_eq!(database.count(stored), 3);
    let again = database.run(&setup.install(), Mode::Full);
    assert_eq!((again.changed, again.warnings.len()), (0, 0), "{again:?}");
}

/// No ticket has changed, but the times in UTC have.
fn a_run_with_another_time_zone_writes_every_row_again(database: &Database) {
    let setup = Setup::new(40);
    let zoned = |zone: &str| setup.install().time_zone(TimeZone::get(zone).unwrap());
    database.run(&setup.install(), Mode::Full);
    let utc = "SELECT count(*) FROM tickets WHERE lastreply_utc IS NOT NULL";
    assert_eq!(database.count(utc), 0);
    for zone in ["Europe/London", "Asia/Tokyo"] {
        let report = database.run(&zoned(zone), Mode::Incremental);
        assert_eq!((report.full, report.new, report.changed), (true, 0, 0), "{report:?}");
        let stored = format!("SELECT count(*) FROM installs WHERE time_zone = '{zone}'");
        assert_eq!(database.count(&stored), 1);
    }
    assert!(database.count(utc) > 0);
    assert!(!database.run(&zoned("Asia/Tokyo"), Mode::Incremental).full);
}
