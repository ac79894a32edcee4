//! `gettickets stats`: what the tickets come to, as charts in the terminal, as a page, or as JSON.
//!
//! Tickets are counted as they come ([`tally`]), so memory does not grow with them; what is told of them is
//! worked out once ([`statistics`]), and told in three ways.

mod page;
mod statistics;
mod tally;
mod terminal;
mod words;

use std::fs::{self, File};
use std::io::Write;
use std::iter;
use std::path::{Path, PathBuf};

use anstream::ColorChoice;
use gettickets_protocol::{DateTime, Tickets};

use self::statistics::Statistics;
use self::tally::Tally;
use self::terminal::Look;
use crate::args::{StatsArgs, StatsFormat};
use crate::commands::export::{Progress, lacks_holes_alone};
use crate::commands::misspelt;
use crate::commands::scanning;
use crate::commands::whole::Whole;
use crate::connect;
use crate::exit::{self, Failure, Outcome};
use crate::output::{self, sanitise, stdout};

/// Does what was said.
pub(crate) fn run(args: &StatsArgs) -> Outcome {
    let connection = connect::open(&args.connection)?;
    let request = args.query.to_request();
    let scan = scanning::configured(connection.client.scan(request.clone()), &args.query.scan);
    let mut whole = Whole::of(scan);
    let progress = Progress::new(0);
    let mut holes = None;
    let pages = iter::from_fn(|| {
        let page = whole.next();
        let report = whole.report();
        progress.at(whole.delivered(), report.total);
        match page {
            Some(Ok(tickets)) => return Some(Ok(tickets)),
            // All others are counted, so the figures are worth showing, and then what they lack.
            Some(Err(failure)) if lacks_holes_alone(&report, whole.delivered()) => holes = Some(failure),
            Some(Err(failure)) => {
                progress.clear();
                return Some(Err(failure));
            }
            None => {}
        }
        progress.clear();
        None
    });
    stats(args, pages, connection.clock.now())?;
    scanning::print_report(&whole.report());
    if whole.delivered() == 0 {
        misspelt::warn(&request);
    }
    holes.map_or_else(|| whole.end(), Err)
}

/// Counts every page, and tells what was asked for. `now` is what the install's clock shows.
///
/// Figures of some of the tickets would be wrong in silence, so a page that fails ends it.
fn stats(args: &StatsArgs, pages: impl Iterator<Item = Outcome<Tickets>>, now: DateTime) -> Outcome {
    let waiting = match args.waiting_status.as_slice() {
        [] => Tally::default_waiting(),
        named => named.to_vec(),
    };
    let mut tally = Tally::new(waiting);
    for page in pages {
        page?.iter().for_each(|ticket| tally.add(ticket));
    }
    let statistics = Statistics::new(tally, now);
    if let Some(path) = &args.html {
        put(path, &page::render(&statistics))
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
        let count = statistics.tickets;
        exit::remark(format!("{count} {} in {}", output::tickets(count), path.display()));
    }
    match args.format {
        StatsFormat::Json => {
            // Names and numbers always have a spelling.
            let document = serde_json::to_string_pretty(&statistics).unwrap_or_default();
            stdout::write_text(&(document + "\n"), sanitise::json)?;
        }
        // Who asks for a page has it.
        StatsFormat::Charts if args.html.is_some() => {}
        StatsFormat::Charts => {
            let mut out = anstream::AutoStream::auto(std::io::stdout());
            let colour = out.current_choice() != ColorChoice::Never;
            let chart = terminal::render(&statistics, Look { colour, ..look() });
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
    Look { width, unicode: shows_unicode(name.as_deref()), colour: false }
}

/// Whether a locale is one of UTF-8. Where none is set, as in a container, terminals are UTF-8 today.
fn shows_unicode(locale: Option<&str>) -> bool {
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Writes a file that is there whole or as it was before.
fn put(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests;
