//! The column of fields that are in no version's documentation: one JSON object a ticket.

use arrow_array::{ArrayRef, OffsetSizeTrait};
use arrow_schema::ArrowError;
use gettickets_protocol::TicketRef;

use crate::column::TextsBuilder;

/// The objects while they are made.
pub(crate) struct ExtraBuilder<O: OffsetSizeTrait> {
    column: TextsBuilder<O>,
    /// The last one, whose memory serves the next.
    object: String,
}

impl<O: OffsetSizeTrait> ExtraBuilder<O> {
    pub(crate) fn of(tickets: &[TicketRef<'_>]) -> ExtraBuilder<O> {
        // Quotes, a colon and a comma or brace stand around each.
        let length = |ticket: &TicketRef<'_>| {
            ticket.extra_json().map(|(name, json)| name.len() + json.len() + 5).sum()
        };
        ExtraBuilder { column: TextsBuilder::of(tickets, length), object: String::new() }
    }

    pub(crate) fn append(&mut self, ticket: &TicketRef<'_>) -> Result<(), ArrowError> {
        let object = &mut self.object;
        object.clear();
        for (name, json) in ticket.extra_json() {
            object.push(if object.is_empty() { '{' } else { ',' });
            object.push_str(&serde_json::Value::from(name).to_string());
            object.push(':');
            object.push_str(json);
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
