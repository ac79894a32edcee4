//! What stands before a value of a ticket: of a field in its documented place, or as the first ticket has it.

use crate::Kind;
use crate::field::{FIELD_COUNT, FIELDS};

/// How many bytes a prefix has at most.
const ROOM: usize = 32;
const WORDS: usize = ROOM / 8;

/// A separator, a key, a colon and, before what is always quoted, an opening quote. It is compared word by word.
#[derive(Clone, Copy)]
pub(super) struct Prefix {
    words: [u64; WORDS],
    /// Which bits of them count.
    counted: [u64; WORDS],
    len: usize,
}

/// Of each field its prefix in a ticket that is written as documented.
pub(super) const DOCUMENTED: [Prefix; FIELD_COUNT] = prefixes(true);
/// The same without quotes before values.
pub(super) const UNQUOTED: [Prefix; FIELD_COUNT] = prefixes(false);

#[allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "evaluated when compiled, where a slip fails the build"
)]
const fn prefixes(quoted: bool) -> [Prefix; FIELD_COUNT] {
    let mut prefixes = [Prefix { words: [0; WORDS], counted: [0; WORDS], len: 0 }; FIELD_COUNT];
    let mut row = 0;
    while row < FIELD_COUNT {
        let separator = if row == 0 { b'{' } else { b',' };
        let quoted = quoted && !matches!(FIELDS[row].kind, Kind::Boolean | Kind::Attachments);
        prefixes[row] = match Prefix::new(separator, FIELDS[row].name.as_bytes(), quoted) {
            Some(prefix) => prefix,
            None => panic!("a field's name is too long"),
        };
        row += 1;
    }
    prefixes
}

impl Prefix {
    /// `None` if it is too long.
    #[allow(clippy::indexing_slicing, reason = "the length was looked at")]
    pub(super) const fn new(separator: u8, name: &[u8], quoted: bool) -> Option<Prefix> {
        let len = name.len() + 4 + quoted as usize;
        if len > ROOM {
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

    /// Whether it stands here; it is not said to where the body ends before the last of its words does.
    #[inline(always)]
    pub(super) fn is_at(&self, bytes: &[u8], at: usize) -> bool {
        let here = bytes.get(at..at + self.len.next_multiple_of(8));
        here.is_some_and(|here| self.begins(here))
    }

    /// The same, wherever the body ends.
    #[inline(always)]
    pub(super) fn is_before_the_end(&self, bytes: &[u8], at: usize) -> bool {
        match bytes.get(at..at + ROOM) {
            Some(here) => self.begins(here),
            None => self.is_near_the_end(bytes, at),
        }
    }

    #[cold]
    fn is_near_the_end(&self, bytes: &[u8], at: usize) -> bool {
        let mut here = [0; ROOM];
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
