//! [`Statistics`]: what is told of the tickets, whoever tells it: terminal, page or JSON.

use std::cmp::Reverse;

use gettickets_protocol::{DateTime, Priority};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use super::tally::{Tally, days, hours};

/// How many weeks are looked back on, the running one included.
pub(crate) const WEEKS: i64 = 12;

/// Ages in hours: where a bucket ends, and its name.
const AGES: [(i64, &str); 7] = [
    (24, "under a day"),
    (3 * 24, "1 to 3 days"),
    (7 * 24, "3 to 7 days"),
    (28 * 24, "1 to 4 weeks"),
    (91 * 24, "1 to 3 months"),
    (365 * 24, "3 to 12 months"),
    (i64::MAX, "over a year"),
];

/// Everything that is told, in the order in which it is told. It serialises as the document of
/// `--format json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Statistics {
    /// The moment that ages and weeks are counted from, on the install's clock.
    pub(crate) as_of: DateTime,
    pub(crate) tickets: u64,
    /// Tickets that are not closed.
    pub(crate) active: u64,
    /// Tickets whose status waits for an answer.
    pub(crate) waiting: u64,
    pub(crate) by_status: Vec<Count>,
    pub(crate) by_priority: Vec<Count>,
    pub(crate) by_department: Vec<Count>,
    /// Active tickets by the time since they were opened.
    pub(crate) by_age: Vec<Count>,
    pub(crate) by_week: Vec<Week>,
    pub(crate) oldest_waiting: Vec<OldestWaiting>,
}

/// A name and how many tickets have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Count {
    pub(crate) name: String,
    /// The department's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<u64>,
    pub(crate) count: u64,
}

/// A week, Monday to Sunday.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Week {
    pub(crate) monday: Date,
    pub(crate) opened: u64,
    /// Tickets now answered or closed whose last reply was in this week.
    pub(crate) answered: u64,
}

/// A ticket that has waited for long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct OldestWaiting {
    pub(crate) id: u64,
    pub(crate) tid: String,
    pub(crate) subject: String,
    pub(crate) status: String,
    pub(crate) priority: String,
    pub(crate) deptid: u64,
    pub(crate) since: DateTime,
    pub(crate) hours: i64,
}

impl Statistics {
    /// Looks back from a moment on the install's clock, but never from before the newest ticket: that
    /// would only show that the two clocks differ.
    pub(crate) fn new(tally: Tally, now: DateTime) -> Statistics {
        // Servers count in whole seconds.
        let now = now.with().subsec_nanosecond(0).build().unwrap_or(now);
        let as_of = tally.newest.map_or(now, |newest| newest.max(now));
        Statistics {
            as_of,
            tickets: tally.tickets,
            active: tally.active,
            waiting: tally.waiting,
            by_age: by_age(&tally, as_of),
            by_week: by_week(&tally, as_of.date()),
            by_department: by_department(&tally),
            by_priority: by_priority(&tally),
            by_status: {
                let named = tally.by_status.named.iter().map(|(name, count)| (named(name), None, *count));
                by_count(named, tally.by_status.other)
            },
            oldest_waiting: tally
                .oldest
                .into_iter()
                .map(|ticket| OldestWaiting {
                    hours: hours(as_of) - hours(ticket.since),
                    id: ticket.id,
                    tid: ticket.tid,
                    subject: ticket.subject,
                    status: ticket.status,
                    priority: ticket.priority,
                    deptid: ticket.deptid,
                    since: ticket.since,
                })
                .collect(),
        }
    }
}

fn named(name: &str) -> String {
    if name.is_empty() { "(none)".to_owned() } else { name.to_owned() }
}

fn by_count(named: impl Iterator<Item = (String, Option<u64>, u64)>, other: u64) -> Vec<Count> {
    let mut counts: Vec<Count> = named.map(|(name, id, count)| Count { name, id, count }).collect();
    counts.sort_by_key(|one| Reverse(one.count));
    if other > 0 {
        counts.push(Count { name: "(others)".to_owned(), id: None, count: other });
    }
    counts
}

/// High before low, as the words have an order; words of an install's own after them, by count.
fn by_priority(tally: &Tally) -> Vec<Count> {
    let named = tally.by_priority.named.iter().map(|(name, count)| (named(name), None, *count));
    let mut counts = by_count(named, tally.by_priority.other);
    let rank = |one: &Count| match Priority::from(one.name.as_str()) {
        Priority::High => 0,
        Priority::Medium => 1,
        Priority::Low => 2,
        _ => 3,
    };
    counts.sort_by_key(rank);
    counts
}

fn by_department(tally: &Tally) -> Vec<Count> {
    let named = tally.by_department.named.iter().map(|(id, count)| {
        let name = tally.department_names.get(id).cloned();
        (name.unwrap_or_else(|| format!("Department {id}")), Some(*id), *count)
    });
    by_count(named, tally.by_department.other)
}

fn by_age(tally: &Tally, as_of: DateTime) -> Vec<Count> {
    let now = hours(as_of);
    let mut counts: Vec<Count> =
        AGES.iter().map(|(_, name)| Count { name: (*name).to_owned(), id: None, count: 0 }).collect();
    for (hour, count) in &tally.active_by_hour {
        let age = now - hour;
        let bucket = AGES.iter().zip(&mut counts).find(|((end, _), _)| age < *end);
        if let Some((_, bucket)) = bucket {
            bucket.count += count;
        }
    }
    if tally.active_undated > 0 {
        counts.push(Count { name: "no date".to_owned(), id: None, count: tally.active_undated });
    }
    counts
}

fn by_week(tally: &Tally, today: Date) -> Vec<Week> {
    let monday = |weeks_ago: i64| {
        let back = i64::from(today.weekday().to_monday_zero_offset()) + 7 * weeks_ago;
        today.saturating_sub(back.days())
    };
    let total = |counts: &std::collections::BTreeMap<Date, u64>, monday: Date| {
        counts
            .range(monday..)
            .take_while(|(day, _)| days(**day) < days(monday) + 7)
            .map(|(_, count)| count)
            .sum()
    };
    (0..WEEKS)
        .rev()
        .map(|weeks_ago| {
            let monday = monday(weeks_ago);
            Week {
                monday,
                opened: total(&tally.opened_by_day, monday),
                answered: total(&tally.answered_by_day, monday),
            }
        })
        .collect()
}
