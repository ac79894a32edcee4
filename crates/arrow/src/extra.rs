//! The column of fields that are in no version's documentation: one JSON object a ticket.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::ArrowError;
use gettickets_protocol::TicketRef;

use crate::column;

pub(crate) fn objects(tickets: &[TicketRef<'_>]) -> Result<ArrayRef, ArrowError> {
    // Quotes, colon and comma for each; a name with escapes makes the buffer grow, which is rare.
    let len = |(name, json): (&str, &str)| name.len() + json.len() + 4;
    let bytes = tickets.iter().flat_map(|ticket| ticket.extra_json().map(len)).sum();
    let mut column = column::builder(tickets.len(), bytes)?;
    let mut object = String::new();
    for ticket in tickets {
        object.clear();
        for (name, json) in ticket.extra_json() {
            object.push(if object.is_empty() { '{' } else { ',' });
            object.push_str(&serde_json::Value::from(name).to_string());
            object.push(':');
            object.push_str(json);
        }
        if object.is_empty() {
            column.append_null();
        } else {
            object.push('}');
            column.append_value(&object);
        }
    }
    Ok(Arc::new(column.finish()))
}
