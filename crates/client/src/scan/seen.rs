//! [`Seen`]: the ids that a scan has told, with the time of the last reply as it was told.
//!
//! Ids of an install are dense, so 64 of them share an entry: about 5 bytes a ticket where most match the
//! request, and no more than some 90 where hardly any does.

use std::collections::HashMap;

use super::row::Stamp;

/// What was known of an id that is told to a [`Seen`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing: it is new.
    New,
    /// It was there with this time of the last reply; none if it comes from a cursor.
    Since(Option<Stamp>),
}

#[derive(Debug, Default)]
pub(super) struct Seen {
    chunks: HashMap<u64, Chunk>,
}

#[derive(Debug, Default)]
struct Chunk {
    /// Which of the 64 ids are there.
    ids: u64,
    /// What was told of each, in the order of the ids.
    told: Vec<Stamp>,
}

/// Stands for a time that is not known. No date packs to it.
const UNKNOWN: Stamp = Stamp::MAX;

impl Seen {
    /// Adds an id, or finds it there.
    pub(super) fn insert(&mut self, id: u64, stamp: Stamp) -> Known {
        let chunk = self.chunks.entry(id >> 6).or_default();
        let bit = 1 << (id & 63);
        let place = (chunk.ids & (bit - 1)).count_ones() as usize;
        if chunk.ids & bit != 0 {
            return Known::Since(chunk.told.get(place).copied().filter(|stamp| *stamp != UNKNOWN));
        }
        chunk.ids |= bit;
        chunk.told.insert(place, stamp);
        Known::New
    }

    /// Notes a later time of the last reply for an id that is there.
    pub(super) fn renew(&mut self, id: u64, stamp: Stamp) {
        let Some(chunk) = self.chunks.get_mut(&(id >> 6)) else { return };
        let bit = 1 << (id & 63);
        let place = (chunk.ids & (bit - 1)).count_ones() as usize;
        if chunk.ids & bit != 0
            && let Some(told) = chunk.told.get_mut(place)
        {
            *told = stamp;
        }
    }
}

/// Ids alone, for the side of a scan that writes cursors: less than a bit a ticket where most match.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    chunks: HashMap<u64, [u64; 4]>,
}

impl Ids {
    pub(super) fn insert(&mut self, id: u64) {
        let chunk = self.chunks.entry(id >> 8).or_default();
        if let Some(word) = chunk.get_mut((id >> 6 & 3) as usize) {
            *word |= 1 << (id & 63);
        }
    }

    /// As text: for each run of ids the distance from the end of the run before, and `:` and the run's
    /// length if it is not 1.
    pub(super) fn to_text(&self) -> String {
        use std::fmt::Write;
        let mut chunks: Vec<_> = self.chunks.iter().collect();
        chunks.sort_unstable_by_key(|(number, _)| **number);
        let words = chunks
            .into_iter()
            .flat_map(|(number, words)| words.iter().zip(number * 4..).map(|(word, number)| (number, *word)));
        let mut text = String::new();
        let (mut end, mut run) = (0, 0..0);
        let mut close = |run: &std::ops::Range<u64>| {
            if !run.is_empty() {
                let _ = write!(text, "{}{}", if text.is_empty() { "" } else { "," }, run.start - end);
                if run.end - run.start > 1 {
                    let _ = write!(text, ":{}", run.end - run.start);
                }
                end = run.end;
            }
        };
        for (number, word) in words {
            for bit in (0..64).filter(|bit| word >> bit & 1 != 0) {
                let id = number * 64 + bit;
                if id != run.end || run.is_empty() {
                    close(&run);
                    run = id..id;
                }
                // The very last id has none after it; its run just does not grow.
                run.end = id.saturating_add(1);
            }
        }
        close(&run);
        text
    }

    /// Reads such a text, of no more ids than `most`.
    pub(super) fn from_text(text: &str, most: u64) -> Option<Ids> {
        let mut ids = Ids::default();
        let (mut end, mut count) = (0_u64, 0_u64);
        for run in text.split(',').filter(|run| !run.is_empty()) {
            let (distance, len) = run.split_once(':').unwrap_or((run, "1"));
            let start = end.checked_add(distance.parse().ok()?)?;
            let len = len.parse().ok()?;
            end = start.checked_add(len)?;
            count = count.checked_add(len).filter(|count| *count <= most)?;
            (start..end).for_each(|id| ids.insert(id));
        }
        Some(ids)
    }

    pub(super) fn to_seen(&self) -> Seen {
        let mut seen = Seen::default();
        for (number, words) in &self.chunks {
            for (word, base) in words.iter().zip((number << 8..).step_by(64)) {
                for bit in (0..64).filter(|bit| word >> bit & 1 != 0) {
                    seen.insert(base + bit, UNKNOWN);
                }
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_new_once() {
        let mut seen = Seen::default();
        for id in [5, 70, 6, 0, u64::MAX - 1, 4] {
            assert_eq!(seen.insert(id, id as Stamp % 1000 + 1), Known::New);
        }
        for id in [5, 70, 6, 0, 4] {
            assert_eq!(seen.insert(id, 9), Known::Since(Some(id as Stamp % 1000 + 1)));
        }
        seen.renew(70, 99);
        assert_eq!(seen.insert(70, 9), Known::Since(Some(99)));
        assert_eq!(seen.insert(7, 9), Known::New);
    }

    #[test]
    fn ids_write_as_runs_and_read_back() {
        let mut ids = Ids::default();
        for id in (10..200).chain([0, 300, 302, 1 << 40]) {
            ids.insert(id);
        }
        let text = ids.to_text();
        assert_eq!(text, "0,9:190,100,1,1099511627473");
        let again = Ids::from_text(&text, 1000).unwrap();
        assert_eq!(again.to_text(), text);
        let mut seen = again.to_seen();
        assert_eq!(seen.insert(302, 1), Known::Since(None));
        assert_eq!(seen.insert(301, 1), Known::New);
        assert_eq!(Ids::default().to_text(), "");
    }

    #[test]
    fn a_text_that_is_no_list_of_ids_is_refused() {
        for text in ["x", "1:", "1:99999999", "18446744073709551615,1", "-1"] {
            assert!(Ids::from_text(text, 1000).is_none(), "{text}");
        }
    }
}
