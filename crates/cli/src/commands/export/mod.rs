//! `gettickets export`: writes every matching ticket to a file, which appears when it is complete.
//!
//! The pages of the scan are written to a partial file ([`spool`]). Every few seconds its content is synced to the
//! disk, together with the cursor at which the scan continues ([`checkpoint`]). After Ctrl-C, an error, a kill or a
//! power failure, only the work of a few seconds is repeated. At most two pages are in memory, and for Parquet one row
//! group.

mod checkpoint;
mod combined;
mod contents;
mod encoder;
mod lake;
pub(crate) mod scan;
mod source;
mod spool;
mod stream;
mod target;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use self::checkpoint::Origin;
#[cfg(feature = "fuzzing")]
pub(crate) use self::checkpoint::rewritten as rewritten_checkpoint;
use self::contents::Contents;
use self::source::Source;
use self::spool::{Earlier, Spool};
use self::stream::Stream;
use crate::args::{Compression, Encoding, ExportArgs, ExportFormat};
use crate::commands::status_typo;
use crate::exit::{Exit, Failure, Outcome};
use crate::files::{self, Destination, Existing};
use crate::output::{self, InstallContext};

/// The time between two checkpoints. An interruption loses at most the work of this time.
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// Exports from the source that `open` returns; `open` receives the cursor to continue from. `server` names the
/// endpoint, without credentials. Returns the number of tickets.
fn export<S: Source>(
    args: &ExportArgs,
    install: &InstallContext,
    server: String,
    open: impl FnOnce(Option<&RawValue>) -> Outcome<S>,
    interrupted: &AtomicBool,
) -> Outcome<u64> {
    let contents = Contents::of_one(args, encoding_of(args)?, install)?;
    let destination = match is_stdout(args) {
        true => None,
        false => Some(files::destination(&args.output).map_err(|error| unusable(&args.output, &error))?),
    };
    let output = match destination {
        Some(Destination::File(output)) => output,
        stream => {
            let stream = match &stream {
                Some(Destination::Stream(path)) => Stream::Path(path),
                _ => Stream::Stdout,
            };
            refuse_resuming(args)?;
            let mut source = open(None)?;
            let written = stream::write(&stream, &contents, &mut source, interrupted);
            source.ended();
            let written = written?;
            warn_of_typo(args, written);
            return source.end().map(|()| written);
        }
    };
    let since = args.updated_since.map_or(String::new(), |since| format!("&updated_since={since:?}"));
    let origin = Origin {
        format: contents.encoding.ending(),
        columns: contents.layout(),
        server,
        // Another page size does not change which tickets are exported.
        request: args.query.to_query().parameters() + &since,
    };
    let earlier = match (args.resume, args.restart) {
        (true, _) => Earlier::Resume,
        (false, true) => Earlier::Restart,
        (false, false) => Earlier::Refuse,
    };
    let existing = if args.no_clobber { Existing::Keep } else { Existing::Replace };
    let spool = Spool::open(&output, contents, origin, earlier, existing)?;
    let mut source = match open(spool.cursor()) {
        Ok(source) => source,
        Err(failure) => {
            if spool.tickets() == 0 {
                spool.discard();
            }
            return Err(failure);
        }
    };
    let tickets = spool_all(spool, &mut source, interrupted)?;
    warn_of_typo(args, tickets);
    Ok(tickets)
}

fn unusable(output: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::usage(format!("{}: {error}", output.display()));
    if error.kind() == std::io::ErrorKind::IsADirectory { failure.hint("Name a file in it") } else { failure }
}

/// An export to a stream cannot be resumed.
fn refuse_resuming(args: &ExportArgs) -> Outcome {
    let flag = match (args.resume, args.restart) {
        (true, _) => "--resume",
        (_, true) => "--restart",
        _ => return Ok(()),
    };
    let name = if is_stdout(args) { "standard output".to_owned() } else { args.output.display().to_string() };
    Err(Failure::usage(format!("{flag} needs a file, and {name} is not one"))
        .hint(format!("Export to a file, or leave out {flag}")))
}

fn warn_of_typo(args: &ExportArgs, tickets: u64) {
    if tickets == 0 {
        status_typo::warn(&args.query.to_query().requests());
    }
}

/// Whether the output is standard output under any of its names. Replacing such a file would be wrong.
fn is_stdout(args: &ExportArgs) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| args.output.as_os_str() == *name)
}

fn encoding_of(args: &ExportArgs) -> Outcome<Encoding> {
    let known = "csv, ndjson, json, parquet or arrow";
    let name = args.output.display();
    let format = args.format.or_else(|| ExportFormat::of_file(&args.output)).ok_or_else(|| {
        if is_stdout(args) {
            Failure::usage("standard output needs a format").hint(format!("Add --format with {known}"))
        } else {
            Failure::usage(format!("the extension of {name} is not that of a format"))
                .hint(format!("Add --format with {known}"))
        }
    })?;
    let compression = Compression::of_file(&args.output);
    if compression.is_some() && format.is_columnar() {
        return Err(Failure::usage(format!("{name}: a {} file is not compressed as a whole", format.word()))
            .hint("Leave out .gz or .zst; Parquet compresses the columns inside the file"));
    }
    Ok(Encoding { format, compression })
}

/// Writes every page of a source into a spool and finishes the file. Returns the number of tickets in it.
fn spool_all(mut spool: Spool, source: &mut dyn Source, interrupted: &AtomicBool) -> Outcome<u64> {
    if let Some(lacking) = spool.lacking() {
        let failure = Failure::new(Exit::Incomplete, lacking);
        return Err(name_incomplete(spool, failure));
    }
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
                if let Err(failure) = spool.push(&tickets) {
                    source.ended();
                    return Err(spool.failed(failure));
                }
            }
            Some(Err(failure)) => {
                source.ended();
                if failure.exit == Exit::Incomplete && source.lacks_unreadable_alone() {
                    // A retry would not find more.
                    return Err(name_incomplete(spool, failure));
                }
                return Err(keep(spool, source.cursor(), failure));
            }
        }
        if saved.elapsed() >= SAVE_EVERY
            && let Some(cursor) = source.cursor()
        {
            if let Err(failure) = spool.save(Some(cursor), false) {
                source.ended();
                return Err(spool.failed(failure));
            }
            saved = Instant::now();
        }
    }
    source.ended();
    let tickets = spool.tickets();
    match source.end() {
        Ok(()) => spool.finish()?,
        Err(failure) => return Err(name_incomplete(spool, failure)),
    }
    Ok(tickets)
}

/// `ticket is` or `tickets are`.
fn are(tickets: u64) -> String {
    format!("{} {}", output::tickets(tickets), if tickets == 1 { "is" } else { "are" })
}

/// Writes the file without the unreadable tickets, and names it as incomplete.
fn name_incomplete(spool: Spool, failure: Failure) -> Failure {
    let tickets = spool.tickets();
    match spool.finish_incomplete(&failure.what) {
        Ok(name) => Failure {
            what: format!("{}; {tickets} {} in {}", failure.what, are(tickets), name.display()),
            ..failure
        },
        Err(disk) => disk,
    }
}

/// Saves the tickets so far for a later run, and adds that to the failure.
fn keep(mut spool: Spool, cursor: Option<Box<RawValue>>, failure: Failure) -> Failure {
    let tickets = spool.tickets();
    let Some(cursor) = cursor.filter(|_| tickets > 0) else {
        // There is no ticket to keep, or the scan cannot be continued.
        spool.discard();
        return failure;
    };
    match spool.save(Some(cursor), false) {
        Ok(()) => {
            let hint = failure
                .hint
                .map_or(String::new(), |hint| hint.trim_end_matches(['.', ' ']).to_owned() + ". ");
            Failure::new(Exit::Incomplete, format!("{}; {tickets} {} kept", failure.what, are(tickets)))
                .hint(format!("{hint}The same command with --resume continues from there"))
        }
        Err(disk) => spool.failed(Failure { what: format!("{}; {}", failure.what, disk.what), ..disk }),
    }
}

#[cfg(test)]
mod tests;
