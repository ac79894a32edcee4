//! The column of attachments: a list of file name and index for each ticket.

use std::sync::Arc;

use arrow_array::builder::UInt64Builder;
use arrow_array::{ArrayRef, ListArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field as Column, FieldRef, Fields};
use gettickets_protocol::{Attachments, Field, FieldValue, TicketRef};

use crate::column::TextsBuilder;

pub(crate) fn data_type() -> DataType {
    DataType::List(item())
}

/// The lists while they are made.
pub(crate) struct AttachmentsBuilder {
    filenames: TextsBuilder<i32>,
    indexes: UInt64Builder,
    /// Where each list ends.
    offsets: Vec<i32>,
    present: NullBufferBuilder,
}

impl AttachmentsBuilder {
    pub(crate) fn of(tickets: &[TicketRef<'_>], field: Field) -> AttachmentsBuilder {
        let rows = tickets.len();
        let length = |ticket: &TicketRef<'_>| match ticket.value(field) {
            Some(FieldValue::Attachments(list)) => list.map(|attachment| attachment.filename.len()).sum(),
            _ => 0,
        };
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        AttachmentsBuilder {
            filenames: TextsBuilder::of(tickets, length),
            indexes: UInt64Builder::with_capacity(rows),
            offsets,
            present: NullBufferBuilder::new(rows),
        }
    }

    pub(crate) fn append(&mut self, list: Option<Attachments<'_>>) -> Result<(), ArrowError> {
        let mut count = self.offsets.last().copied().unwrap_or_default();
        for attachment in list.into_iter().flatten() {
            self.filenames.append(Some(attachment.filename))?;
            self.indexes.append_value(attachment.index);
            count = count.checked_add(1).ok_or(ArrowError::OffsetOverflowError(i32::MAX as usize + 1))?;
        }
        self.offsets.push(count);
        self.present.append(list.is_some());
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let columns: Vec<ArrayRef> = vec![self.filenames.finish(), Arc::new(self.indexes.finish())];
        let values = StructArray::try_new(parts(), columns, None)?;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        Ok(Arc::new(ListArray::try_new(item(), offsets, Arc::new(values), self.present.finish())?))
    }
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
