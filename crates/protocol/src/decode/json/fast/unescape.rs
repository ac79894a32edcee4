//! Texts that have escapes, unescaped one behind the other.

use super::cursor::Cursor;
use crate::tickets::arena::Span;
use crate::tickets::rows::Packed;

/// The texts that were unescaped so far.
pub(super) struct Unescaper<'a> {
    body: &'a str,
    texts: String,
    last: Unescaped<'a>,
}

/// A text that was unescaped.
#[derive(Default)]
struct Unescaped<'a> {
    /// As the body has it.
    raw: &'a [u8],
    span: Span,
    met: Met,
}

/// How many escapes a text has, and how many quotes are among them.
#[derive(Clone, Copy, Default)]
pub(super) struct Met {
    pub(super) escapes: usize,
    pub(super) quotes: i64,
}

impl<'a> Unescaper<'a> {
    pub(super) fn new(body: &'a str) -> Unescaper<'a> {
        Unescaper { body, texts: String::new(), last: Unescaped::default() }
    }

    /// Makes room for so many bytes in all.
    pub(super) fn reserve(&mut self, len: usize) {
        self.texts.reserve(len.saturating_sub(self.texts.len()));
    }

    /// How long all texts are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Forgets which text was the last: a row can't tell where those of another ticket are.
    #[inline]
    pub(super) fn begin_ticket(&mut self) {
        self.last.raw = &[];
    }

    /// Takes back what goes beyond this length.
    pub(super) fn truncate(&mut self, len: usize) {
        self.texts.truncate(len);
        self.begin_ticket();
    }

    /// All texts, which are taken out.
    pub(super) fn take_texts(&mut self) -> String {
        std::mem::take(&mut self.texts)
    }

    /// Unescapes the text between these places for this place in a row. `escapes` are the places where escapes begin,
    /// from the first in this text on.
    #[inline(never)]
    pub(super) fn known(
        &mut self,
        row: &mut Packed,
        slot: usize,
        start: usize,
        end: usize,
        escapes: &[u32],
    ) -> Option<Met> {
        let raw = self.body.as_bytes().get(start..end)?;
        // A ticket has its client's name up to three times.
        if self.last.raw != raw {
            self.last = self.write(raw, start, end, escapes)?;
        }
        row.set(slot, self.last.span)?;
        Some(self.last.met)
    }

    #[inline(always)]
    fn write(&mut self, raw: &'a [u8], start: usize, end: usize, escapes: &[u32]) -> Option<Unescaped<'a>> {
        let mut met = Met::default();
        let span_start = self.texts.len();
        let mut cursor = Cursor { bytes: self.body.as_bytes(), at: start };
        for escape in escapes.iter().map(|escape| *escape as usize).take_while(|escape| *escape < end) {
            met.escapes += 1;
            // The second half of a pair was read with the first.
            if escape < cursor.at {
                continue;
            }
            self.texts.push_str(self.body.get(cursor.at..escape)?);
            let letter = *cursor.bytes.get(escape + 1)?;
            if matches!(letter, b'/' | b'"' | b'\\') {
                // It stands for itself, and what follows begins with it.
                cursor.at = escape + 1;
                met.quotes += i64::from(letter == b'"');
            } else {
                cursor.at = escape;
                self.texts.push(cursor.escape()?);
            }
        }
        self.texts.push_str(self.body.get(cursor.at..end)?);
        let span = Span::in_unescaped(span_start, self.texts.len());
        Some(Unescaped { raw, span, met })
    }

    /// Unescapes the text that starts here and whose first escape stands there. Gives the place behind its closing quote,
    /// too.
    #[inline(never)]
    pub(super) fn text(&mut self, start: usize, first_escape: usize) -> Option<(Span, usize)> {
        if self.is_last_at(start) {
            return Some((self.last.span, start + self.last.raw.len() + 1));
        }
        let mut met = Met::default();
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
            met.quotes += i64::from(bytes.get(special + 1) == Some(&b'"'));
            let character = cursor.escape()?;
            met.escapes += character.len_utf16();
            self.texts.push(character);
            special = cursor.text_end()?;
        }
        let span = Span::in_unescaped(span_start, self.texts.len());
        self.last = Unescaped { raw: bytes.get(start..cursor.at)?, span, met };
        Some((span, cursor.at + 1))
    }

    /// Whether the text that was the last stands here once more.
    #[inline]
    fn is_last_at(&self, start: usize) -> bool {
        let here = self.body.as_bytes().get(start..).unwrap_or_default();
        !self.last.raw.is_empty()
            && here.strip_prefix(self.last.raw).is_some_and(|rest| rest.starts_with(b"\""))
    }
}
