//! An export to a stream: standard output, a device or a FIFO. It cannot be resumed.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::contents::Contents;
use super::encoder::Encoder;
use super::source::Source;
use crate::args::{Encoding, ExportFormat};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{TicketWriter, stdout};

/// The destination of a stream.
pub(super) enum Stream<'a> {
    Stdout,
    /// A device or a FIFO.
    Path(&'a Path),
}

impl Stream<'_> {
    pub(super) fn open(&self, encoding: Encoding) -> Outcome<Box<dyn Write + Send>> {
        let (out, is_terminal): (Box<dyn Write + Send>, bool) = match self {
            Stream::Stdout => (Box::new(io::stdout()), io::stdout().is_terminal()),
            Stream::Path(path) => {
                let file = OpenOptions::new()
                    .write(true)
                    .open(path)
                    .map_err(|error| Failure::of_file(path, &error))?;
                let is_terminal = file.is_terminal();
                (Box::new(file), is_terminal)
            }
        };
        if !is_terminal {
            return Ok(Box::new(BufWriter::with_capacity(64 << 10, out)));
        }
        if encoding.format.is_columnar() || encoding.compression.is_some() {
            return Err(Failure::usage(format!("{} is not for a terminal", encoding.ending()))
                .hint("Write it to a file or a pipe"));
        }
        Ok(match encoding.format {
            ExportFormat::Csv => stdout::shown_as_text(out),
            _ => stdout::shown_as_json(out),
        })
    }

    pub(super) fn failed(&self, error: io::Error) -> Failure {
        match self {
            Stream::Path(path) if error.kind() != io::ErrorKind::BrokenPipe => {
                Failure { exit: Exit::Output, ..Failure::of_file(path, &error) }
            }
            _ => error.into(),
        }
    }
}

/// Writes every page. Returns the number of tickets. If the scan fails, the end of the format is not written, so that
/// the output is recognizably incomplete.
pub(super) fn write(
    stream: &Stream<'_>,
    contents: &Contents,
    source: &mut impl Source,
    interrupted: &AtomicBool,
) -> Outcome<u64> {
    let mut out = stream.open(contents.encoding)?;
    let mut tickets = 0;
    let failed = |error| stream.failed(error);
    let mut writer: Box<dyn TicketWriter + '_> = match contents.encoding.format.is_columnar() {
        true => contents.writer(&mut out).map_err(failed)?,
        false => Box::new(Encoded { encoder: Encoder::after(0, false, contents)?, out: &mut out }),
    };
    while let Some(page) = source.next_page() {
        let page = page.map_err(|failure| incomplete(failure, tickets))?;
        writer.write(&page).map_err(failed)?;
        tickets += page.len() as u64;
        if interrupted.load(Ordering::Relaxed) {
            return Err(incomplete(Failure::new(Exit::Incomplete, "interrupted"), tickets));
        }
    }
    writer.finish().map_err(failed)?;
    drop(writer);
    out.flush().map_err(failed)?;
    Ok(tickets)
}

/// A text format, compressed or not.
struct Encoded<'o> {
    encoder: Encoder,
    out: &'o mut Box<dyn Write + Send>,
}

impl TicketWriter for Encoded<'_> {
    fn write(&mut self, tickets: &gettickets_protocol::Tickets) -> io::Result<()> {
        self.encoder.push(tickets)?;
        let bytes = self.encoder.take()?;
        self.out.write_all(&bytes)
    }

    fn finish(&mut self) -> io::Result<()> {
        let bytes = self.encoder.finish()?;
        self.out.write_all(&bytes)?;
        self.out.flush()
    }
}

fn incomplete(failure: Failure, tickets: u64) -> Failure {
    if tickets == 0 {
        return failure;
    }
    let written = format!("{tickets} {} written", if tickets == 1 { "ticket was" } else { "tickets were" });
    Failure { exit: Exit::Incomplete, what: format!("{}; {written}", failure.what), ..failure }
}
