//! `gettickets stats` with several profiles: figures of each install.

use serde_json::{Value, json};

use super::statistics::{Source, Statistics};
use super::write::{filter, tally_of, write_charts, write_page};
use crate::args::{StatsArgs, StatsFormat};
use crate::commands::export::scan::lacks_unreadable_alone;
use crate::commands::scanning::Progress;
use crate::commands::{complete_scan, scanning, status_typo};
use crate::connect::installs::{self, Several};
use crate::exit::{self, Failure, Outcome};
use crate::output::{self, sanitize, stdout};

pub(super) fn run(args: &StatsArgs, installs: &Several) -> Outcome {
    if let Some(path) = &args.html
        && !installs::has_placeholder(path)
    {
        return Err(Failure::usage(format!(
            "{}: several profiles are selected, and each needs a file of its own",
            path.display()
        ))
        .hint("Write {install} into the name, as in 'tickets-{install}.html'"));
    }
    let query = args.query.to_query();
    let mut tallies: Vec<_> = installs
        .connections
        .iter()
        .map(|(_, connection)| tally_of(args, connection.clock.clone(), connection.names.clone()))
        .collect();
    let mut scan = installs
        .fleet
        .scan_with(|install| scanning::configured(query.scan(install.client()), &args.query.scan));
    let waiting = Progress::waiting(format!("reading {} installs", installs.connections.len()));
    for page in scan.by_ref() {
        // The reports hold the errors.
        let Ok(page) = page else { continue };
        if let Some(tally) = tallies.get_mut(page.index) {
            page.tickets.iter().for_each(|ticket| tally.add(ticket));
        }
    }
    drop(waiting);
    let mut failures = installs.unusable.clone();
    let mut documents = Vec::new();
    let mut counted = 0;
    for (((name, connection), tally), report) in installs.connections.iter().zip(tallies).zip(scan.reports())
    {
        scanning::print_report_of(&format!("{name}: "), &report.scan);
        let tickets = tally.tickets;
        counted += tickets;
        if let Some(error) = &report.error {
            failures.push((name.clone(), complete_scan::interrupted(error, tickets)));
            // Figures of only some tickets would be wrong without any sign of it. If only unreadable tickets are
            // missing, the figures are shown.
            if !lacks_unreadable_alone(&report.scan, tickets) {
                continue;
            }
        } else if let Err(failure) = complete_scan::check_unreadable(&report.scan) {
            failures.push((name.clone(), failure));
        }
        exit::note(format!("{name}: {tickets} {}", output::tickets(tickets)));
        let source =
            Source { server: format!("{name}, {}", connection.place), filter: filter(&query.requests()) };
        let statistics = Statistics::new(tally, source);
        if let Some(path) = &args.html {
            write_page(&installs::file_of(path, Some(name))?, &statistics)?;
        }
        match args.format {
            StatsFormat::Json => {
                let mut document = json!({"install": name});
                // Names and numbers can always be serialized.
                let figures = serde_json::to_value(&statistics).unwrap_or_default();
                if let (Value::Object(document), Value::Object(figures)) = (&mut document, figures) {
                    document.extend(figures);
                }
                documents.push(document);
            }
            // The page has been written.
            StatsFormat::Charts if args.html.is_some() => {}
            StatsFormat::Charts => write_charts(&statistics)?,
        }
    }
    if args.format == StatsFormat::Json {
        let document = serde_json::to_string_pretty(&json!({"installs": documents})).unwrap_or_default();
        stdout::write_text(&(document + "\n"), sanitize::json)?;
    }
    if counted == 0 && failures.is_empty() {
        status_typo::warn(&query.requests());
    }
    installs::report(failures)
}
