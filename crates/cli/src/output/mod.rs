//! Output: tickets in the formats that people and programs read.
//!
//! Stdout carries data and nothing else. A format is one file here with one [`TicketWriter`]; a new format is
//! a new file, a variant of [`Format`](crate::args::Format), and an arm in [`writer`].

pub(crate) mod age;
pub(crate) mod arrow;
pub(crate) mod batches;
pub(crate) mod clock;
pub(crate) mod csv;
pub(crate) mod derived;
pub(crate) mod json;
pub(crate) mod names;
pub(crate) mod ndjson;
pub(crate) mod parquet;
pub(crate) mod sanitise;
pub(crate) mod selected;
pub(crate) mod stdout;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod width;

use std::io::{self, Write};
use std::sync::Arc;

use gettickets_arrow::TableInstall;
use gettickets_protocol::{Page, Tickets, Version};

use self::clock::Clock;
use self::names::Names;

use crate::args::Format;

/// Takes tickets, page by page, and writes them in one format.
pub(crate) trait TicketWriter {
    /// Writes these tickets after those before them.
    fn write(&mut self, tickets: &Tickets) -> io::Result<()>;

    /// Says from which install the tickets that follow are.
    fn begin_install(&mut self, _install: &InstallContext) {}

    /// Lets a writer that lays out columns see these tickets before they are written one by one.
    fn prepare(&mut self, _tickets: &[Tickets]) -> io::Result<()> {
        Ok(())
    }

    /// Writes the end of the format, and flushes. Not called where the tickets are not whole; what was
    /// written is then passed on when the writer is dropped.
    fn finish(&mut self) -> io::Result<()>;
}

/// What a writer needs to know of the install that tickets are from.
#[derive(Clone, Debug)]
pub(crate) struct InstallContext {
    /// The name of its profile; `None` where the tickets are from one install that needs no name.
    pub(crate) name: Option<String>,
    /// Its clock.
    pub(crate) clock: Clock,
    /// Whether a flag or the profile named the time zone of the clock.
    pub(crate) zone_is_known: bool,
    /// The names of its departments and admins.
    pub(crate) names: Names,
}

impl InstallContext {
    /// What tables need to know of it.
    pub(crate) fn for_tables(&self) -> TableInstall {
        TableInstall {
            name: self.name.as_deref().map(Arc::from),
            zone: self.zone_is_known.then(|| self.clock.zone().clone()),
        }
    }
}

/// What a writer needs to know beside the tickets.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// The columns of the terminal; none on a pipe or into a file.
    pub(crate) width: Option<usize>,
    /// The install's clock.
    pub(crate) clock: Clock,
    /// The version whose fields are the columns of CSV.
    pub(crate) version: Version,
}

/// The columns a table has: as said, else the terminal's; none on a pipe.
pub(crate) fn table_width(said: Option<u16>) -> Option<usize> {
    if let Some(said) = said {
        return Some(said.into());
    }
    if !style::stdout_is_terminal() {
        return None;
    }
    // A terminal that does not tell its width is an old one.
    Some(terminal_size::terminal_size().map_or(80, |(width, _)| width.0.into()))
}

/// How many tickets a page has of how many there are, in words.
pub(crate) fn counted(page: &Page) -> String {
    let shown = page.len() as u64;
    let start = page.startnumber().unwrap_or(0);
    match page.totalresults() {
        Some(total) if shown == 0 && start == 0 && total > 0 => {
            format!("the server counts {total} {} and sent none", tickets(total))
        }
        _ if shown == 0 && start == 0 => "no ticket matches".to_owned(),
        Some(total) if shown == 0 => format!("no ticket from offset {start} on, of {total} that match"),
        Some(total) if start == 0 && total <= shown => format!("{shown} {}", tickets(shown)),
        Some(total) => format!("{} to {} of {total} tickets", start + 1, start + shown),
        None => format!("{shown} {}", tickets(shown)),
    }
}

/// The word, for this many.
pub(crate) fn tickets(count: u64) -> &'static str {
    if count == 1 { "ticket" } else { "tickets" }
}

/// The writer of a format.
pub(crate) fn writer<'w>(format: Format, out: impl Write + 'w, shape: Shape) -> Box<dyn TicketWriter + 'w> {
    match format {
        Format::Table => {
            Box::new(table::TableWriter::new(out, table::TableOptions::new(shape.width, shape.clock)))
        }
        Format::Json => Box::new(json::JsonWriter::new(out)),
        Format::Ndjson => Box::new(ndjson::NdjsonWriter::new(out)),
        Format::Csv => Box::new(csv::CsvWriter::new(out, shape.version)),
    }
}
