//! Up to eight digits, read as one number.

// A byte that is a digit is one from 0 to 9 without these zeros; any other has a bit among the high ones, or has it with
// six more. It spills into its neighbour only if it had it before.
const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);
const SIXES: u64 = u64::from_le_bytes([6; 8]);
const HIGH: u64 = u64::from_le_bytes([0xF0; 8]);

/// How many digits these bytes begin with.
#[inline(always)]
pub(super) fn count(bytes: [u8; 8]) -> usize {
    others(u64::from_le_bytes(bytes) ^ ZEROS).trailing_zeros() as usize / 8
}

/// The integer that the first so many of these bytes spell, of which there is at least one.
#[inline(always)]
pub(super) fn value(bytes: [u8; 8], len: u32) -> Option<u32> {
    (len.wrapping_sub(1) < 8).then_some(())?;
    // The digits move to the end, which is the top, and zeros before them.
    let word = (u64::from_le_bytes(bytes) ^ ZEROS) << (64 - 8 * len);
    (others(word) == 0).then_some(())?;
    // Neighbours are joined, twice as wide each time: the first of each two counts ten, a hundred, ten thousand times.
    let join = |word: u64, base: u64, width: u32| word.wrapping_mul(base << width | 1) >> width;
    let pairs = join(word, 10, 8) & 0x00FF_00FF_00FF_00FF;
    let fours = join(pairs, 100, 16) & 0x0000_FFFF_0000_FFFF;
    Some(join(fours, 10_000, 32) as u32)
}

/// Bits that are set in bytes that are no digits, up to the first of them.
#[inline(always)]
fn others(word: u64) -> u64 {
    (word.wrapping_add(SIXES) | word) & HIGH
}
