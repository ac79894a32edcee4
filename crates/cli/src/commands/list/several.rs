//! `gettickets list` with several profiles: the tickets of their installs in one list.

use gettickets::{Error, Finding, GetTickets, Page, Scan, Tickets};

use super::common::{added, admin, rest_of};
use super::local::{Local, sorted_with};
use crate::args::{Format, ListArgs, Query};
use crate::commands::scanning::Progress;
use crate::commands::{complete_scan, scanning, status_typo};
use crate::connect::installs::{Several, worst};
use crate::connect::{self, Connection};
use crate::exit::{self, Exit, Failure, Outcome};
use crate::output::selected::{Part, SelectedWriter, Selection};
use crate::output::table::{TableOptions, TableWriter};
use crate::output::{self, InstallContext, TicketWriter, stdout};

pub(super) fn list(args: &ListArgs, installs: &Several, query: &Query) -> Outcome {
    let requests = query.requests();
    let mut listing = Listing::new(args, installs, !args.reads_all() && requests.len() > 1)?;
    for (name, failure) in &installs.unusable {
        listing.fail(name, failure.clone());
    }
    if args.reads_all() {
        listing.scan(query)?
    } else {
        listing.pages(&requests)?
    }
    worst(listing.exits)
}

/// A list in progress.
struct Listing<'a> {
    args: &'a ListArgs,
    installs: &'a Several,
    contexts: Vec<InstallContext>,
    /// The filters of each install. The limit applies to all installs together.
    locals: Vec<Local>,
    limit: Option<u64>,
    written: u64,
    /// Tickets that are to be sorted, with their install.
    unsorted: Vec<(usize, Tickets)>,
    writer: Box<dyn TicketWriter>,
    exits: Vec<Exit>,
}

impl<'a> Listing<'a> {
    fn new(args: &'a ListArgs, installs: &'a Several, merges: bool) -> Outcome<Listing<'a>> {
        let contexts = installs.contexts();
        let mut locals = Vec::new();
        for (name, connection) in &installs.connections {
            let flag = args.flag.as_deref().map(|flag| admin(flag, connection)).transpose();
            let flag = flag.map_err(|failure| failure.at(name))?;
            locals.push(Local::new(&args.priority, flag, None, merges));
            if args.has_utc() && !connection.zone_is_known {
                exit::note(format!(
                    "{name}: assuming that the install is in this machine's time zone; set another in the profile"
                ));
            }
        }
        let writer = open(args, &contexts);
        let (unsorted, exits) = (Vec::new(), Vec::new());
        Ok(Listing {
            args,
            installs,
            contexts,
            locals,
            limit: args.limit,
            written: 0,
            unsorted,
            writer,
            exits,
        })
    }

    /// Reports that an install failed.
    fn fail(&mut self, name: &str, failure: Failure) {
        self.exits.push(failure.exit);
        exit::report(Err(failure.at(name)));
    }

    fn is_full(&self) -> bool {
        self.args.sort.is_empty() && self.limit.is_some_and(|limit| self.written >= limit)
    }

    /// Lists one page of each install for each request.
    fn pages(&mut self, requests: &[GetTickets]) -> Outcome {
        let read = |connection: &Connection| -> Result<Vec<Page>, Error> {
            requests.iter().map(|request| connection.client.get_tickets(request)).collect()
        };
        let waiting = Progress::waiting(format!("waiting for {} installs", self.contexts.len()));
        let results = self.installs.side_by_side(|_, connection| read(connection));
        drop(waiting);
        let mut received = 0;
        let mut failures = Vec::new();
        for (index, ((name, _), result)) in self.installs.connections.iter().zip(results).enumerate() {
            let pages = match result {
                Ok(pages) => pages,
                Err(error) => {
                    failures.push((name, connect::failure_of(&error)));
                    continue;
                }
            };
            let mut findings = Vec::new();
            for page in &pages {
                self.take(index, page.tickets())?;
                received += page.len();
                Finding::merge(&mut findings, page.findings());
            }
            match pages.iter().find_map(rest_of) {
                Some(rest) => exit::note(format!("{name}: {rest}")),
                None => exit::remark(format!("{name}: {}", pages.iter().map(Page::len).sum::<usize>())),
            }
            scanning::print_findings_of(&format!("{name}: "), &findings);
        }
        self.finish()?;
        if received == 0 && failures.is_empty() {
            status_typo::warn(requests);
        }
        failures.into_iter().for_each(|(name, failure)| self.fail(name, failure));
        Ok(())
    }

    /// Lists all tickets of each install, and writes them as they arrive.
    fn scan(&mut self, query: &Query) -> Outcome {
        let mut received = vec![0_u64; self.contexts.len()];
        let mut scan = self
            .installs
            .fleet
            .scan_with(|install| self.configured(query.scan(install.client()), install.name()));
        let waiting = Progress::waiting(format!("reading {} installs", self.contexts.len()));
        while !self.is_full() {
            match scan.next() {
                None => break,
                // The reports hold the errors.
                Some(Err(_)) => {}
                Some(Ok(page)) => {
                    if let Some(count) = received.get_mut(page.index) {
                        *count += page.tickets.len() as u64;
                    }
                    waiting.suspended(|| self.take(page.index, &page.tickets))?;
                }
            }
        }
        drop(waiting);
        let reports = scan.reports().to_vec();
        let failures: Vec<Option<Failure>> = reports
            .iter()
            .zip(&received)
            .map(|(report, received)| match &report.error {
                Some(error) => Some(complete_scan::interrupted(error, *received)),
                None => complete_scan::check_unreadable(&report.scan).err(),
            })
            .collect();
        let is_cut = self.is_full();
        self.finish()?;
        for report in &reports {
            scanning::print_report_of(&format!("{}: ", report.install), &report.scan);
        }
        if is_cut {
            let written = self.written;
            exit::note(format!(
                "the list ends after {written} {} because of --limit; more may match",
                output::tickets(written)
            ));
            return Ok(());
        }
        for ((context, failure), received) in self.contexts.iter().zip(&failures).zip(&received) {
            if failure.is_none() {
                let name = context.name.as_deref().unwrap_or_default();
                exit::note(format!("{name}: {received} {}", output::tickets(*received)));
            }
        }
        if received.iter().all(|count| *count == 0) && failures.iter().all(Option::is_none) {
            status_typo::warn(&query.requests());
        }
        let names: Vec<String> = self.contexts.iter().filter_map(|context| context.name.clone()).collect();
        for (name, failure) in names.iter().zip(failures) {
            if let Some(failure) = failure {
                self.fail(name, failure);
            }
        }
        Ok(())
    }

    /// The scan of this install with the options of the command line.
    fn configured(&self, scan: Scan, name: &str) -> Scan {
        let scan = scanning::configured(scan, &self.args.scan).full(self.args.full);
        let connection = self.installs.connections.iter().find(|(known, _)| known == name);
        match (self.args.updated_since, connection) {
            (Some(since), Some((_, connection))) => scan.updated_since(connection.resolve(since)),
            _ => scan,
        }
    }

    /// Filters these tickets, and writes them or holds them for sorting.
    fn take(&mut self, index: usize, tickets: &Tickets) -> Outcome {
        let Some(local) = self.locals.get_mut(index) else { return Ok(()) };
        let runs: Vec<(usize, Tickets)> = local.pick(tickets).into_iter().map(|run| (index, run)).collect();
        if self.args.sort.is_empty() {
            return self.write(runs);
        }
        self.unsorted.extend(runs);
        Ok(())
    }

    /// Writes tickets up to the limit.
    fn write(&mut self, runs: Vec<(usize, Tickets)>) -> Outcome {
        for (index, run) in runs {
            let left = self.limit.map_or(u64::MAX, |limit| limit.saturating_sub(self.written));
            let run = run.slice(..run.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
            if let Some(context) = self.contexts.get(index) {
                self.writer.begin_install(context);
            }
            self.writer.write(&run)?;
            self.written += run.len() as u64;
        }
        Ok(())
    }

    fn finish(&mut self) -> Outcome {
        // Equal tickets are in the order of the installs, not of their arrival.
        self.unsorted.sort_by_key(|(index, _)| *index);
        let sorted = sorted_with(std::mem::take(&mut self.unsorted), &self.args.sort);
        // A table's columns are as wide as all its tickets require.
        if let (Format::Table, Some((index, _))) = (self.args.format.format, sorted.first())
            && let Some(context) = self.contexts.get(*index)
        {
            self.writer.begin_install(context);
            let tickets: Vec<Tickets> = sorted.iter().map(|(_, tickets)| tickets.clone()).collect();
            self.writer.prepare(&tickets)?;
        }
        self.write(sorted)?;
        Ok(self.writer.finish()?)
    }
}

fn open(args: &ListArgs, contexts: &[InstallContext]) -> Box<dyn TicketWriter> {
    let ListArgs { format, columns, utc, .. } = args;
    let out = stdout::for_format(format.format);
    let Some(install) = contexts.first().cloned() else {
        // No profile is usable.
        return Box::new(Nothing);
    };
    if format.format == Format::Table {
        let width = output::table_width(format.width);
        let installs = contexts.iter().filter_map(|context| context.name.clone()).collect();
        let clock = install.clock.clone();
        let options = TableOptions {
            install,
            installs,
            columns: columns.clone(),
            utc: *utc,
            ..TableOptions::new(width, clock)
        };
        return Box::new(TableWriter::new(out, options));
    }
    let columns = (!columns.is_empty()).then(|| columns.clone());
    let selection =
        Selection { columns, added: added(args, contexts.iter().map(|context| &context.names)), install };
    Box::new(SelectedWriter::new(out, format.format, selection, Part::default()))
}

/// A writer that writes nothing.
struct Nothing;

impl TicketWriter for Nothing {
    fn write(&mut self, _: &Tickets) -> std::io::Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
