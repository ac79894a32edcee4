//! [`AttachmentsBuilder`]: the column of attachments, a list of file names and indexes for each ticket.

use std::sync::Arc;

use arrow_array::builder::Int64Builder;
use arrow_array::{ArrayRef, ListArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field as Column, FieldRef, Fields};
use gettickets_protocol::{Attachments, Field, FieldValue, TicketRef};

use crate::error::signed;
use crate::texts::TextsBuilder;

pub(crate) fn data_type() -> DataType {
    DataType::List(item())
}

/// The column under construction.
pub(crate) struct AttachmentsBuilder {
    filenames: TextsBuilder<i32>,
    indexes: Int64Builder,
    /// The name of the column.
    name: &'static str,
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
            indexes: Int64Builder::with_capacity(rows),
            name: field.name(),
            offsets,
            present: NullBufferBuilder::new(rows),
        }
    }

    pub(crate) fn append(
        &mut self,
        ticket: &TicketRef<'_>,
        list: Option<Attachments<'_>>,
    ) -> Result<(), ArrowError> {
        let mut count = self.offsets.last().copied().unwrap_or_default();
        for attachment in list.into_iter().flatten() {
            self.filenames.append(Some(attachment.filename))?;
            let index = signed(ticket, self.name, attachment.index);
            self.indexes.append_value(index.map_err(|error| ArrowError::ExternalError(Box::new(error)))?);
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

/// The item of the list. Its name and its nullable children are those that Spark uses.
fn item() -> FieldRef {
    Arc::new(Column::new("element", DataType::Struct(parts()), true))
}

fn parts() -> Fields {
    Fields::from(vec![
        Column::new("filename", DataType::Utf8, true),
        Column::new("index", DataType::Int64, true),
    ])
}
