//! [`Statistics`]: the figures that the terminal, the page and JSON show.

use std::cmp::Reverse;

use gettickets_protocol::{DateTime, Priority};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use super::tally::{AGES, Tally, days};
use crate::output::clock::Clock;

/// The number of weeks, including the current one.
pub(crate) const WEEKS: i64 = 12;

/// Which tickets the figures cover, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Source {
    /// The server, the install or the files, without secrets.
    pub(crate) server: String,
    /// The filters.
    pub(crate) filter: String,
}

/// All figures, in the order in which they are shown. `--format json` writes them serialized.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Statistics {
    #[serde(flatten)]
    pub(crate) source: Source,
    /// The time on the install's clock from which ages and weeks are counted.
    pub(crate) as_of: DateTime,
    /// The same as a clock.
    #[serde(skip)]
    pub(crate) clock: Clock,
    pub(crate) tickets: u64,
    /// Tickets that are not closed.
    pub(crate) active: u64,
    /// Tickets with a status that waits for an answer.
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

/// A ticket that has waited long for an answer.
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
    /// Counts from the time of the tally's clock, or from the newest ticket if that is later.
    pub(crate) fn new(tally: Tally, source: Source) -> Statistics {
        let clock = tally.clock.not_before(tally.newest);
        let now = clock.now();
        // Servers count in whole seconds.
        let as_of = now.with().subsec_nanosecond(0).build().unwrap_or(now);
        Statistics {
            source,
            as_of,
            clock: clock.clone(),
            tickets: tally.tickets,
            active: tally.active,
            waiting: tally.waiting,
            by_age: by_age(&tally),
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
                    hours: clock.seconds_since(ticket.since).max(0) / 3600,
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

/// By priority, from high to low; unknown priorities follow, by count.
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
        let Some(id) = *id else { return ("no department".to_owned(), None, *count) };
        let sent = tally.department_names.get(&id).map(String::as_str);
        let name = sent.or_else(|| tally.names.department(id)).map(str::to_owned);
        (name.unwrap_or_else(|| format!("Department {id}")), Some(id), *count)
    });
    by_count(named, tally.by_department.other)
}

fn by_age(tally: &Tally) -> Vec<Count> {
    let ages = AGES.iter().zip(tally.active_by_age);
    let mut counts: Vec<Count> =
        ages.map(|((_, name), count)| Count { name: (*name).to_owned(), id: None, count }).collect();
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
