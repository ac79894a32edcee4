//! `gettickets mirror`: copies tickets into a database, once or repeatedly.

use std::io::Write;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use gettickets_warehouse::{
    Fleet, Mirror, MirrorError, MirrorErrorKind, Mode, Progress, RunOptions, RunReport,
};
use indicatif::{HumanCount, ProgressBar};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::args::{MirrorArgs, MirrorFormat};
use crate::commands::{complete_scan, scanning};
use crate::connect::environment::Environment;
use crate::connect::installs::{self, Installs};
use crate::exit::{self, Exit, Failure, Outcome};
use crate::output::{self, stdout};

/// The name of an install without a profile in the database.
const DEFAULT_NAME: &str = "main";

pub(crate) fn run(args: &MirrorArgs) -> Outcome {
    let database = args.database.clone().or_else(|| Environment::process().get("DATABASE_URL"));
    let database = database.ok_or_else(|| {
        Failure::usage("no database is named").hint(
            "Give a file such as tickets.db, or the address of a PostgreSQL database; or set DATABASE_URL",
        )
    })?;
    let (fleet, unusable) = fleet(args)?;
    let mut options = RunOptions::default();
    options.mode = match args.full {
        true => Mode::Full,
        false => Mode::Auto { full_every: args.full_every },
    };
    // If the database cannot be used at all, the command ends, also with --interval.
    drop(Mirror::open(&database).map_err(|error| failure_of(&error))?);
    let runs = Runs { database, fleet, unusable, options, format: args.format };
    match args.interval {
        None => runs.once(),
        Some(interval) => runs.repeat(interval, args.count),
    }
}

/// The installs to mirror, and the profiles that cannot be used.
fn fleet(args: &MirrorArgs) -> Outcome<(Fleet, Vec<(String, Failure)>)> {
    let configured = |install: gettickets_warehouse::Install| {
        install.ignore_departments(args.ignore_dept_assignments).access_keys(args.access_keys)
    };
    let (installs, unusable): (Vec<_>, Vec<_>) = match installs::select(&args.connection)? {
        Installs::One(profile, connection) => {
            let name = args.name.clone().or(profile).unwrap_or_else(|| DEFAULT_NAME.to_owned());
            // The sandbox of --sandbox stops when the connection is dropped.
            let connection = Box::leak(connection);
            (vec![configured(installs::install(&name, connection))], Vec::new())
        }
        Installs::Several(several) => {
            if args.name.is_some() {
                return Err(Failure::usage("--name names one install, and several profiles are selected")
                    .hint("Leave out --name: each install has the name of its profile"));
            }
            (several.fleet.installs().iter().cloned().map(configured).collect(), several.unusable)
        }
    };
    let fleet = Fleet::new(installs).map_err(|error| Failure::usage(&error).hint(error.hint()))?;
    Ok((fleet, unusable))
}

/// The runs of one command.
struct Runs {
    database: String,
    fleet: Fleet,
    unusable: Vec<(String, Failure)>,
    options: RunOptions,
    format: MirrorFormat,
}

/// The results of one run.
struct Ran {
    started: Timestamp,
    reports: Vec<(String, Result<RunReport, MirrorError>)>,
}

impl Runs {
    fn once(&self) -> Outcome {
        let ran = self.run().map_err(|error| failure_of(&error))?;
        let failures = self.failures(&ran);
        self.report(&ran, &failures)?;
        installs::report(failures)
    }

    /// Runs until Ctrl-C or the last run. Failures are reported, and the next run follows.
    fn repeat(&self, interval: Duration, count: Option<u64>) -> Outcome {
        // The database rolls back the transaction of a run in progress.
        ctrlc::set_handler(|| process::exit(Exit::Done as i32))
            .map_err(|error| Failure::usage(format!("cannot handle Ctrl-C: {error}")))?;
        let mut exits = Vec::new();
        let mut number = 0;
        loop {
            let began = Instant::now();
            number += 1;
            exits.clear();
            match self.run() {
                Ok(ran) => {
                    let failures = self.failures(&ran);
                    self.report(&ran, &failures)?;
                    for (name, failure) in failures {
                        exits.push(failure.exit);
                        exit::warn(failure.at(name).paragraph());
                    }
                }
                Err(error) => {
                    let failure = failure_of(&error);
                    exits.push(failure.exit);
                    exit::warn(failure.paragraph());
                }
            }
            if count.is_some_and(|count| number >= count) {
                return installs::worst(exits);
            }
            thread::sleep(interval.saturating_sub(began.elapsed()));
        }
    }

    /// Runs once. The database is opened again for each run, so that a lost connection affects only one run.
    fn run(&self) -> Result<Ran, MirrorError> {
        let started = Timestamp::now();
        let mut mirror = Mirror::open(&self.database)?;
        let bar = scanning::bar();
        bar.set_message("waiting for the first page");
        bar.enable_steady_tick(scanning::TICK);
        let reports = mirror.run_all(&self.fleet, &self.options, &mut |progress| show(&bar, progress));
        bar.finish_and_clear();
        let names = self.fleet.installs().iter().map(|install| install.name().to_owned());
        Ok(Ran { started, reports: names.zip(reports?).collect() })
    }

    /// Reports what was stored: lines on stderr or JSON on stdout, and warnings.
    fn report(&self, ran: &Ran, failures: &[(String, Failure)]) -> Outcome {
        let reports: Vec<&RunReport> =
            ran.reports.iter().filter_map(|(_, report)| report.as_ref().ok()).collect();
        if self.format == MirrorFormat::Json {
            let exits = failures.iter().map(|(_, failure)| failure.exit as u8);
            let failures = failures.iter().map(|(name, failure)| {
                json!({"install": name, "error": failure.message(), "hint": failure.advice(),
                    "exit_code": failure.exit as u8})
            });
            let object = json!({
                "started": ran.started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "installs": reports.iter().map(|report| to_json(report)).collect::<Vec<Value>>(),
                "failures": failures.collect::<Vec<Value>>(),
                "exit_code": exits.max().unwrap_or(0),
            });
            let mut out = stdout::for_format(crate::args::Format::Ndjson);
            writeln!(out, "{object}")?;
            out.flush()?;
        } else {
            reports.iter().for_each(|report| exit::note(line(report)));
        }
        for report in reports {
            for one in report.deviations.iter().filter(|one| scanning::changes_values(one.kind)) {
                exit::warn(format!("{}: {}", report.install, scanning::deviation(one)));
            }
            for warning in &report.warnings {
                exit::warn(format!("{}: {warning}", report.install));
            }
        }
        Ok(())
    }

    /// The failures of installs: unusable profiles, refused installs, and incomplete runs.
    fn failures(&self, ran: &Ran) -> Vec<(String, Failure)> {
        let mut failures = self.unusable.clone();
        for (name, report) in &ran.reports {
            let failure = match report {
                Err(error) => failure_of(error),
                Ok(report) if report.complete => continue,
                Ok(report) => incomplete(report),
            };
            failures.push((name.clone(), failure));
        }
        failures
    }
}

/// The failure of an incomplete run.
fn incomplete(report: &RunReport) -> Failure {
    match &report.failure {
        Some(error) => complete_scan::interrupted(error, report.tickets),
        None => Failure::new(Exit::Incomplete, report.reason.as_deref().unwrap_or("the run is not complete"))
            .hint("A text in such a ticket is not UTF-8. Open the ticket in the install and save the text again"),
    }
}

/// Describes a run in one line.
fn line(report: &RunReport) -> String {
    format!(
        "{}: {} run{}, {} {} read, {} new, {} changed, {} gone, {} {}",
        report.install,
        if report.full { "full" } else { "incremental" },
        if report.complete { "" } else { " (incomplete)" },
        report.tickets,
        output::tickets(report.tickets),
        report.new,
        report.changed,
        report.gone,
        report.requests,
        if report.requests == 1 { "request" } else { "requests" },
    )
}

fn to_json(report: &RunReport) -> Value {
    json!({
        "install": report.install,
        "run": report.run,
        "mode": if report.full { "full" } else { "incremental" },
        "complete": report.complete,
        "reason": report.reason,
        "tickets": report.tickets,
        "new": report.new,
        "changed": report.changed,
        "gone": report.gone,
        "unreadable": report.unreadable,
        "requests": report.requests,
        "findings": report.findings,
        "warnings": report.warnings,
    })
}

fn show(bar: &ProgressBar, progress: Progress<'_>) {
    if bar.is_hidden() {
        return;
    }
    let of = progress.total.map_or(String::new(), |total| format!(" of {}", HumanCount(total)));
    bar.set_message(format!("{}: {}{of} tickets", progress.install, HumanCount(progress.tickets)));
    bar.tick();
}

/// The failure of a command for an error of a mirror.
fn failure_of(error: &MirrorError) -> Failure {
    Failure::new(exit_of(error.kind()), error).hint(error.hint())
}

/// The exit code of a run that fails in this way.
pub(crate) fn exit_of(kind: MirrorErrorKind) -> Exit {
    use MirrorErrorKind::{Damaged, Full, Install, NewerVersion, NotAMirror, ReadOnly, Target, Value};
    match kind {
        Target | NotAMirror | NewerVersion | ReadOnly | Install => Exit::Usage,
        Value => Exit::Incomplete,
        Full | Damaged | _ => Exit::Output,
    }
}
