//! `gettickets watch`: new and changed tickets as they happen.
//!
//! Each look asks for what had a reply since the newest reply known, by the install's own clock, so that
//! no clock of this machine has a part in it. What does not move the last reply, such as a status set by
//! hand, is only seen with `--full`, which looks at every ticket that matches.

mod event;
mod known;

use std::io;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use gettickets::{DateTime, GetTickets};

use self::event::EventWriter;
use self::known::Known;
use crate::args::{ScanArgs, WatchArgs, WatchFormat};
use crate::commands::scanning;
use crate::commands::whole::Whole;
use crate::connect::{self, Connection};
use crate::exit::{self, Exit, Failure, Outcome};
use crate::output::style;

/// How long a request that is under way at Ctrl-C is waited for.
const GRACE: Duration = Duration::from_millis(300);

pub(crate) fn run(args: &WatchArgs) -> Outcome {
    let format = args.format.unwrap_or(match style::stdout_is_terminal() {
        true => WatchFormat::Lines,
        false => WatchFormat::Ndjson,
    });
    let stopped = listen_for_stop()?;
    let connection = connect::open_living(&args.connection)?;
    let mut watch = Watch {
        connection,
        request: args.query.to_request(),
        options: args.query.scan.clone(),
        full: args.full,
        since: None,
        known: Known::default(),
        events: EventWriter::new(format),
    };
    watch.begin()?;
    let mut looks = 0;
    while args.count != Some(looks) {
        if stopped.recv_timeout(args.interval) != Err(mpsc::RecvTimeoutError::Timeout) {
            break;
        }
        match watch.look() {
            Ok(()) => {}
            // What may pass is told and tried again at the next look; nothing is lost, as that one begins
            // where this one did.
            Err(failure) if may_pass(&failure) => exit::warn(failure.paragraph()),
            Err(failure) => return Err(failure),
        }
        looks += 1;
    }
    Ok(())
}

/// The other end hears of Ctrl-C. A look that takes longer than the grace is cut short.
fn listen_for_stop() -> Outcome<Receiver<()>> {
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || {
        let _ = stop.send(());
        thread::sleep(GRACE);
        // Being stopped is how this command ends.
        std::process::exit(Exit::Done as i32);
    })
    .map_err(|error| Failure::usage(format!("Ctrl-C could not be listened for: {error}")))?;
    Ok(stopped)
}

fn may_pass(failure: &Failure) -> bool {
    matches!(failure.exit, Exit::Unreached | Exit::Incomplete | Exit::Unreadable)
}

struct Watch {
    connection: Connection,
    request: GetTickets,
    options: ScanArgs,
    full: bool,
    /// The newest reply known; none while there is no ticket.
    since: Option<DateTime>,
    known: Known,
    events: EventWriter<Box<dyn io::Write>>,
}

impl Watch {
    /// Learns what is there already, without a word.
    fn begin(&mut self) -> Outcome {
        if !self.full {
            let newest = self.connection.client.get_tickets(&self.request);
            let page = newest.map_err(|error| connect::failure_of(&error))?;
            self.since = page.iter().filter_map(|ticket| ticket.lastreply()).max();
        }
        let mut whole = self.scan();
        let mut newest = self.since;
        while let Some(tickets) = whole.next() {
            for ticket in &tickets? {
                newest = newest.max(ticket.lastreply());
                self.known.learn(&ticket);
            }
        }
        self.since = newest;
        exit::remark(format!("watching {}; Ctrl-C ends it", self.connection.place));
        Ok(())
    }

    /// Tells what happened since the last look.
    fn look(&mut self) -> Outcome {
        let mut whole = self.scan();
        let mut newest = self.since;
        let mut happened = Vec::new();
        let mut outcome = Ok(());
        while let Some(tickets) = whole.next() {
            let tickets = match tickets {
                Ok(tickets) => tickets,
                Err(failure) => {
                    outcome = Err(failure);
                    break;
                }
            };
            for (index, ticket) in tickets.iter().enumerate() {
                newest = newest.max(ticket.lastreply());
                if let Some(event) = self.known.compare(&ticket, self.since) {
                    happened.push((ticket.lastreply(), tickets.slice(index..=index), event));
                }
            }
        }
        // Lists come newest first, and stories are told the other way. What was seen before a failure is
        // known from now on, so it is told now or never.
        happened.sort_by_key(|(time, ..)| *time);
        for (_, tickets, event) in &happened {
            for ticket in tickets {
                self.events.tell(&ticket, event)?;
            }
        }
        if self.full && outcome.is_ok() {
            for gone in self.known.forget_unseen() {
                self.events.tell_gone(&gone)?;
            }
        }
        self.events.flush()?;
        outcome?;
        self.since = newest;
        whole.end()
    }

    fn scan(&mut self) -> Whole {
        let scan = scanning::configured(self.connection.client.scan(self.request.clone()), &self.options);
        self.known.begin();
        Whole::of(match self.since {
            Some(since) if !self.full => scan.updated_since(since),
            _ => scan,
        })
    }
}
