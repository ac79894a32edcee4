//! The mirror in PostgreSQL, on a server that each test starts. Without PostgreSQL they are skipped.

use std::path::Path;
use std::process::Command;

use gettickets::{Status, Ticket};
use gettickets_sandbox::{Quirk, Sandbox};
use gettickets_warehouse::{Mirror, MirrorErrorKind, Mode};
use postgres::{Client, NoTls, SimpleQueryMessage};
use rusqlite::types::ValueRef;

use super::server::{Server, Settings};
use super::{Setup, options, read};

/// The password of a server started by [`with_password`].
const PASSWORD: &str = "hunter2-secret";

/// Starts a server. Returns `None`, with a message, if PostgreSQL is not installed.
pub(crate) fn start() -> Option<Server> {
    start_with("trust")
}

/// Starts a server that requires a password.
fn with_password() -> Option<Server> {
    start_with("scram-sha-256")
}

fn start_with(authentication: &str) -> Option<Server> {
    Server::start(&Settings { authentication, password: PASSWORD, is_durable: false }).unwrap()
}

const TICKETS: &str = "SELECT install, id, tid, deptid, name, email, cc, c, subject, subject_text, status, priority, \
    attachment, flag, service, extra, fingerprint FROM tickets ORDER BY install, id";
const CHANGES: &str = "SELECT change, run, install, id, what, old, new FROM changes ORDER BY change";
const RUNS: &str =
    "SELECT run, install, mode, reason, requests, tickets, new, changed, gone FROM runs ORDER BY run";

fn rows_of_sqlite(file: &Path, sql: &str) -> Vec<Vec<Option<String>>> {
    let database = read(file);
    let mut select = database.prepare(sql).unwrap();
    let width = select.column_count();
    let rows = select.query_map([], |row| {
        (0..width)
            .map(|index| {
                Ok(match row.get_ref(index)? {
                    ValueRef::Integer(number) => Some(number.to_string()),
                    ValueRef::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
                    _ => None,
                })
            })
            .collect()
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn rows_of_postgres(server: &Server, sql: &str) -> Vec<Vec<Option<String>>> {
    let messages = server.client().unwrap().simple_query(sql).unwrap();
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect())
        }
        _ => None,
    });
    rows.collect()
}

#[test]
fn both_databases_have_the_same_content() {
    let setup = Setup::new(130);
    let Some(server) = start() else { return };
    // The texts of times must not depend on this setting of the server.
    server.client().unwrap().batch_execute("ALTER DATABASE postgres SET datestyle = 'German'").unwrap();
    let store = setup.sandbox.store();
    let mut random = fastrand::Rng::with_seed(5);
    for round in 0..12_u64 {
        let mode = if round % 3 == 2 { Mode::Incremental } else { Mode::Full };
        let expected = setup.run(mode);
        let mut mirror = Mirror::open(&server.url()).unwrap();
        let found = mirror.run(&setup.install(), &options(mode), &mut |_| ()).unwrap();
        assert_eq!(
            (found.new, found.changed, found.gone),
            (expected.new, expected.changed, expected.gone),
            "round {round}"
        );
        for sql in [TICKETS, CHANGES, RUNS] {
            assert_eq!(
                rows_of_postgres(&server, sql),
                rows_of_sqlite(&setup.file(), sql),
                "round {round}: {sql}"
            );
        }
        store.churn(round).unwrap();
        let ids = store.ids().unwrap();
        let id = ids[random.usize(0..ids.len())];
        store.set_status(id, Status::from(["Open", "Closed"][random.usize(0..2)])).unwrap();
        store.set_department(ids[random.usize(0..ids.len())], random.u64(1..6)).unwrap();
        store.delete(ids[random.usize(0..ids.len())]).unwrap();
    }
    for view in [
        "open_tickets",
        "waiting_longest",
        "opened_by_day",
        "closed_by_day",
        "first_status_change",
        "reopened",
    ] {
        let sql = format!("SELECT count(*) FROM {view}");
        assert_eq!(rows_of_postgres(&server, &sql), rows_of_sqlite(&setup.file(), &sql), "{view}");
    }
    let dates = "SELECT id, to_char(date, 'YYYY-MM-DD HH24:MI:SS') FROM tickets ORDER BY id";
    let same = rows_of_sqlite(&setup.file(), "SELECT id, date FROM tickets ORDER BY id");
    assert_eq!(rows_of_postgres(&server, dates), same);
}

/// Before the server has statistics of the table, it overestimates the rows that a list of ids matches.
#[test]
fn a_full_run_reads_each_row_a_few_times_although_the_table_was_never_analyzed() {
    const TICKETS: u64 = 5_000;
    let setup = Setup::new(TICKETS);
    let Some(server) = start() else { return };
    let mut client = server.client().unwrap();
    for sql in ["ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()"] {
        client.batch_execute(sql).unwrap();
    }
    // A connection adds its numbers when it ends.
    let read = |client: &mut Client| -> i64 {
        let open = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gettickets'";
        while client.query_one(open, &[]).unwrap().get::<_, i64>(0) > 0 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let sql = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'tickets'";
        client.query_one(sql, &[]).unwrap().get(0)
    };
    let run = || {
        let mut mirror = Mirror::open(&server.url()).unwrap();
        mirror.run(&setup.install(), &options(Mode::Full), &mut |_| ()).unwrap()
    };
    assert_eq!(run().new, TICKETS);
    let before = read(&mut client);
    assert_eq!(run().tickets, TICKETS);
    let rows = read(&mut client) - before;
    let tickets = TICKETS as i64;
    assert!((tickets..=4 * tickets).contains(&rows), "{rows} rows were read for {tickets} tickets");
}

/// New tickets are sent in a text format, in which some characters have a meaning.
#[test]
fn texts_are_stored_as_the_server_sent_them() {
    let Some(server) = start() else { return };
    let texts = ["\\N", "\\.", "a\tb", "line\nline\r\n", "\\t\\\\", "\u{1}\u{7f}ü😀", "'\"{},"];
    let tickets = texts.iter().enumerate().map(|(index, text)| Ticket {
        id: index as u64 + 1,
        tid: format!("T-{index}"),
        subject: (*text).to_owned(),
        name: (*text).to_owned(),
        status: Status::from(*text),
        ..Ticket::default()
    });
    let setup = Setup::of(Sandbox::builder().load(tickets.collect()).start().unwrap());
    // In the second run they are known, so they are written by another statement.
    for change in ["", " again"] {
        for (id, text) in (1..).zip(texts) {
            setup.sandbox.store().reply(id, Status::from(&*format!("{text}{change}"))).unwrap();
        }
        let mut mirror = Mirror::open(&server.url()).unwrap();
        mirror.run(&setup.install(), &options(Mode::Full), &mut |_| ()).unwrap();
        let mut client = server.client().unwrap();
        let rows = client.query("SELECT subject, name, status FROM tickets ORDER BY id", &[]).unwrap();
        let found: Vec<[String; 3]> = rows.iter().map(|row| [row.get(0), row.get(1), row.get(2)]).collect();
        let expected = texts.map(|text| [text.to_owned(), text.to_owned(), format!("{text}{change}")]);
        assert_eq!(found, expected);
    }
}

#[test]
fn an_unreadable_date_does_not_end_the_run() {
    let Some(server) = start() else { return };
    let sandbox = Sandbox::builder().tickets(30).quirk(Quirk::DatesUnreadable).start().unwrap();
    let setup = Setup::of(sandbox);
    let mut mirror = Mirror::open(&server.url()).unwrap();
    let report = mirror.run(&setup.install(), &options(Mode::Full), &mut |_| ()).unwrap();
    assert!(report.complete, "{report:?}");
    let sql = "SELECT count(*)::text FROM tickets WHERE date IS NULL AND extra->>'date' LIKE '%/%'";
    assert_eq!(rows_of_postgres(&server, sql), [[Some("30".to_owned())]]);
}

#[test]
fn a_second_run_and_foreign_tables_are_refused() {
    let setup = Setup::new(300);
    let Some(server) = start() else { return };
    let mut mirror = Mirror::open(&server.url()).unwrap();
    let mut second = None;
    let run = mirror.run(&setup.install(), &options(Mode::Full), &mut |_| {
        if second.is_none() {
            let mut other = Mirror::open(&server.url()).unwrap();
            second = Some(other.run(&setup.install(), &options(Mode::Full), &mut |_| ()).unwrap_err());
        }
    });
    assert!(run.unwrap().complete);
    assert_eq!(second.unwrap().kind(), MirrorErrorKind::Locked);

    server.client().unwrap().batch_execute("CREATE DATABASE shop").unwrap();
    let shop = server.url().replace("/postgres?", "/shop?");
    Client::connect(&shop, NoTls).unwrap().batch_execute("CREATE TABLE tickets (seat text)").unwrap();
    assert_eq!(Mirror::open(&shop).unwrap_err().kind(), MirrorErrorKind::NotAMirror);

    server.client().unwrap().batch_execute("CREATE DATABASE frozen").unwrap();
    let frozen = server.url().replace("/postgres?", "/frozen?");
    drop(Mirror::open(&frozen).unwrap());
    server
        .client()
        .unwrap()
        .batch_execute("ALTER DATABASE frozen SET default_transaction_read_only = on")
        .unwrap();
    let error = Mirror::open(&frozen)
        .and_then(|mut mirror| mirror.run(&setup.install(), &options(Mode::Full), &mut |_| ()))
        .unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::ReadOnly, "{error}");

    server.client().unwrap().batch_execute("UPDATE gettickets_mirror SET version = 99").unwrap();
    assert_eq!(Mirror::open(&server.url()).unwrap_err().kind(), MirrorErrorKind::NewerVersion);
}

#[test]
fn a_slow_install_does_not_delay_the_others() {
    let Some(server) = start() else { return };
    drop(Mirror::open(&server.url()).unwrap());
    let url = server.url();
    super::fleet::check_a_slow_install_does_not_delay_the_others(&server.url(), move || {
        let mut client = Client::connect(&url, NoTls).unwrap();
        let stored = "SELECT count(*) FROM runs WHERE install = 'fast' AND complete";
        client.query_one(stored, &[]).unwrap().get::<_, i64>(0) == 1
    });
}

#[test]
fn a_server_that_stops_during_a_run_leaves_the_last_complete_state() {
    let setup = Setup::new(900);
    let Some(server) = start() else { return };
    Mirror::open(&server.url()).unwrap().run(&setup.install(), &options(Mode::Full), &mut |_| ()).unwrap();
    for id in setup.sandbox.store().ids().unwrap() {
        setup.sandbox.store().set_department(id, 77).unwrap();
    }
    let mut mirror = Mirror::open(&server.url()).unwrap();
    let ended = mirror.run(&setup.install(), &options(Mode::Full), &mut |_| {
        let others =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gettickets'";
        server.client().unwrap().batch_execute(others).unwrap();
    });
    let error = ended.unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::Unreachable, "{error}");
    let moved = rows_of_postgres(&server, "SELECT count(*) FROM tickets WHERE deptid = 77");
    assert_eq!(moved, [[Some("0".to_owned())]]);
    let mut mirror = Mirror::open(&server.url()).unwrap();
    assert_eq!(mirror.run(&setup.install(), &options(Mode::Full), &mut |_| ()).unwrap().changed, 900);
}

#[test]
fn an_error_of_the_server_has_the_kind_of_its_code() {
    let Some(server) = start() else { return };
    let setup = Setup::new(5);
    let mut mirror = Mirror::open(&server.url()).unwrap();
    let mut client = server.client().unwrap();
    // New tickets are sent in another way than the other rows.
    for table in ["runs", "tickets"] {
        for (code, kind) in [
            ("53100", MirrorErrorKind::Full),
            ("25006", MirrorErrorKind::ReadOnly),
            ("42501", MirrorErrorKind::ReadOnly),
            ("XX001", MirrorErrorKind::Damaged),
            ("XX002", MirrorErrorKind::Damaged),
            ("08006", MirrorErrorKind::Unreachable),
            ("57014", MirrorErrorKind::Unreachable),
            ("22000", MirrorErrorKind::Database),
        ] {
            let sql = format!(
                "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
                     $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END $$;
                 CREATE TRIGGER fail BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail()"
            );
            client.batch_execute(&sql).unwrap();
            let error = mirror.run(&setup.install(), &options(Mode::Full), &mut |_| ()).unwrap_err();
            assert_eq!(error.kind(), kind, "{code}: {error}");
            assert!(error.to_string().ends_with("refused"), "{code}: {error}");
            client.batch_execute("DROP FUNCTION fail CASCADE").unwrap();
        }
    }
    assert_eq!(mirror.run(&setup.install(), &options(Mode::Full), &mut |_| ()).unwrap().new, 5);

    // This error has no code, and the connection did not fail.
    let encrypted = server.url().replace("sslmode=disable", "sslmode=require");
    let error = Mirror::open(&encrypted).unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::Database, "{error}");
}

#[test]
fn a_password_in_the_url_is_not_in_the_error() {
    for (url, kind) in [
        ("postgresql://user:hunter2-secret@127.0.0.1:1/db?connect_timeout=2", MirrorErrorKind::Unreachable),
        ("postgres://user:hunter2-secret@127.0.0.1:1/db?connect_timeout=2", MirrorErrorKind::Unreachable),
        ("postgresql://user:hunter2-secret@127.0.0.1:notaport/db", MirrorErrorKind::Target),
    ] {
        let error = Mirror::open(url).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn a_password_comes_from_the_url_or_from_pgpassword() {
    let Some(server) = with_password() else { return };
    let error = Mirror::open(&server.url_with("wrong-hunter3")).unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::Unreachable, "{error}");
    assert!(error.to_string().contains("password authentication failed"), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter3"), "{error:?}");
    let mirror = Mirror::open(&server.url_with(PASSWORD)).unwrap();
    assert_eq!(mirror.place(), "PostgreSQL database postgres at 127.0.0.1");
    assert!(!format!("{mirror:?}").contains("hunter2"), "{mirror:?}");
    // The environment is shared by all tests of a process, so each variable is set for a process of its own.
    for (password, works) in [(PASSWORD, true), ("wrong", false)] {
        let opened = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "postgres::opens_the_database_in_test_database_url"])
            .env("PGPASSWORD", password)
            .env("TEST_DATABASE_URL", server.url())
            .output()
            .unwrap();
        assert_eq!(opened.status.success(), works, "{}", String::from_utf8_lossy(&opened.stdout));
    }
}

#[test]
#[ignore = "run by a_password_comes_from_the_url_or_from_pgpassword"]
fn opens_the_database_in_test_database_url() {
    let Ok(url) = std::env::var("TEST_DATABASE_URL") else { return };
    Mirror::open(&url).unwrap();
}
