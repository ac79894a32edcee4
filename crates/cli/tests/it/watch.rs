//! `watch`: events as they happen.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use gettickets_protocol::{Status, Ticket};
use gettickets_sandbox::Sandbox;
use serde_json::Value;

use crate::program::{ask, asking};

/// More requests than the first look takes.
const SETTLED: u64 = 8;

/// Runs a watch, does something once it has begun, and gives this many of its lines.
fn events(sandbox: &Sandbox, flags: &[&str], act: impl FnOnce(), count: usize) -> Vec<Value> {
    let mut command = asking(sandbox);
    command.args(["watch", "--interval", "20ms"]).args(flags).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while sandbox.request_count() < SETTLED {
        thread::sleep(Duration::from_millis(10));
    }
    act();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let events = lines.take(count).map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    events
}

#[test]
fn what_is_opened_and_answered_is_told() {
    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let store = sandbox.store();
    let act = || {
        store.open(Ticket { subject: "New here".into(), ..Ticket::default() }).unwrap();
    };
    let told = events(&sandbox, &[], act, 1);
    assert_eq!((&told[0]["event"], &told[0]["ticket"]["subject"]), (&"opened".into(), &"New here".into()));

    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let store = sandbox.store();
    let id = store.ids().unwrap()[20];
    let told = events(&sandbox, &[], || assert!(store.reply(id, Status::Answered).unwrap()), 1);
    assert_eq!((&told[0]["event"], &told[0]["ticket"]["id"]), (&"replied".into(), &id.into()));
}

#[test]
fn a_full_look_sees_what_leaves_the_last_reply_alone() {
    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let store = sandbox.store();
    let ids = store.ids().unwrap();
    let moved = events(&sandbox, &["--full"], || assert!(store.set_department(ids[3], 99).unwrap()), 1);
    assert_eq!(
        (&moved[0]["event"], &moved[0]["changes"]),
        (&"changed".into(), &serde_json::json!(["deptid"]))
    );

    let sandbox = Sandbox::builder().tickets(40).start().unwrap();
    let store = sandbox.store();
    let gone = events(&sandbox, &["--full"], || assert!(store.delete(ids[5]).unwrap()), 1);
    assert_eq!((&gone[0]["event"], &gone[0]["id"]), (&"gone".into(), &ids[5].into()));
}

#[test]
fn it_ends_after_the_looks_asked_for() {
    let sandbox = Sandbox::builder().tickets(5).start().unwrap();
    let ran = ask(&sandbox, &["watch", "--interval", "10ms", "--count", "2"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
}
