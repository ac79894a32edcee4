//! `cargo xtask mutants`: makes small changes to the code and finds those that no test detects.

use std::fs;
use std::path::Path;

use crate::process::{Result, cargo, program, root, target};
use crate::{files, tools, written};

const HELP: &str = "\
usage: cargo xtask mutants [--in-diff COMMIT | --all | --sample K/N] [ARGUMENT…]
       cargo xtask mutants --one-build PACKAGE [ARGUMENT…]

Tests the tests with cargo-mutants: a mutant is a small change of the code, and is missed if no test detects it.

  --in-diff COMMIT   mutants of the lines that differ from this commit (default: main)
  --all              mutants of all the code
  --sample K/N       every Nth mutant of all the code, beginning with number K, which is less than N
  --one-build PACKAGE   all mutants of this package, compiled into one build: an hour instead of days

With --one-build, mutants in constants, in functions that only the compiler evaluates, and in functions that return an `impl`
type are not tried, and a test runs for a mutant if it calls the mutated function. Its arguments:

  --record           write the score into RELIABILITY.md, with the commit
  --jobs N           mutants to test at once (default: 2)
  --limit SECONDS    leave out tests that take longer (default: 20)
  --budget SECONDS   for each mutant run only the fastest tests, which together take this time (default: 3600)
  --only TEXT        only mutants whose name contains this
  --names FILE       only mutants whose name is a line of this file, such as a copy of missed.txt of an earlier run, whose
                     other results are kept

Otherwise arguments are passed on to cargo-mutants, such as -p gettickets-protocol, --file crates/client/src/scan/*.rs or --in-place.
Prints the score, which is the share of the mutants that compile and that a test detects, and its 95 % interval if the
mutants are a sample. The results are in target/mutants.out; `.cargo/mutants.toml` has the settings, and `.cargo/survivors` the
mutants that no test detects, with the reasons.";

/// The number of scan histories for each mutant. The usual number takes too long.
const HISTORIES: &str = "300";

/// The list of the missed mutants that have no reason in `.cargo/survivors`.
const UNEXPLAINED: &str = "unexplained.txt";

/// Writes the score of a package into this file, after this line.
const RECORD: &str = "--record";
const FILE: &str = "RELIABILITY.md";
const BEGIN: &str = "<!-- written by `cargo xtask mutants --one-build PACKAGE --record` -->";
const COLUMNS: &str = "\
| crate | mutants | caught | timed out | missed | missed and not listed | score | do not compile | not tried | commit |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---|";

/// The mutants to test.
#[derive(Debug, PartialEq, Eq)]
enum Selection {
    /// Those of the lines that differ from this commit.
    Since(String),
    All,
    /// One of every so many: `K/N`.
    Sample(String),
}

pub(crate) fn run(args: &[String]) -> Result {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{HELP}");
        return Ok(());
    }
    if let [first, package, passed @ ..] = args
        && first == "--one-build"
    {
        return one_build(package, passed);
    }
    let (selection, passed) = parsed(args)?;
    let mut mutants = program(tools::cargo_mutants()?, "mutants --output").arg(target());
    match &selection {
        Selection::All => {}
        Selection::Sample(shard) => mutants = mutants.args("--sharding round-robin --shard").arg(shard),
        Selection::Since(base) => {
            let diff = program("git", "diff --no-ext-diff").arg(base).arg("--").arg("*.rs").printed()?;
            if diff.is_empty() {
                println!("no Rust file differs from {base}; --all tests everything");
                return Ok(());
            }
            let file = target().join("mutants.diff");
            files::write(&file, diff)?;
            mutants = mutants.arg("--in-diff").arg(file);
        }
    }
    let results = target().join("mutants.out");
    // The results of an earlier run must not be taken for those of one that does not start.
    let _ = fs::remove_dir_all(&results);
    let ran =
        passed.iter().fold(mutants, |mutants, arg| mutants.arg(arg)).env("SCAN_HISTORIES", HISTORIES).run();
    if let Some(score) = Score::read(&results) {
        println!("{}", score.to_text(matches!(selection, Selection::Sample(_))));
    }
    ran
}

/// Tests all mutants of a package in one build of a copy of the repository.
fn one_build(package: &str, passed: &[String]) -> Result {
    let (list, tree) = (target().join("mutants.json"), target().join("mutants.tree"));
    let results = target().join("mutants.out").join(package);
    let listed =
        program(tools::cargo_mutants()?, "mutants --list --json --package").arg(package).printed()?;
    files::write(&list, listed)?;
    // Determined before the run: the sources may change while it lasts.
    let record = passed.iter().any(|arg| arg == RECORD);
    let commit = if record { written::commit()? } else { String::new() };
    copy(&tree)?;
    let run = cargo("run --quiet --locked --release --package gettickets-mutants --");
    let run = run.arg(&list).arg(&tree).arg(package).arg(&results);
    if !passed.iter().any(|arg| arg == "--names") {
        // The results of an earlier run must not be taken for those of one that does not start.
        let _ = fs::remove_dir_all(&results);
    }
    let passed = passed.iter().filter(|arg| *arg != RECORD);
    let ran = passed.fold(run, |run, arg| run.arg(arg)).env("SCAN_HISTORIES", HISTORIES).run();
    // A run that was ended early leaves its results so far.
    let Some(score) = Score::read(&results) else { return ran.and(Err("no mutant was tested".to_owned())) };
    println!("{}\nthe lists are in {}", score.to_text(score.waiting > 0), results.display());
    if record {
        let text = files::read(root().join(FILE))?;
        let part = with_row(written::part(&text, BEGIN)?.1, package, &score.row(package, &commit));
        written::replace(FILE, BEGIN, &part)?;
    }
    ran
}

/// The table with this row for the package, sorted by package.
fn with_row(table: &str, package: &str, row: &str) -> String {
    let others =
        table.lines().filter(|line| line.starts_with("| `") && !line.starts_with(&format!("| `{package}`")));
    let mut rows: Vec<&str> = others.chain([row]).collect();
    rows.sort_unstable();
    format!("{COLUMNS}\n{}\n", rows.join("\n"))
}

/// Copies the files of the repository that git does not ignore. Files that are the same are not written, so that cargo
/// does not compile them again.
fn copy(to: &Path) -> Result {
    let files = program("git", "ls-files -z --cached --others --exclude-standard").printed()?;
    for file in String::from_utf8_lossy(&files).split('\0').filter(|file| !file.is_empty()) {
        let (from, to) = (root().join(file), to.join(file));
        // A file can be deleted and not yet committed.
        let Ok(text) = fs::read(&from) else { continue };
        if fs::read(&to).is_ok_and(|have| have == text) {
            continue;
        }
        let written = to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&to, text));
        written.map_err(|error| format!("{}: {error}", to.display()))?;
    }
    Ok(())
}

/// Returns which mutants to test, and the arguments to pass on.
fn parsed(args: &[String]) -> Result<(Selection, Vec<String>)> {
    let (mut selection, mut passed) = (Selection::Since("main".to_owned()), Vec::new());
    let mut rest = args.iter().cloned();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--all" => selection = Selection::All,
            "--in-diff" => {
                selection = Selection::Since(rest.next().ok_or("--in-diff needs a commit, such as main")?);
            }
            "--sample" => {
                selection = Selection::Sample(rest.next().ok_or("--sample needs K/N, such as 0/50")?);
            }
            _ => passed.push(arg),
        }
    }
    Ok((selection, passed))
}

/// The numbers of mutants by result.
#[derive(Debug, PartialEq, Eq)]
struct Score {
    caught: usize,
    /// A test did not end, so the mutant was detected too.
    timeout: usize,
    missed: usize,
    /// Missed mutants that are not listed with a reason in `.cargo/survivors`.
    unexplained: usize,
    /// Mutants that do not compile. They do not count.
    unviable: usize,
    /// Mutants that cannot be selected in one build of all. They do not count.
    not_tried: usize,
    /// Mutants that a run which was ended early would have tried later. The others are a random sample.
    waiting: usize,
}

impl Score {
    /// Counts the lines of the lists in this directory. Returns `None` if no mutant was tested.
    fn read(results: &Path) -> Option<Score> {
        let lines =
            |name: &str| fs::read_to_string(results.join(name)).map_or(0, |list| list.lines().count());
        let score = Score {
            caught: lines("caught.txt"),
            timeout: lines("timeout.txt"),
            missed: lines("missed.txt"),
            unexplained: lines(if results.join(UNEXPLAINED).exists() { UNEXPLAINED } else { "missed.txt" }),
            unviable: lines("unviable.txt"),
            not_tried: lines("not-tried.txt"),
            waiting: lines("waiting.txt"),
        };
        (score.viable() > 0).then_some(score)
    }

    fn viable(&self) -> usize {
        self.caught + self.timeout + self.missed
    }

    /// The row of a package in the table of scores.
    fn row(&self, package: &str, commit: &str) -> String {
        let Score { caught, timeout, missed, unexplained, unviable, not_tried, waiting } = self;
        let score = format!("{:.1} %", self.percent());
        let score = match waiting {
            0 => score,
            _ => {
                let (low, high) = interval(caught + timeout, self.viable());
                format!("{score} ({low:.1} to {high:.1} %; a sample)")
            }
        };
        let viable = self.viable();
        format!(
            "| `{package}` | {viable} | {caught} | {timeout} | {missed} | {unexplained} | {score} | {unviable} | {not_tried} | `{commit}` |"
        )
    }

    /// The score in percent, rounded down to tenths: 100 only if no mutant is missed.
    fn percent(&self) -> f64 {
        (1000 * (self.caught + self.timeout) / self.viable()) as f64 / 10.0
    }

    fn to_text(&self, sample: bool) -> String {
        let Score { caught, timeout, missed, unexplained, unviable, not_tried, .. } = self;
        let viable = self.viable();
        let percent = self.percent();
        let (low, high) = interval(caught + timeout, viable);
        let interval =
            if sample { format!(" (95 % interval: {low:.1} to {high:.1} %)") } else { String::new() };
        let not_tried = if *not_tried > 0 { format!(", {not_tried} not tried") } else { String::new() };
        format!(
            "{viable} mutants: {caught} caught, {timeout} timed out, {missed} missed, {unexplained} of them not listed; {unviable} do not compile{not_tried}; score {percent:.1} %{interval}"
        )
    }
}

/// Wilson's interval, in percent, for a share that was estimated from a sample.
fn interval(hits: usize, sample: usize) -> (f64, f64) {
    const Z: f64 = 1.96;
    let (n, share) = (sample as f64, hits as f64 / sample as f64);
    let center = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 100.0 / (1.0 + Z * Z / n);
    ((center - half) * scale, (center + half) * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORE: Score =
        Score { caught: 95, timeout: 2, missed: 3, unexplained: 1, unviable: 40, not_tried: 0, waiting: 0 };

    #[test]
    fn changes_since_main_are_tested_by_default() {
        let parsed = |line: &str| parsed(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let since = |base: &str| Selection::Since(base.to_owned());
        assert_eq!(parsed("").unwrap(), (since("main"), vec![]));
        assert_eq!(
            parsed("--in-diff HEAD~3 -p gettickets").unwrap(),
            (since("HEAD~3"), vec!["-p".into(), "gettickets".into()])
        );
        assert_eq!(parsed("--all --in-place").unwrap(), (Selection::All, vec!["--in-place".into()]));
        assert_eq!(parsed("--sample 3/40").unwrap(), (Selection::Sample("3/40".into()), vec![]));
        assert!(parsed("--in-diff").is_err());
        assert!(parsed("--sample").is_err());
    }

    #[test]
    fn a_package_has_one_row_in_the_table() {
        let score = Score { not_tried: 7, ..SCORE };
        let row = score.row("b", "cafe");
        assert_eq!(row, "| `b` | 100 | 95 | 2 | 3 | 1 | 97.0 % | 40 | 7 | `cafe` |");
        let sample = Score { waiting: 1, ..score }.row("a", "cafe");
        assert!(sample.contains("| 97.0 % (91.5 to 99.0 %; a sample) |"), "{sample}");
        let table = with_row(&with_row(&with_row("", "b", "| `b` | old |"), "a", &sample), "b", &row);
        assert_eq!(table, format!("{COLUMNS}\n{sample}\n{row}\n"));
    }

    #[test]
    fn the_score_counts_mutants_that_compile() {
        assert_eq!(
            SCORE.to_text(true),
            "100 mutants: 95 caught, 2 timed out, 3 missed, 1 of them not listed; 40 do not compile; score 97.0 % (95 % interval: 91.5 to 99.0 %)"
        );
        assert!(SCORE.to_text(false).ends_with("score 97.0 %"));
        let one_missed = Score { caught: 9_999, timeout: 0, missed: 1, ..SCORE };
        assert!(one_missed.to_text(false).ends_with("score 99.9 %"));
        let with_others = Score { not_tried: 7, ..SCORE };
        assert!(with_others.to_text(false).contains("; 40 do not compile, 7 not tried; score"));
        // Even if all are caught, a sample leaves some uncertainty.
        let (low, high) = interval(50, 50);
        assert!((92.0..93.0).contains(&low) && (99.9..100.1).contains(&high), "{low} {high}");
    }
}
