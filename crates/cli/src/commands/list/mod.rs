//! `gettickets list`: one page of tickets, or all of them.

mod common;
mod local;
mod several;

use gettickets::{Finding, GetTickets, Page, Tickets, Version};

use self::common::{added, admin, rest_of};
use self::local::{Local, sorted};
use crate::args::{Column, Format, ListArgs, Query};
use crate::commands::columns::refuse_repeated;
use crate::commands::scanning::Progress;
use crate::commands::{complete_scan, scanning, status_typo};
use crate::connect::installs::{self, Installs};
use crate::connect::{self, Connection};
use crate::exit::{self, Failure, Outcome};
use crate::output::selected::{Part, SelectedWriter, Selection};
use crate::output::table::{TableOptions, TableWriter};
use crate::output::{self, Shape, TicketWriter, json, stdout};

pub(crate) fn run(args: &ListArgs) -> Outcome {
    refuse_repeated(&args.columns)?;
    let query = args.to_query();
    let requests = query.requests();
    if requests.len() > 1 && requests.iter().any(|request| request.limitstart.is_some()) {
        return Err(Failure::usage("--limitstart cannot be used with several statuses")
            .hint("Give one --status, or list all tickets with --all"));
    }
    let (profile, connection) = match installs::select(&args.connection)? {
        Installs::One(profile, connection) => (profile, *connection),
        Installs::Several(installs) => return several::list(args, &installs, &query),
    };
    if args.has_utc() && !connection.zone_is_known {
        exit::note("assuming that the install is in this machine's time zone; set another with --time-zone");
    }
    // A scan of several statuses yields each ticket once; pages may overlap.
    let mut listing = Listing::new(args, profile, &connection, !args.reads_all() && requests.len() > 1)?;
    if args.reads_all() { listing.scan(&query) } else { listing.pages(&requests) }
}

/// A list in progress.
struct Listing<'a> {
    args: &'a ListArgs,
    /// The profile that was named.
    profile: Option<String>,
    connection: &'a Connection,
    local: Local,
    /// Tickets that are to be sorted.
    unsorted: Vec<Tickets>,
    writer: Option<Box<dyn TicketWriter>>,
}

impl<'a> Listing<'a> {
    fn new(
        args: &'a ListArgs,
        profile: Option<String>,
        connection: &'a Connection,
        merges: bool,
    ) -> Outcome<Listing<'a>> {
        let flag = args.flag.as_deref().map(|flag| admin(flag, connection)).transpose()?;
        // A sorted list is limited after sorting.
        let limit = args.limit.filter(|_| args.sort.is_empty());
        let local = Local::new(&args.priority, flag, limit, merges);
        Ok(Listing { args, profile, connection, local, unsorted: Vec::new(), writer: None })
    }

    /// One page for each request.
    fn pages(&mut self, requests: &[GetTickets]) -> Outcome {
        let mut pages = Vec::new();
        let waiting = Progress::waiting(format!("waiting for {}", self.connection.place));
        for request in requests {
            let page = self.connection.client.get_tickets(request);
            pages.push(page.map_err(|error| connect::failure_of(&error))?);
        }
        drop(waiting);
        let is_plain = self.is_plain() && !self.local.is_active();
        match &pages[..] {
            [page] if is_plain && self.args.format.format == Format::Json => {
                json::write_page(stdout::for_format(Format::Json), page)?;
            }
            [page] => {
                let part = Part { total: page.totalresults(), start: page.startnumber().unwrap_or(0) };
                self.writer = Some(self.open(part));
                self.take(page.tickets())?;
                self.finish()?;
            }
            pages => {
                self.writer = Some(self.open(Part::default()));
                pages.iter().try_for_each(|page| self.take(page.tickets()))?;
                self.finish()?;
            }
        }
        self.remark_on_pages(requests, &pages);
        let mut findings = Vec::new();
        pages.iter().for_each(|page| Finding::merge(&mut findings, page.findings()));
        scanning::print_findings(&findings);
        Ok(())
    }

    /// Prints how many of the matching tickets were listed.
    fn remark_on_pages(&self, requests: &[GetTickets], pages: &[Page]) {
        let (received, shown): (usize, u64) =
            (pages.iter().map(Page::len).sum(), self.local.passed().min(self.args.limit.unwrap_or(u64::MAX)));
        let is_filtered = self.local.is_active() || self.args.limit.is_some();
        if let ([page], false) = (pages, is_filtered) {
            match rest_of(page) {
                Some(rest) => exit::note(rest),
                None => exit::remark(output::counted(page)),
            }
        } else {
            let more = pages.iter().any(|page| rest_of(page).is_some());
            if more || (received as u64) > shown && self.args.limit.is_some() {
                let all = if more { "; --all lists every ticket" } else { "" };
                exit::note(format!(
                    "{shown} of the {received} {} that the server returned {} listed, and {}{all}",
                    output::tickets(received as u64),
                    if shown == 1 { "is" } else { "are" },
                    if more { "more match on further pages" } else { "no more match" },
                ));
            } else {
                exit::remark(format!("{shown} {}", output::tickets(shown)));
            }
        }
        if received == 0 {
            let counted = requests.iter().zip(pages);
            let empty = counted.filter(|(_, page)| page.totalresults() == Some(0));
            status_typo::warn(&empty.map(|(request, _)| request.clone()).collect::<Vec<_>>());
        }
    }

    /// Lists all tickets, and writes them as they arrive.
    fn scan(&mut self, query: &Query) -> Outcome {
        self.writer = Some(self.open(Part::default()));
        let scan = scanning::configured(query.scan(&self.connection.client), &self.args.scan);
        let mut scan = scan.full(self.args.full);
        if let Some(since) = self.args.updated_since {
            scan = scan.updated_since(self.connection.resolve(since));
        }
        let status = scan.status();
        let progress = Progress::of(status.clone());
        let mut scan = complete_scan::CompleteScan::of(scan);
        while !self.local.is_full() {
            match scan.next() {
                Some(Ok(tickets)) => progress.suspended(|| self.take(&tickets))?,
                Some(Err(failure)) => {
                    // Tickets that arrived before the failure are written before it is reported.
                    drop(progress);
                    self.flush_unsorted()?;
                    scanning::print_report(&status.report());
                    return Err(failure);
                }
                None => break,
            }
        }
        drop(progress);
        scanning::print_report(&status.report());
        self.finish()?;
        if self.local.is_full() {
            exit::note(format!(
                "the list ends after {} {} because of --limit; more may match",
                self.local.passed(),
                output::tickets(self.local.passed())
            ));
            return Ok(());
        }
        let shown = self.local.passed().min(self.args.limit.unwrap_or(u64::MAX));
        if shown < self.local.passed() {
            exit::note(format!(
                "{shown} of {} matching tickets are listed because of --limit",
                self.local.passed()
            ));
        } else {
            exit::remark(match shown {
                0 => "no ticket matches".to_owned(),
                count => format!("{count} {}", output::tickets(count)),
            });
        }
        if scan.delivered() == 0 {
            status_typo::warn(&query.requests());
        }
        scan.end()
    }

    /// Filters these tickets, and writes them or holds them for sorting.
    fn take(&mut self, tickets: &Tickets) -> Outcome {
        let mut left = self.local.pick(tickets);
        if !self.args.sort.is_empty() {
            self.unsorted.append(&mut left);
            return Ok(());
        }
        self.write(&left)
    }

    fn write(&mut self, runs: &[Tickets]) -> Outcome {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        writer.prepare(runs)?;
        for tickets in runs {
            writer.write(tickets)?;
        }
        Ok(())
    }

    fn flush_unsorted(&mut self) -> Outcome {
        let mut tickets = sorted(std::mem::take(&mut self.unsorted), &self.args.sort);
        if let Some(limit) = self.args.limit {
            tickets.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        self.write(&tickets)
    }

    fn finish(&mut self) -> Outcome {
        self.flush_unsorted()?;
        match &mut self.writer {
            Some(writer) => Ok(writer.finish()?),
            None => Ok(()),
        }
    }

    /// Whether exactly the fields of the server are written.
    fn is_plain(&self) -> bool {
        let ListArgs { columns, utc, decoded_text, sort, limit, .. } = self.args;
        columns.is_empty()
            && !utc
            && !decoded_text
            && sort.is_empty()
            && limit.is_none()
            && self.added().is_empty()
    }

    /// The columns that follow the fields.
    fn added(&self) -> Vec<Column> {
        let names = &self.connection.names;
        added(self.args, std::iter::once(names))
    }

    fn open(&self, part: Part) -> Box<dyn TicketWriter> {
        let ListArgs { format, columns, utc, .. } = self.args;
        let clock = &self.connection.clock;
        let out = stdout::for_format(format.format);
        // The profile's name is written if its column was selected.
        let name = self.profile.clone().filter(|_| columns.contains(&Column::Install));
        let install = self.connection.context(name);
        if format.format == Format::Table {
            let width = output::table_width(format.width);
            let options = TableOptions {
                install,
                columns: columns.clone(),
                utc: *utc,
                ..TableOptions::new(width, clock.clone())
            };
            return Box::new(TableWriter::new(out, options));
        }
        let is_json_part = format.format == Format::Json && part.total.is_some();
        if self.is_plain() && !is_json_part {
            let shape = Shape { width: None, clock: clock.clone(), version: Version::LATEST };
            return output::writer(format.format, out, shape);
        }
        let columns = (!columns.is_empty()).then(|| columns.clone());
        let selection = Selection { columns, added: self.added(), install };
        Box::new(SelectedWriter::new(out, format.format, selection, part))
    }
}
