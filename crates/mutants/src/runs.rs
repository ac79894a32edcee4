//! Runs tests: first each by itself, to learn which functions it reaches, then those that reach a mutant.

use std::collections::{BTreeMap, BTreeSet, HashMap};
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
/// The time of the tests that are run first for a mutant.
const FIRST_BATCH: Duration = Duration::from_millis(300);
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
    /// Only the compiler evaluates the function, which is `const`.
    NotTried,
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

/// A line for each test: its milliseconds, the number of functions that it reaches, and its name.
pub(crate) fn times(tests: &[Test]) -> String {
    let line = |test: &Test| format!("{} {} {}\n", test.time.as_millis(), test.reaches.len(), test.name);
    tests.iter().map(line).collect()
}

/// Which tests have caught mutants so far: they are likely to catch others of the same function or file.
#[derive(Debug, Default)]
pub(crate) struct Catches {
    /// For a function and a test.
    of_function: HashMap<(usize, usize), u32>,
    /// For a test, by the name of the file.
    of_file: HashMap<String, HashMap<usize, u32>>,
}

impl Catches {
    fn add(&mut self, function: usize, file: &str, test: usize) {
        *self.of_function.entry((function, test)).or_default() += 1;
        *self.of_file.entry(file.to_owned()).or_default().entry(test).or_default() += 1;
    }

    /// How many catches the test promises, where one in the same function counts as much as eight in the same file.
    fn promise(&self, function: usize, file: &str, test: usize) -> u32 {
        let of_function = self.of_function.get(&(function, test)).copied().unwrap_or_default();
        let of_file = self.of_file.get(file).and_then(|tests| tests.get(&test)).copied().unwrap_or_default();
        of_function * 8 + of_file
    }
}

/// A mutant to try.
pub(crate) struct Trial<'m> {
    pub(crate) mutant: usize,
    /// The function that it changes.
    pub(crate) function: usize,
    /// The file of the function.
    pub(crate) file: &'m str,
}

/// Runs the tests that reach the function of a mutant, until one fails: first those that have caught other mutants, then
/// the fastest. All tests that are run take at most `budget` together, and there is at least one.
pub(crate) fn try_mutant(
    programs: &[Program],
    tests: &[Test],
    budget: Duration,
    trial: &Trial<'_>,
    catches: &Mutex<Catches>,
) -> Outcome {
    let lock = || catches.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let chosen = chosen(tests, budget, trial, &lock());
    if chosen.is_empty() {
        return Outcome::NotReached;
    }
    for batch in batches(tests, &chosen) {
        let mut of_program: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for test in batch {
            of_program.entry(tests[test].program).or_default().push(test);
        }
        for (program, members) in of_program {
            let mut run = command(&programs[program]);
            run.args(["--exact", "--test-threads=1"]).args(members.iter().map(|test| &tests[*test].name));
            run.env("GETTICKETS_MUTANT", trial.mutant.to_string());
            let time: Duration = members.iter().map(|test| tests[*test].time).sum();
            match watch(run, time * PATIENCE.0 + PATIENCE.1) {
                Ended::Passed => {}
                Ended::Failed(name) => {
                    let by = name.and_then(|name| members.iter().find(|test| tests[**test].name == name));
                    if let Some(test) = by {
                        lock().add(trial.function, trial.file, *test);
                    }
                    return Outcome::Caught;
                }
                Ended::Late => return Outcome::Timeout,
            }
        }
    }
    Outcome::Missed
}

/// The tests to run for a mutant, in their order.
fn chosen(tests: &[Test], budget: Duration, trial: &Trial<'_>, catches: &Catches) -> Vec<usize> {
    let reaching = (0..tests.len()).filter(|test| tests[*test].reaches.contains(&trial.function));
    let mut ordered: Vec<(f64, usize)> = reaching
        .map(|test| {
            // A process takes a time too.
            let time = tests[test].time.as_secs_f64() + 0.01;
            (f64::from(catches.promise(trial.function, trial.file, test)) / time, test)
        })
        .collect();
    ordered.sort_by(|(a, at), (b, other)| b.total_cmp(a).then(tests[*at].time.cmp(&tests[*other].time)));
    let mut total = Duration::ZERO;
    let mut chosen = Vec::new();
    for (_, test) in ordered {
        total += tests[test].time;
        if total > budget && !chosen.is_empty() {
            break;
        }
        chosen.push(test);
    }
    chosen
}

/// Divides the tests into runs: a mutant that a first test catches does not have to wait for the others, and one that
/// does not end is found sooner.
fn batches(tests: &[Test], chosen: &[usize]) -> Vec<Vec<usize>> {
    let (mut batches, mut batch): (Vec<Vec<usize>>, Vec<usize>) = Default::default();
    let (mut total, mut limit) = (Duration::ZERO, FIRST_BATCH);
    for test in chosen {
        total += tests[*test].time;
        if total > limit && !batch.is_empty() {
            batches.push(std::mem::take(&mut batch));
            (total, limit) = (tests[*test].time, limit * 4);
        }
        batch.push(*test);
    }
    batches.push(batch);
    batches
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
    /// With the name of the test that failed, if it was printed.
    Failed(Option<String>),
    Late,
}

/// Runs a test program until its first failure, its end, or this limit.
fn watch(mut command: Command, limit: Duration) -> Ended {
    let Ok(mut child) = command.stdout(Stdio::piped()).spawn() else { return Ended::Failed(None) };
    let Some(output) = child.stdout.take() else { return Ended::Failed(None) };
    let (sender, receiver) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).is_ok_and(|len| len > 0) {
            if let Some(name) = failed(&String::from_utf8_lossy(&line)) {
                let _ = sender.send(name.map(str::to_owned));
            }
            line.clear();
        }
        // The sender is dropped: the program has closed its output.
        let _ = output.read_to_end(&mut line);
    });
    let ended = match receiver.recv_timeout(limit) {
        Ok(name) => Ended::Failed(name),
        Err(RecvTimeoutError::Timeout) => Ended::Late,
        Err(RecvTimeoutError::Disconnected) => match wait(&mut child, PATIENCE.1) {
            Some(true) => Ended::Passed,
            Some(false) => Ended::Failed(None),
            None => Ended::Late,
        },
    };
    let _ = child.kill();
    let _ = child.wait();
    // A process that the test has started may keep the output open; its thread is left to it.
    drop(reader);
    ended
}

/// Returns the name of the test if this line of the output says that one failed. The name is missing if the test has
/// printed lines between.
fn failed(line: &str) -> Option<Option<&str>> {
    let begin = line.strip_suffix("FAILED\n")?;
    Some(begin.strip_prefix("test ").and_then(|name| name.split(' ').next()))
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
        assert!(
            matches!(shell("echo test a ... FAILED; exec sleep 10"), Ended::Failed(Some(name)) if name == "a")
        );
        assert!(matches!(shell("echo ...FAILED; exec sleep 10"), Ended::Failed(None)));
        assert!(matches!(shell("kill -SEGV $$"), Ended::Failed(None)));
        assert!(matches!(shell("exec sleep 10"), Ended::Late));
    }

    #[test]
    fn tests_that_caught_others_come_first_and_then_the_fastest() {
        let test = |milliseconds, reaches: &[usize]| Test {
            program: 0,
            name: String::new(),
            time: Duration::from_millis(milliseconds),
            reaches: reaches.iter().copied().collect(),
        };
        let tests = [test(10, &[1]), test(20, &[1, 2]), test(100, &[1]), test(900, &[1]), test(5, &[2])];
        let trial = Trial { mutant: 0, function: 1, file: "a" };
        let mut catches = Catches::default();
        let with_budget =
            |budget, catches: &Catches| chosen(&tests, Duration::from_millis(budget), &trial, catches);
        assert_eq!(with_budget(5_000, &catches), [0, 1, 2, 3]);
        assert_eq!(with_budget(130, &catches), [0, 1, 2]);
        assert_eq!(with_budget(1, &catches), [0]);
        // One in another function of the file, and one in the function.
        catches.add(7, "a", 1);
        catches.add(1, "a", 2);
        catches.add(7, "b", 3);
        assert_eq!(with_budget(5_000, &catches), [2, 1, 0, 3]);
        assert_eq!(batches(&tests, &[2, 1, 0, 3]), [vec![2, 1, 0], vec![3]]);
        assert_eq!(batches(&tests, &[3, 2]), [[3], [2]]);
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
