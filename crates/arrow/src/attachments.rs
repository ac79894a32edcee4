//! The column of attachments: a list of file name and index for each ticket.

use std::sync::Arc;

use arrow_array::builder::UInt64Builder;
use arrow_array::{ArrayRef, ListArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, Field as Column, FieldRef, Fields};
use gettickets_protocol::{Attachments, Field, TicketRef, Value};

use crate::column;

pub(crate) fn data_type() -> DataType {
    DataType::List(item())
}

pub(crate) fn lists(tickets: &[TicketRef<'_>], field: Field) -> Result<ArrayRef, ArrowError> {
    let lists: Vec<Option<Attachments<'_>>> = tickets
        .iter()
        .map(|ticket| match ticket.value(field) {
            Some(Value::Attachments(list)) => Some(list),
            _ => None,
        })
        .collect();
    let attachments = || lists.iter().flatten().flat_map(|list| *list);
    let count = lists.iter().flatten().map(ExactSizeIterator::len).sum();
    if i32::try_from(count).is_err() {
        return Err(ArrowError::OffsetOverflowError(count));
    }

    let mut filenames = column::builder(count, attachments().map(|one| one.filename.len()).sum())?;
    let mut indexes = UInt64Builder::with_capacity(count);
    for attachment in attachments() {
        filenames.append_value(attachment.filename);
        indexes.append_value(attachment.index);
    }
    let columns: Vec<ArrayRef> = vec![Arc::new(filenames.finish()), Arc::new(indexes.finish())];
    let values = StructArray::try_new(parts(), columns, None)?;

    let lengths = lists.iter().map(|list| list.map_or(0, |list| list.len()));
    let present: NullBuffer = lists.iter().map(Option::is_some).collect();
    let nulls = (present.null_count() > 0).then_some(present);
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(item(), offsets, Arc::new(values), nulls)?))
}

fn item() -> FieldRef {
    Arc::new(Column::new("item", DataType::Struct(parts()), false))
}

fn parts() -> Fields {
    Fields::from(vec![
        Column::new("filename", DataType::Utf8, false),
        Column::new("index", DataType::UInt64, false),
    ])
}
