//! The scan that an export takes its pages from, and Ctrl-C.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use gettickets::Tickets;
use gettickets::scan::{Cursor, Report, Scan};
use serde_json::value::{RawValue, to_raw_value};

use super::{Source, export};
use crate::args::ExportArgs;
use crate::commands::whole;
use crate::connect;
use crate::exit::{self, Exit, Failure, Outcome};

/// Set by Ctrl-C.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Runs the command.
pub(crate) fn run(args: &ExportArgs) -> Outcome {
    let connection = connect::open(&args.connection)?;
    // Without a handler Ctrl-C ends the program at once, and the last checkpoint counts.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            process::exit(Exit::Incomplete as i32);
        }
        exit::remark("stopping after this page; Ctrl-C again stops at once");
    });
    let open = |cursor: Option<&RawValue>| {
        let mut scan = connection.client.scan(args.query.to_request());
        if let Some(since) = args.updated_since {
            scan = scan.updated_since(since.0);
        }
        if let Some(cursor) = cursor {
            let refused = |why: String| Failure::usage(why).hint("--restart begins the export again");
            let cursor: Cursor = serde_json::from_str(cursor.get()).map_err(|_| {
                refused("the export was interrupted by another version of gettickets".to_owned())
            })?;
            scan = scan.resume(&cursor).map_err(|error| refused(error.to_string()))?;
        }
        Ok(Scanned { scan })
    };
    export(args, connection.place.clone(), open, &INTERRUPTED)
}

struct Scanned {
    scan: Scan,
}

impl Source for Scanned {
    fn next_page(&mut self) -> Option<Outcome<Tickets>> {
        Some(self.scan.next_page()?.map_err(|error| connect::failure_of(&error)))
    }

    fn total(&self) -> Option<u64> {
        self.scan.total()
    }

    fn cursor(&self) -> Option<Box<RawValue>> {
        to_raw_value(&self.scan.cursor()).ok()
    }

    fn end(&self) -> Outcome {
        whole::without_holes(&self.scan.report())
    }

    fn lacks_unreadable_alone(&self) -> bool {
        lacks_unreadable_alone(&self.scan.report(), self.scan.cursor().tickets())
    }
}

/// Whether a scan that ended in an error delivered every ticket but those that the server cannot send. To
/// continue it would end the same way.
pub(crate) fn lacks_unreadable_alone(report: &Report, delivered: u64) -> bool {
    let unreadable = report.holes.len() as u64;
    unreadable > 0 && report.total.is_some_and(|total| delivered + unreadable >= total)
}
