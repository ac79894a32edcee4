//! The columns of the table: what each shows of a ticket, and how.

use std::borrow::Cow;

use anstyle::Style;
use gettickets_protocol::{DateTime, Field, Status, TicketRef};

use super::TableOptions;
use crate::output::{age, sanitise, style};

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Ticket,
    Subject,
    From,
    Email,
    Client,
    Department,
    Service,
    Files,
    Flag,
    Id,
    Priority,
    Status,
    Opened,
    Replied,
}

/// What one column shows of one ticket. The text is safe to print.
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) look: Style,
}

impl Column {
    /// Every column, from left to right.
    pub(super) const ALL: [Column; 14] = [
        Column::Ticket,
        Column::Subject,
        Column::From,
        Column::Email,
        Column::Client,
        Column::Department,
        Column::Service,
        Column::Files,
        Column::Flag,
        Column::Id,
        Column::Priority,
        Column::Status,
        Column::Opened,
        Column::Replied,
    ];

    /// Every column, from the one that is given up last to the one that is given up first.
    pub(super) const BY_IMPORTANCE: [Column; 14] = [
        Column::Subject,
        Column::Status,
        Column::Ticket,
        Column::Replied,
        Column::From,
        Column::Priority,
        Column::Opened,
        Column::Department,
        Column::Email,
        Column::Client,
        Column::Files,
        Column::Service,
        Column::Flag,
        Column::Id,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Column::Ticket => "TICKET",
            Column::Subject => "SUBJECT",
            Column::From => "FROM",
            Column::Email => "EMAIL",
            Column::Client => "CLIENT",
            Column::Department => "DEPT",
            Column::Service => "SERVICE",
            Column::Files => "FILES",
            Column::Flag => "FLAG",
            Column::Id => "ID",
            Column::Priority => "PRIORITY",
            Column::Status => "STATUS",
            Column::Opened => "OPENED",
            Column::Replied => "REPLIED",
        }
    }

    /// Numbers and ages stand at the right of their column.
    pub(super) fn is_right(self) -> bool {
        matches!(
            self,
            Column::Client | Column::Files | Column::Flag | Column::Id | Column::Opened | Column::Replied
        )
    }

    /// The least width at which a text that is cut still tells something, beside this many columns; none
    /// for a column that is never cut for want of room.
    pub(super) fn narrowest(self, columns: usize) -> Option<usize> {
        match self {
            // The first four are needed to know a ticket by; the others may not crowd the subject out.
            Column::Subject => Some(if columns <= 4 { 20 } else { 30 }),
            Column::From => Some(14),
            Column::Email => Some(20),
            Column::Department => Some(12),
            Column::Status => Some(17),
            _ => None,
        }
    }

    pub(super) fn cell(self, ticket: &TicketRef<'_>, options: &TableOptions) -> Cell {
        let text = |field| for_people(ticket, field);
        let number = |value: u64| if value == 0 { String::new() } else { value.to_string() };
        let (text, look) = match self {
            Column::Ticket => (text(Field::Tid), style::PLAIN),
            // What is done stands back.
            Column::Subject if ticket.status() == Status::Closed => (text(Field::Subject), style::PLAIN),
            Column::Subject => (text(Field::Subject), style::BOLD),
            Column::From => (sender(ticket), style::PLAIN),
            Column::Email => (text(Field::Email), style::DIM),
            Column::Client => (number(ticket.userid()), style::DIM),
            Column::Department => (department(ticket), style::PLAIN),
            Column::Service => (text(Field::Service), style::DIM),
            Column::Files => (number(files(ticket)), style::DIM),
            Column::Flag => (number(ticket.flag()), style::DIM),
            Column::Id => (ticket.id().to_string(), style::DIM),
            Column::Priority => (text(Field::Priority), style::of_priority(&ticket.priority())),
            Column::Status => (text(Field::Status), style::of_status(&ticket.status())),
            Column::Opened => (when(ticket.date(), options), style::DIM),
            Column::Replied => (when(ticket.lastreply(), options), style::PLAIN),
        };
        Cell { text, look }
    }
}

/// A text field with its entities decoded, safe to print.
fn for_people(ticket: &TicketRef<'_>, field: Field) -> String {
    let text = ticket.text_for_people(field).unwrap_or(Cow::Borrowed(""));
    sanitise::line(text.trim()).into_owned()
}

/// Who asks: the requestor, or on older tickets whoever opened it, by name or at least by address.
fn sender(ticket: &TicketRef<'_>) -> String {
    [Field::RequestorName, Field::Name, Field::OwnerName, Field::Email]
        .into_iter()
        .map(|field| for_people(ticket, field))
        .find(|name| !name.is_empty())
        .unwrap_or_default()
}

/// The department by name where the server sends one, as some do, else by number.
fn department(ticket: &TicketRef<'_>) -> String {
    let named = ticket.extra_json().find(|(name, _)| *name == "deptname");
    match named.and_then(|(_, json)| serde_json::from_str::<String>(json).ok()) {
        Some(name) => sanitise::line(&name).into_owned(),
        None => ticket.deptid().to_string(),
    }
}

/// How many attachments: from the list of 7.10, else from the stored names.
fn files(ticket: &TicketRef<'_>) -> u64 {
    let count = ticket.attachments().map_or_else(|| ticket.attachment_names().count(), |list| list.len());
    count as u64
}

/// An age on a terminal, the time in full on a pipe.
fn when(time: Option<DateTime>, options: &TableOptions) -> String {
    match (time, options.width) {
        (None, _) => "-".to_owned(),
        (Some(time), Some(_)) => age::since(time, &options.clock),
        (Some(time), None) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    }
}
