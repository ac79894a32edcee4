//! `gettickets singer`: the warehouse's tap as a program for Singer runners.

mod config;

use std::io::{self, BufWriter, Write};
use std::thread;

use gettickets::GetTickets;
use gettickets_warehouse::singer::{Tap, TapError};
use gettickets_warehouse::{Fleet, Install, InstallReport};
use serde_json::Value;

use self::config::Config;
use crate::args::SingerArgs;
use crate::commands::{complete_scan, scanning};
use crate::connect;
use crate::connect::installs::{self, Installs};
use crate::exit::{self, Exit, Failure, Outcome};
use crate::output;

/// The name of an install without a profile.
const DEFAULT_NAME: &str = "main";

pub(crate) fn run(args: &SingerArgs) -> Outcome {
    if args.about {
        return write(&config::about());
    }
    let config = match &args.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    let (fleet, unusable) = match fleet(args, &config) {
        // The catalog is the same for all installs.
        Err(_) if args.discover && args.config.is_none() => (Fleet::default(), Vec::new()),
        installs => installs?,
    };
    if args.test {
        return test(&fleet, unusable);
    }
    let mut tap = Tap::new(fleet);
    if let Some(method) = config.method()? {
        tap = tap.method(method);
    }
    if let Some(start) = config.start()? {
        tap = tap.start(start);
    }
    if args.discover {
        return write(&tap.discover());
    }
    if let Some(path) = &args.catalog {
        let catalog: Value = config::read_json(path, "the catalog")?;
        tap = tap.catalog(&catalog).map_err(|error| failure_of(&error).at(path.display()))?;
    }
    if let Some(path) = &args.state {
        let state: Value = config::read_json(path, "the state")?;
        tap = tap.state(&state).map_err(|error| failure_of(&error).at(path.display()))?;
    }
    // Every profile must be usable: the tickets of a missing one would appear to be deleted.
    if let Some((name, failure)) = unusable.into_iter().next() {
        return Err(failure.at(name));
    }
    let reports = tap.sync(&mut BufWriter::with_capacity(64 << 10, io::stdout().lock()));
    report(&reports.map_err(|error| failure_of(&error))?)
}

/// The installs to read, and the profiles that cannot be used.
fn fleet(args: &SingerArgs, config: &Config) -> Outcome<(Fleet, Vec<(String, Failure)>)> {
    let configured = |install: Install| {
        install.ignore_departments(config.ignore_dept_assignments).access_keys(config.access_keys)
    };
    let name = |profile: Option<String>| {
        config.install.clone().or(profile).unwrap_or_else(|| DEFAULT_NAME.to_owned())
    };
    let (installs, unusable): (Vec<Install>, _) = match config.settings()? {
        Some(settings) => (vec![installs::install(&name(None), &settings.connect()?)], Vec::new()),
        None => match installs::select(&config.arguments(&args.connection))? {
            Installs::One(profile, connection) => {
                // The sandbox of --sandbox stops when the connection is dropped.
                (vec![installs::install(&name(profile), Box::leak(connection))], Vec::new())
            }
            Installs::Several(several) => (several.fleet.installs().to_vec(), several.unusable),
        },
    };
    let fleet = Fleet::new(installs.into_iter().map(configured));
    Ok((fleet.map_err(|error| Failure::usage(&error).hint(error.hint()))?, unusable))
}

/// Requests one ticket of each install concurrently.
fn test(fleet: &Fleet, unusable: Vec<(String, Failure)>) -> Outcome {
    let request = GetTickets { limitnum: Some(1), ..GetTickets::default() };
    let request = &request;
    let results: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = fleet
            .installs()
            .iter()
            .map(|install| (install.name(), scope.spawn(move || install.client().get_tickets(request))))
            .collect();
        // Forwards the panic of a thread.
        let joined = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(|(name, thread)| (name, joined(thread))).collect()
    });
    let mut failures = unusable;
    for (name, result) in results {
        match result {
            Ok(page) => {
                let total = page
                    .totalresults()
                    .map_or(String::new(), |total| format!("; it has {total} {}", output::tickets(total)));
                exit::note(format!("{name}: the install can be read{total}"));
            }
            Err(error) => failures.push((name.to_owned(), connect::failure_of(&error))),
        }
    }
    installs::report(failures)
}

/// Reports what was read, and fails if an install is not complete.
fn report(reports: &[InstallReport]) -> Outcome {
    let mut failures = Vec::new();
    for report in reports {
        let name = &report.install;
        scanning::print_report_of(&format!("{name}: "), &report.scan);
        let failure = match (&report.error, report.refused()) {
            (_, Some(refused)) => Some(Failure::new(Exit::Incomplete, refused)),
            (Some(error), None) => Some(complete_scan::interrupted(error, report.scan.tickets)),
            (None, None) => complete_scan::check_unreadable(&report.scan).err(),
        };
        match failure {
            Some(failure) => failures.push((name.clone(), failure)),
            None => exit::note(format!(
                "{name}: {} {}",
                report.scan.tickets,
                output::tickets(report.scan.tickets)
            )),
        }
    }
    installs::report(failures)
}

fn write(document: &Value) -> Outcome {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, document).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

fn failure_of(error: &TapError) -> Failure {
    let exit = match error {
        // A target that closes the pipe has not loaded everything, so this is a failure.
        TapError::Output(_) => Exit::Output,
        _ => Exit::Usage,
    };
    Failure::new(exit, error).hint(error.hint())
}
