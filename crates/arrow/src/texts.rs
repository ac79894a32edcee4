//! [`TextsBuilder`]: a column of texts.

use std::sync::Arc;

use arrow_array::builder::GenericStringBuilder;
use arrow_array::{ArrayRef, OffsetSizeTrait};
use arrow_schema::ArrowError;
use gettickets_protocol::TicketRef;

/// A text column under construction: `Utf8` with 31-bit offsets, `LargeUtf8` with 63-bit ones.
pub(crate) struct TextsBuilder<O: OffsetSizeTrait>(GenericStringBuilder<O>);

/// The number of tickets sampled to estimate the length of all texts.
const SAMPLE: usize = 256;
/// The assumed length of a text in bytes, if there are fewer tickets than that.
const USUAL_LEN: usize = 24;

impl<O: OffsetSizeTrait> TextsBuilder<O> {
    /// Creates a builder for one text of each ticket. `length` returns its approximate length.
    pub(crate) fn of(tickets: &[TicketRef<'_>], length: impl Fn(&TicketRef<'_>) -> usize) -> TextsBuilder<O> {
        let room = match tickets.get(..SAMPLE) {
            // An eighth more, so that the buffer rarely grows.
            Some(sample) => {
                let sampled: usize = sample.iter().map(length).sum();
                let expected = sampled.saturating_mul(tickets.len()) / SAMPLE;
                expected.saturating_add(expected / 8)
            }
            // Measuring a few texts first would take longer than it saves.
            None => tickets.len() * USUAL_LEN,
        };
        TextsBuilder(GenericStringBuilder::with_capacity(tickets.len(), room.min(O::MAX_OFFSET)))
    }

    pub(crate) fn append(&mut self, text: Option<&str>) -> Result<(), ArrowError> {
        let Some(text) = text else {
            self.0.append_null();
            return Ok(());
        };
        let bytes = self.0.values_slice().len() + text.len();
        if bytes > O::MAX_OFFSET {
            return Err(ArrowError::OffsetOverflowError(bytes));
        }
        self.0.append_value(text);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> ArrayRef {
        Arc::new(self.0.finish())
    }
}
