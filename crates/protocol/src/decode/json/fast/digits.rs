//! Reads up to eight decimal digits as one 64-bit word.

// After an exclusive or with `0`, a digit is 0 to 9. Any other byte has one of its high bits set, or has one set after
// 6 is added. An addition carries into the next byte only if the byte had a high bit set before.
const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);
const SIXES: u64 = u64::from_le_bytes([6; 8]);
const HIGH: u64 = u64::from_le_bytes([0xF0; 8]);

/// Returns how many digits these bytes begin with.
#[inline(always)]
pub(super) fn count(bytes: [u8; 8]) -> usize {
    non_digits(u64::from_le_bytes(bytes) ^ ZEROS).trailing_zeros() as usize / 8
}

/// Returns the value of the first `len` bytes, if all of them are digits and there are 1 to 8.
#[inline(always)]
pub(super) fn value(bytes: [u8; 8], len: u32) -> Option<u32> {
    (len.wrapping_sub(1) < 8).then_some(())?;
    // Shift the digits to the most significant end; zeros precede them.
    let word = (u64::from_le_bytes(bytes) ^ ZEROS) << (64 - 8 * len);
    (non_digits(word) == 0).then_some(())?;
    // Combine neighbors, twice as wide in each step: digits to pairs, to groups of four, to eight.
    let join = |word: u64, base: u64, width: u32| word.wrapping_mul(base << width | 1) >> width;
    let pairs = join(word, 10, 8) & 0x00FF_00FF_00FF_00FF;
    let fours = join(pairs, 100, 16) & 0x0000_FFFF_0000_FFFF;
    Some(join(fours, 10_000, 32) as u32)
}

/// Returns a word with bits set in the bytes that are not digits, reliable up to the first of them.
#[inline(always)]
fn non_digits(word: u64) -> u64 {
    (word.wrapping_add(SIXES) | word) & HIGH
}
