//! Runs the scan of an export, and handles Ctrl-C.

use std::fs;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use gettickets::scan::{Cursor, ScanReport};
use gettickets::{Cancellation, DateTime, ErrorKind, Scan, Tickets};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::source::{Source, scan_of};
use super::{combined, export, is_stdout, lake};
use crate::args::ExportArgs;
use crate::commands::complete_scan;
use crate::commands::scanning::{self, Progress};
use crate::connect::installs::{self, Installs, Several};
use crate::connect::{self, Connection};
use crate::exit::{self, Exit, Failure, Outcome};
use crate::output::{self, style};

/// Set by Ctrl-C.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Handles that cancel the scans in progress.
static SCANS: Mutex<Vec<Cancellation>> = Mutex::new(Vec::new());

/// The position at which an export continues.
#[derive(Serialize, Deserialize)]
struct Position {
    /// The time of `--updated-since`, made absolute: it must not change when the export continues.
    since: Option<DateTime>,
    cursor: Cursor,
}

/// Runs the command.
pub(crate) fn run(args: &ExportArgs) -> Outcome {
    let installs = installs::select(&args.connection)?;
    // Without a handler Ctrl-C ends the program at once, and a later run continues at the last checkpoint.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            process::exit(Exit::Incomplete as i32);
        }
        SCANS.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(Cancellation::cancel);
        exit::remark("stopping; Ctrl-C again stops at once");
    });
    match installs {
        installs if !args.partition_by.is_empty() => lake::run(args, installs, watch, &INTERRUPTED),
        Installs::One(profile, connection) => {
            let args =
                ExportArgs { output: installs::file_of(&args.output, profile.as_deref())?, ..args.clone() };
            // If the tickets go to a terminal, they show the progress themselves.
            let shown = !is_stdout(&args) || !style::stdout_is_terminal();
            let tickets = one(&args, &connection, profile.as_deref(), "", shown)?;
            if !is_stdout(&args) {
                exit::remark(summary(&args, tickets));
            }
            Ok(())
        }
        Installs::Several(installs) => several(args, installs),
    }
}

fn summary(args: &ExportArgs, tickets: u64) -> String {
    format!("{tickets} {} in {}", output::tickets(tickets), args.output.display())
}

/// Exports each install into its own file, concurrently.
fn several(args: &ExportArgs, installs: Several) -> Outcome {
    if !installs::has_placeholder(&args.output) {
        return combined::run(args, installs, watch, &INTERRUPTED);
    }
    let export = |name: &str, connection: &Connection| {
        let args = ExportArgs { output: installs::file_of(&args.output, Some(name))?, ..args.clone() };
        if let Some(folder) = args.output.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| Failure::of_file(folder, &error))?;
        }
        let tickets = one(&args, connection, Some(name), &format!("{name}: "), false)?;
        exit::note(format!("{name}: {}", summary(&args, tickets)));
        Ok(())
    };
    let results = installs.side_by_side(export);
    let mut failures = installs.unusable;
    let named = installs.connections.iter().zip(results);
    failures.extend(named.filter_map(|((name, _), result)| Some((name.clone(), result.err()?))));
    installs::report(failures)
}

/// Registers a scan to be canceled by Ctrl-C.
fn watch(scan: Cancellation) {
    SCANS.lock().unwrap_or_else(PoisonError::into_inner).push(scan);
}

/// Exports one install. `prefix` precedes each message.
fn one(
    args: &ExportArgs,
    connection: &Connection,
    profile: Option<&str>,
    prefix: &str,
    shown: bool,
) -> Outcome<u64> {
    let open = |position: Option<&RawValue>| {
        let refused =
            |why: String| Failure::usage(why).hint("--restart starts the export from the beginning");
        let position: Option<Position> = position
            .map(|position| serde_json::from_str(position.get()))
            .transpose()
            .map_err(|_| refused("the export was interrupted by another version of gettickets".to_owned()))?;
        let since = match &position {
            Some(position) => position.since,
            None => args.updated_since.map(|since| connection.resolve(since)),
        };
        let mut scan = scan_of(args, connection, since);
        if let Some(position) = &position {
            scan = scan.resume(&position.cursor).map_err(|error| refused(error.to_string()))?;
        }
        watch(scan.cancellation());
        let progress = shown.then(|| Progress::of(scan.status()));
        Ok(Scanned { scan, since, progress, prefix: prefix.to_owned() })
    };
    let install = connection.context(profile.map(str::to_owned));
    export(args, &install, connection.place.clone(), open, &INTERRUPTED)
}

struct Scanned {
    scan: Scan,
    since: Option<DateTime>,
    progress: Option<Progress>,
    prefix: String,
}

impl Source for Scanned {
    fn next_page(&mut self) -> Option<Outcome<Tickets>> {
        Some(self.scan.next_page()?.map_err(|error| match error.kind() {
            ErrorKind::Cancelled => Failure::new(Exit::Incomplete, "interrupted"),
            _ => connect::failure_of(&error),
        }))
    }

    fn cursor(&self) -> Option<Box<RawValue>> {
        to_raw_value(&Position { since: self.since, cursor: self.scan.cursor() }).ok()
    }

    fn ended(&mut self) {
        self.progress = None;
        scanning::print_report_of(&self.prefix, &self.scan.report());
    }

    fn end(&self) -> Outcome {
        complete_scan::check_unreadable(&self.scan.report())
    }

    fn lacks_unreadable_alone(&self) -> bool {
        lacks_unreadable_alone(&self.scan.report(), self.scan.yielded())
    }
}

/// Whether a failed scan delivered every ticket except those that the server cannot send. Continuing it would fail
/// again in the same way.
pub(crate) fn lacks_unreadable_alone(report: &ScanReport, delivered: u64) -> bool {
    let unreadable = report.unreadable.len() as u64;
    unreadable > 0 && report.total.is_some_and(|total| delivered.saturating_add(unreadable) >= total)
}
