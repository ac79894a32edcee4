//! What is searched for, and which of a thousand subjects have it, found without stopping at any.
//!
//! A search for a letter or two stops at every other word, and stopping is what costs. So every byte of a text
//! gets a bit that says whether what is searched for may start there, sixty-four of them at a time, and one
//! addition carries what stands anywhere in a subject to the subject's end. That takes the same time whether
//! all subjects match or none.

use std::cmp::Reverse;

use memchr::memmem::Finder;
use wide::u8x16;

use super::text;

/// Ends every subject in a text. It is no byte of UTF-8, so nothing that is searched for reaches past it.
pub(super) const END: u8 = 0xFF;

/// Texts are read in blocks, one bit of a word a byte.
const BLOCK: usize = 64;

/// How many bytes of what is searched for are compared with a text at most, so that a search is linear in the
/// text. Few tickets have so many in common with what does not match them; those are looked through again.
const PROBES: usize = 16;

/// What is not rare in subjects, from the commonest on.
const COMMON: &[u8] = b" etaoinsrhldcumpg";

/// What is searched for.
pub(super) struct Search {
    finder: Finder<'static>,
    probes: Vec<Probe>,
}

/// A byte of what is searched for, and how far in it stands.
#[derive(Clone, Copy)]
struct Probe {
    at: usize,
    byte: u8,
}

impl Search {
    pub(super) fn new(subject: &str) -> Search {
        let folded = text::folded(subject);
        Search { probes: probes(folded.as_bytes()), finder: Finder::new(&folded).into_owned() }
    }

    /// Whether this folded subject matches.
    pub(super) fn is_in(&self, subject: &[u8]) -> bool {
        self.finder.find(subject).is_some()
    }

    /// Whether a mark is a match, as all that is searched for was compared.
    pub(super) fn is_exact(&self) -> bool {
        self.finder.needle().len() == self.probes.len()
    }

    /// Marks the ends of the subjects that have the probes: one bit a byte of the text, in blocks.
    pub(super) fn mark(&self, text: &[u8], marks: &mut Vec<u64>) {
        marks.clear();
        // The rarest five are compared at every place, in a loop for each number of them; others only in
        // blocks that have these.
        match *self.probes.as_slice() {
            [] => self.mark_with([], &[], text, marks),
            [a] => self.mark_with([a], &[], text, marks),
            [a, b] => self.mark_with([a, b], &[], text, marks),
            [a, b, c] => self.mark_with([a, b, c], &[], text, marks),
            [a, b, c, d] => self.mark_with([a, b, c, d], &[], text, marks),
            [a, b, c, d, e, ref others @ ..] => self.mark_with([a, b, c, d, e], others, text, marks),
        }
    }

    fn mark_with<const N: usize>(
        &self,
        first: [Probe; N],
        others: &[Probe],
        text: &[u8],
        marks: &mut Vec<u64>,
    ) {
        let length = self.finder.needle().len();
        if length > text.len() {
            return;
        }
        marks.reserve(text.len() / BLOCK + 1);
        let carry = mark_blocks(text, first, others, false, marks);
        // The last blocks, with room behind them. No end follows the zeros there.
        let mut last = text.get(marks.len() * BLOCK..).unwrap_or_default().to_vec();
        last.resize(last.len() + length + BLOCK, 0);
        mark_blocks(&last, first, others, carry, marks);
    }
}

/// Marks the blocks that have enough text behind them; tells whether the last carries into the next.
fn mark_blocks<const N: usize>(
    text: &[u8],
    first: [Probe; N],
    others: &[Probe],
    mut carry: bool,
    marks: &mut Vec<u64>,
) -> bool {
    for at in (0..text.len()).step_by(BLOCK) {
        let Some(starts) = starts(text, at, first, others) else { break };
        let Some(ends) = Block::of(text, at) else { break };
        let ends = ends.are(END).bits();
        // A subject is a number whose highest bit is its end. All its other bits and a start among them
        // carry into that bit; without a start they do not, and nothing ever carries past it. Where nothing
        // is searched for the end itself is a start.
        let (sum, carries) = (starts & !ends).carrying_add(!ends, carry);
        carry = carries;
        marks.push((sum | starts) & ends);
    }
    carry
}

/// At which places of a block the probes stand; `None` where the text is too short to tell.
#[inline]
fn starts<const N: usize>(text: &[u8], at: usize, first: [Probe; N], others: &[Probe]) -> Option<u64> {
    let mut starts = Block::ALL;
    for probe in first {
        starts = starts.and(Block::of(text, at + probe.at)?.are(probe.byte));
    }
    let starts = starts.bits();
    if starts == 0 || others.is_empty() {
        return Some(starts);
    }
    let mut rest = Block::ALL;
    for probe in others {
        rest = rest.and(Block::of(text, at + probe.at)?.are(probe.byte));
    }
    Some(starts & rest.bits())
}

/// The probes, spread over what is searched for, the rarest first.
fn probes(needle: &[u8]) -> Vec<Probe> {
    let count = needle.len().min(PROBES);
    let evenly = (0..count).map(|nth| nth * needle.len() / count);
    let mut probes: Vec<_> = evenly.filter_map(|at| Some(Probe { at, byte: *needle.get(at)? })).collect();
    let rank = |probe: &Probe| COMMON.iter().position(|byte| *byte == probe.byte).unwrap_or(COMMON.len());
    probes.sort_by_key(|probe| Reverse(rank(probe)));
    probes
}

/// Whether a byte of a text is marked.
#[inline]
pub(super) fn is_marked(marks: &[u64], at: usize) -> bool {
    marks.get(at / BLOCK).is_some_and(|word| word >> (at % BLOCK) & 1 == 1)
}

/// The bytes of a block, side by side.
#[derive(Clone, Copy)]
struct Block([u8x16; 4]);

impl Block {
    const ALL: Block = Block([u8x16::MAX; 4]);

    #[inline]
    fn of(text: &[u8], at: usize) -> Option<Block> {
        let bytes: &[u8; BLOCK] = text.get(at..)?.first_chunk()?;
        let [a, b, c, d] = bytes.as_chunks().0 else { return None };
        Some(Block([*a, *b, *c, *d].map(u8x16::new)))
    }

    /// Which bytes are this one: all ones where they are, and else all zeros.
    #[inline]
    fn are(self, byte: u8) -> Block {
        let wanted = u8x16::splat(byte);
        Block(self.0.map(|part| part.simd_eq(wanted)))
    }

    #[inline]
    fn and(self, other: Block) -> Block {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Block([a & e, b & f, c & g, d & h])
    }

    /// One bit a byte, for bytes that are all ones or all zeros.
    #[inline]
    fn bits(self) -> u64 {
        let [a, b, c, d] = self.0.map(|part| u64::from(part.to_bitmask()));
        a | b << 16 | c << 32 | d << 48
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Draw;

    /// Whether each subject is marked, and whether it matches by the plainest means.
    fn compare(subjects: &[String], searched: &str) {
        let (search, mut text, mut ends) = (Search::new(searched), Vec::new(), Vec::new());
        for subject in subjects {
            text.extend(subject.bytes());
            ends.push(text.len());
            text.push(END);
        }
        // As if left by a longer text.
        let mut marks = vec![u64::MAX; 9];
        search.mark(&text, &mut marks);
        for (subject, end) in subjects.iter().zip(&ends) {
            let (is_marked, matches) = (is_marked(&marks, *end), subject.contains(&text::folded(searched)));
            assert!(is_marked || !matches, "{searched:?} was not found in {subject:?}");
            assert!(!is_marked || matches || !search.is_exact(), "{searched:?} was found in {subject:?}");
        }
        let marked: u32 = marks.iter().map(|word| word.count_ones()).sum();
        let of_subjects = ends.iter().filter(|end| is_marked(&marks, **end)).count();
        assert_eq!(marked as usize, of_subjects, "nothing but ends is marked");
    }

    #[test]
    fn subjects_are_marked_that_have_what_is_searched_for_wherever_blocks_end() {
        let mut draw = Draw::new(3, 0);
        for longest in [1, 3, 20, 63, 64, 65, 200] {
            for _ in 0..12 {
                let mut word = |longest: u64| -> String {
                    (0..draw.below(longest + 1))
                        .map(|_| ['a', 'b', '\0', 'é'][draw.below(4) as usize])
                        .collect()
                };
                let subjects: Vec<String> = (0..40).map(|_| text::folded(&word(longest))).collect();
                for length in [0, 1, 2, 3, 4, 5, 9, 20] {
                    compare(&subjects, &word(length));
                }
                // A part of a subject, which is longer than what is compared of it.
                for subject in &subjects {
                    compare(&subjects, subject.get(subject.len() / 4..).unwrap_or_default());
                }
            }
        }
    }

    #[test]
    fn what_is_searched_for_is_not_found_across_two_subjects() {
        let subjects = ["in", "voice", "", "ab", "", "ba"].map(String::from);
        for searched in ["invoice", "nv", "eab", "bb", "in", "", "\0", "a\0"] {
            compare(&subjects, searched);
        }
    }

    #[test]
    fn every_byte_of_a_short_search_is_compared_and_sixteen_of_a_long_one() {
        for (searched, compared, is_exact) in [
            ("", 0, true),
            ("in", 2, true),
            ("sixteen letters!", 16, true),
            ("no sixteen letters", 16, false),
        ] {
            let search = Search::new(searched);
            assert_eq!((search.probes.len(), search.is_exact()), (compared, is_exact), "{searched}");
        }
        let rarest = Search::new("invoices").probes.first().map(|probe| probe.byte);
        assert_eq!(rarest, Some(b'v'));
    }
}
