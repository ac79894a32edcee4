//! Filters, deduplicates, limits and sorts the tickets that the server returned, for `list`.

use std::cmp::Ordering;
use std::collections::HashSet;

use gettickets::Tickets;
use gettickets_protocol::{Field, FieldValue, TicketRef};

use crate::args::SortKey;

/// The local filters, and how many tickets have passed them.
#[derive(Debug, Default)]
pub(crate) struct Local {
    /// In lower case.
    priorities: Vec<String>,
    flag: Option<u64>,
    limit: Option<u64>,
    /// The ids so far, if several requests can return the same ticket.
    seen: Option<HashSet<u64>>,
    passed: u64,
}

impl Local {
    pub(crate) fn new(priorities: &[String], flag: Option<u64>, limit: Option<u64>, merges: bool) -> Local {
        Local {
            priorities: priorities.iter().map(|word| word.to_lowercase()).collect(),
            flag,
            limit,
            seen: merges.then(HashSet::new),
            passed: 0,
        }
    }

    /// Whether any filter is set.
    pub(crate) fn is_active(&self) -> bool {
        !self.priorities.is_empty() || self.flag.is_some() || self.limit.is_some() || self.seen.is_some()
    }

    /// Whether the limit is reached.
    pub(crate) fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| self.passed >= limit)
    }

    /// The number of tickets that passed.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// The tickets that pass, as runs of adjacent tickets.
    pub(crate) fn pick(&mut self, tickets: &Tickets) -> Vec<Tickets> {
        let mut runs = Vec::new();
        let mut start = None;
        for (index, ticket) in tickets.iter().enumerate() {
            if self.passes(&ticket) {
                start = start.or(Some(index));
            } else if let Some(start) = start.take() {
                runs.push(tickets.slice(start..index));
            }
        }
        runs.extend(start.map(|start| tickets.slice(start..)));
        runs
    }

    fn passes(&mut self, ticket: &TicketRef<'_>) -> bool {
        let priority = || ticket.priority().as_str().trim().to_lowercase();
        let passes = !self.is_full()
            && (self.priorities.is_empty() || self.priorities.contains(&priority()))
            && self.flag.is_none_or(|flag| ticket.flag() == flag)
            && self.seen.as_mut().is_none_or(|seen| seen.insert(ticket.id()));
        self.passed += u64::from(passes);
        passes
    }
}

/// Sorts the tickets, and returns each as a run of its own. The sort is stable.
pub(crate) fn sorted(runs: Vec<Tickets>, keys: &[SortKey]) -> Vec<Tickets> {
    let runs = runs.into_iter().map(|run| ((), run)).collect();
    sorted_with(runs, keys).into_iter().map(|((), ticket)| ticket).collect()
}

/// As [`sorted`], for runs with a value that each of their tickets keeps.
pub(crate) fn sorted_with<T: Copy>(runs: Vec<(T, Tickets)>, keys: &[SortKey]) -> Vec<(T, Tickets)> {
    let mut single: Vec<(T, Tickets)> =
        runs.iter().flat_map(|(with, run)| (0..run.len()).map(|at| (*with, run.slice(at..=at)))).collect();
    single.sort_by(|(_, tickets), (_, other)| match (tickets.get(0), other.get(0)) {
        (Some(one), Some(other)) => compare(&one, &other, keys),
        _ => Ordering::Equal,
    });
    single
}

fn compare(one: &TicketRef<'_>, other: &TicketRef<'_>, keys: &[SortKey]) -> Ordering {
    keys.iter()
        .map(|key| compare_by(one, other, key.field, key.descending))
        .find(|ordering| ordering.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Compares by one field. A ticket without a value sorts last in both directions.
fn compare_by(one: &TicketRef<'_>, other: &TicketRef<'_>, field: Field, descending: bool) -> Ordering {
    let value = |ticket: &TicketRef<'_>| match ticket.value(field) {
        Some(FieldValue::Integer(value)) => Some(Comparable::Integer(value)),
        Some(FieldValue::Boolean(value)) => Some(Comparable::Integer(value.into())),
        Some(FieldValue::DateTime(Some(time))) => Some(Comparable::Time(time)),
        Some(FieldValue::Text(_)) => {
            ticket.decoded_text(field).map(|text| Comparable::Text(text.trim().to_lowercase()))
        }
        _ => None,
    };
    match (value(one), value(other)) {
        (Some(one), Some(other)) if descending => other.cmp(&one),
        (Some(one), Some(other)) => one.cmp(&other),
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Comparable {
    Integer(u64),
    Time(gettickets::DateTime),
    Text(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use gettickets_protocol::{Priority, Ticket, Version};
    use jiff::civil::date;

    fn tickets() -> Tickets {
        let ticket = |id, priority: &'static str, flag, subject: &str, day| Ticket {
            id,
            priority: Priority::from_word(priority),
            flag,
            subject: subject.into(),
            lastreply: (day > 0).then(|| date(2026, 1, day).at(0, 0, 0, 0)),
            ..Ticket::default()
        };
        let all = [
            ticket(1, "High", 3, "beta", 5),
            ticket(2, "Low", 0, "Alpha", 0),
            ticket(3, "high", 3, "&amp;", 9),
            ticket(4, "Medium", 3, "alpha", 2),
        ];
        Tickets::new(&all, Version::V8_0)
    }

    fn ids(runs: &[Tickets]) -> Vec<u64> {
        runs.iter().flatten().map(|ticket| ticket.id()).collect()
    }

    #[test]
    fn filters_and_limits_select_tickets() {
        let high = ["HIGH".to_owned()];
        for (mut local, expected) in [
            (Local::new(&[], None, None, false), &[1, 2, 3, 4][..]),
            (Local::new(&high, None, None, false), &[1, 3]),
            (Local::new(&[], Some(3), None, false), &[1, 3, 4]),
            (Local::new(&[], Some(0), None, false), &[2]),
            (Local::new(&[], Some(3), Some(2), false), &[1, 3]),
            (Local::new(&high, Some(9), None, false), &[]),
        ] {
            assert_eq!(ids(&local.pick(&tickets())), expected);
            assert_eq!(local.passed(), expected.len() as u64);
        }
    }

    #[test]
    fn duplicate_tickets_are_listed_once() {
        let mut local = Local::new(&[], None, None, true);
        assert_eq!(ids(&local.pick(&tickets().slice(..3))), [1, 2, 3]);
        assert_eq!(ids(&local.pick(&tickets())), [4]);
    }

    #[test]
    fn sorting_is_by_value_and_puts_missing_values_last() {
        let by = |keys: &str| {
            let keys: Vec<SortKey> = keys.split(',').map(|key| key.parse().unwrap()).collect();
            ids(&sorted(vec![tickets()], &keys))
        };
        assert_eq!(by("lastreply"), [4, 1, 3, 2]);
        assert_eq!(by("-lastreply"), [3, 1, 4, 2]);
        assert_eq!(by("subject"), [3, 2, 4, 1]);
        assert_eq!(by("subject,-id"), [3, 4, 2, 1]);
        assert_eq!(by("-flag,id"), [1, 3, 4, 2]);
    }
}
