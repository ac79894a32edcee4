//! Writes the figures as charts or as a page.

use std::io::Write;
use std::path::Path;

use anstream::ColorChoice;
use gettickets_protocol::{GetTickets, StatusFilter};

use super::page;
use super::statistics::Statistics;
use super::tally::Tally;
use super::terminal::{self, Look};
use crate::args::StatsArgs;
use crate::exit::{self, Failure, Outcome};
use crate::files;
use crate::output;
use crate::output::clock::Clock;
use crate::output::names::Names;

/// Describes the filters of these requests.
pub(super) fn filter(requests: &[GetTickets]) -> String {
    let statuses: Vec<&str> =
        requests.iter().filter_map(|request| request.status.as_ref()).map(StatusFilter::as_str).collect();
    let statuses = (!statuses.is_empty()).then(|| format!("status {}", statuses.join(" or ")));
    let Some(GetTickets { deptid, clientid, email, subject, .. }) = requests.first() else {
        return "all tickets".to_owned();
    };
    let parts = [
        statuses,
        deptid.map(|id| format!("department {id}")),
        clientid.map(|id| format!("client {id}")),
        email.as_ref().map(|email| format!("from {email}")),
        subject.as_ref().map(|subject| format!("subject containing \u{201c}{subject}\u{201d}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "all tickets".to_owned() } else { format!("tickets: {}", parts.join(", ")) }
}

/// An empty tally for these arguments.
pub(super) fn tally_of(args: &StatsArgs, clock: Clock, names: Names) -> Tally {
    let waiting = match args.waiting_status.as_slice() {
        [] => Tally::default_waiting(),
        named => named.to_vec(),
    };
    let mut tally = Tally::new(waiting, clock);
    tally.names = names;
    tally
}

pub(super) fn write_page(path: &Path, statistics: &Statistics) -> Outcome {
    let page = page::render(statistics);
    files::write(path, page.as_bytes()).map_err(|error| Failure::of_file(path, &error))?;
    let count = statistics.tickets;
    exit::remark(format!("{count} {} in {}", output::tickets(count), path.display()));
    Ok(())
}

pub(super) fn write_charts(statistics: &Statistics) -> Outcome {
    let mut out = anstream::AutoStream::auto(std::io::stdout());
    let color = out.current_choice() != ColorChoice::Never;
    let chart = terminal::render(statistics, Look { color, ..look() });
    out.write_all(chart.as_bytes())?;
    Ok(out.flush()?)
}

/// What the terminal can display. For a pipe the defaults of a terminal apply.
fn look() -> Look {
    let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
    let name = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    Look { width, unicode: shows_unicode(name.as_deref()), color: false }
}

/// Whether a locale uses UTF-8. If none is set, as in containers, UTF-8 is assumed.
fn shows_unicode(locale: Option<&str>) -> bool {
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}
