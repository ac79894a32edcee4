//! The column `extra`: one JSON object for each ticket, with what no other column can hold.

use arrow_array::{ArrayRef, OffsetSizeTrait};
use arrow_schema::ArrowError;
use gettickets_protocol::{Field, FieldKind, FieldSet, FieldValue, TicketRef};
use jiff::tz::TimeZone;

use crate::civil;
use crate::column::TextsBuilder;

/// The column under construction.
pub(crate) struct ExtraBuilder<O: OffsetSizeTrait> {
    column: TextsBuilder<O>,
    /// The date columns of the batch. A date that can't be read is null there, and its text is kept here.
    dates: Vec<Field>,
    /// The time zone of the install, where dates are instants.
    zone: Option<TimeZone>,
    /// The object being written; its memory is reused.
    object: String,
}

impl<O: OffsetSizeTrait> ExtraBuilder<O> {
    pub(crate) fn of(
        tickets: &[TicketRef<'_>],
        fields: FieldSet,
        zone: Option<&TimeZone>,
    ) -> ExtraBuilder<O> {
        // Two quotes, a colon, and a comma or brace around each entry.
        let length = |ticket: &TicketRef<'_>| {
            ticket.extra_json().map(|(name, json)| name.len() + json.len() + 5).sum()
        };
        let dates = fields.iter().filter(|field| field.kind() == FieldKind::DateTime).collect();
        ExtraBuilder {
            column: TextsBuilder::of(tickets, length),
            dates,
            zone: zone.cloned(),
            object: String::new(),
        }
    }

    pub(crate) fn append(&mut self, ticket: &TicketRef<'_>) -> Result<(), ArrowError> {
        let object = &mut self.object;
        object.clear();
        for date in &self.dates {
            if let Some(text) = unreadable_date(ticket, *date, self.zone.as_ref()) {
                push(object, date.name(), &serde_json::Value::from(text).to_string());
            }
        }
        for (name, json) in ticket.extra_json() {
            push(object, name, json);
        }
        if object.is_empty() {
            return self.column.append(None);
        }
        object.push('}');
        self.column.append(Some(object))
    }

    pub(crate) fn finish(self) -> ArrayRef {
        self.column.finish()
    }
}

/// Adds an entry, and the opening brace before the first.
fn push(object: &mut String, name: &str, json: &str) {
    object.push(if object.is_empty() { '{' } else { ',' });
    object.push_str(&serde_json::Value::from(name).to_string());
    object.push(':');
    object.push_str(json);
}

/// The text of a date that can't be read, or whose own time zone can't be resolved where instants are wanted.
fn unreadable_date<'a>(ticket: &TicketRef<'a>, field: Field, zone: Option<&TimeZone>) -> Option<&'a str> {
    match ticket.value(field)? {
        FieldValue::UnreadableDate(text) => Some(text),
        FieldValue::DateTime(Some(time)) => {
            civil::instant(time, ticket.zone(field), zone?).is_none().then(|| ticket.text(field))
        }
        _ => None,
    }
}
