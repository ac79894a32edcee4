//! `gettickets export`: every ticket that matches, in a file that is whole or not there.
//!
//! Pages go from the scan into a partial file ([`spool`]), and every few seconds what is there is made to
//! last, with the cursor at which the scan goes on ([`checkpoint`]). An interruption therefore costs
//! seconds, however it comes: Ctrl-C, an error, a kill, a power cut. Memory holds a page or two, and for
//! Parquet one row group.

mod checkpoint;
mod encoder;
mod progress;
mod scan;
mod spool;
mod stdout;
mod target;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gettickets_protocol::{GetTickets, Tickets};
use serde_json::Value;

use self::checkpoint::Origin;
pub(crate) use self::progress::Progress;
pub(crate) use self::scan::{lacks_holes_alone, run};
use self::spool::{Earlier, Spool};
use crate::args::{ExportArgs, ExportFormat};
use crate::commands::misspelt;
use crate::exit::{self, Exit, Failure, Outcome};
use crate::output;

/// How much work an interruption that gives no notice may cost.
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// Where pages come from: a scan, seen from here.
trait Source {
    /// The next page; none at the end.
    fn next_page(&mut self) -> Option<Outcome<Tickets>>;
    /// How many tickets match, as the server counts them.
    fn total(&self) -> Option<u64>;
    /// From where everything comes that no page has brought yet; none where the scan cannot go on.
    fn cursor(&self) -> Option<Value>;
    /// After the last page: whether any ticket could not be had.
    fn end(&self) -> Outcome;
    /// After a failure: whether all tickets came but those that nothing can bring.
    fn lacks_holes_alone(&self) -> bool;
}

/// Exports what `open` gives, which is told the cursor to go on from. `server` names whom it is from,
/// without credentials.
fn export<S: Source>(
    args: &ExportArgs,
    server: String,
    open: impl FnOnce(Option<&Value>) -> Outcome<S>,
    interrupted: &AtomicBool,
) -> Outcome {
    let format = format_of(args)?;
    if is_stdout(args) {
        let mut source = open(None)?;
        let tickets = stdout::write(format, &mut source, interrupted)?;
        tell_misspelt(args, tickets);
        return source.end();
    }
    let since = args.updated_since.map_or(String::new(), |since| format!("&updated_since={since:?}"));
    let origin = Origin {
        format: format.word().to_owned(),
        server,
        // The length of a page is none of what is asked for.
        request: GetTickets { limitnum: None, ..args.query.to_request() }.parameters() + &since,
    };
    let earlier = match (args.resume, args.restart) {
        (true, _) => Earlier::Resume,
        (false, true) => Earlier::Restart,
        (false, false) => Earlier::Refuse,
    };
    let spool = Spool::open(&args.output, format, origin, earlier)?;
    let mut source = open(spool.cursor())?;
    let progress = Progress::new(spool.tickets());
    let tickets = spool_all(spool, &mut source, interrupted, &progress)?;
    tell_misspelt(args, tickets);
    exit::remark(format!("{tickets} {} in {}", output::tickets(tickets), args.output.display()));
    // What could be had is kept under its name, and yet not called whole.
    source.end()
}

fn tell_misspelt(args: &ExportArgs, tickets: u64) {
    if tickets == 0 {
        misspelt::warn(&args.query.to_request());
    }
}

fn is_stdout(args: &ExportArgs) -> bool {
    args.output.as_os_str() == "-"
}

fn format_of(args: &ExportArgs) -> Outcome<ExportFormat> {
    let known = "csv, ndjson, json, parquet or arrow";
    args.format.or_else(|| ExportFormat::of_file(&args.output)).ok_or_else(|| {
        if is_stdout(args) {
            Failure::usage("stdout has no ending that tells a format")
                .hint(format!("Add --format with {known}"))
        } else {
            let name = args.output.display();
            Failure::usage(format!("the ending of {name} tells no format"))
                .hint(format!("Add --format with {known}"))
        }
    })
}

/// Takes every page of a source into a spool and finishes the file. Gives the number of tickets in it.
fn spool_all(
    mut spool: Spool,
    source: &mut dyn Source,
    interrupted: &AtomicBool,
    progress: &Progress,
) -> Outcome<u64> {
    let mut saved = Instant::now();
    while !spool.is_complete() {
        let stopped = interrupted.load(Ordering::Relaxed);
        let page = if stopped {
            Some(Err(Failure::new(Exit::Incomplete, "interrupted")))
        } else {
            source.next_page()
        };
        match page {
            None => break,
            Some(Ok(tickets)) => {
                spool.push(&tickets)?;
                progress.at(spool.tickets(), source.total());
            }
            Some(Err(failure)) => {
                progress.clear();
                if failure.exit == Exit::Incomplete && source.lacks_holes_alone() {
                    // There is no more to be had by another run, so what could be had gets its name.
                    spool.finish()?;
                    return Err(failure);
                }
                return Err(keep(spool, source.cursor(), failure));
            }
        }
        if saved.elapsed() >= SAVE_EVERY
            && let Some(cursor) = source.cursor()
        {
            spool.save(Some(cursor), false)?;
            saved = Instant::now();
        }
    }
    progress.clear();
    let tickets = spool.tickets();
    spool.finish()?;
    Ok(tickets)
}

/// `ticket is` or `tickets are`.
fn are(tickets: u64) -> String {
    format!("{} {}", output::tickets(tickets), if tickets == 1 { "is" } else { "are" })
}

/// Keeps what is there for another run, and says so.
fn keep(mut spool: Spool, cursor: Option<Value>, failure: Failure) -> Failure {
    let tickets = spool.tickets();
    let Some(cursor) = cursor.filter(|_| tickets > 0) else {
        // Nothing came, or nothing can be added to what came.
        spool.discard();
        return failure;
    };
    match spool.save(Some(cursor), false) {
        Ok(()) => {
            let hint = failure
                .hint
                .map_or(String::new(), |hint| hint.trim_end_matches(['.', ' ']).to_owned() + ". ");
            Failure::new(Exit::Incomplete, format!("{}; {tickets} {} kept", failure.what, are(tickets)))
                .hint(format!("{hint}The same command with --resume goes on from there"))
        }
        Err(disk) => Failure { exit: Exit::Incomplete, ..failure.at(disk.what) },
    }
}

#[cfg(test)]
mod tests;
