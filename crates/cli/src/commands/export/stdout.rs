//! An export to stdout, for the next program in a pipe: as it comes, with nothing to go on from.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};

use gettickets_protocol::Version;

use super::Source;
use crate::args::{ExportFormat, Format};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::arrow::ArrowWriter;
use crate::output::csv::CsvWriter;
use crate::output::json::JsonWriter;
use crate::output::ndjson::NdjsonWriter;
use crate::output::parquet::ParquetWriter;
use crate::output::{TicketWriter, stdout};

/// Writes every page, and gives the number of tickets. What ends early is left without its end, so that nobody takes
/// it for whole.
pub(super) fn write(
    format: ExportFormat,
    source: &mut impl Source,
    interrupted: &AtomicBool,
) -> Outcome<u64> {
    let version = Version::MILESTONES.last().copied().unwrap_or(Version::V8_0);
    let mut writer: Box<dyn TicketWriter> = match format {
        ExportFormat::Csv => Box::new(CsvWriter::new(stdout::for_format(Format::Csv), version)),
        ExportFormat::Ndjson => Box::new(NdjsonWriter::new(stdout::for_format(Format::Ndjson))),
        ExportFormat::Json => Box::new(JsonWriter::new(stdout::for_format(Format::Json))),
        ExportFormat::Parquet | ExportFormat::Arrow if io::stdout().is_terminal() => {
            return Err(Failure::usage(format!("{} is not for a terminal", format.word()))
                .hint("Send it to a file or a pipe"));
        }
        ExportFormat::Parquet => Box::new(ParquetWriter::new(io::BufWriter::new(io::stdout()))?),
        ExportFormat::Arrow => Box::new(ArrowWriter::new(io::BufWriter::new(io::stdout()))?),
    };
    let mut tickets = 0;
    while let Some(page) = source.next_page() {
        let page = page.map_err(|failure| incomplete(failure, tickets))?;
        writer.write(&page)?;
        tickets += page.len() as u64;
        if interrupted.load(Ordering::Relaxed) {
            return Err(incomplete(Failure::new(Exit::Incomplete, "interrupted"), tickets));
        }
    }
    writer.finish()?;
    Ok(tickets)
}

fn incomplete(failure: Failure, tickets: u64) -> Failure {
    if tickets == 0 {
        return failure;
    }
    Failure {
        exit: Exit::Incomplete,
        what: format!("{}; {tickets} tickets were written", failure.what),
        ..failure
    }
}
