//! A page of the list: which tickets match, how many, and those from an offset on.
//!
//! The plain list, of any departments and statuses, is found through the tally: for each stretch of time it
//! knows how many tickets of each department and status were last replied to then. So the total is a sum,
//! and an offset of 900,000 is reached by passing over whole stretches; only one is walked through. What is
//! asked of one client, address or admin is listed whole from an index, and of a subject counted by reading
//! every subject; either is kept for the pages after the first until a ticket changes.

use std::sync::Arc;

use gettickets_protocol::Ticket;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::search::Search;
use super::subjects::{Matches, Subjects};
use super::tally::Tally;
use super::{StoreError, row};

/// What a list is of. Everything that is `None` does not restrict it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only these departments.
    pub(crate) departments: Option<Vec<u64>>,
    /// Only these statuses, in any case.
    pub(crate) statuses: Option<Vec<String>>,
    /// Only this client.
    pub(crate) client: Option<u64>,
    /// Only this address, of no client.
    pub(crate) address: Option<String>,
    /// Only what is flagged to this admin.
    pub(crate) flag: Option<u64>,
    /// Only subjects that contain this, approximately.
    pub(crate) subject: Option<String>,
}

impl Filter {
    /// Whether it is of one client, address or admin, who have few tickets.
    fn is_of_few(&self) -> bool {
        self.client.is_some() || self.address.is_some() || self.flag.is_some()
    }
}

/// A stretch of the list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slice {
    pub(crate) tickets: Vec<Ticket>,
    /// How many tickets match in all.
    pub(crate) total: u64,
}

/// The last list that was found or counted whole, for the pages after the first.
#[derive(Debug)]
pub(super) struct Listed {
    filter: Filter,
    /// Which state of the store it was found in.
    generation: u64,
    list: List,
}

/// A list that is known whole.
#[derive(Clone, Debug)]
enum List {
    Ids(Arc<[i64]>),
    /// By a search: nobody may ever ask for most of what it found, which is hundreds of thousands.
    Counted(Arc<Matches>),
}

/// The part of a store that a query needs.
pub(super) struct Source<'a> {
    pub(super) connection: &'a Connection,
    pub(super) tally: &'a Tally,
    pub(super) subjects: &'a Subjects,
    pub(super) generation: u64,
    pub(super) listed: &'a mut Option<Listed>,
}

impl Source<'_> {
    /// Up to `limit` tickets from `offset` on.
    pub(super) fn slice(&mut self, filter: &Filter, offset: u64, limit: u64) -> Result<Slice, StoreError> {
        let filter = self.with_statuses_as_stored(filter);
        let (ids, total) = if !filter.is_of_few() && filter.subject.is_none() {
            self.plain(&filter, offset, limit)?
        } else {
            self.of_list(filter, as_len(offset), as_len(limit))?
        };
        Ok(Slice { tickets: self.tickets(&ids)?, total })
    }

    /// Statuses compare without regard to case; the indexes know each by its own spelling.
    fn with_statuses_as_stored(&self, filter: &Filter) -> Filter {
        let statuses = filter.statuses.as_ref().map(|wanted| self.tally.as_stored(wanted));
        Filter { statuses, ..filter.clone() }
    }

    /// The ids of a stretch of the plain list, and how many match in all.
    fn plain(&self, filter: &Filter, offset: u64, limit: u64) -> Result<(Vec<i64>, u64), StoreError> {
        let mut bindings = Vec::new();
        let condition = departments_and_statuses(filter, &mut bindings);
        let stretches = self.tally.stretches(filter);
        let total = stretches.iter().map(|stretch| stretch.tickets).sum();

        let walk = format!(
            "SELECT id FROM ticket INDEXED BY by_reply WHERE {condition} AND lastreply >= ? AND lastreply < ?
             ORDER BY lastreply DESC, id DESC LIMIT ? OFFSET ?"
        );
        let mut statement = self.connection.prepare_cached(&walk)?;
        let (mut to_skip, mut ids) = (offset, Vec::new());
        for stretch in stretches {
            if to_skip >= stretch.tickets {
                to_skip -= stretch.tickets;
                continue;
            }
            let left = limit - ids.len() as u64;
            if left == 0 {
                break;
            }
            let wanted = row::signed(left.min(stretch.tickets));
            let range = [stretch.from, stretch.below, wanted, row::signed(to_skip)];
            let bindings = bindings.iter().cloned().chain(range.map(Value::Integer));
            for id in statement.query_map(params_from_iter(bindings), |row| row.get(0))? {
                ids.push(id?);
            }
            to_skip = 0;
        }
        Ok((ids, total))
    }

    /// The ids of a stretch of a list that is known whole, and how many it has in all.
    fn of_list(
        &mut self,
        filter: Filter,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<i64>, u64), StoreError> {
        let search = Search::new(filter.subject.as_deref().unwrap_or_default());
        Ok(match self.listed(&filter, &search)? {
            List::Ids(ids) => (ids.iter().copied().skip(offset).take(limit).collect(), ids.len() as u64),
            List::Counted(matches) => {
                let page = self.subjects.page(&search, &filter, &matches, (offset, limit));
                (page, matches.len() as u64)
            }
        })
    }

    /// All that matches a filter which is not plain.
    fn listed(&mut self, filter: &Filter, search: &Search) -> Result<List, StoreError> {
        if let Some(listed) = &*self.listed
            && listed.generation == self.generation
            && listed.filter == *filter
        {
            return Ok(listed.list.clone());
        }
        let list = if filter.is_of_few() {
            List::Ids(self.of_few(filter, search)?.into())
        } else {
            List::Counted(Arc::new(self.subjects.count(search, filter)))
        };
        let (filter, generation) = (filter.clone(), self.generation);
        *self.listed = Some(Listed { filter, generation, list: list.clone() });
        Ok(list)
    }

    /// Every id of one client, address or admin, whose subject matches the search.
    fn of_few(&self, filter: &Filter, search: &Search) -> Result<Vec<i64>, StoreError> {
        let mut bindings = Vec::new();
        let mut condition = departments_and_statuses(filter, &mut bindings);
        let mut and = |text: &str, value: Value| {
            condition.push_str(text);
            bindings.push(value);
        };
        // The second half of each names the partial index that fits.
        if let Some(client) = filter.client {
            and(" AND userid = ? AND userid <> 0", Value::Integer(row::signed(client)));
        }
        if let Some(address) = &filter.address {
            and(" AND email = ? COLLATE NOCASE AND userid = 0", Value::Text(address.clone()));
        }
        if let Some(flag) = filter.flag {
            and(" AND flag = ? AND flag <> 0", Value::Integer(row::signed(flag)));
        }
        let list =
            format!("SELECT lastreply, id FROM ticket WHERE {condition} ORDER BY lastreply DESC, id DESC");
        let mut statement = self.connection.prepare_cached(&list)?;
        let mut rows = statement.query(params_from_iter(bindings))?;
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            let (lastreply, id) = (row.get(0)?, row.get(1)?);
            if filter.subject.is_none() || self.subjects.matches(search, lastreply, id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    fn tickets(&self, ids: &[i64]) -> Result<Vec<Ticket>, StoreError> {
        let mut statement = self.connection.prepare_cached(row::SELECT)?;
        ids.iter().map(|id| Ok(statement.query_row([id], row::ticket)?)).collect()
    }
}

/// The condition on department and status; true where there is none.
fn departments_and_statuses(filter: &Filter, bindings: &mut Vec<Value>) -> String {
    let mut condition = String::from("1");
    let mut one_of = |column: &str, values: Vec<Value>| {
        let marks = vec!["?"; values.len()].join(", ");
        condition.push_str(&format!(" AND {column} IN ({marks})"));
        bindings.extend(values);
    };
    if let Some(departments) = &filter.departments {
        let number = |department: &u64| Value::Integer(row::signed(*department));
        one_of("deptid", departments.iter().map(number).collect());
    }
    if let Some(statuses) = &filter.statuses {
        one_of("status", statuses.iter().cloned().map(Value::Text).collect());
    }
    condition
}

fn as_len(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
