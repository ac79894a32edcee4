//! Runs tests: first each by itself, to learn which functions it reaches, then those that reach a mutant.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use std::{fs, iter};

use crate::compile::Program;

/// Time for a test that is not changed by the mutant, as a multiple of its usual time, and a constant.
const PATIENCE: (u32, Duration) = (6, Duration::from_secs(4));
/// The address space of a test program, in kilobytes: a mutant may allocate without end.
const MEMORY: u32 = 12_000_000;
/// Copies of a function's body make its stack frame larger.
const STACK: &str = "33554432";

/// A test that passes in the original.
#[derive(Debug)]
pub(crate) struct Test {
    program: usize,
    name: String,
    time: Duration,
    /// The numbers of the functions that it calls.
    reaches: BTreeSet<usize>,
}

/// How the tests that reach a mutant ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No test reaches the function.
    NotReached,
    Missed,
    Caught,
    Timeout,
}

/// Lists the tests of these programs and runs each by itself. Tests that fail, and tests that take longer than the limit,
/// are printed and left out.
pub(crate) fn measure(
    programs: &[Program],
    limit: Duration,
    jobs: usize,
    scratch: &Path,
) -> Result<Vec<Test>, String> {
    let mut names = Vec::new();
    for (index, program) in programs.iter().enumerate() {
        let listed = command(program).args(["--list", "--format=terse"]).output();
        let listed = listed.map_err(|error| format!("{}: {error}", program.path.display()))?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let tests = listed.lines().filter_map(|line| line.strip_suffix(": test"));
        names.extend(tests.map(|name| (index, name.to_owned())));
    }
    let found = Mutex::new(Vec::new());
    in_parallel(jobs, names.len(), |at| {
        let (program, name) = &names[at];
        let file = scratch.join(format!("reached-{at}"));
        let _ = fs::remove_file(&file);
        let start = Instant::now();
        let mut run = command(&programs[*program]);
        run.arg("--exact").arg(name).env("GETTICKETS_MUTANTS_REACHED", &file);
        let ended = watch(run, limit);
        let time = start.elapsed();
        let reached = fs::read_to_string(&file).unwrap_or_default();
        let reaches: BTreeSet<usize> = reached.lines().filter_map(|line| line.parse().ok()).collect();
        match ended {
            Ended::Passed if !reaches.is_empty() => {
                let test = Test { program: *program, name: name.clone(), time, reaches };
                found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(test);
            }
            Ended::Passed => {}
            _ => println!("left out: {name} does not pass within {} s", limit.as_secs()),
        }
    });
    let mut found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    found.sort_by_key(|test| test.time);
    Ok(found)
}

/// Runs the tests that reach this function, with this mutant: the fastest ones, which together take at most `budget`, and
/// at least one.
pub(crate) fn try_mutant(
    programs: &[Program],
    tests: &[Test],
    budget: Duration,
    function: usize,
    mutant: usize,
) -> Outcome {
    let mut of_program: BTreeMap<usize, (Duration, Vec<&str>)> = BTreeMap::new();
    let mut total = Duration::ZERO;
    for test in tests.iter().filter(|test| test.reaches.contains(&function)) {
        total += test.time;
        if total > budget && !of_program.is_empty() {
            break;
        }
        let (time, names) = of_program.entry(test.program).or_default();
        *time += test.time;
        names.push(&test.name);
    }
    if of_program.is_empty() {
        return Outcome::NotReached;
    }
    let mut runs: Vec<_> = of_program.into_iter().collect();
    runs.sort_by_key(|(_, (time, _))| *time);
    for (program, (time, names)) in runs {
        let mut run = command(&programs[program]);
        run.args(["--exact", "--test-threads=1"]).args(names).env("GETTICKETS_MUTANT", mutant.to_string());
        match watch(run, time * PATIENCE.0 + PATIENCE.1) {
            Ended::Passed => {}
            Ended::Failed => return Outcome::Caught,
            Ended::Late => return Outcome::Timeout,
        }
    }
    Outcome::Missed
}

/// Calls the function with each index less than `count`, on this many threads.
pub(crate) fn in_parallel(jobs: usize, count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed))
                    .take_while(|at| *at < count)
                    .for_each(&work);
            });
        }
    });
}

/// A test program, with limited memory.
fn command(program: &Program) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit -v {MEMORY}; ulimit -c 0; exec \"$0\" \"$@\"")).arg(&program.path);
    command.current_dir(&program.folder).stdin(Stdio::null()).stderr(Stdio::null());
    // Tests of snapshots must not write new ones.
    command.env("INSTA_UPDATE", "no").env("INSTA_FORCE_PASS", "0").env("RUST_MIN_STACK", STACK);
    command.env("CARGO_MANIFEST_DIR", &program.folder);
    command
}

enum Ended {
    Passed,
    Failed,
    Late,
}

/// Runs a test program until its first failure, its end, or this limit.
fn watch(mut command: Command, limit: Duration) -> Ended {
    let Ok(mut child) = command.stdout(Stdio::piped()).spawn() else { return Ended::Failed };
    let Some(output) = child.stdout.take() else { return Ended::Failed };
    let (sender, receiver) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).is_ok_and(|len| len > 0) {
            if line.ends_with(b"FAILED\n") {
                let _ = sender.send(());
            }
            line.clear();
        }
        // The sender is dropped: the program has closed its output.
        let _ = output.read_to_end(&mut line);
    });
    let ended = match receiver.recv_timeout(limit) {
        Ok(()) => Ended::Failed,
        Err(RecvTimeoutError::Timeout) => Ended::Late,
        Err(RecvTimeoutError::Disconnected) => match wait(&mut child, PATIENCE.1) {
            Some(true) => Ended::Passed,
            Some(false) => Ended::Failed,
            None => Ended::Late,
        },
    };
    let _ = child.kill();
    let _ = child.wait();
    // A process that the test has started may keep the output open; its thread is left to it.
    drop(reader);
    ended
}

/// Whether the program succeeded, or nothing if it has not ended within this time.
fn wait(child: &mut Child, time: Duration) -> Option<bool> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if start.elapsed() < time => thread::sleep(Duration::from_millis(1)),
            Ok(None) => return None,
            Err(_) => return Some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_a_crash_and_the_limit_end_a_run() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.arg("-c").arg(script);
            watch(command, Duration::from_millis(300))
        };
        assert!(matches!(shell("echo test a ... ok"), Ended::Passed));
        assert!(matches!(shell("echo test a ... FAILED; exec sleep 10"), Ended::Failed));
        assert!(matches!(shell("kill -SEGV $$"), Ended::Failed));
        assert!(matches!(shell("exec sleep 10"), Ended::Late));
    }

    #[test]
    fn every_index_is_worked_on_once() {
        let seen = Mutex::new(Vec::new());
        in_parallel(3, 20, |at| seen.lock().unwrap().push(at));
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert_eq!(seen, (0..20).collect::<Vec<_>>());
    }
}
