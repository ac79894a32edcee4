//! Where the fast path is in the body, and how it finds its way: by eight bytes at once or more, never past the end.

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

    /// The bytes here, if there are so many.
    #[inline(always)]
    pub(super) fn ahead<const LEN: usize>(&self) -> Option<&'a [u8; LEN]> {
        self.bytes.get(self.at..)?.first_chunk()
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// A literal, whose length is known to the compiler.
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
        prefix.is_before_the_end(self.bytes, self.at).then(|| self.at += prefix.len())
    }

    /// An integer, as a number or as a text of digits, and whether it was a text. Twenty digits, which may
    /// be past 64 bits, are a surprise.
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
            // Neither a leading zero nor a fraction is for this decoder to judge.
            let plain = digits == 1 || self.bytes.get(start) != Some(&b'0');
            (plain && matches!(self.peek()?, b',' | b'}')).then_some(())?;
        }
        (1..20).contains(&digits).then_some((value, quoted))
    }

    /// The number that the digits here spell, and how many they are. Up to seven are read at once.
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

    /// The character that an escape stands for.
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

    /// The character whose UTF-16 unit, or the first of two, is spelled here.
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

    /// As [`text_end`](Cursor::text_end), by thirty-two bytes at once.
    #[inline(always)]
    pub(super) fn text_end_with<S: Simd>(&self, simd: S) -> Option<usize> {
        let mut at = self.at;
        while let Some(here) = self.bytes.get(at..)?.first_chunk() {
            let here = u8x32::simd_from(simd, *here);
            let marks = here.simd_lt(0x20) | here.simd_eq(b'"') | here.simd_eq(b'\\');
            let marks = marks.to_bitmask();
            if marks != 0 {
                return Some(at + marks.trailing_zeros() as usize);
            }
            at += 32;
        }
        Cursor { at, ..*self }.text_end()
    }

    /// Where the text that goes on here ends: at its closing quote, or at a backslash or a control character.
    #[inline]
    pub(super) fn text_end(&self) -> Option<usize> {
        let mut at = self.at;
        while let Some(here) = self.bytes.get(at..)?.first_chunk() {
            let marks = marks_in(u64::from_le_bytes(*here));
            if marks != 0 {
                return Some(at + marks.trailing_zeros() as usize / 8);
            }
            at += 8;
        }
        let mut rest = self.bytes.iter().enumerate().skip(at);
        rest.find_map(|(at, byte)| matches!(byte, b'"' | b'\\' | 0..0x20).then_some(at))
    }
}

/// The top bits of eight bytes, set where a byte is a quote, a backslash or a control character, and perhaps in bytes
/// behind the first of them.
#[inline]
fn marks_in(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    // What is taken away from a smaller byte is borrowed from the next, which is why the first alone counts.
    let below = |word: u64, least: u8| word.wrapping_sub(ONES * u64::from(least)) & !word;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, 0x20) | equal(b'"') | equal(b'\\')) & TOPS
}

/// The value of a hexadecimal digit; of any other byte, a number that is none.
#[allow(clippy::indexing_slicing, reason = "evaluated when compiled, where a slip fails the build")]
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
