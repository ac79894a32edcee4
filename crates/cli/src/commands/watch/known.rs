//! What a watch knows of each ticket: enough to tell what changed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

use gettickets::{DateTime, Field, TicketRef};

/// What happened to a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) kind: EventKind,
    /// The fields that changed; empty for a ticket that was not known.
    pub(super) changes: Vec<Field>,
    /// The status before, where it was another one.
    pub(super) earlier_status: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventKind {
    /// It was not there.
    Opened,
    /// It has a later reply.
    Replied,
    /// Something else changed.
    Changed,
}

impl EventKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            EventKind::Opened => "opened",
            EventKind::Replied => "replied",
            EventKind::Changed => "changed",
        }
    }
}

/// A ticket that is no longer there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) id: u64,
    pub(super) tid: String,
}

/// The tickets that were seen.
#[derive(Default)]
pub(super) struct Known {
    tickets: HashMap<u64, Trace>,
    /// The number of this look.
    look: u64,
}

/// What is kept of a ticket: some 200 bytes.
struct Trace {
    tid: String,
    status: String,
    /// A digest of each field that was carried.
    digests: Vec<(Field, u64)>,
    seen: u64,
}

impl Trace {
    fn of(ticket: &TicketRef<'_>, seen: u64) -> Trace {
        let digest = |field: Field| {
            let mut hasher = DefaultHasher::new();
            // Texts as they were sent, dates too: an unreadable date that changes is a change.
            match ticket.value(field) {
                Some(gettickets::Value::Text(_) | gettickets::Value::DateTime(_) | gettickets::Value::UnreadableDate(_)) => {
                    ticket.text(field).hash(&mut hasher)
                }
                value => format!("{value:?}").hash(&mut hasher),
            }
            (field, hasher.finish())
        };
        Trace {
            tid: ticket.tid().to_owned(),
            status: ticket.status().as_str().to_owned(),
            digests: ticket.carried().iter().map(digest).collect(),
            seen,
        }
    }
}

impl Known {
    /// Begins a look.
    pub(super) fn begin(&mut self) {
        self.look += 1;
    }

    /// Takes a ticket as it is, without a word.
    pub(super) fn learn(&mut self, ticket: &TicketRef<'_>) {
        self.tickets.insert(ticket.id(), Trace::of(ticket, self.look));
    }

    /// What happened to a ticket since it was seen last, where `since` is the newest reply known then.
    pub(super) fn compare(&mut self, ticket: &TicketRef<'_>, since: Option<DateTime>) -> Option<Event> {
        let trace = Trace::of(ticket, self.look);
        match self.tickets.entry(ticket.id()) {
            Entry::Vacant(entry) => {
                entry.insert(trace);
                // One that was opened earlier was only never looked at: what is new is its reply.
                let is_new = match (ticket.date(), since) {
                    (Some(opened), Some(since)) => opened >= since,
                    _ => true,
                };
                let kind = if is_new { EventKind::Opened } else { EventKind::Replied };
                Some(Event { kind, changes: Vec::new(), earlier_status: None })
            }
            Entry::Occupied(mut entry) => {
                let earlier = entry.insert(trace);
                let changes: Vec<Field> = ticket
                    .carried()
                    .iter()
                    .filter(|field| digest(&earlier, *field) != digest(entry.get(), *field))
                    .collect();
                if changes.is_empty() {
                    return None;
                }
                let kind =
                    if changes.contains(&Field::Lastreply) { EventKind::Replied } else { EventKind::Changed };
                let earlier_status = (earlier.status != entry.get().status).then_some(earlier.status);
                Some(Event { kind, changes, earlier_status })
            }
        }
    }

    /// The tickets that the last look, one at all of them, did not meet.
    pub(super) fn forget_unseen(&mut self) -> Vec<Gone> {
        let look = self.look;
        let gone = self.tickets.extract_if(|_, trace| trace.seen != look);
        let mut gone: Vec<Gone> = gone.map(|(id, trace)| Gone { id, tid: trace.tid }).collect();
        gone.sort_by_key(|gone| gone.id);
        gone
    }
}

fn digest(trace: &Trace, field: Field) -> Option<u64> {
    trace.digests.iter().find(|(known, _)| *known == field).map(|(_, digest)| *digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gettickets::{Status, Ticket, Tickets, Version};
    use jiff::civil::datetime;

    fn at(minute: i8) -> Option<DateTime> {
        Some(datetime(2026, 7, 1, 12, minute, 0, 0))
    }

    fn told(
        known: &mut Known,
        ticket: &Ticket,
        since: Option<DateTime>,
    ) -> Option<(EventKind, String, Option<String>)> {
        let tickets = Tickets::new(std::slice::from_ref(ticket), Version::V8_0);
        let event = known.compare(&tickets.get(0).unwrap(), since)?;
        let changes = event.changes.iter().map(|field| field.name()).collect::<Vec<_>>().join(" ");
        Some((event.kind, changes, event.earlier_status))
    }

    #[test]
    fn what_happened_is_told_once() {
        let mut known = Known::default();
        known.begin();
        let old = Ticket { id: 1, date: at(1), lastreply: at(5), ..Ticket::default() };
        known.learn(&Tickets::new(std::slice::from_ref(&old), Version::V8_0).get(0).unwrap());
        assert_eq!(told(&mut known, &old, at(5)), None);

        let replied = Ticket { lastreply: at(9), status: Status::Answered, ..old.clone() };
        let event = (EventKind::Replied, "status lastreply".to_owned(), Some("Open".to_owned()));
        assert_eq!(told(&mut known, &replied, at(5)), Some(event));
        assert_eq!(told(&mut known, &replied, at(5)), None);

        let flagged = Ticket { flag: 3, ..replied };
        assert_eq!(told(&mut known, &flagged, at(9)), Some((EventKind::Changed, "flag".to_owned(), None)));

        let opened = Ticket { id: 2, date: at(9), lastreply: at(9), ..Ticket::default() };
        assert_eq!(told(&mut known, &opened, at(9)).unwrap().0, EventKind::Opened);
        let revived = Ticket { id: 3, date: at(0), lastreply: at(9), ..Ticket::default() };
        assert_eq!(told(&mut known, &revived, at(9)).unwrap().0, EventKind::Replied);
    }

    #[test]
    fn what_a_whole_look_does_not_meet_is_gone() {
        let mut known = Known::default();
        let tickets = [1, 2].map(|id| Ticket { id, tid: format!("T{id}"), ..Ticket::default() });
        let tickets = Tickets::new(&tickets, Version::V8_0);
        known.begin();
        tickets.iter().for_each(|ticket| known.learn(&ticket));
        known.begin();
        known.compare(&tickets.get(0).unwrap(), None);
        assert_eq!(known.forget_unseen(), [Gone { id: 2, tid: "T2".into() }]);
        assert_eq!(known.forget_unseen(), []);
    }
}
