//! `cargo xtask fuzz`: builds the fuzz targets and runs them.
//!
//! A target is a program that contains libFuzzer. No other tool is needed: the compiler of this repository instruments
//! the code, and the crate `libfuzzer-sys` provides the rest.

mod record;
mod stats;
mod targets;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, thread};

use self::stats::Stats;
use self::targets::{MOST_SEEDS, TARGETS, Target};
use crate::process::{Result, cargo, program, root, target};
use crate::{tools, written};

const HELP: &str = "\
usage: cargo xtask fuzz [OPTION…] [TARGET…] [-- LIBFUZZER-OPTION…]
       cargo xtask fuzz TARGET INPUT…     runs only these inputs, to reproduce a finding
       cargo xtask fuzz --minimize [TARGET…]   rewrites fuzz/seeds from the seeds and the corpus

  --minutes N        time of the run, shared by the targets (default: 10)
  --jobs N           targets to run at once (default: 1)
  --address          with AddressSanitizer: finds invalid accesses and leaks in unsafe code; about half as fast
  --record           add the executions to RELIABILITY.md, with the commit

targets:";

/// The flags that insert libFuzzer's counters into the code. They also work with stable compilers.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// How long a target runs in `cargo xtask test`.
const TEST_TIME: Duration = Duration::from_secs(4);

/// The parsed arguments.
#[derive(Debug, Default, PartialEq)]
struct Options {
    minutes: Option<f64>,
    jobs: Option<usize>,
    address: bool,
    record: bool,
    minimize: bool,
    targets: Vec<String>,
    inputs: Vec<PathBuf>,
    passed: Vec<String>,
}

pub(crate) fn run(args: &[String]) -> Result {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        let names: Vec<_> = TARGETS.iter().map(|target| format!("  {}", target.name)).collect();
        println!("{HELP}\n{}", names.join("\n"));
        return Ok(());
    }
    let options = parse(args)?;
    let targets: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| options.targets.is_empty() || options.targets.iter().any(|name| name == target.name))
        .collect();
    // Determined before the build: the sources may change while the targets run.
    let commit = if options.record { written::commit()? } else { String::new() };
    let binaries = build(&targets, options.address)?;
    if let ([target], false) = (targets.as_slice(), options.inputs.is_empty()) {
        let reproduce = program(binaries.join(target.name), "-timeout=10");
        return options.inputs.iter().fold(reproduce, |program, input| program.arg(input)).run();
    }
    if options.minimize {
        return targets.iter().try_for_each(|target| minimize(&binaries, target));
    }
    let jobs = options.jobs.unwrap_or(1).clamp(1, targets.len());
    let rounds = targets.len().div_ceil(jobs);
    let time = Duration::from_secs_f64(options.minutes.unwrap_or(10.0) * 60.0 / rounds as f64);
    let runs = run_all(&binaries, &targets, time.max(Duration::from_secs(1)), jobs, &options.passed)?;
    if options.record {
        record::add(&runs, &commit)?;
    }
    verdict(&runs)
}

/// The step of `cargo xtask test`: builds every target and runs each for some seconds.
pub(crate) fn test() -> Result {
    let targets: Vec<&Target> = TARGETS.iter().collect();
    let binaries = build(&targets, false)?;
    verdict(&run_all(&binaries, &targets, TEST_TIME, 2, &[])?)
}

fn parse(args: &[String]) -> Result<Options> {
    let mut options = Options::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let mut value = || rest.next().ok_or(format!("{arg} needs a value; see `cargo xtask fuzz --help`"));
        match arg.as_str() {
            "--minutes" => {
                let minutes = value()?.parse().ok().filter(|minutes| (0.01..=1e6).contains(minutes));
                options.minutes = Some(minutes.ok_or("--minutes needs a number, such as 30 or 0.5")?);
            }
            "--jobs" => {
                let jobs = value()?.parse().ok().filter(|jobs| *jobs > 0);
                options.jobs = Some(jobs.ok_or("--jobs needs a number, at least 1")?);
            }
            "--address" => options.address = true,
            "--record" => options.record = true,
            "--minimize" => options.minimize = true,
            "--" => options.passed = rest.by_ref().cloned().collect(),
            name if TARGETS.iter().any(|target| target.name == name) => options.targets.push(name.to_owned()),
            path if Path::new(path).exists() => options.inputs.push(path.into()),
            other => {
                return Err(format!(
                    "{other:?} is neither an option, a target nor a file; see `cargo xtask fuzz --help`"
                ));
            }
        }
    }
    if !options.inputs.is_empty() && options.targets.len() != 1 {
        return Err("inputs are run by one target: name it before them".to_owned());
    }
    Ok(options)
}

/// Builds these targets and returns the folder of their programs.
fn build(targets: &[&Target], address: bool) -> Result<PathBuf> {
    let rustc = tools::rustc();
    let host = tools::fact(&rustc, "host").ok_or("`rustc --version --verbose` does not name the host")?;
    let out = target().join(if address { "fuzz-address" } else { "fuzz" });
    // Without `--locked`: this lock file depends on the manifests of the crates, which change independently.
    let mut build = cargo("build --quiet --profile fuzz --manifest-path fuzz/Cargo.toml")
        // With an explicit target, build scripts and macros are compiled without these flags.
        .arg("--target")
        .arg(host)
        .env("CARGO_TARGET_DIR", &out)
        .without_env("CARGO_ENCODED_RUSTFLAGS");
    build = match address {
        false => build.env("RUSTFLAGS", INSTRUMENTED),
        // Sanitizers are limited to unstable compilers.
        true => {
            build.env("RUSTFLAGS", format!("{INSTRUMENTED} -Zsanitizer=address")).env("RUSTC_BOOTSTRAP", "1")
        }
    };
    for target in targets {
        build = build.arg("--bin").arg(target.name);
    }
    let mut features: Vec<_> = targets.iter().filter_map(|target| target.feature).collect();
    features.dedup();
    if !features.is_empty() {
        build = build.arg("--features").arg(features.join(","));
    }
    build.run()?;
    Ok(out.join(host).join("fuzz"))
}

/// The result of a target's run.
struct Run {
    target: &'static str,
    time: Duration,
    stats: Stats,
    log: PathBuf,
    failed: bool,
}

/// Runs the targets, this many at once, each for this time. A row is printed when a target ends.
fn run_all(
    binaries: &Path,
    targets: &[&Target],
    time: Duration,
    jobs: usize,
    passed: &[String],
) -> Result<Vec<Run>> {
    println!(
        "{:14} {:>14} {:>10} {:>12} {:>8}",
        "target", "executions", "per second", "new in corpus", "findings"
    );
    let queue = Mutex::new(targets.iter().copied().collect::<VecDeque<_>>());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || -> Result<Vec<Run>> {
        let mut runs = Vec::new();
        while let Some(target) = next() {
            let run = run_one(binaries, target, time, passed)?;
            println!(
                "{:14} {:>14} {:>10.0} {:>12} {:>8}",
                run.target,
                run.stats.executions,
                run.stats.executions as f64 / run.time.as_secs_f64(),
                run.stats.new_in_corpus,
                usize::from(run.failed)
            );
            runs.push(run);
        }
        Ok(runs)
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        let runs = workers.into_iter().map(|worker| {
            worker.join().unwrap_or_else(|_| Err("a thread of `cargo xtask fuzz` panicked".to_owned()))
        });
        Ok(runs.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    })
}

fn run_one(binaries: &Path, target: &Target, time: Duration, passed: &[String]) -> Result<Run> {
    let fuzz = root().join("fuzz");
    let corpus = fuzz.join("corpus").join(target.name);
    let artifacts = fuzz.join("artifacts").join(target.name);
    let log = binaries.join("logs").join(target.name).with_extension("log");
    for folder in [&corpus, &artifacts, &binaries.join("logs")] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    // The time limit of an input detects endless loops.
    let mut run = program(binaries.join(target.name), "-timeout=10 -rss_limit_mb=2048 -print_final_stats=1")
        .arg(format!("-max_total_time={}", time.as_secs().max(1)))
        .arg(format!("-max_len={}", target.max_len))
        // It ends with a separator, because it is a prefix of file names.
        .arg(format!("-artifact_prefix={}", artifacts.join("").display()));
    if let Some(dictionary) = target.dictionary {
        run = run.arg(format!("-dict={}", fuzz.join(dictionary).with_extension("dict").display()));
    }
    run = passed.iter().fold(run, |run, option| run.arg(option));
    let start = Instant::now();
    // libFuzzer writes new inputs to the first folder.
    let succeeded = run.arg(&corpus).arg(root().join(target.seeds())).run_into(&log)?;
    let time = start.elapsed();
    let text = fs::read(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let stats = Stats::of(&String::from_utf8_lossy(&text));
    if succeeded && stats.executions == 0 {
        return Err(format!("{} ran no input; see {}", target.name, log.display()));
    }
    Ok(Run { target: target.name, time, stats, log, failed: !succeeded })
}

/// Prints the sum. Fails if there are findings, and explains how to reproduce each.
fn verdict(runs: &[Run]) -> Result {
    let executions: u64 = runs.iter().map(|run| run.stats.executions).sum();
    println!("{executions} executions in all");
    let findings: Vec<_> = runs.iter().filter(|run| run.failed).map(finding).collect();
    match findings.is_empty() {
        true => Ok(()),
        false => Err(findings.join("\n\n")),
    }
}

fn finding(run: &Run) -> String {
    let log = fs::read(&run.log).unwrap_or_default();
    let reason = stats::reason(&String::from_utf8_lossy(&log));
    let reproduce = match &run.stats.artifact {
        Some(input) => {
            let short = Path::new(input).strip_prefix(root()).unwrap_or(Path::new(input)).display();
            format!("reproduce it: cargo xtask fuzz {} {short}", run.target)
        }
        // The stack overflowed, or the program was killed.
        None => "it ended without saving its input".to_owned(),
    };
    format!("{} found: {reason}\n{reproduce}\nthe log: {}", run.target, run.log.display())
}

/// Replaces the seeds of a target with inputs that together cover what the seeds and the corpus cover. The vectors are
/// not changed.
fn minimize(binaries: &Path, target: &Target) -> Result {
    if target.is_of_replies {
        println!("{}: its seeds are the vectors", target.name);
        return Ok(());
    }
    let (seeds, corpus) = (root().join(target.seeds()), root().join("fuzz").join("corpus").join(target.name));
    let fresh = binaries.join("seeds").join(target.name);
    let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let _ = fs::remove_dir_all(&fresh);
    for folder in [&fresh, &seeds, &corpus] {
        fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    }
    program(binaries.join(target.name), "-merge=1 -timeout=10")
        .arg(format!("-max_len={}", target.max_len))
        .arg(&fresh)
        .arg(&seeds)
        .arg(&corpus)
        .run_quietly()?;
    let mut found = Vec::new();
    for seed in fs::read_dir(&fresh).map_err(|error| failed(&fresh, error))? {
        let seed = seed.map_err(|error| failed(&fresh, error))?;
        let len = seed.metadata().map_err(|error| failed(&fresh, error))?.len();
        found.push((len, seed.file_name()));
    }
    found.sort();
    fs::remove_dir_all(&seeds).map_err(|error| failed(&seeds, error))?;
    fs::create_dir_all(&seeds).map_err(|error| failed(&seeds, error))?;
    // Short and long ones.
    let kept = found.iter().step_by(found.len().div_ceil(MOST_SEEDS).max(1));
    for (_, name) in kept.clone() {
        fs::copy(fresh.join(name), seeds.join(name)).map_err(|error| failed(&seeds, error))?;
    }
    println!("{}: {} seeds", target.name, kept.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_targets_and_inputs_are_distinguished() {
        let parsed = options("--minutes 0.5 decode scan --record --jobs 2 -- -timeout=60 -seed=1").unwrap();
        assert_eq!((parsed.minutes, parsed.jobs, parsed.record), (Some(0.5), Some(2), true));
        assert_eq!((parsed.targets.len(), parsed.passed.len()), (2, 2));
        let file = root().join("Cargo.toml");
        assert_eq!(
            options(&format!("decode {}", file.display())).unwrap().inputs,
            std::slice::from_ref(&file)
        );
        for (line, part) in [
            ("--minutes", "needs a value"),
            ("--minutes never", "needs a number"),
            ("--jobs 0", "at least 1"),
            ("decod", "neither an option"),
            (&format!("decode scan {}", file.display()), "one target"),
        ] {
            let error = options(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
