//! Decodes HTML entities. Same results as the `html-escape` crate, with its table packed without pointers.
//!
//! The table of the crate has a pointer and a length for each name and value. In a shared library each pointer needs a
//! relocation: together 200 KB, a fifth of the smallest C library that we build. The packed table has 35 KB. It is
//! built from the crate's table at compile time; a test compares the results of both.

use std::borrow::Cow;
use std::cmp::Ordering;

use html_escape::NAMED_ENTITIES;

const COUNT: usize = NAMED_ENTITIES.len();
/// The total length of names and values, in bytes.
const LEN: usize = {
    let (mut row, mut len) = (0, 0);
    while row < COUNT {
        len += row_at(row).0.len() + row_at(row).1.len();
        row += 1;
    }
    assert!(len <= u16::MAX as usize);
    len
};

/// Names and values, alternating, and the end of each.
struct Packed {
    text: [u8; LEN],
    ends: [u16; 2 * COUNT],
}

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an error fails the build")]
const fn row_at(row: usize) -> (&'static [u8], &'static [u8]) {
    let (name, value) = NAMED_ENTITIES[row];
    (name, value.as_bytes())
}

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an error fails the build")]
static PACKED: Packed = {
    let mut packed = Packed { text: [0; LEN], ends: [0; 2 * COUNT] };
    let (mut item, mut at) = (0, 0);
    while item < 2 * COUNT {
        let (name, value) = row_at(item / 2);
        let bytes = if item % 2 == 0 { name } else { value };
        let mut byte = 0;
        while byte < bytes.len() {
            packed.text[at] = bytes[byte];
            (at, byte) = (at + 1, byte + 1);
        }
        packed.ends[item] = at as u16;
        item += 1;
    }
    packed
};

impl Packed {
    fn item(&self, item: usize) -> &[u8] {
        let end = |item: usize| self.ends.get(item).map_or(0, |end| usize::from(*end));
        let start = item.checked_sub(1).map_or(0, end);
        self.text.get(start..end(item)).unwrap_or_default()
    }

    fn value(&self, name: &[u8]) -> Option<&str> {
        let (mut low, mut high) = (0, COUNT);
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.item(2 * middle).cmp(name) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return std::str::from_utf8(self.item(2 * middle + 1)).ok(),
            }
        }
        None
    }
}

/// Decodes the HTML entities of a text: named ones with a semicolon, and character references. Anything else, and
/// references to control characters, is left as it is.
pub(crate) fn decoded(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(start) = find(text, at, "&") {
        let name_start = start + 1;
        let Some(end) = find(text, name_start, "&;") else { break };
        let name = text.get(name_start..end).unwrap_or_default();
        at = end;
        if text.as_bytes().get(end) == Some(&b'&') {
            continue;
        }
        at += 1;
        let mut buffer = [0; 4];
        let value = match name.strip_prefix('#') {
            Some(number) => character(number).map(|character| &*character.encode_utf8(&mut buffer)),
            None => PACKED.value(name.as_bytes()),
        };
        if let Some(value) = value {
            out.push_str(text.get(kept..start).unwrap_or_default());
            out.push_str(value);
            kept = at;
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(out)
}

/// Returns the offset of the first of these ASCII characters from `from` on.
fn find(text: &str, from: usize, wanted: &str) -> Option<usize> {
    let bytes = text.as_bytes().get(from..)?;
    bytes.iter().position(|byte| wanted.as_bytes().contains(byte)).map(|at| from + at)
}

fn character(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // `from_str_radix` accepts a sign; HTML does not.
    if !digits.starts_with(|first: char| first.is_digit(radix)) {
        return None;
    }
    let character = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    (character >= ' ' || matches!(character, '\t' | '\n' | '\u{c}' | '\r')).then_some(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_entity_is_decoded() {
        for (name, value) in NAMED_ENTITIES {
            let text = format!("a&{};b", std::str::from_utf8(name).unwrap());
            assert_eq!(decoded(&text), format!("a{value}b"));
        }
        assert!(matches!(decoded("no & entity; here &amp"), Cow::Borrowed(_)));
    }

    proptest::proptest! {
        #[test]
        fn texts_are_decoded_as_html_escape_decodes_them(
            text in "(&(amp|lt|quot|nbsp|eacute|NotEqualTilde|#0?39|#x?[0-9a-fA-F+]{0,7}|[a-z]{0,4})?;?|[;&#x]|é|[a-z]| ){0,12}",
        ) {
            proptest::prop_assert_eq!(decoded(&text), html_escape::decode_html_entities(&text), "{}", text);
        }
    }
}
