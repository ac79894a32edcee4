//! [`Known`]: the tickets that a watch has seen, and the changes between two polls. No I/O and no clock.

use std::collections::{BTreeSet, HashMap};

use gettickets::{DateTime, TicketRef};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How far before the newest reply a poll reads, so that a clock that is set back by an hour in autumn hides no
/// reply.
const MARGIN: SignedDuration = SignedDuration::from_hours(3);
/// A poll reads back from the tenth-newest reply: nine tickets may have dates in the future.
const MARK: usize = 10;
/// A new ticket is compared with the third-newest time.
const REFERENCE: usize = 3;
/// The maximum number of tickets to remember if polls do not read all tickets.
const MAX_REMEMBERED: usize = 100_000;
/// The access key of a ticket, which is not remembered.
const ACCESS_KEY: &str = "c";

/// A change of a ticket.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) kind: EventKind,
    pub(super) id: u64,
    pub(super) tid: String,
    /// The fields that changed, with the values before and after; empty if the ticket was not known.
    pub(super) changes: Changes,
    /// The ticket without its access key, in its current state, or in its last known state.
    pub(super) ticket: Value,
}

/// Changed fields by name.
pub(super) type Changes = Vec<(String, Value, Value)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum EventKind {
    /// The ticket is new.
    Opened,
    /// The ticket is older, and matches now.
    Entered,
    /// The ticket has a new last reply.
    Replied,
    /// Another field changed.
    Changed,
    /// The ticket no longer matches, or was deleted.
    Gone,
}

impl EventKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            EventKind::Opened => "opened",
            EventKind::Entered => "entered",
            EventKind::Replied => "replied",
            EventKind::Changed => "changed",
            EventKind::Gone => "gone",
        }
    }
}

/// The state before a poll. It advances only after a complete poll, so that no event is missed after an incomplete
/// one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Every change of a last reply after this time is known; `None` if all tickets are read.
    pub(super) since: Option<DateTime>,
    /// The greatest id.
    pub(super) greatest_id: u64,
    /// Approximately the newest time in the tickets.
    pub(super) newest: Option<DateTime>,
    /// The number of complete polls.
    pub(super) polls: u64,
}

/// The tickets that were seen.
#[derive(Default)]
pub(super) struct Known {
    tickets: HashMap<u64, Trace>,
    /// Last replies and ids, sorted.
    replies: BTreeSet<(DateTime, u64)>,
    mark: Mark,
    /// The number of the current poll.
    poll: u64,
}

/// The remembered state of a ticket.
struct Trace {
    /// Canonical JSON without the access key.
    json: Box<str>,
    lastreply: Option<DateTime>,
    poll: u64,
}

impl Trace {
    fn new(ticket: &TicketRef<'_>, poll: u64) -> (Trace, Value) {
        // A ticket can always be serialized.
        let mut value = serde_json::to_value(ticket).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.remove(ACCESS_KEY);
        }
        (Trace { json: value.to_string().into(), lastreply: ticket.lastreply(), poll }, value)
    }

    fn value(&self) -> Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }
}

impl Known {
    /// The time from which the first scan reads, given the last replies on the first page; `None` for all tickets.
    pub(super) fn start(replies: impl Iterator<Item = DateTime>) -> Option<DateTime> {
        let mut replies: Vec<DateTime> = replies.collect();
        replies.sort_unstable();
        let mark = replies.len().checked_sub(MARK).and_then(|index| replies.get(index))?;
        Some(mark.saturating_sub(MARGIN))
    }

    /// Restores the tickets of an earlier run.
    pub(super) fn restore(
        mark: Mark,
        tickets: impl Iterator<Item = (u64, Option<DateTime>, Box<str>)>,
    ) -> Known {
        let mut known = Known { mark, ..Known::default() };
        for (id, lastreply, json) in tickets {
            known.put(id, Trace { json, lastreply, poll: 0 });
        }
        known
    }

    /// The tickets to save for the next run.
    pub(super) fn tickets(&self) -> impl ExactSizeIterator<Item = &str> {
        self.tickets.values().map(|trace| &*trace.json)
    }

    pub(super) fn mark(&self) -> Mark {
        self.mark
    }

    /// Begins a poll. Returns the time from which the poll has to read; `None` for all tickets.
    pub(super) fn begin(&mut self) -> Option<DateTime> {
        self.poll += 1;
        self.mark.since
    }

    /// Remembers the current state of a ticket.
    pub(super) fn remember(&mut self, ticket: &TicketRef<'_>) {
        let (trace, _) = Trace::new(ticket, self.poll);
        self.put(ticket.id(), trace);
    }

    /// Compares a ticket with its last known state. With `full`, each poll reads all tickets.
    pub(super) fn compare(&mut self, ticket: &TicketRef<'_>, full: bool) -> Option<Event> {
        let (trace, value) = Trace::new(ticket, self.poll);
        let id = ticket.id();
        let (kind, changes) = match self.tickets.get_mut(&id) {
            None => (self.kind_of_unknown(ticket, full), Vec::new()),
            Some(known) if known.json == trace.json => {
                known.poll = self.poll;
                return None;
            }
            Some(known) => {
                let changes = changes(&known.value(), &value);
                let replied = changes.iter().any(|(name, ..)| name == "lastreply");
                (if replied { EventKind::Replied } else { EventKind::Changed }, changes)
            }
        };
        self.put(id, trace);
        Some(Event { kind, id, tid: ticket.tid().to_owned(), changes, ticket: value })
    }

    /// An unknown ticket is new if both its id and its date are new. Otherwise it may be a ticket that was never read,
    /// and only its reply is new.
    fn kind_of_unknown(&self, ticket: &TicketRef<'_>, full: bool) -> EventKind {
        let is_late = |time: Option<DateTime>| match (time, self.mark.newest) {
            (Some(time), Some(newest)) => time >= newest,
            _ => true,
        };
        if ticket.id() > self.mark.greatest_id && is_late(ticket.date()) {
            EventKind::Opened
        } else if !full && is_late(ticket.lastreply()) {
            EventKind::Replied
        } else {
            EventKind::Entered
        }
    }

    /// Ends a complete poll that read all tickets. Returns an event for each known ticket that was not read.
    pub(super) fn end_full(&mut self) -> Vec<Event> {
        let poll = self.poll;
        let gone = self.tickets.extract_if(|_, trace| trace.poll != poll);
        let mut gone: Vec<(u64, Trace)> = gone.collect();
        gone.sort_by_key(|(id, _)| *id);
        let mut events = Vec::with_capacity(gone.len());
        for (id, trace) in gone {
            if let Some(time) = trace.lastreply {
                self.replies.remove(&(time, id));
            }
            let ticket = trace.value();
            let tid = ticket.get("tid").and_then(Value::as_str).unwrap_or_default().to_owned();
            events.push(Event { kind: EventKind::Gone, id, tid, changes: Vec::new(), ticket });
        }
        self.advance();
        events
    }

    /// Ends a complete poll that read the tickets with a reply since the mark.
    pub(super) fn end(&mut self) {
        self.advance();
        if let Some(time) = self.nth_newest(MARK) {
            self.mark.since = Some(time.saturating_sub(MARGIN));
        }
        // For a forgotten ticket only the old values are lost.
        while self.tickets.len() > MAX_REMEMBERED
            && let Some((_, id)) = self.replies.pop_first()
        {
            self.tickets.remove(&id);
        }
    }

    fn advance(&mut self) {
        self.mark.greatest_id = self.tickets.keys().copied().max().unwrap_or(0).max(self.mark.greatest_id);
        self.mark.newest = self.nth_newest(REFERENCE).or(self.mark.newest);
        self.mark.polls += 1;
    }

    fn nth_newest(&self, nth: usize) -> Option<DateTime> {
        self.replies.iter().nth_back(nth - 1).map(|(time, _)| *time)
    }

    fn put(&mut self, id: u64, trace: Trace) {
        let lastreply = trace.lastreply;
        if let Some(time) = self.tickets.insert(id, trace).and_then(|earlier| earlier.lastreply) {
            self.replies.remove(&(time, id));
        }
        if let Some(time) = lastreply {
            self.replies.insert((time, id));
        }
    }
}

/// The fields in which two tickets differ. A missing field counts as null.
fn changes(old: &Value, new: &Value) -> Changes {
    let none = Map::new();
    let (old, new) = (old.as_object().unwrap_or(&none), new.as_object().unwrap_or(&none));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let value = |fields: &Map<String, Value>, name: &str| fields.get(name).cloned().unwrap_or_default();
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| (name.clone(), value(old, name), value(new, name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gettickets::{Status, Ticket, Tickets, Version};
    use jiff::civil::datetime;

    fn at(minute: i64) -> Option<DateTime> {
        Some(datetime(2026, 7, 1, 12, 0, 0, 0).saturating_add(SignedDuration::from_mins(minute)))
    }

    fn ticket(id: u64, opened: i64, replied: i64) -> Ticket {
        Ticket {
            id,
            tid: format!("T{id}"),
            c: "key".into(),
            date: at(opened),
            lastreply: at(replied),
            ..Ticket::default()
        }
    }

    /// A poll that reads these tickets.
    fn poll(known: &mut Known, tickets: &[Ticket], full: bool) -> Vec<(u64, EventKind)> {
        events(known, tickets, full).iter().map(|event| (event.id, event.kind)).collect()
    }

    fn events(known: &mut Known, tickets: &[Ticket], full: bool) -> Vec<Event> {
        known.begin();
        let tickets = Tickets::new(tickets, Version::V8_0);
        let mut events: Vec<Event> =
            tickets.iter().filter_map(|ticket| known.compare(&ticket, full)).collect();
        if full {
            events.append(&mut known.end_full());
        } else {
            known.end();
        }
        events
    }

    /// Tickets 1 to 20, and what is known of them. The newest reply is at 20 minutes.
    fn known(full: bool) -> (Known, Vec<Ticket>) {
        let tickets: Vec<Ticket> = (1..=20).map(|id| ticket(id, id as i64 - 30, id as i64)).collect();
        let mut known = Known::default();
        known.begin();
        Tickets::new(&tickets, Version::V8_0).iter().for_each(|ticket| known.remember(&ticket));
        if full {
            known.end_full();
        } else {
            known.end();
        }
        (known, tickets)
    }

    #[test]
    fn each_change_is_one_event_with_old_and_new_values() {
        let (mut known, tickets) = known(false);
        assert_eq!(poll(&mut known, &tickets, false), []);
        let replied = Ticket { status: Status::Answered, ..ticket(5, -25, 60) };
        let found = events(&mut known, std::slice::from_ref(&replied), false);
        assert_eq!(found[0].kind, EventKind::Replied);
        let status = found[0].changes.iter().find(|(name, ..)| name == "status").unwrap();
        assert_eq!((&status.1, &status.2), (&tickets[4].status.as_str().into(), &"Answered".into()));
        assert!(found[0].changes.iter().any(|(name, ..)| name == "lastreply"));
        assert!(found[0].ticket.get("c").is_none(), "the access key is not remembered");
        assert_eq!(poll(&mut known, std::slice::from_ref(&replied), false), []);
        let flagged = Ticket { flag: 3, ..replied };
        assert_eq!(poll(&mut known, &[flagged], false), [(5, EventKind::Changed)]);
    }

    #[test]
    fn an_unknown_ticket_is_new_by_its_id_and_its_date() {
        for (name, unknown, full, kind) in [
            ("new", ticket(21, 61, 61), false, EventKind::Opened),
            ("new", ticket(21, 61, 61), true, EventKind::Opened),
            ("moved in", ticket(21, -500, 5), true, EventKind::Entered),
            ("moved in with a reply", ticket(3_000, -500, 61), true, EventKind::Entered),
            ("an old one with a reply", Ticket { id: 0, ..ticket(0, -500, 61) }, false, EventKind::Replied),
            ("moved in without a reply", ticket(3_000, -500, -300), false, EventKind::Entered),
        ] {
            let (mut known, tickets) = known(full);
            let all: Vec<Ticket> = tickets.into_iter().chain([unknown.clone()]).collect();
            assert_eq!(poll(&mut known, &all, full), [(unknown.id, kind)], "{name}");
        }
    }

    #[test]
    fn a_ticket_that_leaves_and_returns_is_gone_and_entered() {
        let (mut known, tickets) = known(true);
        assert_eq!(poll(&mut known, &tickets[1..], true), [(1, EventKind::Gone)]);
        assert_eq!(poll(&mut known, &tickets[1..], true), []);
        assert_eq!(poll(&mut known, &tickets, true), [(1, EventKind::Entered)]);
        let last_gone = &tickets[..19];
        assert_eq!(poll(&mut known, last_gone, true), [(20, EventKind::Gone)]);
        assert_eq!(poll(&mut known, &tickets, true), [(20, EventKind::Entered)], "its id was seen before");
    }

    #[test]
    fn tickets_dated_in_the_future_hide_no_events() {
        let (mut known, mut tickets) = known(false);
        for id in 100..104 {
            tickets.push(ticket(id, 0, 5_000_000));
        }
        poll(&mut known, &tickets, false);
        let since = known.begin().unwrap();
        assert!(since <= at(20).unwrap(), "{since}");
        assert_eq!(poll(&mut known, &[ticket(5, -25, 60)], false), [(5, EventKind::Replied)]);
    }

    #[test]
    fn replies_in_the_repeated_hour_are_events() {
        let (mut known, _) = known(false);
        let since = known.begin().unwrap();
        assert!(since <= at(20 - 120).unwrap(), "two hours before the newest reply are read: {since}");
        // The clock was set back by an hour: the new reply has an earlier date than the known one.
        assert_eq!(poll(&mut known, &[ticket(20, -10, 20 - 55)], false), [(20, EventKind::Replied)]);
    }

    #[test]
    fn a_failed_poll_does_not_advance_the_mark() {
        let (mut known, _) = known(false);
        let before = known.mark();
        known.begin();
        let newer: Vec<Ticket> = (30..60).map(|id| ticket(id, 600, 600)).collect();
        Tickets::new(&newer, Version::V8_0).iter().for_each(|ticket| {
            known.compare(&ticket, false);
        });
        // Neither `end` nor `end_full` is called.
        assert_eq!(known.mark(), before);
    }

    #[test]
    fn a_short_list_is_read_completely_each_time() {
        let mut known = Known::default();
        assert_eq!(poll(&mut known, &[ticket(1, 1, 1), ticket(2, 2, 2)], false).len(), 2);
        assert_eq!(known.begin(), None);
    }

    #[test]
    fn a_restored_state_is_equal() {
        let (mut known, tickets) = known(true);
        known.begin();
        let stored: Vec<(u64, Option<DateTime>, Box<str>)> = tickets
            .iter()
            .zip(Tickets::new(&tickets, Version::V8_0).iter())
            .map(|(ticket, view)| (ticket.id, ticket.lastreply, Trace::new(&view, 0).0.json))
            .collect();
        let mut restored = Known::restore(known.mark(), stored.into_iter());
        assert_eq!(restored.tickets().len(), 20);
        assert_eq!(poll(&mut restored, &tickets, true), []);
        assert_eq!(poll(&mut restored, &tickets[1..], true), [(1, EventKind::Gone)]);
    }
}
