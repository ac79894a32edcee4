//! [`Scan`]: every ticket that matches a request, over all of its pages.
//!
//! The promise: a ticket that matches during the whole scan is told exactly once, while others are opened,
//! answered, closed, merged or deleted; where that can't be kept, the scan ends in an error of the kind
//! [`ScanIncomplete`](crate::ErrorKind::ScanIncomplete), which says what is not certain. It never ends
//! early in silence. DESIGN.md has the argument and what it rests on.
//!
//! Pages are read one at a time, on a thread of the scan's own, the next one while this one is used. A page
//! or two are held, and of every ticket told some 5 bytes.

mod cursor;
mod fetch;
mod order;
mod reader;
mod report;
mod row;
mod seen;

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use self::cursor::Place;
pub use self::cursor::{Cursor, InvalidCursor};
pub use self::fetch::{Fetch, FetchContext, Fetched, OnWait, RetryWait};
use self::reader::{Message, Reader, Task};
pub use self::report::{Hole, Report};
use self::row::Stamp;
use self::seen::Ids;
use crate::protocol::{DateTime, GetTickets, Ticket, TicketRef, Tickets};
use crate::{Client, Error, ScanIncomplete};

/// How many tickets are asked for at a time unless the request says.
const PAGE_LEN: u64 = 100;
/// The fewest that are asked for: smaller pages would be nothing but overlap.
const LEAST_PAGE_LEN: u64 = 4;
/// How many requests a scan may take unless it is told.
const MOST_REQUESTS: u64 = 1_000_000;

impl Client {
    /// Every ticket that matches, over all pages; see [`Scan`].
    ///
    /// `limitnum` is how many tickets are asked for at a time, 100 if it is not given; `limitstart` must
    /// not be given.
    pub fn scan(&self, request: GetTickets) -> Scan {
        Scan::new(self.clone(), request)
    }
}

/// Every ticket that matches a request, each once, in the order in which they are met.
///
/// Nothing is sent before the first [`next`](Iterator::next). An error is the last item; what came before
/// it is good, and [`cursor`](Scan::cursor) goes on from there. Dropping a scan ends it after the request
/// that is under way.
///
/// ```no_run
/// use gettickets::{Client, Credentials, GetTickets};
///
/// let client = Client::builder("https://billing.example.com")
///     .credentials(Credentials::api("IDENTIFIER", "SECRET"))
///     .build()?;
/// let mut scan = client.scan(GetTickets::default());
/// for ticket in scan.by_ref() {
///     let ticket = ticket?;
///     println!("{} {}", ticket.get().tid(), ticket.get().subject_text());
/// }
/// println!("{:?}", scan.report());
/// # Ok::<(), gettickets::Error>(())
/// ```
pub struct Scan {
    request: GetTickets,
    since: Option<Stamp>,
    most_requests: u64,
    identity: String,
    state: State,
    report: Arc<Mutex<Report>>,
    /// Tickets that came and were not told yet.
    waiting: VecDeque<Tickets>,
    /// How many of the first of them were told.
    told_of_first: usize,
    /// What the reading ended with, if that came before it was asked for.
    end: Option<Error>,
    /// The same once it was told.
    failure: Option<Error>,
    /// What was told.
    told: Ids,
    told_count: u64,
    /// Where the reading stands once all that waits is told.
    after: Place,
    /// Where it stood before that came.
    before: Place,
}

enum State {
    Ready(Box<dyn Start>),
    Running(Receiver<Message>),
    Ended,
}

/// Starts the reader of a kind of server that is forgotten here.
trait Start: Send {
    fn start(
        self: Box<Self>,
        task: Task,
        told: &Ids,
        place: Place,
        report: Arc<Mutex<Report>>,
    ) -> std::io::Result<Receiver<Message>>;
}

impl<F: Fetch> Start for F {
    fn start(
        self: Box<Self>,
        task: Task,
        told: &Ids,
        place: Place,
        report: Arc<Mutex<Report>>,
    ) -> std::io::Result<Receiver<Message>> {
        // No room in between: the reader holds the next page until it is asked for, and reads no further.
        let (tell, hear) = sync_channel(0);
        let reader = Reader::new(*self, task, told.to_seen(), place, report, tell);
        thread::Builder::new().name("gettickets-scan".to_owned()).spawn(move || reader.run())?;
        Ok(hear)
    }
}

impl Scan {
    /// A scan of anyone who can be asked for pages; [`Client::scan`] is the usual way.
    pub fn new(fetch: impl Fetch, request: GetTickets) -> Scan {
        Scan {
            request,
            since: None,
            most_requests: MOST_REQUESTS,
            identity: fetch.endpoint(),
            state: State::Ready(Box::new(fetch)),
            report: Arc::default(),
            waiting: VecDeque::new(),
            told_of_first: 0,
            end: None,
            failure: None,
            told: Ids::default(),
            told_count: 0,
            after: Place::default(),
            before: Place::default(),
        }
    }

    /// Tells only tickets that had a reply at this time or later, in the install's own time zone. Where
    /// the list is seen to be ordered by the last reply, newest first, the rest of it is not read; otherwise
    /// all of it is. Tickets without a time of the last reply are left out.
    #[must_use]
    pub fn updated_since(self, time: DateTime) -> Scan {
        Scan { since: Some(row::stamp(Some(time))), ..self }
    }

    /// How many requests the scan may take before it ends in an error. Default: 1,000,000.
    #[must_use]
    pub fn max_requests(self, most: u64) -> Scan {
        Scan { most_requests: most, ..self }
    }

    /// Goes on where another scan of the same request stood: what that one told is not told again, and the
    /// promise holds from its beginning to this one's end. Give [`updated_since`](Scan::updated_since)
    /// first.
    ///
    /// # Errors
    ///
    /// If the cursor belongs to another server, request or moment, or is of a form not known here.
    pub fn resume(mut self, cursor: &Cursor) -> Result<Scan, InvalidCursor> {
        if cursor.gettickets_cursor != Cursor::FORM {
            return Err(InvalidCursor::NotACursor);
        }
        if cursor.of != Cursor::digest(&self.identity, &self.request, self.since) {
            return Err(InvalidCursor::OfAnotherScan);
        }
        self.told = Ids::from_text(&cursor.ids, cursor.told).ok_or(InvalidCursor::NotACursor)?;
        self.told_count = cursor.told;
        self.after = cursor.place.clone();
        self.before = cursor.place.clone();
        self.with_report(|report| report.holes.clone_from(&cursor.place.holes));
        Ok(self)
    }

    /// Where the scan is: after the tickets told so far.
    pub fn cursor(&self) -> Cursor {
        let place = if self.waiting.is_empty() { &self.after } else { &self.before };
        Cursor {
            gettickets_cursor: Cursor::FORM,
            of: Cursor::digest(&self.identity, &self.request, self.since),
            told: self.told_count,
            ids: self.told.to_text(),
            place: place.clone(),
        }
    }

    /// What the scan met so far; the reading may be a page ahead of what was told.
    pub fn report(&self) -> Report {
        self.with_report(|report| report.clone())
    }

    /// How many tickets were told so far, those told before it was [resumed](Scan::resume) among them.
    ///
    /// ```
    /// # let client = gettickets::Client::builder("https://billing.example.com")
    /// #     .credentials(gettickets::Credentials::api("i", "s")).build()?;
    /// assert_eq!(client.scan(gettickets::GetTickets::default()).told(), 0);
    /// # Ok::<(), gettickets::Error>(())
    /// ```
    pub fn told(&self) -> u64 {
        self.told_count
    }

    /// How many tickets match, as the server counts them. It may be wrong, and nothing depends on it.
    pub fn total(&self) -> Option<u64> {
        self.with_report(|report| report.total)
    }

    /// The error that the scan ended in, once it was given out. A scan gives its error once, as iterators do,
    /// and is at its end afterwards; this tells that end from one at which every ticket was told.
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// The scan as tickets page by page.
    pub fn pages(self) -> Pages {
        Pages { scan: self }
    }

    /// The next tickets, as they lie together on a page; or what is left of those that
    /// [`next`](Iterator::next) has begun.
    pub fn next_page(&mut self) -> Option<Result<Tickets, Error>> {
        if let Err(error) = self.fill()? {
            return Some(Err(error));
        }
        let tickets = self.waiting.pop_front()?.slice(self.told_of_first..);
        self.told_of_first = 0;
        tickets.iter().for_each(|ticket| self.told.insert(ticket.id()));
        self.told_count += tickets.len() as u64;
        Some(Ok(tickets))
    }

    /// Waits until the scan has something to give, a ticket, an error or its end, for so long at most; says
    /// whether it has. For callers that have other things to listen to meanwhile, such as Ctrl-C.
    pub fn wait_for(&mut self, time: Duration) -> bool {
        self.receive(Some(time))
    }

    /// Sees to it that something waits to be told. None at the end.
    fn fill(&mut self) -> Option<Result<(), Error>> {
        self.receive(None);
        if !self.waiting.is_empty() {
            return Some(Ok(()));
        }
        let end = self.end.take()?;
        self.failure = Some(end.clone());
        Some(Err(end))
    }

    /// Waits for tickets, an error or the end; `false` if the time was up before.
    fn receive(&mut self, time: Option<Duration>) -> bool {
        while self.waiting.is_empty() && self.end.is_none() {
            let message = match (self.running(), time) {
                (Ok(Some(hear)), None) => hear.recv().ok(),
                (Ok(Some(hear)), Some(time)) => match hear.recv_timeout(time) {
                    Err(RecvTimeoutError::Timeout) => return false,
                    message => message.ok(),
                },
                (Ok(None), _) => return true,
                (Err(error), _) => Some(Message::End(Err(error))),
            };
            self.take_in(message);
        }
        true
    }

    /// Takes in what the reader said; none where it broke off, as its end is always told.
    fn take_in(&mut self, message: Option<Message>) {
        let end = match message {
            Some(Message::Batch(tickets, place)) => {
                self.waiting.extend(tickets);
                self.before = std::mem::replace(&mut self.after, *place);
                return;
            }
            Some(Message::End(end)) => end.err(),
            None => Some(ScanIncomplete::new("the thread that reads the pages broke off").into()),
        };
        self.state = State::Ended;
        self.end = end;
    }

    /// The reader, started if it was not.
    fn running(&mut self) -> Result<Option<&Receiver<Message>>, Error> {
        if let State::Ready(_) = self.state {
            let State::Ready(ready) = std::mem::replace(&mut self.state, State::Ended) else {
                return Ok(None);
            };
            if let Some(start) = self.request.limitstart.filter(|start| *start > 0) {
                let problem = format!("it begins with the first ticket, and the request with offset {start}");
                let refused = ScanIncomplete::new(problem).with_hint("Leave limitstart out.");
                return Err(refused.before_any_request().into());
            }
            let asked = self.request.limitnum.filter(|asked| *asked > 0).unwrap_or(PAGE_LEN);
            let task = Task {
                request: self.request.clone(),
                page_len: asked.max(LEAST_PAGE_LEN),
                most_requests: self.most_requests,
                since: self.since,
            };
            let started = ready.start(task, &self.told, self.after.clone(), Arc::clone(&self.report));
            let hear = started.map_err(|error| {
                let problem = format!("no thread could be started to read the pages: {error}");
                ScanIncomplete::new(problem).before_any_request()
            })?;
            self.state = State::Running(hear);
        }
        Ok(match &self.state {
            State::Running(hear) => Some(hear),
            _ => None,
        })
    }

    fn with_report<T>(&self, look: impl FnOnce(&mut Report) -> T) -> T {
        look(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Iterator for Scan {
    type Item = Result<SharedTicket, Error>;

    fn next(&mut self) -> Option<Result<SharedTicket, Error>> {
        if let Err(error) = self.fill()? {
            return Some(Err(error));
        }
        let tickets = self.waiting.front()?;
        let ticket = SharedTicket { tickets: tickets.clone(), index: self.told_of_first };
        self.told_of_first += 1;
        if self.told_of_first >= tickets.len() {
            self.waiting.pop_front();
            self.told_of_first = 0;
        }
        self.told.insert(ticket.get().id());
        self.told_count += 1;
        Some(Ok(ticket))
    }
}

impl FusedIterator for Scan {}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("report", &self.report()).finish_non_exhaustive()
    }
}

/// A scan as tickets page by page; see [`Scan::pages`].
///
/// A page that has tickets which were told already comes in the parts that lie between those. No part is
/// empty.
#[derive(Debug)]
pub struct Pages {
    scan: Scan,
}

impl Pages {
    /// See [`Scan::report`].
    pub fn report(&self) -> Report {
        self.scan.report()
    }

    /// See [`Scan::cursor`].
    pub fn cursor(&self) -> Cursor {
        self.scan.cursor()
    }

    /// See [`Scan::total`].
    pub fn total(&self) -> Option<u64> {
        self.scan.total()
    }

    /// See [`Scan::failure`].
    pub fn failure(&self) -> Option<&Error> {
        self.scan.failure()
    }

    /// See [`Scan::wait_for`].
    pub fn wait_for(&mut self, time: Duration) -> bool {
        self.scan.wait_for(time)
    }
}

impl Iterator for Pages {
    type Item = Result<Tickets, Error>;

    fn next(&mut self) -> Option<Result<Tickets, Error>> {
        self.scan.next_page()
    }
}

impl FusedIterator for Pages {}

/// A ticket of a scan, which shares its page with the others on it. It keeps that page in memory.
#[derive(Clone)]
pub struct SharedTicket {
    tickets: Tickets,
    index: usize,
}

impl SharedTicket {
    /// The ticket.
    #[allow(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "the index was below the length when this was made, and neither changes"
    )]
    pub fn get(&self) -> TicketRef<'_> {
        self.tickets.get(self.index).expect("a shared ticket lies on its page")
    }

    /// The tickets it lies among, as they came together.
    pub fn tickets(&self) -> &Tickets {
        &self.tickets
    }

    /// Where among them it is, counted from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The ticket, owning its values.
    pub fn to_ticket(&self) -> Ticket {
        self.get().to_ticket()
    }
}

impl fmt::Debug for SharedTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
