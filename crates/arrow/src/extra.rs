//! [`ExtraBuilder`]: the column `extra`, a JSON object for each ticket with unknown fields and unreadable dates.

use arrow_array::{ArrayRef, OffsetSizeTrait};
use arrow_schema::ArrowError;
use gettickets_protocol::{Field, FieldValue, TicketRef};
use jiff::tz::TimeZone;

use crate::civil;
use crate::layout::TableColumn;
use crate::texts::TextsBuilder;

/// The column under construction.
pub(crate) struct ExtraBuilder<O: OffsetSizeTrait> {
    column: TextsBuilder<O>,
    dates: Vec<DateColumns>,
    /// The object being written; its memory is reused.
    object: String,
}

/// The columns of a date field in a batch. A date that cannot be represented there is null, and its text is stored
/// in `extra`.
struct DateColumns {
    field: Field,
    has_wall_clock: bool,
    has_utc: bool,
}

impl<O: OffsetSizeTrait> ExtraBuilder<O> {
    /// Creates the column for a batch that has these columns.
    pub(crate) fn of(tickets: &[TicketRef<'_>], columns: &[TableColumn]) -> ExtraBuilder<O> {
        // Each entry adds two quotes, a colon, and a comma or brace.
        let length = |ticket: &TicketRef<'_>| {
            ticket.extra_json().map(|(name, json)| name.len() + json.len() + 5).sum()
        };
        let dates = [Field::Date, Field::Lastreply].map(|field| DateColumns {
            field,
            has_wall_clock: columns.contains(&TableColumn::Field(field)),
            has_utc: TableColumn::utc_of(field).is_some_and(|column| columns.contains(&column)),
        });
        let dates = dates.into_iter().filter(|date| date.has_wall_clock || date.has_utc).collect();
        ExtraBuilder { column: TextsBuilder::of(tickets, length), dates, object: String::new() }
    }

    /// Adds the value of a ticket of an install in this time zone.
    pub(crate) fn append(
        &mut self,
        ticket: &TicketRef<'_>,
        zone: Option<&TimeZone>,
    ) -> Result<(), ArrowError> {
        let object = &mut self.object;
        object.clear();
        for date in &self.dates {
            if let Some(text) = unreadable_date(ticket, date, zone) {
                push(object, date.field.name(), &serde_json::Value::from(text).to_string());
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

/// Returns the text of a date that is unreadable, or whose own time zone cannot be resolved for the column in UTC.
fn unreadable_date<'a>(
    ticket: &TicketRef<'a>,
    date: &DateColumns,
    zone: Option<&TimeZone>,
) -> Option<&'a str> {
    match ticket.value(date.field)? {
        FieldValue::UnreadableDate(text) => Some(text),
        FieldValue::DateTime(Some(_)) if date.has_utc => {
            ticket.zone(date.field)?;
            civil::instant(ticket, date.field, zone).is_none().then(|| ticket.text(date.field))
        }
        _ => None,
    }
}
