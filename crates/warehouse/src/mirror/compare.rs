//! Compares a ticket with its row in the mirror. No database and no clock.

use std::borrow::Cow;

use gettickets::Field;

use crate::row::{Row, TRACKED};

/// The stored state of a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) fingerprint: i64,
    /// When the ticket was found to be gone.
    pub(crate) gone: Option<String>,
    pub(crate) tid: Option<String>,
    pub(crate) date: Option<String>,
    /// The values of the [`TRACKED`] fields.
    pub(crate) tracked: [Option<String>; TRACKED.len()],
}

impl Known {
    /// The state of a ticket that is not gone and has this fingerprint, without the values.
    pub(crate) fn same(fingerprint: i64) -> Known {
        Known { fingerprint, ..Known::default() }
    }

    /// Whether the row equals the stored one, and the ticket is not marked as gone.
    pub(crate) fn is_same(&self, row: &Row) -> bool {
        self.fingerprint == row.fingerprint && self.gone.is_none()
    }
}

/// One entry of the table `changes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) id: i64,
    /// The name of the field, or `opened`, `gone`, `returned`, `replaced`.
    pub(crate) what: &'static str,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
}

/// The result of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The mirror does not have the ticket.
    New(Vec<Change>),
    /// The ticket is unchanged.
    Same,
    /// The ticket has changed; the list is empty if no tracked field has changed.
    Changed(Vec<Change>),
}

/// The name of a change for a ticket whose id now belongs to another ticket.
pub(crate) const REPLACED: &str = "replaced";

/// Compares a row with the stored state. In the first run of an install every ticket is new, so no changes are
/// recorded.
pub(crate) fn compare(known: Option<&Known>, row: &Row, first_run: bool) -> Verdict {
    let id = row.id;
    let text = |field: Field| row.cell(field).to_text().map(Cow::into_owned);
    let Some(known) = known else {
        let opened = Change { id, what: "opened", old: None, new: text(Field::Status) };
        return Verdict::New(if first_run { Vec::new() } else { vec![opened] });
    };
    if known.is_same(row) {
        return Verdict::Same;
    }
    let mut changes = Vec::new();
    if let Some(since) = &known.gone {
        changes.push(Change { id, what: "returned", old: Some(since.clone()), new: None });
    }
    // The number and the opening date of a ticket never change. If both differ, the id belongs to another ticket.
    if known.tid != text(Field::Tid) && known.date != text(Field::Date) {
        changes.push(Change { id, what: REPLACED, old: known.tid.clone(), new: text(Field::Tid) });
    }
    for (field, old) in TRACKED.iter().zip(&known.tracked) {
        let new = text(*field);
        if *old != new {
            changes.push(Change { id, what: field.name(), old: old.clone(), new });
        }
    }
    Verdict::Changed(changes)
}
