//! A ticket as a row of the database, and back.

use gettickets_protocol::{Priority, RequestorType, Status, Ticket};
use rusqlite::types::Type;
use rusqlite::{Row, Statement, params};

use super::clock;

/// Every column in the order of [`insert`].
pub(super) const INSERT: &str = "
INSERT INTO ticket (
    id, tid, deptid, userid, name, owner_name, email, requestor_name, requestor_email, requestor_type, cc, c,
    date, subject, status, priority, admin, attachment, attachments, attachments_removed, lastreply, flag,
    service, extra
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
    ?23, ?24)";

/// Every column in the order of [`ticket`].
pub(super) const SELECT: &str = "
SELECT id, tid, deptid, userid, name, owner_name, email, requestor_name, requestor_email, requestor_type, cc, c,
    date, subject, status, priority, admin, attachment, attachments, attachments_removed, lastreply, flag,
    service, extra
FROM ticket WHERE id = ?1";

/// A number of the protocol as SQLite holds it: the same 64 bits.
pub(super) fn signed(number: u64) -> i64 {
    number.cast_signed()
}

/// A number of the database as the protocol has it.
pub(super) fn unsigned(number: i64) -> u64 {
    number.cast_unsigned()
}

/// Adds a ticket; an error if its id is taken.
pub(super) fn insert(statement: &mut Statement<'_>, ticket: &Ticket) -> rusqlite::Result<()> {
    let attachments = ticket.attachments.as_ref().map(|list| match list.as_slice() {
        // Most tickets have none.
        [] => "[]".to_owned(),
        list => serde_json::to_string(list).unwrap_or_default(),
    });
    let extra = (!ticket.extra.is_empty()).then(|| serde_json::to_string(&ticket.extra).unwrap_or_default());
    statement.execute(params![
        signed(ticket.id),
        ticket.tid,
        signed(ticket.deptid),
        signed(ticket.userid),
        ticket.name,
        ticket.owner_name,
        ticket.email,
        ticket.requestor_name,
        ticket.requestor_email,
        ticket.requestor_type.as_ref().map(RequestorType::as_str),
        ticket.cc,
        ticket.c,
        clock::seconds(ticket.date),
        ticket.subject,
        ticket.status.as_str(),
        ticket.priority.as_str(),
        ticket.admin,
        ticket.attachment,
        attachments,
        ticket.attachments_removed,
        clock::seconds(ticket.lastreply),
        signed(ticket.flag),
        ticket.service,
        extra,
    ])?;
    Ok(())
}

/// The ticket of a row of [`SELECT`].
pub(super) fn ticket(row: &Row<'_>) -> rusqlite::Result<Ticket> {
    let number = |column: usize| row.get(column).map(unsigned);
    Ok(Ticket {
        id: number(0)?,
        tid: row.get(1)?,
        deptid: number(2)?,
        userid: number(3)?,
        name: row.get(4)?,
        owner_name: row.get(5)?,
        email: row.get(6)?,
        requestor_name: row.get(7)?,
        requestor_email: row.get(8)?,
        requestor_type: row.get::<_, Option<String>>(9)?.map(RequestorType::from),
        cc: row.get(10)?,
        c: row.get(11)?,
        date: clock::time(row.get(12)?),
        subject: row.get(13)?,
        status: Status::from(row.get::<_, String>(14)?),
        priority: Priority::from(row.get::<_, String>(15)?),
        admin: row.get(16)?,
        attachment: row.get(17)?,
        attachments: json(row, 18)?,
        attachments_removed: row.get(19)?,
        lastreply: clock::time(row.get(20)?),
        flag: number(21)?,
        service: row.get(22)?,
        extra: json(row, 23)?.unwrap_or_default(),
        ..Ticket::default()
    })
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    let read = |text: String| {
        serde_json::from_str(&text)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
    };
    text.map(read).transpose()
}
