//! One column of a batch, read field by field from the page's memory.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, BooleanArray, NullArray, TimestampMicrosecondArray, UInt64Array};
use arrow_schema::ArrowError;
use gettickets_protocol::{Field, TicketRef, Value};

use crate::civil;

pub(crate) fn integers(tickets: &[TicketRef<'_>], field: Field) -> ArrayRef {
    let column: UInt64Array = tickets
        .iter()
        .map(|ticket| match ticket.value(field) {
            Some(Value::Integer(value)) => Some(value),
            _ => None,
        })
        .collect();
    Arc::new(column)
}

pub(crate) fn booleans(tickets: &[TicketRef<'_>], field: Field) -> ArrayRef {
    let column: BooleanArray = tickets
        .iter()
        .map(|ticket| match ticket.value(field) {
            Some(Value::Boolean(value)) => Some(value),
            _ => None,
        })
        .collect();
    Arc::new(column)
}

pub(crate) fn timestamps(tickets: &[TicketRef<'_>], field: Field) -> ArrayRef {
    let column: TimestampMicrosecondArray = tickets
        .iter()
        .map(|ticket| match ticket.value(field) {
            Some(Value::DateTime(Some(time))) => Some(civil::microseconds(time)),
            _ => None,
        })
        .collect();
    Arc::new(column)
}

pub(crate) fn texts(tickets: &[TicketRef<'_>], field: Field) -> Result<ArrayRef, ArrowError> {
    // The length is known before the first text is copied, so that the buffer never grows.
    let mut column = builder(tickets.len(), tickets.iter().map(|ticket| ticket.text(field).len()).sum())?;
    for ticket in tickets {
        match ticket.value(field) {
            Some(Value::Text(text)) => column.append_value(text),
            _ => column.append_null(),
        }
    }
    Ok(Arc::new(column.finish()))
}

pub(crate) fn nothing(tickets: &[TicketRef<'_>]) -> ArrayRef {
    Arc::new(NullArray::new(tickets.len()))
}

/// A builder for so many texts of so many bytes; `Utf8` counts its bytes in 31 bits.
pub(crate) fn builder(items: usize, bytes: usize) -> Result<StringBuilder, ArrowError> {
    if i32::try_from(bytes).is_err() {
        return Err(ArrowError::OffsetOverflowError(bytes));
    }
    Ok(StringBuilder::with_capacity(items, bytes))
}
