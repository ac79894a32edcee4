//! Lists: which tickets match a filter, and in which order.
//!
//! A list is read whole from an index, as ids, and kept until a ticket changes. So the total is its length,
//! and a page at offset 900,000 costs no more than the first.

use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::error::StoreError;
use super::{fold, record};

/// How many lists are kept: those of a few scans with different filters that run at the same time.
const MAX_LISTS: usize = 4;

/// Which tickets a list has. A field that is `None` does not restrict it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Only these departments.
    pub(crate) departments: Option<Vec<u64>>,
    /// Only these statuses, compared without regard to case.
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

/// The order of lists: pinned tickets first, then group after group, and within each the newest last reply
/// first.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListOrder {
    pub(crate) pinned_first: bool,
    pub(crate) groups: Vec<Group>,
}

/// What a list is grouped by.
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

/// The lists that were read since the last change, the most recently used first.
#[derive(Debug)]
pub(super) struct Lists {
    order: String,
    kept: Vec<(Filter, Arc<[i64]>)>,
}

impl Lists {
    pub(super) fn new(order: ListOrder) -> Lists {
        Lists { order: order.sql(), kept: Vec::new() }
    }

    /// Must be called after every change to the tickets.
    pub(super) fn clear(&mut self) {
        self.kept.clear();
    }

    /// Every id that matches the filter.
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
    /// The condition in SQL, and the values of its parameters.
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
        // The second half of each of these three names the partial index that fits.
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
