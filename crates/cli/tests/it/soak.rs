//! Commands that run for a long time against a list that changes all the time: what they use does not grow.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use gettickets_faults::check::memory_kib;
use gettickets_sandbox::Sandbox;

use crate::program::{asking, text};

/// The number of tickets in the list, which does not grow either.
const TICKETS: u64 = 400;
/// The number of requests after which the first sample is taken, and between two samples.
const REQUESTS: u64 = 1_500;
/// The number of requests between two changes, at least.
const REQUESTS_PER_CHANGE: u64 = 3;
/// The number of samples after the first, unless `GETTICKETS_SOAK_MINUTES` says how long to go on.
const SAMPLES: u32 = 3;
/// The maximum growth of the memory between the first sample and the last, in KiB. Each round decodes more than this many
/// times over.
const MAX_GROWTH: u64 = 8 << 10;
/// How much of a mirror's database is kept in memory, in KiB. In a long run it grows to more than this.
const DATABASE_CACHE: u64 = 32 << 10;

/// The resources of a process.
#[derive(Clone, Copy, Debug)]
struct Usage {
    resident: u64,
    descriptors: usize,
    threads: usize,
}

impl Usage {
    fn of(child: &Child) -> Usage {
        let process = Path::new("/proc").join(child.id().to_string());
        let count = |name: &str| fs::read_dir(process.join(name)).unwrap().count();
        Usage {
            resident: memory_kib(Some(child.id()), "VmRSS").unwrap(),
            descriptors: count("fd"),
            threads: count("task"),
        }
    }
}

/// The maximum of what a process used while a round of requests was sent. One sample could be taken between two runs, or in
/// the middle of one.
fn most_used(children: &mut [(&str, Child)], sandbox: &Sandbox, logs: &Path) -> Vec<Usage> {
    let mut most: Vec<Usage> = children.iter().map(|(_, child)| Usage::of(child)).collect();
    let end = sandbox.request_count() + REQUESTS;
    let mut changed = sandbox.request_count();
    let mut last = (changed, Instant::now());
    while sandbox.request_count() < end {
        // Not by a quirk, before every reply, and not by the clock: on a busy machine the list would change faster than
        // it can be read.
        if sandbox.request_count() >= changed + REQUESTS_PER_CHANGE {
            changed = sandbox.request_count();
            sandbox.store().churn(changed).unwrap();
            delete_oldest(sandbox);
        }
        for ((name, child), most) in children.iter_mut().zip(&mut most) {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("{name} ended with {status}: {}", log_of(logs, name));
            }
            let now = Usage::of(child);
            most.resident = most.resident.max(now.resident);
            most.descriptors = most.descriptors.max(now.descriptors);
            most.threads = most.threads.max(now.threads);
        }
        if sandbox.request_count() > last.0 {
            last = (sandbox.request_count(), Instant::now());
        }
        assert!(last.1.elapsed() < Duration::from_secs(120), "no request was sent for two minutes");
        std::thread::sleep(Duration::from_millis(5));
    }
    most
}

/// What this command has written to its log.
fn log_of(logs: &Path, name: &str) -> String {
    fs::read_to_string(logs.join(name).with_extension("log")).unwrap()
}

/// Deletes the oldest tickets beyond [`TICKETS`]: the changes open more tickets than they delete.
fn delete_oldest(sandbox: &Sandbox) {
    let store = sandbox.store();
    for id in store.ids().unwrap().into_iter().skip(usize::try_from(TICKETS).unwrap()) {
        store.delete(id).unwrap();
    }
}

#[test]
fn what_long_runs_use_does_not_grow() {
    let sandbox = Sandbox::builder().tickets(TICKETS).start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("tickets.db");
    let start = |arguments: &[&str], log: &str| {
        let log = File::create(directory.path().join(log)).unwrap();
        let mut command = asking(&sandbox);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    };
    let mut children = [
        ("watch", start(&["watch", "--full", "--interval", "10ms"], "watch.log")),
        ("mirror", start(&["mirror", text(&database), "--full", "--interval", "10ms"], "mirror.log")),
    ];
    let minutes = std::env::var("GETTICKETS_SOAK_MINUTES").ok().map(|text| text.parse::<f64>().unwrap());
    let begin = Instant::now();
    let first = most_used(&mut children, &sandbox, directory.path());
    let mut samples = 0;
    let mut last = first.clone();
    while minutes.map_or(samples < SAMPLES, |minutes| begin.elapsed().as_secs_f64() < 60.0 * minutes) {
        last = most_used(&mut children, &sandbox, directory.path());
        samples += 1;
    }
    let requests = sandbox.request_count();
    println!("{requests} requests in {:.0} s", begin.elapsed().as_secs_f64());
    for (((name, child), first), last) in children.iter_mut().zip(&first).zip(&last) {
        child.kill().unwrap();
        child.wait().unwrap();
        println!("{name}: {first:?} at first, {last:?} at last");
    }
    for ((name, _), (first, last)) in children.iter().zip(first.iter().zip(&last)) {
        let log = log_of(directory.path(), name);
        let is_long_mirror = *name == "mirror" && minutes.is_some();
        let growth = MAX_GROWTH + if is_long_mirror { DATABASE_CACHE } else { 0 };
        assert!(last.resident <= first.resident + growth, "{name}: {first:?}, then {last:?}\n{log}");
        assert!(last.descriptors <= first.descriptors + 2, "{name}: {first:?}, then {last:?}\n{log}");
        assert!(last.threads <= first.threads + 2, "{name}: {first:?}, then {last:?}\n{log}");
    }
    let rows = rusqlite::Connection::open(&database).unwrap();
    let runs: i64 = rows.query_row("SELECT count(*) FROM runs", [], |row| row.get(0)).unwrap();
    assert!(runs > 10, "{runs} runs of the mirror");
}
