//! Tests of the mirror, the fleet and the Singer tap with sandboxes, whose tickets the tests open, answer, close, move
//! and delete.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed unwrap is the failure report of a test"
)]

mod faults;
mod files;
mod fleet;
mod front;
mod mirror;
mod postgres;
mod random;
mod recipes;
mod server;
mod singer;
mod stores;

use std::path::Path;

use gettickets::{Client, Credentials, RetryPolicy};
use gettickets_sandbox::Sandbox;
use gettickets_warehouse::{Install, Mirror, Mode, RunOptions, RunReport};
use rusqlite::Connection;

/// A sandbox and a mirror of it.
struct Setup {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
}

impl Setup {
    fn new(tickets: u64) -> Setup {
        Setup::of(Sandbox::builder().tickets(tickets).start().unwrap())
    }

    fn of(sandbox: Sandbox) -> Setup {
        Setup { sandbox, folder: tempfile::tempdir().unwrap() }
    }

    fn install(&self) -> Install {
        Install::new("main", client(&self.sandbox))
    }

    fn target(&self) -> String {
        self.file().to_str().unwrap().to_owned()
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("tickets.db")
    }

    fn run(&self, mode: Mode) -> RunReport {
        let mut mirror = Mirror::open(&self.target()).unwrap();
        mirror.run(&self.install(), &options(mode), &mut |_| ()).unwrap()
    }

    /// The changes that a run recorded: id, field, old value, new value.
    fn changes(&self, run: i64) -> Vec<(u64, String, Option<String>, Option<String>)> {
        let database = read(&self.file());
        let mut select = database
            .prepare("SELECT id, what, old, new FROM changes WHERE run = ? ORDER BY id, what")
            .unwrap();
        let rows = select.query_map([run], |row| {
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?, row.get(2)?, row.get(3)?))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }
}

fn client(sandbox: &Sandbox) -> Client {
    Client::builder(sandbox.url())
        .credentials(Credentials::api(sandbox.identifier(), sandbox.secret()))
        .retries(RetryPolicy::none())
        .build()
        .unwrap()
}

fn options(mode: Mode) -> RunOptions {
    let mut options = RunOptions::default();
    options.mode = mode;
    options
}

fn read(file: &Path) -> Connection {
    Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

fn count(file: &Path, sql: &str) -> i64 {
    read(file).query_row(sql, [], |row| row.get(0)).unwrap()
}
