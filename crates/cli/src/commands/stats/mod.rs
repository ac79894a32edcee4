//! `gettickets stats`: figures of the tickets, as charts in the terminal, as a page, or as JSON.
//!
//! Tickets are counted as they arrive ([`tally`]), so memory does not grow with them. The figures are computed once
//! ([`statistics`]) and written in three forms.

mod page;
mod statistics;
mod tally;
mod terminal;
mod words;

use std::collections::HashSet;
use std::io::Write;
use std::iter;
use std::path::Path;

use anstream::ColorChoice;
use gettickets_protocol::{Decoder, GetTickets, Reply, Tickets};

use self::statistics::{Source, Statistics};
use self::tally::Tally;
use self::terminal::Look;
use crate::args::{StatsArgs, StatsFormat};
use crate::commands::export::scan::lacks_unreadable_alone;
use crate::commands::saved::{self, Saved};
use crate::commands::scanning::{self, Progress};
use crate::commands::whole::Whole;
use crate::commands::{explain, misspelt};
use crate::connect;
use crate::exit::{self, Exit, Failure, Outcome};
use crate::files;
use crate::output::clock::Clock;
use crate::output::names::Names;
use crate::output::{self, sanitise, stdout};

/// Runs the command.
pub(crate) fn run(args: &StatsArgs) -> Outcome {
    if args.from.is_empty() { of_server(args) } else { of_files(args) }
}

fn of_server(args: &StatsArgs) -> Outcome {
    let connection = connect::open(&args.connection)?;
    let request = args.query.to_request();
    let scan = scanning::configured(connection.client.scan(request.clone()), &args.query.scan);
    let mut progress = Some(Progress::of(scan.status(), true));
    let mut whole = Whole::of(scan);
    let mut unreadable = None;
    let pages = iter::from_fn(|| {
        let page = whole.next();
        if let Some(Ok(tickets)) = page {
            return Some(Ok(tickets));
        }
        progress = None;
        let report = whole.report();
        match page {
            // All others are counted, so the figures are worth showing, and then what they lack.
            Some(Err(failure)) if lacks_unreadable_alone(&report, whole.delivered()) => {
                unreadable = Some(failure)
            }
            page => return page,
        }
        None
    });
    let source = Source { server: connection.place.clone(), filter: filter(&request) };
    stats(args, source, pages, connection.clock.clone(), connection.names.clone())?;
    scanning::print_report(&whole.report());
    if whole.delivered() == 0 {
        misspelt::warn(&request);
    }
    unreadable.map_or_else(|| whole.end(), Err)
}

/// Figures of an export or of saved replies, which may overlap.
fn of_files(args: &StatsArgs) -> Outcome {
    let clock = Clock::new(args.connection.time_zone.as_deref())?;
    let files = saved::files(&args.from)?;
    let server = match files.as_slice() {
        [file] => saved::name(file),
        files => format!("{} files", files.len()),
    };
    let mut ids = HashSet::new();
    let mut repeated = 0;
    let tickets = files.iter().flat_map(|file| pages_of(file, args.connection.strict));
    let once = tickets.flat_map(|page| match page {
        Err(failure) => vec![Err(failure)],
        Ok(page) => {
            let is_new: Vec<bool> = page.iter().map(|ticket| ids.insert(ticket.id())).collect();
            repeated += is_new.iter().filter(|is_new| !**is_new).count() as u64;
            runs(&is_new).map(|range| Ok(page.slice(range))).collect()
        }
    });
    let source = Source { server, filter: "all tickets".to_owned() };
    stats(args, source, once, clock, Names::default())?;
    if repeated > 0 {
        exit::warn(format!(
            "{repeated} {} read again under the same id, and counted once",
            if repeated == 1 { "ticket was" } else { "tickets were" }
        ));
    }
    Ok(())
}

/// The pages of a file.
fn pages_of(file: &Path, strict: bool) -> impl Iterator<Item = Outcome<Tickets>> {
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
            Ok(Reply::Tickets(page)) => Ok(page.into_tickets()),
            Ok(Reply::Error(error)) => {
                Err(Failure::new(Exit::Server, &error).at(&name).hint(explain::api_error(&error)))
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

/// Which tickets a request is for, in words.
fn filter(request: &GetTickets) -> String {
    let GetTickets { deptid, clientid, email, status, subject, .. } = request;
    let parts = [
        status.as_ref().map(|status| format!("status {status}")),
        deptid.map(|id| format!("department {id}")),
        clientid.map(|id| format!("client {id}")),
        email.as_ref().map(|email| format!("from {email}")),
        subject.as_ref().map(|subject| format!("subject containing \u{201c}{subject}\u{201d}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "all tickets".to_owned() } else { format!("tickets: {}", parts.join(", ")) }
}

/// Counts every page, and writes what was asked for.
///
/// Figures of some of the tickets would be wrong without a word, so a page that fails ends it.
fn stats(
    args: &StatsArgs,
    source: Source,
    pages: impl Iterator<Item = Outcome<Tickets>>,
    clock: Clock,
    names: Names,
) -> Outcome {
    let waiting = match args.waiting_status.as_slice() {
        [] => Tally::default_waiting(),
        named => named.to_vec(),
    };
    let mut tally = Tally::new(waiting, clock);
    tally.names = names;
    for page in pages {
        page?.iter().for_each(|ticket| tally.add(ticket));
    }
    let statistics = Statistics::new(tally, source);
    if let Some(path) = &args.html {
        let page = page::render(&statistics);
        if path == Path::new("-") {
            stdout::write_text(&page, sanitise::lines)?;
            return Ok(());
        }
        files::write(path, page.as_bytes()).map_err(|error| Failure::of_file(path, &error))?;
        let count = statistics.tickets;
        exit::remark(format!("{count} {} in {}", output::tickets(count), path.display()));
    }
    match args.format {
        StatsFormat::Json => {
            // Names and numbers can always be serialized.
            let document = serde_json::to_string_pretty(&statistics).unwrap_or_default();
            stdout::write_text(&(document + "\n"), sanitise::json)?;
        }
        // The page has been written.
        StatsFormat::Charts if args.html.is_some() => {}
        StatsFormat::Charts => {
            let mut out = anstream::AutoStream::auto(std::io::stdout());
            let color = out.current_choice() != ColorChoice::Never;
            let chart = terminal::render(&statistics, Look { color, ..look() });
            out.write_all(chart.as_bytes())?;
            out.flush()?;
        }
    }
    Ok(())
}

/// What the terminal can show; a pipe gets as much as an ordinary terminal.
fn look() -> Look {
    let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
    let name = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    Look { width, unicode: shows_unicode(name.as_deref()), color: false }
}

/// Whether a locale is one of UTF-8. Where none is set, as in a container, terminals are UTF-8 today.
fn shows_unicode(locale: Option<&str>) -> bool {
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests;
