//! The values of a page that are stored outside its rows: unescaped texts and attachments.

use super::cursor::Cursor;
use super::unescape::Unescaper;
use crate::tickets::arena::AttachmentRow;
use crate::tickets::rows::Head;
use crate::tickets::span::Span;

/// Unescaped texts and attachments read so far.
pub(super) struct Values<'a> {
    pub(super) unescaper: Unescaper<'a>,
    pub(super) attachments: Vec<AttachmentRow>,
}

/// A state of [`Values`] that can be restored.
#[derive(Clone, Copy, Default)]
pub(super) struct Checkpoint {
    attachments: usize,
    unescaped: usize,
}

impl<'a> Values<'a> {
    pub(super) fn new(body: &'a str) -> Values<'a> {
        Values { unescaper: Unescaper::new(body), attachments: Vec::new() }
    }

    #[inline]
    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint { attachments: self.attachments.len(), unescaped: self.unescaper.len() }
    }

    /// Removes what was added since a checkpoint, by an attempt that failed.
    pub(super) fn roll_back(&mut self, checkpoint: Checkpoint) {
        self.attachments.truncate(checkpoint.attachments);
        self.unescaper.truncate(checkpoint.unescaped);
    }

    pub(super) fn clear(&mut self) {
        self.roll_back(Checkpoint::default());
    }

    /// Reads a text after its opening quote. It stays in the body unless it has escapes.
    pub(super) fn text(&mut self, cursor: &mut Cursor<'a>) -> Option<Span> {
        let end = cursor.text_end()?;
        let (span, after) = if cursor.bytes.get(end) == Some(&b'"') {
            (Span::in_body(cursor.at, end), end + 1)
        } else {
            self.unescaper.text(cursor.at, end)?
        };
        cursor.at = after;
        Some(span)
    }

    /// Reads a list of attachments. Returns the offset after it.
    #[inline(never)]
    pub(super) fn attachments(&mut self, mut cursor: Cursor<'a>, head: &mut Head) -> Option<usize> {
        head.attachments_start = self.attachments.len() as u32;
        cursor.expect(b"[")?;
        if cursor.expect(b"]").is_some() {
            return Some(cursor.at);
        }
        loop {
            cursor.expect(b"{\"filename\":\"")?;
            let filename = self.text(&mut cursor)?;
            cursor.expect(b",\"index\":")?;
            let (index, _) = cursor.integer()?;
            cursor.expect(b"}")?;
            self.attachments.push(AttachmentRow { filename, index });
            head.set_attachments_len(head.attachments_len() + 1);
            if cursor.expect(b",").is_none() {
                cursor.expect(b"]")?;
                return Some(cursor.at);
            }
        }
    }
}
