//! Where values end, found ahead of the decoder and sixty-four bytes at a time.
//!
//! To know where a text ends before the one in front of it was read spares the processor the waiting. Nearly every
//! value of a ticket is quoted, and has a comma or a brace behind it: where one stands behind a quote that is not
//! escaped, there is a mark. A mark is a guess until what follows it is found to be the next key. That no quote stands
//! where none was met, in the middle of a text, shows when the quotes of the whole are counted.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m256i, __m512i, _mm256_add_epi32, _mm256_cvtepu8_epi32, _mm256_set1_epi32, _mm512_castsi512_si128,
    _mm512_maskz_compress_epi8,
};

use fearless_simd::{Level, dispatch, prelude::*, u8x64};
#[cfg(target_arch = "x86_64")]
use fearless_simd::{kernel, u32x8};

/// How many bytes are looked at together.
const BLOCK: usize = 64;
/// The most that a block can add of either kind, as each takes two bytes.
const MOST_OF_A_BLOCK: usize = 32;
/// How many marks a ticket can need, and more.
pub(super) const ENOUGH: usize = 32;
/// How many places are held. The marks of a ticket are about twenty: what was seen is still in the processor's nearest
/// cache when the decoder comes to it.
const ROOM: usize = 512;
/// A place that no body reaches: none is larger than 31 bits can tell.
pub(super) const PAST_ALL: u32 = 1 << 31;

/// What was found of a body, from the place on where it was said to begin.
pub(super) struct Marks<'a> {
    /// There is no white space at its end.
    bytes: &'a [u8],
    /// How far it was looked at.
    seen: usize,
    /// The instructions that the processor has.
    level: Level,
    state: State,
    /// The commas and braces behind closing quotes.
    marks: Queue,
    /// The backslashes that begin an escape.
    escapes: Queue,
    /// How many quotes there are, escaped or not.
    quotes: i64,
    /// How many of them the decoder came by.
    met: i64,
    /// The smallest byte, which tells whether there are control characters.
    least: u8,
}

/// Places in the body, in their order, and behind the last one that is past all.
struct Queue {
    places: [u32; ROOM],
    first: usize,
    end: usize,
}

impl Queue {
    fn new() -> Queue {
        Queue { places: [PAST_ALL; ROOM], first: 0, end: 0 }
    }

    fn all(&self) -> &[u32] {
        self.places.get(self.first..self.end).unwrap_or_default()
    }

    /// Whether one is before this place.
    #[inline(always)]
    fn has_before(&self, at: usize) -> bool {
        self.places.get(self.first).is_some_and(|place| (*place as usize) < at)
    }

    /// Drops the places before this one. The last of all is past every body, so that `first` stops at `end`.
    #[inline(always)]
    fn drop_before(&mut self, at: usize) {
        while self.first < self.end && self.has_before(at) {
            self.first += 1;
        }
    }

    /// Makes room behind the places that are still wanted.
    fn move_to_front(&mut self) {
        self.places.copy_within(self.first..=self.end, 0);
        self.end -= self.first;
        self.first = 0;
    }

    fn end_at(&mut self, end: usize) {
        self.end = end;
        if let Some(behind) = self.places.get_mut(end) {
            *behind = PAST_ALL;
        }
    }

    /// The places that are free, if what is in a block is sure to find room there, and what is past all behind it.
    #[inline(always)]
    fn free(&mut self, end: usize) -> Option<&mut [u32; MOST_OF_A_BLOCK + 1]> {
        self.places.get_mut(end..)?.first_chunk_mut()
    }
}

/// Writes the places of the bits that are set, and says how many they are.
#[inline(always)]
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(unused_variables, reason = "the others have no instruction for it")
)]
fn write<S: Simd>(simd: S, free: &mut [u32; MOST_OF_A_BLOCK + 1], base: u32, mut bits: u64) -> usize {
    let count = bits.count_ones() as usize;
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = simd.level().as_avx512()
        && count <= AT_ONCE
    {
        let (first, _) = free.split_at_mut(AT_ONCE);
        u32x8::simd_from(avx512, first_places(avx512, base, bits)).store_slice(first);
        return count;
    }
    let mut next = || {
        let place = base.wrapping_add(bits.trailing_zeros());
        bits &= bits.wrapping_sub(1);
        place
    };
    // A few are written whether there are so many or not: a loop would end where the processor does not expect it.
    let (few, more) = free.split_at_mut(FEW);
    few.iter_mut().for_each(|slot| *slot = next());
    if count > FEW {
        more.iter_mut().take(count - FEW).for_each(|slot| *slot = next());
    }
    count
}

const FEW: usize = 4;

#[cfg(target_arch = "x86_64")]
const AT_ONCE: usize = 8;

#[cfg(target_arch = "x86_64")]
kernel! {
    /// The places of the first eight bits that are set.
    #[inline]
    fn first_places(avx512: Avx512, base: u32, bits: u64) -> __m256i {
        let numbers: __m512i = u8x64::simd_from(avx512, NUMBERS).into();
        let places = _mm256_cvtepu8_epi32(_mm512_castsi512_si128(_mm512_maskz_compress_epi8(bits, numbers)));
        _mm256_add_epi32(places, _mm256_set1_epi32(base as i32))
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(clippy::indexing_slicing, reason = "evaluated when compiled, where a slip fails the build")]
const NUMBERS: [u8; BLOCK] = {
    let mut numbers = [0; BLOCK];
    let mut at = 0;
    while at < BLOCK {
        numbers[at] = at as u8;
        at += 1;
    }
    numbers
};

/// What comes next in the body.
pub(super) struct Ahead<'m> {
    /// Enough marks for a ticket, or what is past all behind the last.
    pub(super) marks: &'m [u32; ENOUGH],
    /// The escapes, as far as the marks go and further.
    pub(super) escapes: &'m [u32],
}

impl<'a> Marks<'a> {
    /// Of what stands from here on, which is no part of a text.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Marks<'a> {
        Marks {
            bytes,
            seen: at.min(bytes.len()),
            level: Level::new(),
            state: State::default(),
            marks: Queue::new(),
            escapes: Queue::new(),
            quotes: 0,
            met: 0,
            least: u8::MAX,
        }
    }

    /// What comes next, where the decoder is at this place.
    #[inline(always)]
    pub(super) fn ahead(&mut self, at: usize) -> Option<Ahead<'_>> {
        if self.marks.end - self.marks.first < ENOUGH {
            self.look_ahead(at);
        }
        let marks = self.marks.places.get(self.marks.first..)?.first_chunk()?;
        Some(Ahead { marks, escapes: self.escapes.all() })
    }

    /// Goes on behind so many marks, and to where so many escapes are left of those ahead.
    #[inline(always)]
    pub(super) fn take(&mut self, marks: usize, escapes_left: usize) {
        self.marks.first += marks;
        debug_assert!(self.marks.first <= self.marks.end, "marks that are past all are not taken");
        self.escapes.first = self.escapes.end - escapes_left;
    }

    /// Drops the places before this one, which was reached without marks. A place past the end counts as the end.
    ///
    /// Each turn of the loop scans at least one block. Should one ever scan none, the loop ends, and
    /// [`are_right`](Marks::are_right) returns false, so that the tolerant decoder takes over.
    pub(super) fn pass(&mut self, at: usize) {
        let at = at.min(self.bytes.len());
        self.drop_before(at);
        while self.marks.first == self.marks.end && self.seen < at {
            let seen_before = self.seen;
            self.look_ahead(at);
            if self.seen <= seen_before {
                debug_assert!(false, "an empty queue always has room for a block");
                return;
            }
            self.drop_before(at);
        }
    }

    fn drop_before(&mut self, at: usize) {
        self.marks.drop_before(at);
        self.escapes.drop_before(at);
    }

    /// Leaves out a ticket that was read without marks, and whose braces stand at these places.
    pub(super) fn skip(&mut self, start: usize, end: usize) {
        self.meet(quotes_in(self.bytes.get(start..end).unwrap_or_default()));
        self.pass(end + 1);
    }

    /// Takes note of quotes that the decoder came by.
    #[inline]
    pub(super) fn meet(&mut self, quotes: i64) {
        self.met += quotes;
    }

    /// Whether all that was not looked at one by one is as it has to be, once the decoder is at the end.
    pub(super) fn are_right(mut self) -> bool {
        self.pass(self.bytes.len());
        self.seen == self.bytes.len() && self.met == self.quotes && self.least >= 0x20
    }

    /// Looks on, for as long as there is room for what may be found.
    #[inline(never)]
    fn look_ahead(&mut self, at: usize) {
        if self.seen == self.bytes.len() && self.marks.first + ENOUGH <= ROOM {
            return;
        }
        self.escapes.drop_before(at);
        self.marks.move_to_front();
        self.escapes.move_to_front();
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = self.level.as_avx512() {
            return avx512.vectorize(
                #[inline(always)]
                || self.look(avx512),
            );
        } else if let Some(avx2) = self.level.as_avx2() {
            return avx2.vectorize(
                #[inline(always)]
                || self.look(avx2),
            );
        }
        // There is nothing between those and what all have, so that what is compiled for it can be left out.
        let rest = if cfg!(target_arch = "x86_64") { Level::baseline() } else { self.level };
        dispatch!(rest, simd => self.look(simd));
    }

    #[inline(always)]
    fn look<S: Simd>(&mut self, simd: S) {
        let (blocks, rest) = self.bytes.get(self.seen..).unwrap_or_default().as_chunks();
        let mut last = [b' '; BLOCK];
        last.iter_mut().zip(rest).for_each(|(last, byte)| *last = *byte);
        let last = if rest.is_empty() { &[][..] } else { &[last] };
        let (mut marks_end, mut escapes_end) = (self.marks.end, self.escapes.end);
        let mut seen = self.seen;
        let mut state = self.state;
        let mut quotes = 0;
        let mut least = u8x64::splat(simd, u8::MAX);
        for block in blocks.iter().chain(last) {
            let Some(free) = self.marks.free(marks_end) else { break };
            let block = u8x64::simd_from(simd, *block);
            let quoted = block.simd_eq(b'"').to_bitmask();
            let backslashes = block.simd_eq(b'\\').to_bitmask();
            let mut closing = quoted;
            if backslashes | state.after_backslash != 0 {
                let Some(free) = self.escapes.free(escapes_end) else { break };
                let (starts, escaped) = state.escapes_in(backslashes);
                closing &= !escaped;
                escapes_end += write(simd, free, seen as u32, starts);
            }
            let ends = (block.simd_eq(b',') | block.simd_eq(b'}')).to_bitmask();
            let marks = (closing << 1 | state.after_quote) & ends;
            state.after_quote = closing >> 63;
            marks_end += write(simd, free, seen as u32, marks);
            quotes += i64::from(quoted.count_ones());
            least = least.min(block);
            seen += BLOCK;
        }
        self.marks.end_at(marks_end);
        self.escapes.end_at(escapes_end);
        self.seen = seen.min(self.bytes.len());
        self.state = state;
        self.quotes += quotes;
        let least: [u8; BLOCK] = least.into();
        self.least = least.into_iter().fold(self.least, u8::min);
    }
}

/// How many quotes there are, escaped or not.
pub(super) fn quotes_in(bytes: &[u8]) -> i64 {
    bytes.iter().map(|byte| i64::from(*byte == b'"')).sum()
}

/// What is known of the byte before the next block.
#[derive(Clone, Copy, Default)]
struct State {
    /// Whether it is a quote that is not escaped: 0 or 1.
    after_quote: u64,
    /// Whether it is a backslash that begins an escape: 0 or 1.
    after_backslash: u64,
}

impl State {
    /// Of these backslashes those that begin an escape, and the bytes that are escaped.
    ///
    /// In a row of backslashes every other one begins an escape. Added to the bits, what begins a row at an odd place
    /// carries to the row's end and turns its bits over.
    #[inline(always)]
    fn escapes_in(&mut self, backslashes: u64) -> (u64, u64) {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let escaped_first = self.after_backslash;
        let backslashes = backslashes & !escaped_first;
        let follow = backslashes << 1 | escaped_first;
        let odd_starts = backslashes & !EVEN & !follow;
        let (rows, carries) = odd_starts.overflowing_add(backslashes);
        self.after_backslash = carries.into();
        let escaped = (EVEN ^ (rows << 1)) & follow;
        (backslashes & !escaped, escaped)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The marks, the escapes and the number of quotes, found byte by byte.
    fn by_hand(bytes: &[u8]) -> (Vec<u32>, Vec<u32>, i64) {
        let (mut marks, mut escapes) = (Vec::new(), Vec::new());
        let (mut escaped, mut closed) = (false, false);
        for (at, byte) in bytes.iter().enumerate() {
            if closed && matches!(byte, b',' | b'}') {
                marks.push(at as u32);
            }
            closed = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            if escaped {
                escapes.push(at as u32);
            }
        }
        (marks, escapes, quotes_in(bytes))
    }

    /// The same, by the instructions of this level.
    fn found(bytes: &[u8], level: Level) -> (Vec<u32>, Vec<u32>, i64) {
        let mut found = Marks { level, ..Marks::new(bytes, 0) };
        let (mut marks, mut escapes) = (Vec::new(), Vec::new());
        loop {
            let seen_before = found.seen;
            found.look_ahead(found.seen);
            // All are taken at once, and the queue goes on from there.
            marks.extend_from_slice(found.marks.all());
            escapes.extend_from_slice(found.escapes.all());
            if found.seen == found.bytes.len() {
                return (marks, escapes, found.quotes);
            }
            assert!(found.seen > seen_before, "each turn scans a block");
            found.marks.first = found.marks.end;
            found.escapes.first = found.escapes.end;
        }
    }

    proptest! {
        #[test]
        fn every_level_finds_what_is_there(bytes in "[\"\\\\,}a ]{0,2000}") {
            for level in [Level::new(), Level::baseline()].into_iter().chain(older()) {
                prop_assert_eq!(found(bytes.as_bytes(), level), by_hand(bytes.as_bytes()));
            }
        }
    }

    /// What processors have had before the latest.
    fn older() -> Option<Level> {
        #[cfg(target_arch = "x86_64")]
        return Level::new().as_avx2().map(Level::Avx2);
        #[cfg(not(target_arch = "x86_64"))]
        None
    }
}
