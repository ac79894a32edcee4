//! Lists: the tickets that match a filter, in order.
//!
//! The ids of a whole list are read from an index and cached until a ticket changes. So the total is the length of the
//! list, and a page at offset 900,000 takes no longer than the first.

use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::error::StoreError;
use super::{fold, record};

/// The maximum number of cached lists: enough for a few concurrent scans with different filters.
const MAX_LISTS: usize = 4;

/// A filter. A field that is `None` does not restrict the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only these departments.
    pub(crate) departments: Option<Vec<u64>>,
    /// Only these statuses, ignoring case.
    pub(crate) statuses: Option<Vec<String>>,
    /// Only this client.
    pub(crate) client: Option<u64>,
    /// Only this address of a non-client.
    pub(crate) address: Option<String>,
    /// Only tickets that are flagged to this admin.
    pub(crate) flag: Option<u64>,
    /// Only subjects that contain this text, approximately (see [`fold`]).
    pub(crate) subject: Option<String>,
}

/// The order of lists: pinned tickets first, then by group, and within each group the newest last reply
/// first.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListOrder {
    pub(crate) pinned_first: bool,
    pub(crate) groups: Vec<Group>,
}

/// A criterion by which lists are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// High, medium, low, and then others.
    Priority,
    Status,
    Department,
    /// Tickets that are flagged to an admin first.
    Flag,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slice {
    /// The JSON objects of the tickets, and their ids.
    pub(crate) objects: Vec<String>,
    pub(crate) ids: Vec<u64>,
    /// How many tickets match, including hidden ones.
    pub(crate) total: u64,
    /// How many of those are hidden.
    pub(crate) hidden: u64,
}

/// The lists that were read since the last change, most recently used first.
#[derive(Debug)]
pub(super) struct Lists {
    order: String,
    kept: Vec<(Filter, Arc<[i64]>)>,
}

impl Lists {
    pub(super) fn new(order: ListOrder) -> Lists {
        Lists { order: order.sql(), kept: Vec::new() }
    }

    /// Clears the cache. Must be called after every change to the tickets.
    pub(super) fn clear(&mut self) {
        self.kept.clear();
    }

    /// Returns the id of every ticket that matches the filter.
    pub(super) fn ids(&mut self, connection: &Connection, filter: &Filter) -> Result<Arc<[i64]>, StoreError> {
        if let Some(at) = self.kept.iter().position(|(kept, _)| kept == filter) {
            let list = self.kept.remove(at);
            let ids = Arc::clone(&list.1);
            self.kept.insert(0, list);
            return Ok(ids);
        }
        let (condition, bindings) = filter.sql();
        let query = format!("SELECT id FROM ticket WHERE {condition} ORDER BY {}", self.order);
        let mut statement = connection.prepare_cached(&query)?;
        let ids = statement.query_map(params_from_iter(bindings), |row| row.get(0))?;
        let ids: Arc<[i64]> = ids.collect::<Result<_, _>>()?;
        self.kept.truncate(MAX_LISTS - 1);
        self.kept.insert(0, (filter.clone(), Arc::clone(&ids)));
        Ok(ids)
    }
}

impl Filter {
    /// Returns the condition in SQL, and the values of its parameters.
    fn sql(&self) -> (String, Vec<Value>) {
        let (mut conditions, mut values) = (vec!["1".to_owned()], Vec::new());
        let mut and = |condition: &str, bound: Vec<Value>| {
            let marks = vec!["?"; bound.len()].join(", ");
            conditions.push(condition.replace("{}", &marks));
            values.extend(bound);
        };
        if let Some(departments) = &self.departments {
            let number = |department: &u64| Value::Integer(record::signed(*department));
            and("deptid IN ({})", departments.iter().map(number).collect());
        }
        if let Some(statuses) = &self.statuses {
            and("status IN ({})", statuses.iter().cloned().map(Value::Text).collect());
        }
        // The second half of each of these three conditions selects the partial index.
        if let Some(client) = self.client {
            and("userid = {} AND userid <> 0", vec![Value::Integer(record::signed(client))]);
        }
        if let Some(address) = &self.address {
            and("email = {} AND userid = 0", vec![Value::Text(address.clone())]);
        }
        if let Some(flag) = self.flag {
            and("flag = {} AND flag <> 0", vec![Value::Integer(record::signed(flag))]);
        }
        if let Some(subject) = &self.subject {
            // Unlike LIKE, `instr` has no wildcards that would need escaping.
            and("instr(folded, {}) > 0", vec![Value::Text(fold::folded(subject))]);
        }
        (conditions.join(" AND "), values)
    }
}

impl ListOrder {
    fn sql(&self) -> String {
        let pinned = self.pinned_first.then_some("id % 40 = 3 DESC, ");
        let groups = self.groups.iter().map(|group| match group {
            Group::Priority => {
                "CASE priority WHEN 'High' THEN 0 WHEN 'Medium' THEN 1 WHEN 'Low' THEN 2 ELSE 3 END, "
            }
            Group::Status => "status, ",
            Group::Department => "deptid, ",
            Group::Flag => "flag = 0, ",
        });
        let order: String = pinned.into_iter().chain(groups).collect();
        order + "lastreply DESC, id DESC"
    }
}
