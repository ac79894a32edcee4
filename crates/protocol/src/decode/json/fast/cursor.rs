//! The position of the fast decoder in the body. It reads eight bytes or more at a time, never past the end.

use fearless_simd::{prelude::*, u8x32};

use super::digits;
use super::prefix::Prefix;

#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Returns the next `LEN` bytes, if there are that many.
    #[inline(always)]
    pub(super) fn ahead<const LEN: usize>(&self) -> Option<&'a [u8; LEN]> {
        self.bytes.get(self.at..)?.first_chunk()
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Reads a literal, whose length is known at compile time.
    #[inline]
    pub(super) fn expect<const LEN: usize>(&mut self, literal: &[u8; LEN]) -> Option<()> {
        let here: &[u8; LEN] = self.ahead()?;
        (here == literal).then(|| self.at += LEN)
    }

    #[inline]
    pub(super) fn expect_bytes(&mut self, bytes: &[u8]) -> Option<()> {
        self.rest().starts_with(bytes).then(|| self.at += bytes.len())
    }

    #[inline(always)]
    pub(super) fn expect_prefix(&mut self, prefix: &Prefix) -> Option<()> {
        prefix.is_at_any_offset(self.bytes, self.at).then(|| self.at += prefix.len())
    }

    /// Reads an integer, written as a number or as a string of digits. Returns its value and whether it was a string;
    /// `None` for twenty digits or more, which may exceed 64 bits.
    #[inline(always)]
    pub(super) fn integer(&mut self) -> Option<(u64, bool)> {
        let quoted = self.peek()? == b'"';
        self.at += usize::from(quoted);
        let start = self.at;
        let (value, digits) = self.digits();
        self.at += digits;
        if quoted {
            self.expect(b"\"")?;
        } else {
            // Leading zeros and fractions are left to the tolerant decoder.
            let plain = digits == 1 || self.bytes.get(start) != Some(&b'0');
            (plain && matches!(self.peek()?, b',' | b'}')).then_some(())?;
        }
        (1..20).contains(&digits).then_some((value, quoted))
    }

    /// Returns the value of the digits here, and how many there are. Up to seven are read together.
    #[inline(always)]
    fn digits(&self) -> (u64, usize) {
        let Some(eight) = self.ahead() else { return self.many_digits() };
        let len = digits::count(*eight);
        if len == 8 {
            return self.many_digits();
        }
        (digits::value(*eight, len as u32).unwrap_or(0).into(), len)
    }

    #[cold]
    fn many_digits(&self) -> (u64, usize) {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit());
        digits.fold((0_u64, 0), |(value, digits), digit| {
            (value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')), digits + 1)
        })
    }

    /// Reads an escape. Returns its character.
    #[inline]
    pub(super) fn escape(&mut self) -> Option<char> {
        let [b'\\', letter] = *self.ahead()? else { return None };
        self.at += 2;
        Some(match letter {
            b'u' => return self.escaped_unit(),
            b'/' | b'"' | b'\\' => char::from(letter),
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            _ => return None,
        })
    }

    /// Reads the digits of a `\u` escape, and the second escape of a surrogate pair.
    #[inline]
    fn escaped_unit(&mut self) -> Option<char> {
        let unit = self.hex()?;
        if !(0xD800..0xE000).contains(&unit) {
            return char::from_u32(unit);
        }
        self.expect(b"\\u")?;
        let second = self.hex()?;
        let pair = (0xD800..0xDC00).contains(&unit) && (0xDC00..0xE000).contains(&second);
        pair.then(|| char::from_u32(0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00)))?
    }

    #[inline]
    #[allow(clippy::indexing_slicing, reason = "a byte is always below 256")]
    fn hex(&mut self) -> Option<u32> {
        let digits: &[u8; 4] = self.ahead()?;
        let [a, b, c, d] = digits.map(|digit| HEX[usize::from(digit)]);
        self.at += 4;
        ((a | b | c | d) <= 0xF).then_some(a << 12 | b << 8 | c << 4 | d)
    }

    /// As [`text_end`](Cursor::text_end), 32 bytes at a time.
    #[inline(always)]
    pub(super) fn text_end_with<S: Simd>(&self, simd: S) -> Option<usize> {
        let mut at = self.at;
        while let Some(here) = self.bytes.get(at..)?.first_chunk() {
            let here = u8x32::simd_from(simd, *here);
            let specials = here.simd_lt(0x20) | here.simd_eq(b'"') | here.simd_eq(b'\\');
            let specials = specials.to_bitmask();
            if specials != 0 {
                return Some(at + specials.trailing_zeros() as usize);
            }
            at += 32;
        }
        Cursor { at, ..*self }.text_end()
    }

    /// Returns the offset of the next quote, backslash or control character, which ends the plain part of a text.
    #[inline]
    pub(super) fn text_end(&self) -> Option<usize> {
        let mut at = self.at;
        while let Some(here) = self.bytes.get(at..)?.first_chunk() {
            let specials = specials_in(u64::from_le_bytes(*here));
            if specials != 0 {
                return Some(at + specials.trailing_zeros() as usize / 8);
            }
            at += 8;
        }
        let mut rest = self.bytes.iter().enumerate().skip(at);
        rest.find_map(|(at, byte)| matches!(byte, b'"' | b'\\' | 0..0x20).then_some(at))
    }
}

/// Sets the top bit of each byte that is a quote, a backslash or a control character. Only the first bit set is
/// reliable: later ones may be false.
#[inline]
fn specials_in(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    // Subtracting from a smaller byte borrows from the next byte, so only the first result is reliable.
    let below = |word: u64, least: u8| word.wrapping_sub(ONES * u64::from(least)) & !word;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, 0x20) | equal(b'"') | equal(b'\\')) & TOPS
}

/// The value of each hexadecimal digit; 16 for any other byte.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an error fails the build")]
static HEX: [u32; 256] = {
    let mut values = [0x10; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit] as usize] = digit as u32;
        values[b"0123456789ABCDEF"[digit] as usize] = digit as u32;
        digit += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

    use super::*;

    #[test]
    fn the_plain_part_of_a_text_ends_at_a_quote_a_backslash_or_a_control_character() {
        for byte in 0..=u8::MAX {
            for place in 1..50 {
                let mut bytes = [b'x'; 80];
                (bytes[place], bytes[60]) = (byte, b'"');
                let cursor = Cursor { bytes: &bytes, at: 1 };
                let end = Some(if matches!(byte, b'"' | b'\\' | 0..0x20) { place } else { 60 });
                assert_eq!(cursor.text_end(), end, "{byte} at {place}");
                let by_simd = dispatch!(Level::baseline(), simd => cursor.text_end_with(simd));
                assert_eq!(by_simd, end, "{byte} at {place}");
            }
        }
    }
}
