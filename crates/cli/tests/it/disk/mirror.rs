//! Disk faults during runs of a mirror in SQLite: an install is unchanged or completely updated.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use gettickets_sandbox::Sandbox;
use rusqlite::Connection;

use super::drawn;
use super::power::{self, Disk, Unsynced};
use super::preload::{self, Error, Fault};
use crate::program::{asking, names, run, text};

const TICKETS: i64 = 400;
/// The number of tickets that are changed before the second run.
const CHANGED: i64 = 150;

struct Setup {
    sandbox: Sandbox,
    _folder: tempfile::TempDir,
    folder: PathBuf,
    file: PathBuf,
    /// The database after the first run.
    first: Vec<u8>,
}

impl Setup {
    fn new() -> Setup {
        let sandbox = Sandbox::builder().tickets(TICKETS.unsigned_abs()).start().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let file = path.join("tickets.db");
        let mut setup = Setup { sandbox, _folder: folder, folder: path, file, first: Vec::new() };
        let ran = run(&mut setup.mirror());
        assert_eq!(ran.code, 0, "{}", ran.err);
        setup.first = fs::read(&setup.file).unwrap();
        let store = setup.sandbox.store();
        for id in store.ids().unwrap().into_iter().take(CHANGED as usize) {
            store.set_department(id, 77).unwrap();
        }
        setup
    }

    fn mirror(&self) -> Command {
        let mut command = asking(&self.sandbox);
        command.args(["mirror", text(&self.file), "--full"]);
        command
    }

    /// Restores the database to its state after the first run.
    fn reset(&self) {
        power::empty(&self.folder);
        fs::write(&self.file, &self.first).unwrap();
    }

    /// Opens the database and checks its integrity.
    fn whole(&self, context: &str) -> Connection {
        let database = Connection::open(&self.file).unwrap();
        let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok", "{context}");
        database
    }

    /// Returns whether the second run is stored in the database. Checks that it is stored completely or not at all.
    fn has_second(&self, context: &str) -> bool {
        let database = self.whole(context);
        let one = |sql: &str| number(&database, sql);
        let (runs, changes) =
            (one("SELECT count(*) FROM runs WHERE complete"), one("SELECT count(*) FROM changes"));
        let (tickets, moved) =
            (one("SELECT count(*) FROM tickets"), one("SELECT count(*) FROM tickets WHERE deptid = 77"));
        let has_second = runs == 2;
        let expected = if has_second { (2, CHANGED, TICKETS, CHANGED) } else { (1, 0, TICKETS, 0) };
        assert_eq!((runs, changes, tickets, moved), expected, "{context}");
        assert_eq!(one("SELECT count(*) FROM runs"), runs, "{context}: a run has no end");
        has_second
    }

    /// Checks that the next run stores the missing changes, and that the directory contains only the database.
    fn complete(&self, context: &str) {
        let ran = run(&mut self.mirror());
        assert_eq!(ran.code, 0, "{context}: {}", ran.err);
        let database = Connection::open(&self.file).unwrap();
        let moved = "SELECT count(*) FROM tickets WHERE deptid = 77";
        assert_eq!(number(&database, moved), CHANGED, "{context}");
        let changes = "SELECT count(*) FROM changes WHERE what = 'deptid' AND new = '77'";
        assert_eq!(number(&database, changes), CHANGED, "{context}");
        drop(database);
        assert_eq!(names(&self.folder), ["tickets.db"], "{context}");
    }
}

fn number(database: &Connection, sql: &str) -> i64 {
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_run_that_is_killed_at_any_call_preserves_the_last_good_state_or_the_new_one() {
    let Some(library) = preload::library() else { return };
    let setup = Setup::new();
    setup.reset();
    let calls = preload::calls_of(setup.mirror(), library, &setup.folder);
    let mut random = fastrand::Rng::with_seed(8);
    let (mut old, mut new) = (0, 0);
    for at in drawn(&mut random, calls.len() as u64, 24) {
        setup.reset();
        let ended = preload::run_with(setup.mirror(), library, &setup.folder, at, Fault::Kills);
        let context = format!("call {at} of {}: {ended:?}", calls.len());
        assert_eq!(ended.code, None, "{context}");
        // The next run is killed as well, before the database is checked.
        let again = random.u64(1..=calls.len() as u64);
        preload::run_with(setup.mirror(), library, &setup.folder, again, Fault::Kills);
        if number(&setup.whole(&context), "SELECT count(*) FROM runs") == 1 {
            old += 1
        } else {
            new += 1
        }
        setup.complete(&context);
    }
    println!("{old} with the old state, {new} with a new one");
    assert!(old > 0 && new > 0, "{old} {new}");
}

#[test]
fn a_failed_call_is_reported_and_preserves_the_last_good_state() {
    let Some(library) = preload::library() else { return };
    let setup = Setup::new();
    setup.reset();
    let calls = preload::calls_of(setup.mirror(), library, &setup.folder);
    let mut random = fastrand::Rng::with_seed(9);
    let mut failed = 0;
    for error in Error::ALL {
        for at in drawn(&mut random, preload::fallible(&calls), 24) {
            setup.reset();
            let ended = preload::run_with(setup.mirror(), library, &setup.folder, at, Fault::Fails(error));
            let context = format!("{error:?} at call {at} of {}: {ended:?}", calls.len());
            let has_second = setup.has_second(&context);
            match ended.code {
                Some(0) => assert!(has_second, "{context}"),
                Some(2 | 6) => {
                    assert!(ended.err.contains("\nhint: "), "{context}");
                    failed += 1;
                }
                _ => panic!("{context}"),
            }
            setup.complete(&context);
        }
    }
    assert!(failed > 5, "{failed}");
}

#[test]
fn a_power_failure_preserves_the_last_good_state_or_the_new_one() {
    let Some(library) = preload::library() else { return };
    let setup = Setup::new();
    setup.reset();
    let before = Disk::of(&setup.folder);
    let calls = preload::calls_of(setup.mirror(), library, &setup.folder);
    let states = power::states(before, &calls);
    let mut random = fastrand::Rng::with_seed(10);
    for at in drawn(&mut random, calls.len() as u64, 24) {
        for unsynced in Unsynced::each(at) {
            power::empty(&setup.folder);
            states[at as usize].restore(unsynced);
            // This file is shared memory of the processes that use the database. SQLite creates it again.
            let _ = fs::remove_file(setup.folder.join("tickets.db-shm"));
            let context = format!("after call {at} of {}, {unsynced:?} left", calls.len());
            let has_second = setup.has_second(&context);
            assert!(has_second || at < calls.len() as u64, "{context}: the run had reported success");
            setup.complete(&context);
        }
    }
}

#[test]
fn a_new_database_survives_a_power_failure_once_its_first_run_was_reported() {
    let Some(library) = preload::library() else { return };
    let setup = Setup::new();
    power::empty(&setup.folder);
    let calls = preload::calls_of(setup.mirror(), library, &setup.folder);
    let states = power::states(Disk::default(), &calls);
    let mut random = fastrand::Rng::with_seed(11);
    for at in drawn(&mut random, calls.len() as u64, 16) {
        for unsynced in Unsynced::each(at) {
            power::empty(&setup.folder);
            states[at as usize].restore(unsynced);
            let _ = fs::remove_file(setup.folder.join("tickets.db-shm"));
            let context = format!("after call {at} of {}, {unsynced:?} left", calls.len());
            if at == calls.len() as u64 {
                let database = Connection::open(&setup.file).unwrap();
                let tickets = number(&database, "SELECT count(*) FROM tickets");
                assert_eq!(tickets, TICKETS, "{context}: the run had reported success");
            }
            // If the first run was not reported, the file is empty or a database.
            let ran = run(&mut setup.mirror());
            assert_eq!(ran.code, 0, "{context}: {}", ran.err);
            setup.whole(&context);
        }
    }
}
