//! [`Tally`]: counts tickets one by one in bounded memory.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use gettickets_protocol::{DateTime, Field, Status, TicketRef};
use jiff::SignedDuration;
use jiff::civil::Date;

use crate::output::clock::Clock;
use crate::output::derived;
use crate::output::names::Names;

/// The maximum number of statuses, priorities or departments that are counted separately; the rest are counted
/// together. No real install has as many, but a server may send anything.
const MAX_NAMES: usize = 500;
/// The maximum difference between two time zones.
const ZONES: SignedDuration = SignedDuration::from_hours(26);
/// How many tickets are listed as waiting the longest.
pub(crate) const MAX_OLDEST: usize = 10;

/// The seconds of a day, which is always 24 hours here.
const DAY: i64 = 24 * 3600;
/// The age ranges: the end in seconds, and the name.
pub(crate) const AGES: [(i64, &str); 7] = [
    (DAY, "under a day"),
    (3 * DAY, "1 to 3 days"),
    (7 * DAY, "3 to 7 days"),
    (28 * DAY, "1 to 4 weeks"),
    (91 * DAY, "1 to 3 months"),
    (365 * DAY, "3 to 12 months"),
    (i64::MAX, "over a year"),
];

/// Counts by name, bounded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts<K> {
    pub(crate) named: BTreeMap<K, u64>,
    /// The count of all names beyond the maximum.
    pub(crate) other: u64,
}

impl<K: Ord> Counts<K> {
    fn add(&mut self, name: K) {
        let full = self.named.len() >= MAX_NAMES;
        match self.named.entry(name) {
            Entry::Occupied(mut count) => *count.get_mut() += 1,
            Entry::Vacant(_) if full => self.other += 1,
            Entry::Vacant(place) => {
                place.insert(1);
            }
        }
    }
}

/// A ticket that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Since its last reply, or else since it was opened.
    pub(crate) since: DateTime,
    pub(crate) id: u64,
    pub(crate) tid: String,
    pub(crate) subject: String,
    pub(crate) status: String,
    pub(crate) priority: String,
    pub(crate) deptid: u64,
}

/// The counts.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub(crate) tickets: u64,
    pub(crate) active: u64,
    pub(crate) waiting: u64,
    pub(crate) by_status: Counts<String>,
    pub(crate) by_priority: Counts<String>,
    /// By id; `None` for tickets without a department.
    pub(crate) by_department: Counts<Option<u64>>,
    /// Names of departments from the profile, for departments whose name the server does not send.
    pub(crate) names: Names,
    /// Names of departments that the server sends.
    pub(crate) department_names: BTreeMap<u64, String>,
    /// Active tickets by age, in the order of [`AGES`].
    pub(crate) active_by_age: [u64; AGES.len()],
    /// Active tickets without a readable opening date.
    pub(crate) active_undated: u64,
    pub(crate) opened_by_day: BTreeMap<Date, u64>,
    /// Tickets that are answered or closed, by the day of their last reply.
    pub(crate) answered_by_day: BTreeMap<Date, u64>,
    /// The longest waiting first, [`MAX_OLDEST`] at most.
    pub(crate) oldest: Vec<Waiting>,
    /// The latest opening or reply, unless it is too far ahead to be explained by another time zone.
    pub(crate) newest: Option<DateTime>,
    /// Statuses that count as waiting for an answer.
    waiting_statuses: Vec<String>,
    /// The install's clock, by which ages are measured.
    pub(crate) clock: Clock,
}

impl Tally {
    /// An empty tally. `waiting_statuses` wait for an answer; each install configures its own, and replies do not
    /// contain them.
    pub(crate) fn new(waiting_statuses: Vec<String>, clock: Clock) -> Tally {
        Tally {
            tickets: 0,
            active: 0,
            waiting: 0,
            by_status: Counts::default(),
            by_priority: Counts::default(),
            by_department: Counts::default(),
            names: Names::default(),
            department_names: BTreeMap::new(),
            active_by_age: [0; AGES.len()],
            active_undated: 0,
            opened_by_day: BTreeMap::new(),
            answered_by_day: BTreeMap::new(),
            oldest: Vec::new(),
            newest: None,
            waiting_statuses,
            clock,
        }
    }

    /// The statuses that wait for an answer in the default configuration.
    pub(crate) fn default_waiting() -> Vec<String> {
        [Status::Open, Status::CustomerReply].iter().map(|status| status.as_str().to_owned()).collect()
    }

    pub(crate) fn add(&mut self, ticket: TicketRef<'_>) {
        let words = |field| ticket.decoded_text(field).unwrap_or_default().trim().to_owned();
        let status = words(Field::Status);
        let time_of = |field| self.clock.time_of(&ticket, field);
        let (opened, replied) = (time_of(Field::Date), time_of(Field::Lastreply));

        self.tickets += 1;
        self.by_status.add(status.clone());
        self.by_priority.add(words(Field::Priority));
        self.by_department.add(derived::department_id(&ticket));
        self.name_department(ticket);
        let limit = self.clock.now().saturating_add(ZONES);
        self.newest =
            [opened, replied].into_iter().flatten().filter(|time| *time <= limit).max().max(self.newest);

        if let Some(opened) = opened {
            *self.opened_by_day.entry(opened.date()).or_default() += 1;
        }
        if let Some(replied) = replied
            && matches!(ticket.status(), Status::Answered | Status::Closed)
        {
            *self.answered_by_day.entry(replied.date()).or_default() += 1;
        }
        if ticket.status() != Status::Closed {
            self.active += 1;
            match opened {
                Some(opened) => {
                    let age = self.clock.seconds_since(opened);
                    if let Some((_, count)) =
                        AGES.iter().zip(&mut self.active_by_age).find(|((end, _), _)| age < *end)
                    {
                        *count += 1;
                    }
                }
                None => self.active_undated += 1,
            }
        }
        if self.waiting_statuses.iter().any(|waiting| waiting.eq_ignore_ascii_case(&status)) {
            self.waiting += 1;
            if let Some(since) = replied.or(opened) {
                self.keep_oldest(since, ticket, status);
            }
        }
    }

    fn name_department(&mut self, ticket: TicketRef<'_>) {
        let known = self.department_names.len();
        let Some(id) = derived::department_id(&ticket) else { return };
        if known >= MAX_NAMES || self.department_names.contains_key(&id) {
            return;
        }
        let name = ticket.extra_json().find(|(name, _)| *name == "deptname");
        if let Some(name) = name.and_then(|(_, json)| serde_json::from_str::<String>(json).ok())
            && !name.trim().is_empty()
        {
            let name = html_escape::decode_html_entities(name.trim()).into_owned();
            self.department_names.insert(id, name);
        }
    }

    fn keep_oldest(&mut self, since: DateTime, ticket: TicketRef<'_>, status: String) {
        let key = (since, ticket.id());
        let place = self.oldest.partition_point(|kept| (kept.since, kept.id) <= key);
        if place >= MAX_OLDEST {
            return;
        }
        let words = |field| ticket.decoded_text(field).unwrap_or_default().into_owned();
        self.oldest.insert(
            place,
            Waiting {
                since,
                id: ticket.id(),
                tid: ticket.tid().to_owned(),
                subject: words(Field::Subject),
                status,
                priority: words(Field::Priority),
                deptid: ticket.deptid(),
            },
        );
        self.oldest.truncate(MAX_OLDEST);
    }
}

/// Days since the start of year 0.
pub(crate) fn days(date: Date) -> i64 {
    let before = i64::from(date.year()) - 1;
    let leaps = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    before * 365 + leaps + i64::from(date.day_of_year())
}
