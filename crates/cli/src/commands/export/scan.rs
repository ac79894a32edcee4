//! The scan that an export takes its pages from, and Ctrl-C.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use gettickets::scan::{Cursor, ScanReport};
use gettickets::{Cancellation, DateTime, ErrorKind, Scan, Tickets};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::source::Source;
use super::{export, is_stdout};
use crate::args::ExportArgs;
use crate::commands::scanning::{self, Progress};
use crate::commands::whole;
use crate::connect;
use crate::exit::{self, Exit, Failure, Outcome};
use crate::output::style;

/// Set by Ctrl-C.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Cancels the scan in progress.
static SCAN: Mutex<Option<Cancellation>> = Mutex::new(None);

/// Where an export continues.
#[derive(Serialize, Deserialize)]
struct Position {
    /// The moment of `--updated-since`: one that is relative to now must stay what it was.
    since: Option<DateTime>,
    cursor: Cursor,
}

/// Runs the command.
pub(crate) fn run(args: &ExportArgs) -> Outcome {
    let connection = connect::open(&args.connection)?;
    // Without a handler Ctrl-C ends the program at once, and the last checkpoint counts.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            process::exit(Exit::Incomplete as i32);
        }
        if let Some(scan) = SCAN.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            scan.cancel();
        }
        exit::remark("stopping; Ctrl-C again stops at once");
    });
    let open = |position: Option<&RawValue>| {
        let refused = |why: String| Failure::usage(why).hint("--restart begins the export again");
        let position: Option<Position> = position
            .map(|position| serde_json::from_str(position.get()))
            .transpose()
            .map_err(|_| refused("the export was interrupted by another version of gettickets".to_owned()))?;
        let since = match &position {
            Some(position) => position.since,
            None => args.updated_since.map(|since| connection.resolve(since)),
        };
        let mut scan =
            scanning::configured(connection.client.scan(args.query.to_request()), &args.query.scan);
        if let Some(since) = since {
            scan = scan.updated_since(since);
        }
        if let Some(position) = &position {
            scan = scan.resume(&position.cursor).map_err(|error| refused(error.to_string()))?;
        }
        *SCAN.lock().unwrap_or_else(PoisonError::into_inner) = Some(scan.cancellation());
        // Tickets on a terminal are their own progress.
        let shown = !is_stdout(args) || !style::stdout_is_terminal();
        let progress = Some(Progress::of(scan.status(), shown));
        Ok(Scanned { scan, since, progress })
    };
    export(args, connection.place.clone(), open, &INTERRUPTED)
}

struct Scanned {
    scan: Scan,
    since: Option<DateTime>,
    progress: Option<Progress>,
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
        scanning::print_report(&self.scan.report());
    }

    fn end(&self) -> Outcome {
        whole::without_holes(&self.scan.report())
    }

    fn lacks_unreadable_alone(&self) -> bool {
        lacks_unreadable_alone(&self.scan.report(), self.scan.yielded())
    }
}

/// Whether a scan that ended in an error delivered every ticket but those that the server cannot send. To
/// continue it would end the same way.
pub(crate) fn lacks_unreadable_alone(report: &ScanReport, delivered: u64) -> bool {
    let unreadable = report.unreadable.len() as u64;
    unreadable > 0 && report.total.is_some_and(|total| delivered + unreadable >= total)
}
