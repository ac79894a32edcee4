//! Unescapes texts into one string.

use super::cursor::Cursor;
use crate::tickets::rows::PackedRow;
use crate::tickets::span::Span;

/// The texts unescaped so far.
pub(super) struct Unescaper<'a> {
    body: &'a str,
    texts: String,
    last: Unescaped<'a>,
}

/// The text that was unescaped last.
#[derive(Default)]
struct Unescaped<'a> {
    /// The text in the body, with its escapes.
    raw: &'a [u8],
    span: Span,
    counts: EscapeCounts,
}

/// How many escapes a text has, and how many of them are quotes.
#[derive(Clone, Copy, Default)]
pub(super) struct EscapeCounts {
    pub(super) escapes: usize,
    pub(super) quotes: i64,
}

impl<'a> Unescaper<'a> {
    pub(super) fn new(body: &'a str) -> Unescaper<'a> {
        Unescaper { body, texts: String::new(), last: Unescaped::default() }
    }

    /// Reserves room for `len` bytes in total.
    pub(super) fn reserve(&mut self, len: usize) {
        self.texts.reserve(len.saturating_sub(self.texts.len()));
    }

    /// Returns the length of all texts together.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Forgets the last text: a row cannot point to a text of another ticket.
    #[inline]
    pub(super) fn begin_ticket(&mut self) {
        self.last.raw = &[];
    }

    /// Removes everything after this length.
    pub(super) fn truncate(&mut self, len: usize) {
        self.texts.truncate(len);
        self.begin_ticket();
    }

    /// Takes all texts out.
    pub(super) fn take_texts(&mut self) -> String {
        std::mem::take(&mut self.texts)
    }

    /// Unescapes the text from `start` to `end` into a slot of a row. `escapes` are the offsets of escapes, beginning
    /// with the first one in this text.
    #[inline(never)]
    pub(super) fn unescape_into(
        &mut self,
        row: &mut PackedRow,
        slot: usize,
        start: usize,
        end: usize,
        escapes: &[u32],
    ) -> Option<EscapeCounts> {
        let raw = self.body.as_bytes().get(start..end)?;
        // A ticket repeats its client's name up to three times.
        if self.last.raw != raw {
            self.last = self.write(raw, start, end, escapes)?;
        }
        row.set(slot, self.last.span)?;
        Some(self.last.counts)
    }

    #[inline(always)]
    fn write(&mut self, raw: &'a [u8], start: usize, end: usize, escapes: &[u32]) -> Option<Unescaped<'a>> {
        let mut counts = EscapeCounts::default();
        let span_start = self.texts.len();
        let mut cursor = Cursor { bytes: self.body.as_bytes(), at: start };
        for escape in escapes.iter().map(|escape| *escape as usize).take_while(|escape| *escape < end) {
            counts.escapes += 1;
            // The second half of a surrogate pair was read with the first.
            if escape < cursor.at {
                continue;
            }
            self.texts.push_str(self.body.get(cursor.at..escape)?);
            let letter = *cursor.bytes.get(escape + 1)?;
            if matches!(letter, b'/' | b'"' | b'\\') {
                // The character after the backslash is the value itself, so copying continues from it.
                cursor.at = escape + 1;
                counts.quotes += i64::from(letter == b'"');
            } else {
                cursor.at = escape;
                self.texts.push(cursor.escape()?);
            }
        }
        self.texts.push_str(self.body.get(cursor.at..end)?);
        let span = Span::in_unescaped(span_start, self.texts.len());
        Some(Unescaped { raw, span, counts })
    }

    /// Unescapes the text that begins at `start` and has its first escape at `first_escape`. Returns the text and the
    /// offset after its closing quote.
    #[inline(never)]
    pub(super) fn text(&mut self, start: usize, first_escape: usize) -> Option<(Span, usize)> {
        if self.is_last_at(start) {
            return Some((self.last.span, start + self.last.raw.len() + 1));
        }
        let mut counts = EscapeCounts::default();
        let span_start = self.texts.len();
        let bytes = self.body.as_bytes();
        let mut cursor = Cursor { bytes, at: start };
        let mut special = first_escape;
        loop {
            self.texts.push_str(self.body.get(cursor.at..special)?);
            cursor.at = special;
            if cursor.peek()? == b'"' {
                break;
            }
            counts.quotes += i64::from(bytes.get(special + 1) == Some(&b'"'));
            let character = cursor.escape()?;
            counts.escapes += character.len_utf16();
            self.texts.push(character);
            special = cursor.text_end()?;
        }
        let span = Span::in_unescaped(span_start, self.texts.len());
        self.last = Unescaped { raw: bytes.get(start..cursor.at)?, span, counts };
        Some((span, cursor.at + 1))
    }

    /// Returns whether the text at `start` is the last text again.
    #[inline]
    fn is_last_at(&self, start: usize) -> bool {
        let here = self.body.as_bytes().get(start..).unwrap_or_default();
        !self.last.raw.is_empty()
            && here.strip_prefix(self.last.raw).is_some_and(|rest| rest.starts_with(b"\""))
    }
}
