//! The scan that an export takes its pages from, and what Ctrl-C does to it.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use gettickets::scan::{Cursor, ScanReport};
use gettickets::{Scan, Tickets};
use serde_json::Value;

use super::{Source, export};
use crate::args::ExportArgs;
use crate::commands::{scanning, whole};
use crate::connect;
use crate::exit::{self, Exit, Failure, Outcome};

/// Set by Ctrl-C.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Does what was said.
pub(crate) fn run(args: &ExportArgs) -> Outcome {
    let connection = connect::open(&args.connection)?;
    // Without a handler Ctrl-C ends the program at once, and the last checkpoint counts.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            process::exit(Exit::Incomplete as i32);
        }
        exit::remark("stopping after this page; Ctrl-C again stops at once");
    });
    let open = |cursor: Option<&Value>| {
        let scan = connection.client.scan(args.query.to_request());
        let mut scan = scanning::configured(scan, &args.query.scan);
        if let Some(since) = args.updated_since {
            scan = scan.updated_since(connection.resolve(since));
        }
        if let Some(cursor) = cursor {
            let refused = |why: String| Failure::usage(why).hint("--restart begins the export again");
            let cursor: Cursor = serde_json::from_value(cursor.clone()).map_err(|_| {
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

    fn cursor(&self) -> Option<Value> {
        serde_json::to_value(self.scan.cursor()).ok()
    }

    fn end(&self) -> Outcome {
        scanning::print_report(&self.scan.report());
        whole::without_holes(&self.scan.report())
    }

    fn lacks_holes_alone(&self) -> bool {
        lacks_holes_alone(&self.scan.report(), self.scan.cursor().tickets())
    }
}

/// Whether a scan that ended in an error told as many tickets as there are, but for those that the server
/// can't send. Going on with it would come to the same end.
pub(crate) fn lacks_holes_alone(report: &ScanReport, told: u64) -> bool {
    let holes = report.unreadable.len() as u64;
    holes > 0 && report.total.is_some_and(|total| told + holes >= total)
}
