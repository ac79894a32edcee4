//! How many tickets of each department and status were last replied to in each stretch of time.
//!
//! The tally lets a page be found without walking through the tickets before it. It is counted once from the
//! database, and then kept right by every change.

use std::collections::BTreeMap;

use gettickets_protocol::Ticket;
use rusqlite::Connection;

use super::query::Filter;
use super::{StoreError, clock, row};

/// How many tickets a stretch holds on average: one is walked through for a page, and all are passed over.
const STRETCH: i64 = 500;

/// What a ticket is counted under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Seconds, see [`clock`].
    pub(super) lastreply: i64,
    pub(super) deptid: i64,
    pub(super) status: String,
}

impl Standing {
    pub(super) fn of(ticket: &Ticket) -> Standing {
        Standing {
            lastreply: clock::seconds(ticket.lastreply),
            deptid: row::signed(ticket.deptid),
            status: ticket.status.as_str().to_owned(),
        }
    }
}

/// The tally.
#[derive(Debug)]
pub(super) struct Tally {
    /// Seconds that a stretch spans.
    width: i64,
    /// Every status that a ticket has had, in its own spelling; counts name them by place.
    statuses: Vec<String>,
    stretches: BTreeMap<i64, Vec<Count>>,
}

/// The tickets of one department and status in one stretch.
#[derive(Clone, Copy, Debug)]
struct Count {
    deptid: i64,
    status: usize,
    tickets: u64,
}

/// A stretch of time with tickets that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The last replies in it, from and below.
    pub(super) from: i64,
    pub(super) below: i64,
    /// How many match.
    pub(super) tickets: u64,
}

impl Tally {
    /// Counts every ticket of a database.
    pub(super) fn count(connection: &Connection) -> Result<Tally, StoreError> {
        let mut tally = Tally { width: width(connection)?, statuses: Vec::new(), stretches: BTreeMap::new() };
        let mut statement = connection
            .prepare("SELECT lastreply / ?1, deptid, status, count(*) FROM ticket GROUP BY 1, 2, 3")?;
        let mut rows = statement.query([tally.width])?;
        while let Some(row) = rows.next()? {
            let status: String = row.get(2)?;
            *tally.slot(row.get(0)?, row.get(1)?, &status) += row::unsigned(row.get(3)?);
        }
        Ok(tally)
    }

    /// Counts a ticket in.
    pub(super) fn add(&mut self, standing: &Standing) {
        *self.slot(standing.lastreply / self.width, standing.deptid, &standing.status) += 1;
    }

    /// Counts a ticket out.
    pub(super) fn remove(&mut self, standing: &Standing) {
        let slot = self.slot(standing.lastreply / self.width, standing.deptid, &standing.status);
        *slot = slot.saturating_sub(1);
    }

    fn slot(&mut self, stretch: i64, deptid: i64, status: &str) -> &mut u64 {
        let status = self.statuses.iter().position(|known| known == status).unwrap_or_else(|| {
            self.statuses.push(status.to_owned());
            self.statuses.len() - 1
        });
        let counts = self.stretches.entry(stretch).or_default();
        let place = counts.iter().position(|count| count.deptid == deptid && count.status == status);
        let place = place.unwrap_or_else(|| {
            counts.push(Count { deptid, status, tickets: 0 });
            counts.len() - 1
        });
        #[allow(clippy::indexing_slicing, reason = "the place was found or made just now")]
        &mut counts[place].tickets
    }

    /// The stretches with tickets of the filter's departments and statuses, newest first.
    pub(super) fn stretches(&self, filter: &Filter) -> Vec<Stretch> {
        let status_matches: Vec<bool> = self
            .statuses
            .iter()
            .map(|known| filter.statuses.as_ref().is_none_or(|wanted| wanted.contains(known)))
            .collect();
        let matches = |count: &&Count| {
            status_matches.get(count.status) == Some(&true)
                && filter
                    .departments
                    .as_ref()
                    .is_none_or(|wanted| wanted.contains(&row::unsigned(count.deptid)))
        };
        let newest_first = self.stretches.iter().rev();
        newest_first
            .map(|(&stretch, counts)| Stretch {
                // Division brings the zero date, which is below 0, to the first stretch.
                from: if stretch == 0 { clock::NEVER } else { stretch * self.width },
                below: (stretch + 1) * self.width,
                tickets: counts.iter().filter(matches).map(|count| count.tickets).sum(),
            })
            .filter(|stretch| stretch.tickets > 0)
            .collect()
    }

    /// The statuses that tickets have, in their own spelling, that are among these in any case.
    pub(super) fn as_stored(&self, wanted: &[String]) -> Vec<String> {
        let is_wanted = |known: &&String| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(known));
        self.statuses.iter().filter(is_wanted).cloned().collect()
    }

    /// How many tickets there are.
    pub(super) fn total(&self) -> u64 {
        self.stretches.values().flatten().map(|count| count.tickets).sum()
    }
}

/// Seconds that a stretch spans: at least an hour, so that few tickets get few stretches.
fn width(connection: &Connection) -> Result<i64, StoreError> {
    let (count, first, last): (i64, Option<i64>, Option<i64>) = connection.query_row(
        "SELECT count(*), min(lastreply), max(lastreply) FROM ticket WHERE lastreply > ?1",
        [clock::NEVER],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let span = last.unwrap_or(0) - first.unwrap_or(0);
    Ok((span / (count / STRETCH).max(1)).max(3_600))
}
