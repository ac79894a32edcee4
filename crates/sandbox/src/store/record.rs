//! A row of the database: a ticket's JSON object, and the columns by which lists are filtered and sorted.

use gettickets_protocol::{DateTime, Field, Status, Ticket};
use rusqlite::{Statement, params};

use super::{clock, fold};
use crate::wire::{self, STORED_VERSION};

/// Adds a record.
pub(super) const INSERT: &str = "
INSERT INTO ticket (id, deptid, userid, email, status, priority, lastreply, flag, folded, wire)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// Replaces the record with this id.
pub(super) const UPDATE: &str = "
UPDATE ticket SET deptid = ?2, userid = ?3, email = ?4, status = ?5, priority = ?6, lastreply = ?7, flag = ?8,
    folded = ?9, wire = ?10
WHERE id = ?1";

/// Converts an unsigned number of the protocol to SQLite's signed one with the same 64 bits.
pub(super) fn signed(number: u64) -> i64 {
    number.cast_signed()
}

/// Converts a number of the database back to the protocol's.
pub(super) fn unsigned(number: i64) -> u64 {
    number.cast_unsigned()
}

/// Runs [`INSERT`] or [`UPDATE`] for a ticket and returns the number of rows changed.
pub(super) fn write(statement: &mut Statement<'_>, ticket: &Ticket) -> rusqlite::Result<usize> {
    statement.execute(params![
        signed(ticket.id),
        signed(ticket.deptid),
        signed(ticket.userid),
        ticket.email,
        ticket.status.as_str(),
        ticket.priority.as_str(),
        clock::seconds(ticket.lastreply),
        signed(ticket.flag),
        fold::folded(&ticket.subject),
        wire::ticket_json(ticket, STORED_VERSION),
    ])
}

/// Sets the last reply of a ticket that may have been loaded without one, or with a text that is not a date.
pub(super) fn set_lastreply(ticket: &mut Ticket, moment: Option<DateTime>) {
    (ticket.lastreply, ticket.lastreply_text) = (moment, None);
    send(ticket, Field::Lastreply);
}

/// Sets the status of a ticket that may have been loaded without one.
pub(super) fn set_status(ticket: &mut Ticket, status: Status<'static>) {
    ticket.status = status;
    send(ticket, Field::Status);
}

/// Marks a field as sent.
pub(super) fn send(ticket: &mut Ticket, field: Field) {
    ticket.absent.remove(field);
    ticket.null.remove(field);
}
