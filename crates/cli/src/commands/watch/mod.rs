//! `gettickets watch`: prints new and changed tickets as they appear.
//!
//! Each poll reads the tickets with a reply since about the newest known reply, by the install's own clock ([`known`]).
//! Changes that do not change the last reply, such as a status set by hand, are found only with `--full`, which reads
//! every matching ticket.
//!
//! The order of a poll is: read, print, run the command, write the state, post to the webhook, write the state again.
//! A run that is killed therefore repeats at most the events of one poll, with the same ids, and misses none.

mod deliver;
mod event;
mod known;
mod outage;
mod state;

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gettickets::local::LocalErrorKind;
use gettickets::transport::{TlsReason, TransportErrorKind};
use gettickets::{ApiErrorClass, Cancellation, DateTime, Error, ErrorKind, Field, FindingKind, Scan};
use jiff::Timestamp;

use self::deliver::{Exec, Undelivered, Webhook};
use self::event::{EventWriter, Record};
use self::known::{Event, Known};
use self::outage::Outage;
#[cfg(feature = "fuzzing")]
pub(crate) use self::state::rewritten as rewritten_state;
use self::state::{StateFile, Watched};
use crate::args::{Query, ScanArgs, WatchArgs, WatchFormat};
use crate::commands::scanning::{self, Progress};
use crate::connect::{self, Connection};
use crate::exit::{self, Exit, Failure, Outcome};
use crate::output::style;

/// The maximum number of events that wait for a webhook.
const MAX_PENDING: usize = 10_000;
const POLLING: &str = "polling";
const WEBHOOK: &str = "the webhook";

pub(crate) fn run(args: &WatchArgs) -> Outcome {
    let format = args.format.unwrap_or(match style::stdout_is_terminal() {
        true => WatchFormat::Lines,
        false => WatchFormat::Ndjson,
    });
    let webhook = match &args.webhook {
        None => None,
        Some(url) => {
            let secret = deliver::secret(args.webhook_secret_file.as_deref())?;
            Some(Webhook::new(url, &secret, &args.connection)?)
        }
    };
    let stop = Stop::on_ctrl_c()?;
    let connection = connect::open_changing(&args.connection)?;
    let query = args.query.to_query();
    let secrets = connect::secret_variables(&connection.secret_variables);
    let watched = Watched { server: connection.place.clone(), request: query.parameters(), full: args.full };
    let (file, state) = match &args.state {
        None => (None, None),
        Some(path) => {
            let (file, state) = StateFile::open(path, watched)?;
            (Some(file), state)
        }
    };
    let is_continued = state.is_some();
    let (known, pending) = state.unwrap_or_default();
    let mut watch = Watch {
        connection,
        query,
        options: ScanArgs { skip_unreadable: true, ..args.query.scan.clone() },
        full: args.full,
        known,
        events: EventWriter::new(format),
        exec: args.exec.clone().map(|command| Exec::new(command, secrets.clone())),
        webhook,
        pending: pending.into(),
        posting: Outage::default(),
        warned: HashSet::new(),
        deviated: HashSet::new(),
        file,
        stop,
    };
    if !is_continued {
        watch.begin()?;
        watch.save()?;
    }
    exit::remark(format!("watching {}; Ctrl-C ends it", watch.connection.place));
    watch.run(args.interval, args.count, is_continued)
}

/// Handles Ctrl-C: ends the wait between polls, and cancels the scan in progress.
struct Stop {
    stopped: Cancellation,
    scan: Arc<Mutex<Option<Cancellation>>>,
}

impl Stop {
    fn on_ctrl_c() -> Outcome<Stop> {
        let stop = Stop { stopped: Cancellation::new(), scan: Arc::default() };
        let (stopped, scan) = (stop.stopped.clone(), Arc::clone(&stop.scan));
        ctrlc::set_handler(move || {
            if stopped.is_cancelled() {
                // Ctrl-C is the normal end of this command.
                std::process::exit(Exit::Done as i32);
            }
            stopped.cancel();
            if let Some(scan) = scan.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
                scan.cancel();
            }
        })
        .map_err(|error| Failure::usage(format!("cannot handle Ctrl-C: {error}")))?;
        Ok(stop)
    }

    /// Lets Ctrl-C cancel this scan.
    fn watch(&self, scan: &Scan) {
        *self.scan.lock().unwrap_or_else(PoisonError::into_inner) = Some(scan.cancellation());
        if self.stopped.is_cancelled() {
            scan.cancellation().cancel();
        }
    }
}

/// Why a poll failed.
enum PollError {
    /// Ctrl-C was pressed.
    Stopped,
    /// The error may be temporary. The server may request a wait.
    Temporary(Failure, Option<Duration>),
    /// Another poll would fail in the same way.
    Permanent(Failure),
}

impl PollError {
    fn of(error: &Error) -> PollError {
        let failure = connect::failure_of(error);
        match error.kind() {
            ErrorKind::Cancelled => PollError::Stopped,
            kind if is_permanent(kind) => PollError::Permanent(failure),
            _ => PollError::Temporary(failure, error.retry_after()),
        }
    }

    /// The failure of the command, if nothing is known yet and the watch cannot continue.
    fn into_outcome(self) -> Outcome {
        match self {
            PollError::Stopped => Ok(()),
            PollError::Temporary(failure, _) | PollError::Permanent(failure) => Err(failure),
        }
    }
}

impl From<Failure> for PollError {
    fn from(failure: Failure) -> PollError {
        PollError::Permanent(failure)
    }
}

impl From<io::Error> for PollError {
    fn from(error: io::Error) -> PollError {
        PollError::Permanent(error.into())
    }
}

/// Whether an error persists until someone changes a setting.
fn is_permanent(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::Config(_) => true,
        // The install has moved to another address.
        ErrorKind::Redirect { status, .. } => matches!(status.as_u16(), 301 | 308),
        ErrorKind::UnexpectedResponse { status, .. } => matches!(status.as_u16(), 404 | 410),
        ErrorKind::Transport(error) => matches!(
            error.kind(),
            TransportErrorKind::Tls(
                TlsReason::UnknownIssuer
                    | TlsReason::SelfSigned
                    | TlsReason::WrongName { .. }
                    | TlsReason::Version1
            )
        ),
        ErrorKind::Api(error) => matches!(
            error.class(),
            ApiErrorClass::Authentication
                | ApiErrorClass::IpNotAllowed
                | ApiErrorClass::Permission
                | ApiErrorClass::UnknownAction
        ),
        ErrorKind::Local(error) => matches!(
            error.kind(),
            LocalErrorKind::NoInstall
                | LocalErrorKind::NoInit
                | LocalErrorKind::PathNotUtf8
                | LocalErrorKind::NoPhp { .. }
        ),
        _ => false,
    }
}

struct Watch {
    connection: Connection,
    query: Query,
    /// The options of scans. A ticket that cannot be read does not stop a scan.
    options: ScanArgs,
    full: bool,
    known: Known,
    events: EventWriter<Box<dyn io::Write>>,
    exec: Option<Exec>,
    webhook: Option<Webhook>,
    /// Events for the webhook, oldest first.
    pending: VecDeque<Record>,
    posting: Outage,
    /// Warnings that have been printed.
    warned: HashSet<String>,
    /// Deviations that have been printed.
    deviated: HashSet<(FindingKind, Option<Field>)>,
    file: Option<StateFile>,
    stop: Stop,
}

impl Watch {
    /// Polls until Ctrl-C, for `count` polls, or until a persistent error.
    fn run(&mut self, interval: Duration, count: Option<u64>, at_once: bool) -> Outcome {
        let mut polling = Outage::default();
        let mut wait = if at_once { Duration::ZERO } else { interval };
        let mut polls = 0;
        while count != Some(polls) && !self.stop.stopped.wait(wait) {
            wait = interval;
            match self.poll() {
                Ok(()) => warn(polling.worked(Timestamp::now(), POLLING)),
                Err(PollError::Stopped) => {}
                Err(PollError::Temporary(failure, asked)) => {
                    wait = interval.max(asked.unwrap_or_default());
                    warn(polling.failed(Timestamp::now(), POLLING, &failure.paragraph()));
                }
                Err(PollError::Permanent(failure)) => {
                    // Printed events must not be printed again.
                    self.save()?;
                    return Err(failure);
                }
            }
            self.save()?;
            self.post()?;
            polls += 1;
        }
        if !self.pending.is_empty() && self.file.is_none() {
            let count = self.pending.len();
            return Err(Failure::new(
                Exit::Incomplete,
                format!("{count} events were not delivered to the webhook"),
            )
            .hint("--state FILE keeps them for the next run"));
        }
        Ok(())
    }

    /// Reads the existing tickets, which are not events.
    fn begin(&mut self) -> Outcome {
        let _waiting = Progress::waiting(format!("reading the list of {}", self.connection.place));
        let mut since = None;
        if !self.full {
            let mut newest = Vec::new();
            for request in self.query.requests() {
                let page = self.connection.client.get_tickets(&request);
                match page {
                    Ok(page) => newest.extend(page.iter().filter_map(|ticket| ticket.lastreply())),
                    // An unreadable ticket hides the newest reply, so the scan reads the whole list without that
                    // ticket.
                    Err(error)
                        if error.api_class() == Some(ApiErrorClass::Encoding)
                            || matches!(error.kind(), ErrorKind::Decode(_)) =>
                    {
                        newest.clear();
                        break;
                    }
                    Err(error) => return Err(connect::failure_of(&error)),
                }
            }
            since = Known::start(newest.into_iter());
        }
        self.known.begin();
        let mut scan = self.scan(since);
        while let Some(page) = scan.next_page() {
            match page {
                Ok(tickets) => tickets.iter().for_each(|ticket| self.known.remember(&ticket)),
                Err(error) => return PollError::of(&error).into_outcome(),
            }
        }
        self.warn_once(&scan);
        self.end_poll();
        Ok(())
    }

    /// Prints the events since the last poll.
    fn poll(&mut self) -> Result<(), PollError> {
        let waiting = Progress::waiting(format!("waiting for {}", self.connection.place));
        let since = self.known.begin();
        let mut scan = self.scan(since);
        let mut happened: Vec<(Option<DateTime>, Event)> = Vec::new();
        let mut outcome = Ok(());
        while let Some(page) = scan.next_page() {
            match page {
                Ok(tickets) => happened.extend(tickets.iter().filter_map(|ticket| {
                    self.known.compare(&ticket, self.full).map(|event| (ticket.lastreply(), event))
                })),
                Err(error) => {
                    outcome = Err(PollError::of(&error));
                    break;
                }
            }
        }
        drop(waiting);
        self.warn_once(&scan);
        // Lists begin with the newest ticket; events are printed oldest first. The tickets that were read before a
        // failure are known from now on, so their events are printed now.
        happened.sort_by_key(|(time, event)| (*time, event.id));
        let mut events: Vec<Event> = happened.into_iter().map(|(_, event)| event).collect();
        let poll = self.known.mark().polls;
        if outcome.is_ok() {
            events.append(&mut self.end_poll());
        }
        self.deliver(events, poll)?;
        outcome
    }

    fn end_poll(&mut self) -> Vec<Event> {
        if self.full {
            self.known.end_full()
        } else {
            self.known.end();
            Vec::new()
        }
    }

    fn scan(&self, since: Option<DateTime>) -> Scan {
        let scan = scanning::configured(self.query.scan(&self.connection.client), &self.options);
        let scan = match since {
            Some(since) => scan.updated_since(since),
            None => scan,
        };
        self.stop.watch(&scan);
        scan
    }

    /// Prints each warning of the scans once.
    fn warn_once(&mut self, scan: &Scan) {
        let report = scan.report();
        let unreadable = report.unreadable.len() as u64;
        let unreadable = (unreadable > 0).then(|| {
            format!(
                "{unreadable} {} cannot be read; no events are reported for {}",
                crate::output::tickets(unreadable),
                if unreadable == 1 { "it" } else { "them" }
            )
        });
        for finding in report.findings.iter().filter(|finding| scanning::changes_values(finding.kind)) {
            if self.deviated.insert((finding.kind, finding.field)) {
                exit::warn(scanning::deviation(finding));
            }
        }
        for warning in report.warnings.into_iter().chain(unreadable) {
            if self.warned.insert(warning.clone()) {
                exit::warn(warning);
            }
        }
    }

    fn deliver(&mut self, events: Vec<Event>, poll: u64) -> Result<(), PollError> {
        for event in events {
            let record = Record::new(event, poll, Timestamp::now());
            self.events.write(&record)?;
            self.events.flush()?;
            if let Some(exec) = &self.exec
                && let Err(why) = exec.run(&record, &self.stop.stopped)
            {
                exit::warn(format!("{} {}: {why}", record.event.word(), record.tid));
            }
            if self.webhook.is_some() {
                self.pending.push_back(record);
            }
        }
        Ok(())
    }

    /// Posts the events that wait for the webhook.
    fn post(&mut self) -> Outcome {
        let Some(webhook) = &self.webhook else { return Ok(()) };
        let waiting = self.pending.len();
        while let Some(record) = self.pending.front() {
            match webhook.send(record, &self.stop.stopped) {
                Ok(()) => warn(self.posting.worked(Timestamp::now(), WEBHOOK)),
                Err(Undelivered::Refused(why)) => {
                    exit::warn(format!("{} {} is not delivered: {why}", record.event.word(), record.tid));
                }
                Err(Undelivered::Later(why)) => {
                    warn(self.posting.failed(Timestamp::now(), WEBHOOK, &why));
                    break;
                }
            }
            self.pending.pop_front();
        }
        if self.pending.len() != waiting {
            self.save()?;
        }
        if self.pending.len() > MAX_PENDING {
            return Err(Failure::new(
                Exit::Unreached,
                format!("more than {MAX_PENDING} events wait for the webhook"),
            )
            .hint("Fix the webhook; with --state the next run delivers them"));
        }
        Ok(())
    }

    fn save(&self) -> Outcome {
        self.file.as_ref().map_or(Ok(()), |file| file.write(&self.known, self.pending.iter()))
    }
}

fn warn(warning: Option<String>) {
    if let Some(warning) = warning {
        exit::warn(warning);
    }
}
