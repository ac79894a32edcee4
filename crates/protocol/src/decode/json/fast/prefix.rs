//! What precedes a value in a ticket, compared eight bytes at a time.

use crate::FieldKind;
use crate::field::{FIELD_COUNT, FIELDS};

/// The most bytes of a prefix.
const CAPACITY: usize = 32;
const WORDS: usize = CAPACITY / 8;

/// A separator, a key, a colon and, for a value that is always quoted, its opening quote.
#[derive(Clone, Copy)]
pub(super) struct Prefix {
    words: [u64; WORDS],
    /// Which bits are compared.
    counted: [u64; WORDS],
    len: usize,
}

/// The prefix of each field in the documented format.
pub(super) const DOCUMENTED: [Prefix; FIELD_COUNT] = prefixes(true);
/// The same, without the opening quote of the value.
pub(super) const UNQUOTED: [Prefix; FIELD_COUNT] = prefixes(false);

#[allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "evaluated at compile time, where an error fails the build"
)]
const fn prefixes(quoted: bool) -> [Prefix; FIELD_COUNT] {
    let mut prefixes = [Prefix { words: [0; WORDS], counted: [0; WORDS], len: 0 }; FIELD_COUNT];
    let mut entry = 0;
    while entry < FIELD_COUNT {
        let separator = if entry == 0 { b'{' } else { b',' };
        let quoted = quoted && !matches!(FIELDS[entry].kind, FieldKind::Boolean | FieldKind::Attachments);
        prefixes[entry] = match Prefix::new(separator, FIELDS[entry].name.as_bytes(), quoted) {
            Some(prefix) => prefix,
            None => panic!("a field's name is too long"),
        };
        entry += 1;
    }
    prefixes
}

impl Prefix {
    /// Returns `None` if the prefix is too long.
    #[allow(clippy::indexing_slicing, reason = "the length is checked above")]
    pub(super) const fn new(separator: u8, name: &[u8], quoted: bool) -> Option<Prefix> {
        let len = name.len() + 4 + quoted as usize;
        if len > CAPACITY {
            return None;
        }
        let mut prefix = Prefix { words: [0; WORDS], counted: [0; WORDS], len };
        let mut at = 0;
        while at < len {
            let byte = match at {
                0 => separator,
                1 => b'"',
                _ if at < name.len() + 2 => name[at - 2],
                _ if at == name.len() + 3 => b':',
                _ => b'"',
            };
            prefix.words[at / 8] |= (byte as u64) << (at % 8 * 8);
            prefix.counted[at / 8] |= 0xFF << (at % 8 * 8);
            at += 1;
        }
        Some(prefix)
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns whether the prefix is at this offset. Returns `false` if the body ends before the last 8-byte word of
    /// the prefix does.
    #[inline(always)]
    pub(super) fn is_at(&self, bytes: &[u8], at: usize) -> bool {
        let here = bytes.get(at..at + self.len.next_multiple_of(8));
        here.is_some_and(|here| self.begins(here))
    }

    /// Returns whether the prefix is at this offset, also near the end of the body.
    #[inline(always)]
    pub(super) fn is_at_any_offset(&self, bytes: &[u8], at: usize) -> bool {
        match bytes.get(at..at + CAPACITY) {
            Some(here) => self.begins(here),
            None => self.is_near_the_end(bytes, at),
        }
    }

    #[cold]
    fn is_near_the_end(&self, bytes: &[u8], at: usize) -> bool {
        let mut here = [0; CAPACITY];
        here.iter_mut().zip(bytes.get(at..).unwrap_or_default()).for_each(|(here, byte)| *here = *byte);
        self.begins(&here)
    }

    #[inline(always)]
    fn begins(&self, here: &[u8]) -> bool {
        let here = here.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
        let prefix = self.words.iter().zip(&self.counted);
        here.zip(prefix).fold(0, |differ, (here, (word, counted))| differ | (here ^ word) & counted) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;

    #[test]
    fn equal_faults_in_a_key_do_not_cancel_each_other() {
        let prefix = DOCUMENTED[Field::AttachmentsRemoved as usize];
        let body = br#","attachments_removed":true,"lastreply":"#;
        assert!(prefix.is_at(body, 0) && prefix.is_at_any_offset(body, 0));
        let pairs = (0..prefix.len()).flat_map(|one| (0..prefix.len()).map(move |other| (one, other)));
        for (one, other) in pairs {
            let mut broken = *body;
            (broken[one], broken[other]) = (body[one] ^ 1, body[other] ^ 1);
            assert!(!prefix.is_at(&broken, 0) && !prefix.is_at_any_offset(&broken, 0), "{one} {other}");
        }
    }
}
