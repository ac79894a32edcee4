//! `gettickets stats`: figures of the tickets, as charts in the terminal, as an HTML page, or as JSON.
//!
//! Tickets are counted as they arrive ([`tally`]), so memory does not grow with them. The figures are computed once
//! ([`statistics`]) and written in three forms.

mod page;
mod several;
mod statistics;
mod tally;
mod terminal;
mod words;
mod write;

use std::collections::HashSet;
use std::iter;
use std::path::Path;

use gettickets_arrow::TableColumn;
use gettickets_protocol::{Decoder, Finding, Page, Reply, TicketRef, Tickets};

use self::statistics::{Source, Statistics};
use self::write::{filter, tally_of, write_charts, write_page};
use crate::args::{StatsArgs, StatsFormat};
use crate::commands::complete_scan::CompleteScan;
use crate::commands::export::scan::lacks_unreadable_alone;
use crate::commands::saved::{self, Saved};
use crate::commands::scanning::{self, Progress};
use crate::commands::{reply_hints, status_typo};
use crate::connect::installs::{self, Installs};
use crate::exit::{self, Exit, Failure, Outcome};
use crate::output::clock::Clock;
use crate::output::names::Names;
use crate::output::{sanitize, stdout};

/// Runs the command.
pub(crate) fn run(args: &StatsArgs) -> Outcome {
    if args.from.is_empty() { of_server(args) } else { of_files(args) }
}

fn of_server(args: &StatsArgs) -> Outcome {
    let connection = match installs::select(&args.connection)? {
        Installs::One(_, connection) => *connection,
        Installs::Several(installs) => return several::run(args, &installs),
    };
    let query = args.query.to_query();
    let scan = scanning::configured(query.scan(&connection.client), &args.query.scan);
    let mut progress = Some(Progress::of(scan.status()));
    let mut scan = CompleteScan::of(scan);
    let mut unreadable = None;
    let pages = iter::from_fn(|| {
        let page = scan.next();
        if let Some(Ok(tickets)) = page {
            return Some(Ok(tickets));
        }
        progress = None;
        let report = scan.report();
        match page {
            // All other tickets are counted, so the figures are shown before the error.
            Some(Err(failure)) if lacks_unreadable_alone(&report, scan.delivered()) => {
                unreadable = Some(failure)
            }
            page => return page,
        }
        None
    });
    let source = Source { server: connection.place.clone(), filter: filter(&query.requests()) };
    stats(args, source, pages, connection.clock.clone(), connection.names.clone())?;
    scanning::print_report(&scan.report());
    if scan.delivered() == 0 {
        status_typo::warn(&query.requests());
    }
    unreadable.map_or_else(|| scan.end(), Err)
}

/// Figures of an export or of saved replies. Tickets that occur several times are counted once.
fn of_files(args: &StatsArgs) -> Outcome {
    let clock = Clock::new(args.connection.time_zone.as_deref())?;
    let files = saved::files(&args.from)?;
    let server = match files.as_slice() {
        [file] => saved::name(file),
        files => format!("{} files", files.len()),
    };
    let mut ids = HashSet::new();
    let mut repeated = 0;
    let mut findings = Vec::new();
    let tickets = files.iter().flat_map(|file| pages_of(file, args.connection.strict));
    let once = tickets.flat_map(|page| match page {
        Err(failure) => vec![Err(failure)],
        Ok(page) => {
            Finding::merge(&mut findings, page.findings());
            let page = page.into_tickets();
            let is_new: Vec<bool> =
                page.iter().map(|ticket| ids.insert((install(&ticket), ticket.id()))).collect();
            repeated += is_new.iter().filter(|is_new| !**is_new).count() as u64;
            runs(&is_new).map(|range| Ok(page.slice(range))).collect()
        }
    });
    let source = Source { server, filter: "all tickets".to_owned() };
    stats(args, source, once, clock, Names::default())?;
    findings.retain(|finding| scanning::changes_values(finding.kind));
    scanning::print_findings(&findings);
    if repeated > 0 {
        exit::warn(format!(
            "{repeated} {} read again with the same id, and counted once",
            if repeated == 1 { "ticket was" } else { "tickets were" }
        ));
    }
    Ok(())
}

/// The install that a ticket is from, as JSON, in an export of several installs.
fn install(ticket: &TicketRef<'_>) -> Option<String> {
    let mut extra = ticket.extra_json();
    extra.find(|(name, _)| *name == TableColumn::Install.name()).map(|(_, install)| install.to_owned())
}

/// The pages of a file.
fn pages_of(file: &Path, strict: bool) -> impl Iterator<Item = Outcome<Page>> {
    let mut failed = None;
    let mut saved = match Saved::open(file, Decoder::new().strict(strict)) {
        Ok(saved) => Some(saved),
        Err(failure) => {
            failed = Some(failure);
            None
        }
    };
    let name = saved::name(file);
    iter::from_fn(move || {
        if let Some(failure) = failed.take() {
            return Some(Err(failure));
        }
        Some(match saved.as_mut()?.next()? {
            Ok(Reply::Tickets(page)) => Ok(page),
            Ok(Reply::Error(error)) => {
                Err(Failure::new(Exit::Server, &error).at(&name).hint(reply_hints::api_error(&error)))
            }
            Err(failure) => Err(failure),
        })
    })
}

/// The ranges of indexes at which `wanted` is true.
fn runs(wanted: &[bool]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut at = 0;
    iter::from_fn(move || {
        let start = at + wanted.get(at..)?.iter().position(|wanted| *wanted)?;
        let length = wanted.get(start..)?.iter().take_while(|wanted| **wanted).count();
        at = start + length;
        Some(start..at)
    })
}

/// Counts every page, and writes the figures.
///
/// A page that fails ends the command: figures of only some tickets would be wrong without any sign of it.
fn stats(
    args: &StatsArgs,
    source: Source,
    pages: impl Iterator<Item = Outcome<Tickets>>,
    clock: Clock,
    names: Names,
) -> Outcome {
    let mut tally = tally_of(args, clock, names);
    for page in pages {
        page?.iter().for_each(|ticket| tally.add(ticket));
    }
    let statistics = Statistics::new(tally, source);
    if let Some(path) = &args.html {
        if path == Path::new("-") {
            stdout::write_text(&page::render(&statistics), sanitize::lines)?;
            return Ok(());
        }
        write_page(path, &statistics)?;
    }
    match args.format {
        StatsFormat::Json => {
            // Names and numbers can always be serialized.
            let document = serde_json::to_string_pretty(&statistics).unwrap_or_default();
            stdout::write_text(&(document + "\n"), sanitize::json)?;
        }
        // The page has been written.
        StatsFormat::Charts if args.html.is_some() => {}
        StatsFormat::Charts => write_charts(&statistics)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests;
