//! Compares what an interface reports with the catalog.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::mark;
use crate::outcome::Interface;
use crate::server::Row;

/// How long a call may take beyond its time limit, for busy machines. A call that takes longer hangs.
const SLACK: Duration = Duration::from_secs(20);
/// The maximum peak memory of a process, in MiB: a reply may have 64 MiB, and its buffer may grow to twice that size.
pub const MAX_MEMORY: u64 = 320;
/// How many calls run at the same time.
pub const JOBS: usize = 8;

/// What an interface reports of a fault.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The outcome, in the terms of [`Outcome`](crate::Outcome).
    pub outcome: String,
    /// Its kind, in the interface's own terms.
    pub kind: String,
    /// How long the calls took.
    pub elapsed: Duration,
    /// Everything that the interface can show of the result.
    pub shown: String,
}

/// Runs a function for every row, several at once, with its time. The results are in the order of the rows.
pub fn each(rows: &[Row], run: impl Fn(&Row) -> Seen + Sync) -> Vec<Seen> {
    let (next, (sender, receiver)) = (AtomicUsize::new(0), channel());
    thread::scope(|scope| {
        for _ in 0..JOBS {
            let (sender, next, run) = (sender.clone(), &next, &run);
            scope.spawn(move || {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let start = Instant::now();
                    let seen = run(row);
                    sender.send((row.name.clone(), Seen { elapsed: start.elapsed(), ..seen })).unwrap();
                }
            });
        }
    });
    drop(sender);
    let mut seen: std::collections::HashMap<String, Seen> = receiver.iter().collect();
    rows.iter().map(|row| seen.remove(&row.name).expect("a result")).collect()
}

/// Returns a line for each fault whose outcome is not that of the catalog, and for each secret that was shown.
pub fn problems(interface: Interface, faults: &[Fault], seen: &[Seen]) -> Vec<String> {
    let mut problems = Vec::new();
    assert_eq!(faults.len(), seen.len());
    for (fault, seen) in faults.iter().zip(seen) {
        let name = &fault.name;
        let (outcome, kind) = fault.outcome_in(interface).expected(interface);
        if (&outcome, &kind) != (&seen.outcome, &seen.kind) {
            let shown = seen.shown.lines().next().unwrap_or_default();
            problems.push(format!(
                "{name}: {} ({}) rather than {outcome} ({kind}): {shown}",
                seen.outcome, seen.kind
            ));
        }
        if seen.elapsed > fault.timeout + SLACK {
            problems.push(format!("{name}: took {:?}", seen.elapsed));
        }
        if let Some(found) = mark::find(&seen.shown) {
            problems.push(format!("{name}: shows {found}"));
        }
    }
    problems
}

/// Returns the peak memory of a process, in MiB, where the system reports it.
pub fn peak_memory(process: Option<u32>) -> Option<u64> {
    Some(memory_kib(process, "VmHWM")? >> 10)
}

/// Returns a size that Linux reports for a process, or for this one, in KiB: `VmHWM` is the peak memory, `VmRSS` the
/// current memory.
pub fn memory_kib(process: Option<u32>, name: &str) -> Option<u64> {
    let process = process.map_or("self".to_owned(), |id| id.to_string());
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
