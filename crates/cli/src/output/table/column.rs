//! The columns of the table: the text and the style of each cell.

use std::borrow::Cow;

use anstyle::Style;
use gettickets_protocol::{Field, FieldKind, FieldValue, Status, TicketRef};

use super::options::TableOptions;
use crate::args;
use crate::output::{age, csv, derived, sanitize, style};

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// Shown only if the tickets are from several installs, or if it was selected.
    Install,
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
    /// A column that is shown only if it was selected.
    Chosen(args::Column),
}

/// The cell of one column and one ticket. The text is sanitized.
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) look: Style,
}

impl Column {
    /// Every column that is shown by default, from left to right.
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

    /// The same columns by importance: the last is dropped first if there is not enough room.
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

    /// The table's column for a selected one.
    pub(super) fn chosen(column: args::Column) -> Column {
        match column {
            args::Column::Field(Field::Tid) => Column::Ticket,
            args::Column::Field(Field::Subject) | args::Column::Decoded(Field::Subject) => Column::Subject,
            args::Column::Field(Field::Email) => Column::Email,
            args::Column::Field(Field::Userid) => Column::Client,
            args::Column::Field(Field::Service) => Column::Service,
            args::Column::Field(Field::Id) => Column::Id,
            args::Column::Field(Field::Priority) => Column::Priority,
            args::Column::Field(Field::Status) => Column::Status,
            args::Column::Field(Field::Date) => Column::Opened,
            args::Column::Field(Field::Lastreply) => Column::Replied,
            args::Column::From => Column::From,
            args::Column::Department => Column::Department,
            args::Column::FlaggedTo => Column::Flag,
            args::Column::Files => Column::Files,
            args::Column::Install => Column::Install,
            column => Column::Chosen(column),
        }
    }

    pub(super) fn title(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Column::Chosen(column) => return Cow::Owned(column.name().to_ascii_uppercase()),
            Column::Install => "INSTALL",
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
        })
    }

    /// Whether the column is aligned to the right: numbers and ages.
    pub(super) fn is_right(self) -> bool {
        match self {
            Column::Client | Column::Files | Column::Id | Column::Opened | Column::Replied => true,
            Column::Chosen(args::Column::Field(field)) => field.kind() == FieldKind::Integer,
            _ => false,
        }
    }

    /// Whether the column holds texts, which may be cut, rather than numbers or times.
    pub(super) fn is_text(self) -> bool {
        match self {
            Column::Ticket | Column::Install => false,
            Column::Chosen(args::Column::Utc(_)) => false,
            Column::Chosen(args::Column::Field(field)) => field.kind() != FieldKind::Integer,
            column => !column.is_right(),
        }
    }

    /// The smallest useful width of a text that is cut, beside this many columns; `None` for a column that is not cut.
    pub(super) fn narrowest(self, columns: usize) -> Option<usize> {
        match self {
            // The first four columns identify a ticket; the others must leave more room for the subject.
            Column::Subject => Some(if columns <= 4 { 20 } else { 30 }),
            Column::From => Some(14),
            Column::Email => Some(20),
            Column::Department => Some(12),
            Column::Status => Some(17),
            _ => None,
        }
    }

    pub(super) fn cell(self, ticket: &TicketRef<'_>, options: &TableOptions) -> Cell {
        let text = |field| decoded(ticket, field);
        let clean = |text: &str| sanitize::line(text).into_owned();
        let number = |value: u64| if value == 0 { String::new() } else { value.to_string() };
        let (text, look) = match self {
            Column::Install => (clean(options.install.name.as_deref().unwrap_or_default()), style::PLAIN),
            Column::Ticket => (text(Field::Tid), style::PLAIN),
            // Closed tickets are less prominent.
            Column::Subject if ticket.status() == Status::Closed => (text(Field::Subject), style::PLAIN),
            Column::Subject => (text(Field::Subject), style::BOLD),
            Column::From => (clean(&derived::sender(ticket)), style::PLAIN),
            Column::Email => (text(Field::Email), style::DIM),
            Column::Client => (number(ticket.userid()), style::DIM),
            Column::Department => (clean(&derived::department(ticket, &options.install.names)), style::PLAIN),
            Column::Service => (text(Field::Service), style::DIM),
            Column::Files => (number(derived::files(ticket)), style::DIM),
            Column::Flag => {
                (clean(&derived::flagged_to(ticket, &options.install.names).unwrap_or_default()), style::DIM)
            }
            Column::Id => (ticket.id().to_string(), style::DIM),
            Column::Priority => (text(Field::Priority), style::of_priority(&ticket.priority())),
            Column::Status => (text(Field::Status), style::of_status(&ticket.status())),
            Column::Opened => (when(ticket, Field::Date, options), style::DIM),
            Column::Replied => (when(ticket, Field::Lastreply, options), style::PLAIN),
            Column::Chosen(column) => (chosen(column, ticket, options), style::PLAIN),
        };
        Cell { text, look }
    }
}

/// A text field with its entities decoded, sanitized.
fn decoded(ticket: &TicketRef<'_>, field: Field) -> String {
    let text = ticket.decoded_text(field).unwrap_or(Cow::Borrowed(""));
    sanitize::line(text.trim()).into_owned()
}

/// The text of a column that is shown only if it was selected.
fn chosen(column: args::Column, ticket: &TicketRef<'_>, options: &TableOptions) -> String {
    let field = match column {
        args::Column::Field(field) => field,
        args::Column::Decoded(field) => return decoded(ticket, field),
        args::Column::Utc(field) => {
            let time = options.install.clock.instant_of(ticket, field);
            return time.map_or("-".to_owned(), |time| time.strftime(IN_UTC).to_string());
        }
        args::Column::Extra => return sanitize::line(&csv::extra(ticket)).into_owned(),
        args::Column::From
        | args::Column::Department
        | args::Column::FlaggedTo
        | args::Column::Files
        | args::Column::Install => return String::new(),
    };
    match ticket.value(field) {
        Some(FieldValue::Integer(value)) => value.to_string(),
        Some(FieldValue::Text(_)) => decoded(ticket, field),
        Some(FieldValue::UnreadableDate(text)) => sanitize::line(text.trim()).into_owned(),
        Some(FieldValue::DateTime(Some(time))) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Some(FieldValue::Boolean(value)) => if value { "yes" } else { "no" }.to_owned(),
        Some(FieldValue::Attachments(list)) => {
            let names: Vec<&str> = list.into_iter().map(|attachment| attachment.filename).collect();
            sanitize::line(&names.join(", ")).into_owned()
        }
        _ => String::new(),
    }
}

/// The format of a time in UTC.
const IN_UTC: &str = "%Y-%m-%d %H:%M:%SZ";

/// An age on a terminal; the full time on a pipe or in UTC. A text that is not a date is shown unchanged.
fn when(ticket: &TicketRef<'_>, field: Field, options: &TableOptions) -> String {
    let time = match ticket.value(field) {
        Some(FieldValue::DateTime(time)) => time,
        Some(FieldValue::UnreadableDate(text)) => return sanitize::line(text.trim()).into_owned(),
        _ => None,
    };
    match (time, options.width) {
        (None, _) => "-".to_owned(),
        (Some(_), _) if options.utc => {
            let instant = options.install.clock.instant_of(ticket, field);
            instant.map_or("-".to_owned(), |time| time.strftime(IN_UTC).to_string())
        }
        (Some(time), Some(_)) => {
            let clock = &options.install.clock;
            age::since(clock.time_of(ticket, field).unwrap_or(time), clock)
        }
        (Some(time), None) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    }
}
