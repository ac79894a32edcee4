//! Output: tickets in the formats that people and programs read.
//!
//! Stdout carries only data. Each format is a file here with a [`TicketWriter`]; a new format needs a file, a variant
//! of [`Format`](crate::args::Format), and an arm in [`writer`].

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
pub(crate) mod sanitize;
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

/// Writes tickets in one format.
pub(crate) trait TicketWriter {
    /// Writes these tickets after the previous ones.
    fn write(&mut self, tickets: &Tickets) -> io::Result<()>;

    /// Sets the install of the next tickets.
    fn begin_install(&mut self, _install: &InstallContext) {}

    /// Lets a writer compute its layout from these tickets before they are written.
    fn prepare(&mut self, _tickets: &[Tickets]) -> io::Result<()> {
        Ok(())
    }

    /// Writes the end of the format, and flushes. Not called if the tickets are incomplete; dropping the writer then
    /// flushes what was written.
    fn finish(&mut self) -> io::Result<()>;
}

/// What a writer needs to know of the tickets' install.
#[derive(Clone, Debug)]
pub(crate) struct InstallContext {
    /// The name of its profile; `None` if the tickets are from one install and the name is not written.
    pub(crate) name: Option<String>,
    /// The install's clock.
    pub(crate) clock: Clock,
    /// Whether a flag or the profile set the time zone of the clock.
    pub(crate) zone_is_known: bool,
    /// The names of its departments and admins.
    pub(crate) names: Names,
}

impl InstallContext {
    /// The context for tables.
    pub(crate) fn for_tables(&self) -> TableInstall {
        TableInstall {
            name: self.name.as_deref().map(Arc::from),
            zone: self.zone_is_known.then(|| self.clock.zone().clone()),
        }
    }
}

/// The parameters of a writer.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// The width of the terminal in columns; `None` on a pipe or into a file.
    pub(crate) width: Option<usize>,
    /// The install's clock.
    pub(crate) clock: Clock,
    /// The version whose fields are the columns of CSV.
    pub(crate) version: Version,
}

/// The width of a table: the given width, else the terminal's; `None` on a pipe.
pub(crate) fn table_width(said: Option<u16>) -> Option<usize> {
    if let Some(said) = said {
        return Some(said.into());
    }
    if !style::stdout_is_terminal() {
        return None;
    }
    // An old terminal may not report its width.
    Some(terminal_size::terminal_size().map_or(80, |(width, _)| width.0.into()))
}

/// Describes how many tickets a page has and how many match.
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
        Some(total) => {
            let (first, last) = (start.saturating_add(1), start.saturating_add(shown));
            format!("{first} to {last} of {total} tickets")
        }
        None => format!("{shown} {}", tickets(shown)),
    }
}

/// `ticket` or `tickets`, depending on the count.
pub(crate) fn tickets(count: u64) -> &'static str {
    if count == 1 { "ticket" } else { "tickets" }
}

/// Creates the writer of a format.
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
