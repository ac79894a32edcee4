//! `mirror`: tickets of one or more installs in a database.

use std::collections::BTreeSet;
use std::fs;

use gettickets_protocol::{Status, Ticket};
use gettickets_sandbox::{Quirk, Sandbox};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::installs::Installs;
use crate::program::{ask, asking, gettickets, run, sandbox_with, text};

fn open(file: &str) -> Connection {
    Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

fn count(file: &str, sql: &str) -> i64 {
    open(file).query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Messages without text that differs between runs: the number of requests, and ports.
fn steady(messages: &str) -> String {
    let steady = |line: &str| {
        let line = line.rsplit_once(" gone, ").map_or(line, |(line, _)| line);
        match line.split_once("127.0.0.1:") {
            Some((before, rest)) => {
                format!("{before}127.0.0.1:PORT{}", rest.trim_start_matches(|at: char| at.is_ascii_digit()))
            }
            None => line.to_owned(),
        }
    };
    messages.lines().map(steady).collect::<Vec<String>>().join("\n")
}

/// Every change that the mirror recorded, in words.
fn changes(file: &str) -> BTreeSet<String> {
    let database = open(file);
    let mut select = database.prepare("SELECT install, id, what, old, new FROM changes").unwrap();
    let rows = select.query_map([], |row| {
        let value = |index| row.get::<_, Option<String>>(index).map(|value| value.unwrap_or_default());
        Ok(format!(
            "{} {} {}: {} -> {}",
            row.get::<_, String>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, String>(2)?,
            value(3)?,
            value(4)?
        ))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn changes_of_three_installs_are_recorded_exactly() {
    let installs = Installs::start(&[("berlin", 40), ("london", 70), ("paris", 110)]);
    let file = installs.file("tickets.db");
    let mirror = || run(&mut installs.program(&["mirror", &file, "--all-profiles", "--full"]));
    let first = mirror();
    assert_eq!((first.code, first.out.as_str()), (0, ""), "{}", first.err);
    insta::assert_snapshot!(steady(&first.err), @r"
    note: berlin: full run, 40 tickets read, 40 new, 0 changed, 0
    note: london: full run, 70 tickets read, 70 new, 0 changed, 0
    note: paris: full run, 110 tickets read, 110 new, 0 changed, 0
    ");
    assert_eq!(changes(&file), BTreeSet::new());

    let mut expected = BTreeSet::new();
    for (name, sandbox) in ["berlin", "london", "paris"].iter().zip(&installs.sandboxes) {
        let store = sandbox.store();
        let ids = store.ids().unwrap();
        let [closed, moved, deleted] = [ids[3], ids[8], ids[13]];
        let old = store.get(closed).unwrap().unwrap().status.to_string();
        store.set_status(closed, Status::from("Solved")).unwrap();
        expected.insert(format!("{name} {closed} status: {old} -> Solved"));
        let old = store.get(moved).unwrap().unwrap().deptid;
        store.set_department(moved, 99).unwrap();
        expected.insert(format!("{name} {moved} deptid: {old} -> 99"));
        let old = store.get(deleted).unwrap().unwrap().status;
        store.delete(deleted).unwrap();
        expected.insert(format!("{name} {deleted} gone: {old} -> "));
        let ticket = Ticket { tid: "NEW-1".into(), status: Status::from("Open"), ..Ticket::default() };
        let opened = store.open(ticket).unwrap();
        expected.insert(format!("{name} {opened} opened:  -> Open"));
    }
    let second = mirror();
    assert_eq!(second.code, 0, "{}", second.err);
    insta::assert_snapshot!(steady(&second.err), @r"
    note: berlin: full run, 40 tickets read, 1 new, 2 changed, 1
    note: london: full run, 70 tickets read, 1 new, 2 changed, 1
    note: paris: full run, 110 tickets read, 1 new, 2 changed, 1
    ");
    assert_eq!(changes(&file), expected);
}

#[test]
fn an_install_that_fails_does_not_stop_the_others_and_decides_the_exit_code() {
    let installs = Installs::start(&[("berlin", 20), ("london", 30)]);
    installs.configure(
        "[profiles.madrid]\nurl = \"http://127.0.0.1:1/\"\nidentifier = \"i\"\nsecret-env = \"UNSET\"\n",
    );
    installs.spoil("london");
    let file = installs.file("tickets.db");
    let ran = run(&mut installs.program(&["mirror", &file, "--all-profiles"]));
    assert_eq!(ran.code, 2, "{}", ran.err);
    insta::assert_snapshot!(steady(&ran.err), @r"
    note: berlin: full run, 20 tickets read, 20 new, 0 changed, 0
    note: london: full run (incomplete), 0 tickets read, 0 new, 0 changed, 0
    error: madrid: the API secret is read from the variable UNSET, which is not set
    hint: Set the variable, or use another source.
    error: london: the server sent an error: Authentication Failed (HTTP 403 Forbidden); endpoint: http://127.0.0.1:PORT/includes/api.php
    hint: Check the identifier and the secret, and that their admin account is active.
    ");
    assert_eq!(count(&file, "SELECT count(*) FROM tickets"), 20);
    assert_eq!(count(&file, "SELECT count(*) FROM runs WHERE NOT complete AND install = 'london'"), 1);
}

#[test]
fn two_profiles_of_one_install_are_refused() {
    let installs = Installs::start(&[("berlin", 20)]);
    let url = installs.sandboxes[0].url();
    installs.configure(&format!(
        "[profiles.again]\nurl = {url:?}\nidentifier = \"berlin-identifier\"\nsecret-file = \"berlin.secret\"\n"
    ));
    let file = installs.file("tickets.db");
    let ran = run(&mut installs.program(&["mirror", &file, "--all-profiles"]));
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("again and berlin are names of the same install"), "{}", ran.err);
    assert!(!fs::exists(&file).unwrap());
    // Also if one run follows the other.
    assert_eq!(run(&mut installs.program(&["mirror", &file, "--profile", "berlin"])).code, 0);
    let ran = run(&mut installs.program(&["mirror", &file, "--profile", "again"]));
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("under the name berlin, not again"), "{}", ran.err);
}

#[test]
fn a_run_reports_as_json_and_repeats_with_an_interval() {
    let sandbox = Sandbox::builder().tickets(60).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tickets.db");
    let arguments =
        ["mirror", text(&file), "--interval", "100ms", "--count", "3", "--format", "json", "--name", "shop"];
    let out = ask(&sandbox, &arguments).quietly();
    let runs: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(runs.len(), 3);
    for (index, run) in runs.iter().enumerate() {
        assert_eq!(run["exit_code"], 0);
        let install = &run["installs"][0];
        assert_eq!((&install["install"], &install["complete"]), (&"shop".into(), &true.into()));
        assert_eq!(install["mode"], if index == 0 { "full" } else { "incremental" });
        assert_eq!(install["new"], if index == 0 { 60 } else { 0 });
    }
    assert_eq!(count(text(&file), "SELECT count(*) FROM runs WHERE complete"), 3);
    let full = ask(&sandbox, &["mirror", text(&file), "--full", "--name", "shop"]);
    assert!(full.err.starts_with("note: shop: full run, 60 tickets read, 0 new"), "{}", full.err);
}

#[test]
fn a_run_that_is_not_complete_has_exit_code_5_and_stores_what_it_read() {
    let sandbox = sandbox_with(Quirk::MalformedUtf8Deep);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tickets.db");
    let ran = ask(&sandbox, &["mirror", text(&file)]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("(incomplete)") && ran.err.contains("cannot be sent"), "{}", ran.err);
    let stored = count(text(&file), "SELECT count(*) FROM tickets");
    assert!(stored > 0 && stored < 60, "{stored}");
    assert_eq!(count(text(&file), "SELECT count(*) FROM runs WHERE complete"), 0);
}

#[test]
fn an_unusable_database_is_reported_with_a_hint() {
    let sandbox = Sandbox::builder().tickets(5).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("shop.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE goods (name TEXT)").unwrap();
    let newer = folder.path().join("newer.db");
    assert_eq!(ask(&sandbox, &["mirror", text(&newer)]).code, 0);
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let locked = folder.path().join("locked.db");
    assert_eq!(ask(&sandbox, &["mirror", text(&locked)]).code, 0);
    let lock = Connection::open(&locked).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    for (database, code, what) in [
        (text(&other), 2, "is a database of another program"),
        (text(&newer), 2, "has version 99 of the mirror's tables"),
        (text(&locked), 6, "another run has the database locked"),
        ("mysql://root:hunter2@localhost/tickets", 2, "mysql:// is not the address of a database"),
        ("postgresql://me:hunter2@127.0.0.1:1/tickets", 6, "PostgreSQL database tickets at 127.0.0.1"),
    ] {
        let ran = ask(&sandbox, &["mirror", database, "-vvv"]);
        assert_eq!(ran.code, code, "{}", ran.err);
        assert!(ran.err.contains(what) && ran.err.contains("\nhint: "), "{}", ran.err);
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    }
    let nothing = ask(&sandbox, &["mirror"]);
    assert!(nothing.code == 2 && nothing.err.contains("DATABASE_URL"), "{}", nothing.err);
    let by_variable = run(asking(&sandbox).env("DATABASE_URL", folder.path().join("env.db")).arg("mirror"));
    assert_eq!(by_variable.code, 0, "{}", by_variable.err);
    assert_eq!(count(text(&folder.path().join("env.db")), "SELECT count(*) FROM tickets"), 5);
}

#[test]
fn flags_of_one_server_are_refused_for_several_profiles() {
    let installs = Installs::start(&[("berlin", 1), ("london", 1)]);
    let file = installs.file("tickets.db");
    for flags in [["--identifier", "i"], ["--url", "https://example.com"], ["--username", "me"]] {
        let arguments = ["mirror", &file, "--profile", "berlin", "--profile", "london", flags[0], flags[1]];
        let ran = run(&mut installs.program(&arguments));
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains("describes one server, and several profiles"), "{}", ran.err);
    }
    let named = run(&mut installs.program(&["mirror", &file, "--profile", "*", "--name", "x"]));
    assert!(named.code == 2 && named.err.contains("--name names one install"), "{}", named.err);
    let unknown = run(&mut installs.program(&["mirror", &file, "--profile", "b*", "--profile", "rome"]));
    assert!(unknown.code == 2 && unknown.err.contains("there is no profile \"rome\""), "{}", unknown.err);
    assert_eq!(gettickets(&["mirror", &file, "--all-profiles", "--profile", "berlin"]).code, 2);
    // The credentials in the environment are for one server.
    let only_url = "[profiles.rome]\nurl = \"http://127.0.0.1:1/\"\n";
    installs.configure(only_url);
    let ran = run(installs
        .program(&["mirror", &file, "--all-profiles"])
        .env("GETTICKETS_IDENTIFIER", "i")
        .env("GETTICKETS_SECRET", "hunter2"));
    assert!(ran.err.contains("rome: the API identifier is missing"), "{}", ran.err);
}

#[test]
fn a_run_that_is_killed_leaves_the_last_good_state() {
    let sandbox =
        Sandbox::builder().tickets(3_000).latency(std::time::Duration::from_millis(40)).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tickets.db");
    assert_eq!(ask(&sandbox, &["mirror", text(&file)]).code, 0);
    for id in sandbox.store().ids().unwrap() {
        sandbox.store().set_department(id, 77).unwrap();
    }
    for requests in [1, 3, 6] {
        let before = sandbox.request_count();
        let mut run = asking(&sandbox)
            .args(["mirror", text(&file), "--full"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while sandbox.request_count() < before + requests {
            assert!(run.try_wait().unwrap().is_none(), "the run ended before it was killed");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        run.kill().unwrap();
        run.wait().unwrap();
        assert_eq!(count(text(&file), "SELECT count(*) FROM tickets WHERE deptid = 77"), 0);
        assert_eq!(count(text(&file), "SELECT count(*) FROM runs"), 1);
    }
    let ran = ask(&sandbox, &["mirror", text(&file), "--full"]);
    assert!(ran.code == 0 && ran.err.contains("3000 changed"), "{}", ran.err);
}
