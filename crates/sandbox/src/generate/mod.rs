//! Generates believable tickets from a seed, newest last reply first.
//!
//! Tickets are generated in one pass and not collected. Those that a later reply could still precede wait in a
//! heap as a few numbers, so that memory stays small and time is proportional to the count.

mod calendar;
mod names;
mod rng;
mod tickets;
mod words;

use std::collections::BinaryHeap;

use gettickets_protocol::{DateTime, Ticket};
use jiff::civil::datetime;
use jiff::{SignedDuration, ToSpan};

pub(crate) use self::rng::Rng;
use self::tickets::Outline;

/// The default time of the newest last reply.
const NEWEST: DateTime = datetime(2026, 6, 30, 17, 0, 0, 0);

/// The longest duration of a generated conversation, in seconds.
const MAX_CONVERSATION: i64 = 45 * 86_400;

/// Generates tickets as a server of version 8.0 or later has them, newest last reply first, the newest at
/// 2026-06-30 17:00:00. The same seed and count give the same tickets in every version of this crate.
///
/// They are written by clients, guests and admins; hold HTML entities, letters beyond ASCII and characters that
/// JSON escapes; and have up to three attachments. Some have no `requestor_name`, and where there are thousands
/// of them a few have a zero date. Ids are 1 to `count` in the order of opening. Names are invented, and
/// addresses are at domains reserved for examples.
///
/// ```
/// let tickets: Vec<_> = gettickets_sandbox::generate(1, 100).collect();
/// assert_eq!(tickets.len(), 100);
/// assert!(tickets.is_sorted_by(|newer, older| newer.lastreply >= older.lastreply));
/// assert!(tickets.iter().eq(&gettickets_sandbox::generate(1, 100).collect::<Vec<_>>()));
/// ```
pub fn generate(seed: u64, count: u64) -> impl Iterator<Item = Ticket> {
    generate_until(seed, count, NEWEST)
}

/// As [`generate`], with the newest last reply at a time of the caller's choice.
///
/// ```
/// let newest = jiff::civil::datetime(2030, 1, 1, 12, 0, 0, 0);
/// let tickets = gettickets_sandbox::generate_until(1, 100, newest);
/// assert!(tickets.into_iter().all(|ticket| ticket.lastreply <= Some(newest)));
/// ```
pub fn generate_until(seed: u64, count: u64, newest: DateTime) -> impl Iterator<Item = Ticket> {
    Generator::new(seed, count, newest)
}

/// Generates the same tickets in order of their ids, in which a database inserts them faster.
pub(crate) fn in_order_of_opening(
    seed: u64,
    count: u64,
    newest: Option<DateTime>,
) -> impl Iterator<Item = Ticket> {
    let generator = Generator::new(seed, count, newest.unwrap_or(NEWEST));
    (1..=count).map(move |id| generator.finish(generator.outline(id)))
}

/// A ticket that waits for its position in the list, by which it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    /// Seconds since the reference Monday; the smallest number for a zero date.
    lastreply: i64,
    id: u64,
    opened: i64,
}

struct Generator {
    seed: u64,
    count: u64,
    /// The id of the next ticket to outline; 0 after the last.
    next: u64,
    monday: DateTime,
    /// Seconds from the reference Monday to the newest time.
    newest: i64,
    /// The period in which the tickets are opened, in seconds.
    span: i64,
    waiting: BinaryHeap<Waiting>,
}

impl Generator {
    fn new(seed: u64, count: u64, newest: DateTime) -> Generator {
        // An install with more tickets is also older: two weeks for a few tickets, six years for a million.
        let weeks = 2 + count.isqrt() as i64 / 3;
        let into_week = i64::from(newest.weekday().to_monday_zero_offset());
        let monday =
            newest.date().saturating_sub(into_week.days()).to_datetime(jiff::civil::Time::midnight());
        Generator {
            seed,
            count,
            next: count,
            monday,
            newest: newest.duration_since(monday).as_secs(),
            span: weeks * 7 * 86_400,
            waiting: BinaryHeap::new(),
        }
    }

    /// The opening time of the ticket with this id, in seconds since the reference Monday; never before that of a lower
    /// id.
    fn opened(&self, id: u64) -> i64 {
        let age = i128::from(self.span) * i128::from(self.count - id) / i128::from(self.count.max(1));
        calendar::shaped(self.newest - age as i64).min(self.newest)
    }

    fn outline(&self, id: u64) -> Waiting {
        let opened = self.opened(id);
        let rng = &mut Rng::new(self.seed ^ 0x7265_706c_6965_7321, id);
        // Most conversations end within days; some last for weeks.
        let delay = match rng.below(10) {
            0..=2 => 0,
            3..=6 => 300 + rng.below(86_400) as i64,
            7..=8 => 3_600 + rng.below(10 * 86_400) as i64,
            _ => rng.below(MAX_CONVERSATION as u64) as i64,
        };
        // No reply is later than the newest time; such a ticket was answered earlier.
        let room = (self.newest - opened).max(0);
        let delay = if delay > room { rng.below(room as u64 + 1) as i64 } else { delay };
        let never = id <= self.count / 2_000;
        let lastreply = if never { i64::MIN } else { opened + delay };
        Waiting { lastreply, id, opened }
    }

    fn finish(&self, waiting: Waiting) -> Ticket {
        let moment = |seconds: i64| self.monday.saturating_add(SignedDuration::from_secs(seconds));
        let zero_date = Rng::new(self.seed ^ 0x7a65_726f, waiting.id).one_in(5_000);
        let never = waiting.lastreply == i64::MIN;
        let quiet = if never { self.span } else { self.newest - waiting.lastreply };
        let outline = Outline {
            id: waiting.id,
            count: self.count,
            opened: (!zero_date).then(|| moment(waiting.opened)),
            lastreply: (!never).then(|| moment(waiting.lastreply)),
            replied: waiting.lastreply > waiting.opened,
            quiet,
        };
        tickets::ticket(self.seed, &outline)
    }
}

impl Iterator for Generator {
    type Item = Ticket;

    fn next(&mut self) -> Option<Ticket> {
        // A ticket is due when no ticket that is not yet outlined can have a later reply.
        while self.next > 0 {
            let reachable = self.opened(self.next) + MAX_CONVERSATION;
            if self.waiting.peek().is_some_and(|first| first.lastreply > reachable) {
                break;
            }
            self.waiting.push(self.outline(self.next));
            self.next -= 1;
        }
        let due = self.waiting.pop()?;
        Some(self.finish(due))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.next).map(|next| next.saturating_add(self.waiting.len()));
        (left.unwrap_or(usize::MAX), left.ok())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_list_is_in_order_and_ids_and_numbers_are_unique() {
        for count in [0, 1, 2, 25, 1_000, 12_345] {
            let tickets: Vec<Ticket> = generate(3, count).collect();
            assert_eq!(tickets.len() as u64, count);
            let place = |ticket: &Ticket| (ticket.lastreply, ticket.id);
            assert!(tickets.is_sorted_by(|newer, older| place(newer) > place(older)), "{count}");
            let ids: HashSet<u64> = tickets.iter().map(|ticket| ticket.id).collect();
            assert_eq!(ids, (1..=count).collect());
            let tids: HashSet<&str> = tickets.iter().map(|ticket| ticket.tid.as_str()).collect();
            assert_eq!(tids.len() as u64, count);
        }
    }

    #[test]
    fn nothing_is_replied_to_before_it_is_opened() {
        for ticket in generate(5, 5_000) {
            if ticket.lastreply.is_some() {
                assert!(ticket.date <= ticket.lastreply, "{ticket:?}");
            }
        }
    }

    #[test]
    fn every_feature_of_replies_occurs() {
        let tickets: Vec<Ticket> = generate(1, 20_000).collect();
        let some = |claim: &dyn Fn(&Ticket) -> bool| {
            let count = tickets.iter().filter(|ticket| claim(ticket)).count();
            assert!(count > 0);
            count
        };
        for attachments in 0..=3 {
            some(&|ticket| ticket.attachments.as_ref().is_some_and(|list| list.len() == attachments));
        }
        let zero_dates = some(&|ticket| ticket.date.is_none() || ticket.lastreply.is_none());
        assert!(zero_dates < 40, "zero dates are rare");
        some(&|ticket| ticket.requestor_name.is_none());
        some(&|ticket| ticket.userid == 0);
        some(&|ticket| ticket.flag > 0);
        some(&|ticket| !ticket.admin.is_empty());
        some(&|ticket| ticket.attachments_removed == Some(true));
        some(&|ticket| !ticket.subject.is_ascii());
        some(&|ticket| ticket.subject.contains("&amp;"));
        some(&|ticket| ticket.subject.contains(['\\', '"', '/']));
        some(&|ticket| ticket.cc.contains(','));
        some(&|ticket| ticket.tid.starts_with("TKT-"));
        let statuses: HashSet<&str> = tickets.iter().map(|ticket| ticket.status.as_str()).collect();
        assert_eq!(statuses.len(), 6);
    }

    #[test]
    fn both_orders_have_the_same_tickets() {
        let mut by_reply: Vec<Ticket> = generate(9, 3_000).collect();
        by_reply.sort_by_key(|ticket| ticket.id);
        assert!(by_reply.into_iter().eq(in_order_of_opening(9, 3_000, None)));
    }

    #[test]
    fn seeds_differ() {
        let subjects = |seed| generate(seed, 50).map(|ticket| ticket.subject).collect::<Vec<_>>();
        assert_ne!(subjects(1), subjects(2));
    }
}
