//! An export of several installs into one file or stream, with a column for the install.
//!
//! The installs are read concurrently. The file gets its name when it is complete; if an install failed, it is named as
//! incomplete. Such an export cannot be resumed; an export with a file for each install can.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::write::GzEncoder;
use gettickets::{Cancellation, ErrorKind, Tickets};
use gettickets_warehouse::InstallReport;

use super::contents::Contents;
use super::source::scan_of;
use super::stream::Stream;
use super::{encoding_of, is_stdout, spool, unusable};
use crate::args::{Compression, ExportArgs};
use crate::commands::scanning::Progress;
use crate::commands::{complete_scan, scanning, status_typo};
use crate::connect::installs::{self, Several};
use crate::exit::{self, Exit, Failure, Outcome};
use crate::files::{self, Destination, Existing};
use crate::output;

/// Exports these installs. `watch` receives a handle that cancels each scan.
pub(super) fn run(
    args: &ExportArgs,
    installs: Several,
    watch: impl Fn(Cancellation),
    interrupted: &AtomicBool,
) -> Outcome {
    if let Some(flag) = [(args.resume, "--resume"), (args.restart, "--restart")]
        .into_iter()
        .find_map(|(is_given, flag)| is_given.then_some(flag))
    {
        return Err(Failure::usage(format!("{flag} needs a file for each install"))
            .hint("Include {install} in the name of the file, as in 'tickets-{install}.csv'"));
    }
    let encoding = encoding_of(args)?;
    let contexts = installs.contexts();
    if contexts.is_empty() {
        return ended(args, installs, Vec::new());
    }
    let contents = Contents::of_several(args, encoding, &contexts)?;
    let destination = match is_stdout(args) {
        true => None,
        false => Some(files::destination(&args.output).map_err(|error| unusable(&args.output, &error))?),
    };
    let output = match destination {
        None => None,
        Some(Destination::File(output)) => Some(output),
        Some(Destination::Stream(path)) => {
            let stream = Stream::Path(&path);
            let out = stream.open(contents.encoding)?;
            let (_, failures) = write(args, &installs, out, &contents, watch, interrupted)
                .map_err(|error| stream.failed(error))?;
            return ended(args, installs, failures);
        }
    };
    let Some(output) = output else {
        let out = Stream::Stdout.open(contents.encoding)?;
        let (_, failures) = write(args, &installs, out, &contents, watch, interrupted)?;
        return ended(args, installs, failures);
    };
    let existing = if args.no_clobber { Existing::Keep } else { Existing::Replace };
    spool::refuse_existing(&output, existing)?;
    let failed = |error: io::Error| Failure::of_file(&output, &error);
    files::remove_leftovers(&output);
    let file = files::temporary(&output).map_err(failed)?;
    let out = BufWriter::with_capacity(256 << 10, file.as_file().try_clone().map_err(failed)?);
    let written = write(args, &installs, Box::new(out), &contents, watch, interrupted);
    let (tickets, failures) = written.map_err(|error| Failure { exit: Exit::Output, ..failed(error) })?;
    let is_complete = failures.is_empty() && installs.unusable.is_empty();
    let name = if is_complete { output.clone() } else { files::with_ending(&output, ".incomplete") };
    if is_complete || tickets > 0 {
        let existing = if is_complete { existing } else { Existing::Replace };
        files::put_temporary(file, &name, existing).map_err(failed)?;
        exit::note(in_file(tickets, &name));
    }
    ended(args, installs, failures)
}

fn in_file(tickets: u64, name: &Path) -> String {
    format!("{tickets} {} in {}", output::tickets(tickets), name.display())
}

/// Reports the failures of installs.
pub(super) fn ended(args: &ExportArgs, installs: Several, failures: Vec<(String, Failure)>) -> Outcome {
    let mut all = installs.unusable;
    if all.is_empty() && failures.is_empty() {
        status_typo::warn(&args.query.to_query().requests());
    }
    all.extend(failures);
    installs::report(all)
}

/// Reads and writes every ticket. Returns the number of tickets, and the installs that failed.
fn write(
    args: &ExportArgs,
    installs: &Several,
    out: Box<dyn Write + Send>,
    contents: &Contents,
    watch: impl Fn(Cancellation),
    interrupted: &AtomicBool,
) -> io::Result<(u64, Vec<(String, Failure)>)> {
    let contexts = installs.contexts();
    let mut out = Out::new(out, contents.encoding.compression)?;
    let mut writer = contents.writer(&mut out)?;
    let ends = read(args, installs, watch, interrupted, |index, tickets| {
        let Some(context) = contexts.get(index) else { return Ok(()) };
        writer.begin_install(context);
        writer.write(tickets)
    })?;
    writer.finish()?;
    drop(writer);
    out.finish()?;
    let tickets = ends.iter().map(|end| end.tickets).sum();
    Ok((tickets, ends.into_iter().filter_map(InstallEnd::failed).collect()))
}

/// The result of the scan of an install.
pub(super) struct InstallEnd {
    pub(super) name: String,
    pub(super) tickets: u64,
    pub(super) failure: Option<Failure>,
    /// Whether every ticket that the server can send was delivered.
    pub(super) is_complete: bool,
}

impl InstallEnd {
    /// The name of the install and its failure, if it failed.
    pub(super) fn failed(self) -> Option<(String, Failure)> {
        let InstallEnd { name, failure, .. } = self;
        failure.map(|failure| (name, failure))
    }
}

/// Reads every ticket of the installs concurrently. `take` receives the index of the install and a page. Returns the
/// results of the scans, in the order of the installs.
pub(super) fn read(
    args: &ExportArgs,
    installs: &Several,
    watch: impl Fn(Cancellation),
    interrupted: &AtomicBool,
    mut take: impl FnMut(usize, &Tickets) -> io::Result<()>,
) -> io::Result<Vec<InstallEnd>> {
    let mut counts = vec![0_u64; installs.connections.len()];
    let mut scans = installs.connections.iter().map(|(_, connection)| {
        scan_of(args, connection, args.updated_since.map(|since| connection.resolve(since)))
    });
    // The fleet has the installs of the connections, in the same order.
    let query = args.query.to_query();
    let mut scan =
        installs.fleet.scan_with(|install| scans.next().unwrap_or_else(|| query.scan(install.client())));
    scan.cancellations().iter().cloned().for_each(watch);
    let waiting = Progress::waiting(format!("reading {} installs", installs.connections.len()));
    for page in scan.by_ref() {
        // The reports hold the errors.
        let Ok(page) = page else { continue };
        take(page.index, &page.tickets)?;
        if let Some(count) = counts.get_mut(page.index) {
            *count += page.tickets.len() as u64;
        }
    }
    drop(waiting);
    let end = |(report, tickets): (&InstallReport, u64)| {
        let name = report.install.clone();
        scanning::print_report_of(&format!("{name}: "), &report.scan);
        let failure = match &report.error {
            Some(error)
                if matches!(error.kind(), ErrorKind::Cancelled) && interrupted.load(Ordering::Relaxed) =>
            {
                Some(Failure::new(
                    Exit::Incomplete,
                    format!("interrupted after {tickets} {}", output::tickets(tickets)),
                ))
            }
            Some(error) => Some(complete_scan::interrupted(error, tickets)),
            None => complete_scan::check_unreadable(&report.scan).err(),
        };
        if failure.is_none() {
            exit::note(format!("{name}: {tickets} {}", output::tickets(tickets)));
        }
        InstallEnd { name, tickets, failure, is_complete: report.error.is_none() }
    };
    Ok(scan.reports().iter().zip(counts).map(end).collect())
}

/// A file or a stream, compressed or not.
enum Out {
    Plain(Box<dyn Write + Send>),
    Gzip(GzEncoder<Box<dyn Write + Send>>),
    Zstd(zstd::stream::write::Encoder<'static, Box<dyn Write + Send>>),
}

impl Out {
    fn new(out: Box<dyn Write + Send>, compression: Option<Compression>) -> io::Result<Out> {
        Ok(match compression {
            None => Out::Plain(out),
            Some(Compression::Gzip) => Out::Gzip(GzEncoder::new(out, flate2::Compression::default())),
            Some(Compression::Zstd) => Out::Zstd(zstd::stream::write::Encoder::new(out, 0)?),
        })
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Out::Plain(out) => Ok(out),
            Out::Gzip(encoder) => encoder.finish(),
            Out::Zstd(encoder) => encoder.finish(),
        }?
        .flush()
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Out::Plain(out) => out.write(bytes),
            Out::Gzip(encoder) => encoder.write(bytes),
            Out::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Out::Plain(out) => out.flush(),
            // Compressed data is flushed when the file is finished.
            Out::Gzip(_) | Out::Zstd(_) => Ok(()),
        }
    }
}
