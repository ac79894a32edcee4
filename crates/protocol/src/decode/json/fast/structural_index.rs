//! The structural index: where quoted values end, found ahead of the decoder, 64 bytes at a time.
//!
//! If the end of a text is known in advance, the processor need not wait for it before it starts on the next text.
//! Nearly every value of a ticket is quoted and followed by a comma or a brace. An *end* is the offset of a comma or
//! brace that follows an unescaped quote. In a valid body every end is right. A broken body may have an unescaped quote
//! inside a text, so an end is only trusted when the next key is found after it, and at the end of the page the number
//! of quotes is compared with the number that the decoder accounted for.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m256i, __m512i, _mm256_add_epi32, _mm256_cvtepu8_epi32, _mm256_set1_epi32, _mm512_castsi512_si128,
    _mm512_maskz_compress_epi8,
};

use fearless_simd::{Level, dispatch, prelude::*, u8x64};
#[cfg(target_arch = "x86_64")]
use fearless_simd::{kernel, u32x8};

/// How many bytes are scanned together.
const BLOCK: usize = 64;
/// The most offsets of either kind in a block, as each takes two bytes.
const MAX_PER_BLOCK: usize = 32;
/// More ends than a ticket has.
pub(super) const ENDS_PER_TICKET: usize = 32;
/// How many offsets a queue holds. A ticket has about twenty ends, so a queue covers some 25 tickets, and what was scanned
/// is still in the first-level cache when the decoder reads it.
const CAPACITY: usize = 512;
/// An offset past every body: bodies are smaller than 2^31 bytes.
pub(super) const PAST_END: u32 = 1 << 31;

/// The index of a body, from the offset on where it was created.
pub(super) struct StructuralIndex<'a> {
    /// The body, without white space at its end.
    bytes: &'a [u8],
    /// How many bytes were scanned.
    scanned: usize,
    /// The instructions that the processor has.
    level: Level,
    state: State,
    /// The commas and braces after closing quotes.
    ends: Queue,
    /// The backslashes that begin an escape.
    escapes: Queue,
    /// How many quotes were scanned, escaped or not.
    quotes: i64,
    /// How many of these the decoder accounted for.
    counted_quotes: i64,
    /// The smallest byte, which shows whether there are control characters.
    smallest: u8,
}

/// Offsets in ascending order, followed by [`PAST_END`].
struct Queue {
    offsets: [u32; CAPACITY],
    first: usize,
    end: usize,
}

impl Queue {
    fn new() -> Queue {
        Queue { offsets: [PAST_END; CAPACITY], first: 0, end: 0 }
    }

    fn all(&self) -> &[u32] {
        self.offsets.get(self.first..self.end).unwrap_or_default()
    }

    /// Returns whether the first offset is before `at`.
    #[inline(always)]
    fn has_before(&self, at: usize) -> bool {
        self.offsets.get(self.first).is_some_and(|offset| (*offset as usize) < at)
    }

    /// Drops the offsets before `at`.
    #[inline(always)]
    fn drop_before(&mut self, at: usize) {
        while self.first < self.end && self.has_before(at) {
            self.first += 1;
        }
    }

    /// Moves the remaining offsets to the front, to make room after them.
    fn move_to_front(&mut self) {
        self.offsets.copy_within(self.first..=self.end, 0);
        self.end -= self.first;
        self.first = 0;
    }

    fn end_at(&mut self, end: usize) {
        self.end = end;
        if let Some(after) = self.offsets.get_mut(end) {
            *after = PAST_END;
        }
    }

    /// Returns the free space from `end` on, if there is room for all offsets of a block and [`PAST_END`].
    #[inline(always)]
    fn free(&mut self, end: usize) -> Option<&mut [u32; MAX_PER_BLOCK + 1]> {
        self.offsets.get_mut(end..)?.first_chunk_mut()
    }
}

/// Writes the offsets of the bits that are set. Returns how many there are.
#[inline(always)]
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(unused_variables, reason = "only x86-64 has an instruction for it")
)]
fn write<S: Simd>(simd: S, free: &mut [u32; MAX_PER_BLOCK + 1], base: u32, mut bits: u64) -> usize {
    let count = bits.count_ones() as usize;
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = simd.level().as_avx512()
        && count <= AT_ONCE
    {
        let (first, _) = free.split_at_mut(AT_ONCE);
        u32x8::simd_from(avx512, first_offsets(avx512, base, bits)).store_slice(first);
        return count;
    }
    let mut next = || {
        let offset = base.wrapping_add(bits.trailing_zeros());
        bits &= bits.wrapping_sub(1);
        offset
    };
    // The first few are written unconditionally: a loop of unpredictable length would mispredict its end.
    let (first, rest) = free.split_at_mut(UNCONDITIONAL);
    first.iter_mut().for_each(|offset| *offset = next());
    if count > UNCONDITIONAL {
        rest.iter_mut().take(count - UNCONDITIONAL).for_each(|offset| *offset = next());
    }
    count
}

const UNCONDITIONAL: usize = 4;

#[cfg(target_arch = "x86_64")]
const AT_ONCE: usize = 8;

#[cfg(target_arch = "x86_64")]
kernel! {
    /// Returns the offsets of the first eight bits that are set.
    #[inline]
    fn first_offsets(avx512: Avx512, base: u32, bits: u64) -> __m256i {
        let numbers: __m512i = u8x64::simd_from(avx512, NUMBERS).into();
        let offsets = _mm256_cvtepu8_epi32(_mm512_castsi512_si128(_mm512_maskz_compress_epi8(bits, numbers)));
        _mm256_add_epi32(offsets, _mm256_set1_epi32(base as i32))
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an error fails the build")]
const NUMBERS: [u8; BLOCK] = {
    let mut numbers = [0; BLOCK];
    let mut at = 0;
    while at < BLOCK {
        numbers[at] = at as u8;
        at += 1;
    }
    numbers
};

/// What follows in the body.
pub(super) struct Ahead<'m> {
    /// The ends of at least one ticket; [`PAST_END`] after the last one.
    pub(super) ends: &'m [u32; ENDS_PER_TICKET],
    /// The escapes, at least as far as the ends.
    pub(super) escapes: &'m [u32],
}

impl<'a> StructuralIndex<'a> {
    /// Creates the index of the body from `at` on, which must be outside a text.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> StructuralIndex<'a> {
        StructuralIndex {
            bytes,
            scanned: at.min(bytes.len()),
            level: Level::new(),
            state: State::default(),
            ends: Queue::new(),
            escapes: Queue::new(),
            quotes: 0,
            counted_quotes: 0,
            smallest: u8::MAX,
        }
    }

    /// Returns the ends and escapes from `at` on, which is where the decoder is.
    #[inline(always)]
    pub(super) fn ahead(&mut self, at: usize) -> Option<Ahead<'_>> {
        if self.ends.end - self.ends.first < ENDS_PER_TICKET {
            self.fill(at);
        }
        let ends = self.ends.offsets.get(self.ends.first..)?.first_chunk()?;
        Some(Ahead { ends, escapes: self.escapes.all() })
    }

    /// Drops the first `ends` ends, and all but the last `escapes_left` escapes.
    #[inline(always)]
    pub(super) fn consume(&mut self, ends: usize, escapes_left: usize) {
        self.ends.first += ends;
        debug_assert!(self.ends.first <= self.ends.end, "only ends in the queue are consumed");
        self.escapes.first = self.escapes.end - escapes_left;
    }

    /// Drops everything before `at`, which was reached without the index. An offset past the end counts as the end.
    ///
    /// Each iteration scans at least one block. If one ever scanned none, the loop would end, and
    /// [`verify`](StructuralIndex::verify) would return false, so that the tolerant decoder is used.
    pub(super) fn advance_to(&mut self, at: usize) {
        let at = at.min(self.bytes.len());
        self.drop_before(at);
        while self.ends.first == self.ends.end && self.scanned < at {
            let scanned_before = self.scanned;
            self.fill(at);
            if self.scanned <= scanned_before {
                debug_assert!(false, "an empty queue always has room for a block");
                return;
            }
            self.drop_before(at);
        }
    }

    fn drop_before(&mut self, at: usize) {
        self.ends.drop_before(at);
        self.escapes.drop_before(at);
    }

    /// Skips a ticket that was read without the index. `start` and `end` are the offsets of its braces.
    pub(super) fn skip_ticket(&mut self, start: usize, end: usize) {
        self.count_quotes(quotes_in(self.bytes.get(start..end).unwrap_or_default()));
        self.advance_to(end + 1);
    }

    /// Adds quotes that the decoder accounted for.
    #[inline]
    pub(super) fn count_quotes(&mut self, quotes: i64) {
        self.counted_quotes += quotes;
    }

    /// Returns whether the whole body is consistent with what the decoder read: it has no other quotes, and no control
    /// characters. Called at the end of the page.
    pub(super) fn verify(mut self) -> bool {
        self.advance_to(self.bytes.len());
        self.scanned == self.bytes.len() && self.counted_quotes == self.quotes && self.smallest >= 0x20
    }

    /// Scans further blocks while the queues have room.
    #[inline(never)]
    fn fill(&mut self, at: usize) {
        if self.scanned == self.bytes.len() && self.ends.first + ENDS_PER_TICKET <= CAPACITY {
            return;
        }
        self.escapes.drop_before(at);
        self.ends.move_to_front();
        self.escapes.move_to_front();
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = self.level.as_avx512() {
            return avx512.vectorize(
                #[inline(always)]
                || self.scan(avx512),
            );
        } else if let Some(avx2) = self.level.as_avx2() {
            return avx2.vectorize(
                #[inline(always)]
                || self.scan(avx2),
            );
        }
        // Processors between these two levels use the baseline, which saves compiling one more variant.
        let rest = if cfg!(target_arch = "x86_64") { Level::baseline() } else { self.level };
        dispatch!(rest, simd => self.scan(simd));
    }

    #[inline(always)]
    fn scan<S: Simd>(&mut self, simd: S) {
        let (blocks, rest) = self.bytes.get(self.scanned..).unwrap_or_default().as_chunks();
        let mut last = [b' '; BLOCK];
        last.iter_mut().zip(rest).for_each(|(last, byte)| *last = *byte);
        let last = if rest.is_empty() { &[][..] } else { &[last] };
        let (mut ends_end, mut escapes_end) = (self.ends.end, self.escapes.end);
        let mut scanned = self.scanned;
        let mut state = self.state;
        let mut quotes = 0;
        let mut smallest = u8x64::splat(simd, u8::MAX);
        for block in blocks.iter().chain(last) {
            let Some(free) = self.ends.free(ends_end) else { break };
            let block = u8x64::simd_from(simd, *block);
            let quoted = block.simd_eq(b'"').to_bitmask();
            let backslashes = block.simd_eq(b'\\').to_bitmask();
            let mut closing = quoted;
            if backslashes | state.after_backslash != 0 {
                let Some(free) = self.escapes.free(escapes_end) else { break };
                let (starts, escaped) = state.escapes_in(backslashes);
                closing &= !escaped;
                escapes_end += write(simd, free, scanned as u32, starts);
            }
            let closers = (block.simd_eq(b',') | block.simd_eq(b'}')).to_bitmask();
            let ends = (closing << 1 | state.after_quote) & closers;
            state.after_quote = closing >> 63;
            ends_end += write(simd, free, scanned as u32, ends);
            quotes += i64::from(quoted.count_ones());
            smallest = smallest.min(block);
            scanned += BLOCK;
        }
        self.ends.end_at(ends_end);
        self.escapes.end_at(escapes_end);
        self.scanned = scanned.min(self.bytes.len());
        self.state = state;
        self.quotes += quotes;
        let smallest: [u8; BLOCK] = smallest.into();
        self.smallest = smallest.into_iter().fold(self.smallest, u8::min);
    }
}

/// Counts quotes, escaped or not.
pub(super) fn quotes_in(bytes: &[u8]) -> i64 {
    bytes.iter().map(|byte| i64::from(*byte == b'"')).sum()
}

/// State that is carried from one block to the next.
#[derive(Clone, Copy, Default)]
struct State {
    /// 1 if the last byte was an unescaped quote, else 0.
    after_quote: u64,
    /// 1 if the last byte was a backslash that begins an escape, else 0.
    after_backslash: u64,
}

impl State {
    /// Returns which of these backslashes begin an escape, and which bytes are escaped.
    ///
    /// In a run of backslashes every other one begins an escape. Adding the starts of the runs that begin at an odd bit
    /// carries to the end of each run and inverts its bits. (The method of simdjson.)
    #[inline(always)]
    fn escapes_in(&mut self, backslashes: u64) -> (u64, u64) {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let escaped_first = self.after_backslash;
        let backslashes = backslashes & !escaped_first;
        let follow = backslashes << 1 | escaped_first;
        let odd_starts = backslashes & !EVEN & !follow;
        let (runs, carries) = odd_starts.overflowing_add(backslashes);
        self.after_backslash = carries.into();
        let escaped = (EVEN ^ (runs << 1)) & follow;
        (backslashes & !escaped, escaped)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Finds the ends, the escapes and the number of quotes byte by byte.
    fn by_hand(bytes: &[u8]) -> (Vec<u32>, Vec<u32>, i64) {
        let (mut ends, mut escapes) = (Vec::new(), Vec::new());
        let (mut escaped, mut closed) = (false, false);
        for (at, byte) in bytes.iter().enumerate() {
            if closed && matches!(byte, b',' | b'}') {
                ends.push(at as u32);
            }
            closed = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            if escaped {
                escapes.push(at as u32);
            }
        }
        (ends, escapes, quotes_in(bytes))
    }

    /// Finds the same with the instructions of this level.
    fn found(bytes: &[u8], level: Level) -> (Vec<u32>, Vec<u32>, i64) {
        let mut found = StructuralIndex { level, ..StructuralIndex::new(bytes, 0) };
        let (mut ends, mut escapes) = (Vec::new(), Vec::new());
        loop {
            let scanned_before = found.scanned;
            found.fill(found.scanned);
            // Consume all of them and continue.
            ends.extend_from_slice(found.ends.all());
            escapes.extend_from_slice(found.escapes.all());
            if found.scanned == found.bytes.len() {
                return (ends, escapes, found.quotes);
            }
            assert!(found.scanned > scanned_before, "each iteration scans a block");
            found.ends.first = found.ends.end;
            found.escapes.first = found.escapes.end;
        }
    }

    proptest! {
        #[test]
        fn every_level_agrees_with_a_byte_by_byte_search(bytes in "[\"\\\\,}a ]{0,2000}") {
            for level in [Level::new(), Level::baseline()].into_iter().chain(avx2()) {
                prop_assert_eq!(found(bytes.as_bytes(), level), by_hand(bytes.as_bytes()));
            }
        }
    }

    /// AVX2, where the processor has AVX-512 too.
    fn avx2() -> Option<Level> {
        #[cfg(target_arch = "x86_64")]
        return Level::new().as_avx2().map(Level::Avx2);
        #[cfg(not(target_arch = "x86_64"))]
        None
    }
}
