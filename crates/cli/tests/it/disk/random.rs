//! Runs a mirror of sandboxes for 1,000 random steps. The program is killed at random calls on its files. After each
//! run the recorded changes are compared with the difference of the states, and after each full run the mirror with the
//! sandboxes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use gettickets_protocol::{Status, Ticket};
use rusqlite::Connection;

use super::preload::{self, Fault};
use crate::installs::Installs;
use crate::program::run;

const NAMES: [&str; 2] = ["berlin", "london"];
const STEPS: u64 = 1_000;

/// The fields that the mirror compares, with their names and values in the format of the table `changes`.
type Fields = BTreeMap<&'static str, Option<String>>;
/// The tickets of an install that are not gone.
type State = BTreeMap<u64, Fields>;
/// An entry of the table `changes`: id, what, old and new value.
type Change = (u64, String, Option<String>, Option<String>);

fn state_of_sandbox(installs: &Installs, index: usize) -> State {
    let store = installs.sandboxes[index].store();
    let time =
        |time: Option<jiff::civil::DateTime>| time.map(|time| time.strftime("%Y-%m-%d %H:%M:%S").to_string());
    let fields = |ticket: Ticket| -> Fields {
        [
            ("status", Some(ticket.status.to_string())),
            ("deptid", Some(ticket.deptid.to_string())),
            ("priority", Some(ticket.priority.to_string())),
            ("flag", Some(ticket.flag.to_string())),
            ("lastreply", time(ticket.lastreply)),
            ("subject", Some(ticket.subject)),
            ("tid", Some(ticket.tid)),
            ("date", time(ticket.date)),
        ]
        .into()
    };
    store.ids().unwrap().into_iter().map(|id| (id, fields(store.get(id).unwrap().unwrap()))).collect()
}

fn open(file: &str) -> Connection {
    Connection::open(file).unwrap()
}

fn mirrored(database: &Connection, install: &str) -> State {
    let columns = ["status", "deptid", "priority", "flag", "lastreply", "subject", "tid", "date"];
    let mut select = database
        .prepare(
            "SELECT id, status, CAST(deptid AS TEXT), priority, CAST(flag AS TEXT), lastreply, subject, tid, date
             FROM tickets WHERE install = ? AND gone IS NULL",
        )
        .unwrap();
    let rows = select.query_map([install], |row| {
        let fields = columns.iter().enumerate().map(|(index, name)| Ok((*name, row.get(index + 1)?)));
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), fields.collect::<rusqlite::Result<Fields>>()?))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn last_run(database: &Connection) -> i64 {
    database.query_row("SELECT coalesce(max(run), 0) FROM runs", [], |row| row.get(0)).unwrap()
}

/// The changes of an install that were recorded after the run `after`. The value of `returned`, a time, is left out.
fn changes(database: &Connection, install: &str, after: i64) -> BTreeSet<Change> {
    let mut select = database
        .prepare("SELECT id, what, CASE what WHEN 'returned' THEN NULL ELSE old END, new FROM changes WHERE install = ? AND run > ?")
        .unwrap();
    let rows = select.query_map((install, after), |row| {
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?, row.get(2)?, row.get(3)?))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// The changes that a run records if the mirror has the state `old` and the install has the state `new`. `ever` holds
/// every ticket that the mirror has ever had.
fn expected(old: &State, new: &State, ever: &BTreeMap<u64, Fields>) -> BTreeSet<Change> {
    let mut changes = BTreeSet::new();
    for (id, fields) in new {
        let before = match (old.get(id), ever.get(id)) {
            (Some(before), _) => before,
            (None, Some(before)) => {
                changes.insert((*id, "returned".to_owned(), None, None));
                before
            }
            (None, None) => {
                changes.insert((*id, "opened".to_owned(), None, fields["status"].clone()));
                continue;
            }
        };
        // The id of a ticket that is gone was given to another ticket.
        if before["tid"] != fields["tid"] && before["date"] != fields["date"] {
            changes.insert((*id, "replaced".to_owned(), before["tid"].clone(), fields["tid"].clone()));
        }
        for (name, value) in fields.iter().filter(|(name, _)| !["tid", "date"].contains(name)) {
            if before[name] != *value {
                changes.insert((*id, (*name).to_owned(), before[name].clone(), value.clone()));
            }
        }
    }
    for (id, fields) in old {
        if !new.contains_key(id) {
            changes.insert((*id, "gone".to_owned(), fields["status"].clone(), None));
        }
    }
    changes
}

fn program(installs: &Installs, file: &str, is_full: bool) -> Command {
    let mut command = installs.program(&["mirror", file, "--all-profiles"]);
    if is_full {
        command.arg("--full");
    }
    command
}

/// Changes a random ticket of an install.
fn disturb(installs: &Installs, random: &mut fastrand::Rng, step: u64, deleted: &mut Vec<(usize, Ticket)>) {
    let index = random.usize(0..NAMES.len());
    let store = installs.sandboxes[index].store();
    let ids = store.ids().unwrap();
    let mut any = || ids[random.usize(0..ids.len())];
    let (one, other) = (any(), any());
    let done = match random.u32(0..8) {
        0 => store.churn(step).map(|()| true),
        1 => store.set_department(one, random.u64(1..6)),
        2 => store.set_status(one, Status::from(["Open", "Closed", "On Hold"][random.usize(0..3)])),
        3 => store.reply(one, Status::from("Customer-Reply")),
        4 => store.merge(one, other),
        5 if ids.len() > 30 => {
            deleted.push((index, store.get(one).unwrap().unwrap()));
            store.delete(one)
        }
        6 => {
            // A ticket that was deleted is restored, unless its id is in use again; or a new one is opened.
            let restored =
                deleted.pop_if(|(of, ticket)| *of == index && store.get(ticket.id).unwrap().is_none());
            let lastreply = store.now().unwrap();
            let new = Ticket { tid: format!("NEW-{step}"), lastreply, date: lastreply, ..Ticket::default() };
            store.open(restored.map_or(new, |(_, ticket)| ticket)).map(|_| true)
        }
        _ => store.close(one),
    };
    done.unwrap();
}

#[test]
fn a_thousand_steps_with_kills_lose_nothing_and_record_every_change() {
    let Some(library) = preload::library() else { return };
    let seed = std::env::var("GETTICKETS_DISK_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let installs = Installs::start(&[("berlin", 120), ("london", 80)]);
    let folder = Path::new(&installs.file("")).canonicalize().unwrap();
    let file = folder.join("tickets.db").to_str().unwrap().to_owned();
    assert_eq!(run(&mut program(&installs, &file, true)).code, 0);
    let mut random = fastrand::Rng::with_seed(seed);
    // The last state of every ticket that the mirror ever had.
    let mut ever: Vec<BTreeMap<u64, Fields>> = vec![BTreeMap::new(); NAMES.len()];
    for (index, name) in NAMES.iter().enumerate() {
        ever[index] = mirrored(&open(&file), name);
    }
    let mut deleted = Vec::new();
    let (mut full_runs, mut runs, mut kills, mut recorded) = (0, 0, 0, 0);
    for step in 0..STEPS {
        let what = random.u32(0..100);
        if what < 85 {
            disturb(&installs, &mut random, step, &mut deleted);
            continue;
        }
        let database = open(&file);
        let before: Vec<State> = NAMES.iter().map(|name| mirrored(&database, name)).collect();
        let last = last_run(&database);
        drop(database);
        let is_full = what.is_multiple_of(2);
        let context = format!("seed {seed}, step {step}, {}", if is_full { "full" } else { "incremental" });
        if what < 94 {
            let at = random.u64(1..60);
            let ended =
                preload::run_with(program(&installs, &file, is_full), library, &folder, at, Fault::Kills);
            assert!(matches!(ended.code, None | Some(0)), "{context}: {ended:?}");
            kills += usize::from(ended.code.is_none());
        } else {
            let ran = run(&mut program(&installs, &file, is_full));
            assert_eq!(ran.code, 0, "{context}: {}", ran.err);
            runs += 1;
        }
        let database = open(&file);
        let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok", "{context}");
        let unfinished = "SELECT count(*) FROM runs WHERE ended IS NULL OR NOT complete";
        assert_eq!(database.query_row(unfinished, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "{context}");
        for (index, name) in NAMES.iter().enumerate() {
            let after = mirrored(&database, name);
            // Each install is unchanged or completely updated.
            let was_stored = "SELECT count(*) FROM runs WHERE install = ? AND run > ?";
            let was_stored: i64 = database.query_row(was_stored, (name, last), |row| row.get(0)).unwrap();
            let found = changes(&database, name, last);
            if was_stored == 0 {
                assert_eq!(after, before[index], "{context}, {name}");
            }
            assert_eq!(found, expected(&before[index], &after, &ever[index]), "{context}, {name}");
            recorded += found.len();
            if was_stored == 1 && is_full {
                assert_eq!(after, state_of_sandbox(&installs, index), "{context}, {name}");
                full_runs += 1;
            }
            for (id, fields) in after {
                ever[index].insert(id, fields);
            }
        }
    }
    println!(
        "{runs} runs, {kills} kills, {full_runs} full runs of an install compared with its sandbox, {recorded} changes"
    );
    assert!(
        full_runs > 60 && kills > 40 && runs > 30 && recorded > 300,
        "{full_runs} {kills} {runs} {recorded}"
    );
}
