//! The ids that a scan has met: [`Seen`] with the activity of each, [`IdSet`] for those met again, and [`Runs`] as a
//! cursor writes them.

use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;

use foldhash::fast::RandomState;

use super::row::Stamp;

/// What [`Seen::insert`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// The id is new.
    New,
    /// It was met before, with this stamp; `None` if it comes from a cursor.
    Before(Option<Stamp>),
}

/// The ids met so far, each with a stamp.
///
/// 64 consecutive ids share an entry. Memory is about 5 bytes a ticket where most ids of an install match the request,
/// and at most about 130 bytes a ticket where no two matching ids share an entry.
#[derive(Debug, Default)]
pub(super) struct Seen {
    chunks: HashMap<u64, Chunk, RandomState>,
    len: u64,
    /// Ids that were yielded before the scan was resumed.
    resumed: Runs,
}

#[derive(Debug, Default)]
struct Chunk {
    /// Which of the 64 ids are present.
    ids: u64,
    /// The stamp of each, in the order of the ids.
    stamps: Vec<Stamp>,
}

impl Seen {
    pub(super) fn resume(&mut self, runs: Runs) {
        self.resumed = runs;
    }

    /// How many ids there are.
    pub(super) fn len(&self) -> u64 {
        self.len.saturating_add(self.resumed.len())
    }

    /// Whether an id is present.
    pub(super) fn contains(&self, id: u64) -> bool {
        let bit = 1 << (id & 63);
        self.chunks.get(&(id >> 6)).is_some_and(|chunk| chunk.ids & bit != 0) || self.resumed.contains(id)
    }

    /// Adds an id unless it is present.
    pub(super) fn insert(&mut self, id: u64, stamp: Stamp) -> Known {
        let chunk = self.chunks.entry(id >> 6).or_default();
        let bit = 1 << (id & 63);
        let place = (chunk.ids & (bit - 1)).count_ones() as usize;
        if chunk.ids & bit != 0 {
            return Known::Before(chunk.stamps.get(place).copied());
        }
        if self.resumed.contains(id) {
            if chunk.ids == 0 {
                self.chunks.remove(&(id >> 6));
            }
            return Known::Before(None);
        }
        chunk.ids |= bit;
        chunk.stamps.insert(place, stamp);
        self.len += 1;
        Known::New
    }

    /// Replaces the stamp of an id that is present.
    pub(super) fn update(&mut self, id: u64, stamp: Stamp) {
        let Some(chunk) = self.chunks.get_mut(&(id >> 6)) else { return };
        let bit = 1 << (id & 63);
        let place = (chunk.ids & (bit - 1)).count_ones() as usize;
        if chunk.ids & bit != 0
            && let Some(present) = chunk.stamps.get_mut(place)
        {
            *present = stamp;
        }
    }

    /// The ids whose stamps satisfy `keep`, except those in `except`; and all ids that came from a cursor.
    pub(super) fn to_runs(&self, keep: impl Fn(Stamp) -> bool, except: &[u64]) -> Runs {
        let mut except = except.to_vec();
        except.sort_unstable();
        let mut numbers: Vec<_> = self.chunks.keys().copied().collect();
        numbers.sort_unstable();
        let mut runs = Runs::default();
        for number in numbers {
            let Some(chunk) = self.chunks.get(&number) else { continue };
            let mut stamps = chunk.stamps.iter();
            for bit in (0..64).filter(|bit| chunk.ids >> bit & 1 != 0) {
                let id = number << 6 | bit;
                let stamp = stamps.next().copied().unwrap_or_default();
                if keep(stamp) && except.binary_search(&id).is_err() {
                    runs.push(id..id.saturating_add(1).max(id));
                }
            }
        }
        runs.union(&self.resumed)
    }
}

/// A set of ids. Memory is a few bits a ticket where most ids of an install match the request, and at most about 40 bytes
/// a ticket where no two matching ids share an entry.
#[derive(Debug, Default)]
pub(super) struct IdSet {
    chunks: HashMap<u64, u64, RandomState>,
    len: u64,
}

impl IdSet {
    pub(super) fn insert(&mut self, id: u64) {
        let chunk = self.chunks.entry(id >> 6).or_default();
        let bit = 1 << (id & 63);
        self.len += u64::from(*chunk & bit == 0);
        *chunk |= bit;
    }

    /// How many ids there are.
    pub(super) fn len(&self) -> u64 {
        self.len
    }
}

/// Ids as runs of consecutive numbers, in rising order. Memory is 16 bytes a run.
///
/// The largest `u64` is never part of a run; a ticket that has it is yielded again after a resume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Runs(Vec<Range<u64>>);

impl Runs {
    pub(super) fn len(&self) -> u64 {
        self.0.iter().fold(0, |len: u64, run| len.saturating_add(run.end - run.start))
    }

    fn contains(&self, id: u64) -> bool {
        let after = self.0.partition_point(|run| run.start <= id);
        after.checked_sub(1).and_then(|index| self.0.get(index)).is_some_and(|run| run.contains(&id))
    }

    /// Appends a run that starts no earlier than the last one.
    fn push(&mut self, run: Range<u64>) {
        match self.0.last_mut() {
            _ if run.is_empty() => {}
            Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
            _ => self.0.push(run),
        }
    }

    fn union(&self, other: &Runs) -> Runs {
        let mut all: Vec<_> = self.0.iter().chain(&other.0).cloned().collect();
        all.sort_unstable_by_key(|run| run.start);
        let mut union = Runs::default();
        all.into_iter().for_each(|run| union.push(run));
        union
    }

    /// The distance of each run from the end of the one before, and `:` and its length if that is not 1.
    pub(super) fn to_text(&self) -> String {
        let (mut text, mut end) = (String::new(), 0);
        for run in &self.0 {
            let comma = if text.is_empty() { "" } else { "," };
            let _ = write!(text, "{comma}{}", run.start - end);
            if run.end - run.start > 1 {
                let _ = write!(text, ":{}", run.end - run.start);
            }
            end = run.end;
        }
        text
    }

    /// Reads such a text. Memory is bounded by its length, whatever numbers it holds.
    pub(super) fn from_text(text: &str) -> Option<Runs> {
        let (mut runs, mut end) = (Runs::default(), 0_u64);
        for run in text.split(',').filter(|run| !run.is_empty()) {
            let (distance, len) = run.split_once(':').unwrap_or((run, "1"));
            let start = end.checked_add(number(distance)?)?;
            end = start.checked_add(number(len)?)?;
            runs.push(start..end);
        }
        Some(runs)
    }
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
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
            assert_eq!(seen.insert(id, 9), Known::Before(Some(id as Stamp % 1000 + 1)));
        }
        seen.update(70, 99);
        assert_eq!(seen.insert(70, 9), Known::Before(Some(99)));
        assert_eq!(seen.insert(7, 9), Known::New);
        assert_eq!(seen.len(), 7);
    }

    #[test]
    fn a_stamp_is_replaced_whatever_ids_share_its_entry() {
        let ids = [3, 0, 63, 17, 40];
        let mut seen = Seen::default();
        for id in ids {
            seen.insert(id, id as Stamp + 1);
        }
        for (nth, id) in ids.into_iter().enumerate() {
            seen.update(id, id as Stamp + 100);
            for (other_nth, other) in ids.into_iter().enumerate() {
                let expected = if other_nth <= nth { other + 100 } else { other + 1 };
                assert_eq!(seen.insert(other, 9), Known::Before(Some(expected as Stamp)), "{id} {other}");
            }
        }
        // An id that is not present stays so, and changes no other.
        seen.update(5, 9);
        assert!(!seen.contains(5) && seen.len() == 5);
        for id in ids {
            assert_eq!(seen.insert(id, 9), Known::Before(Some(id as Stamp + 100)), "{id}");
        }
    }

    #[test]
    fn ids_of_a_cursor_take_no_entry() {
        let mut seen = Seen::default();
        seen.resume(Runs::from_text("70:5").unwrap());
        assert_eq!(seen.insert(71, 1), Known::Before(None));
        assert!(seen.chunks.is_empty() && seen.contains(74) && !seen.contains(75));
        assert_eq!(seen.insert(75, 1), Known::New);
        assert_eq!(seen.insert(72, 1), Known::Before(None));
        assert_eq!((seen.chunks.len(), seen.len()), (1, 6));
    }

    #[test]
    fn a_set_counts_each_id_once() {
        let mut set = IdSet::default();
        for (id, len) in [(5, 1), (5, 1), (6, 2), (69, 3), (6, 3), (5, 3), (0, 4)] {
            set.insert(id);
            assert_eq!(set.len(), len, "{id}");
        }
        assert_eq!(set.chunks.len(), 2, "64 consecutive ids share an entry");
    }

    #[test]
    fn ids_are_written_as_runs_and_read_back() {
        let mut seen = Seen::default();
        for id in (10..200).chain([0, 300, 302, 1 << 40]) {
            seen.insert(id, 1);
        }
        let text = seen.to_runs(|_| true, &[]).to_text();
        assert_eq!(text, "0,9:190,100,1,1099511627473");
        let mut again = Seen::default();
        again.resume(Runs::from_text(&text).unwrap());
        assert_eq!(again.insert(302, 1), Known::Before(None));
        assert_eq!(again.insert(301, 1), Known::New);
        assert_eq!(again.len(), 195);
        assert_eq!(again.to_runs(|_| true, &[]).to_text(), "0,9:190,100:3,1099511627473");
        assert_eq!(seen.to_runs(|_| true, &[10, 300]).to_text(), "0,10:189,102,1099511627473");
        assert_eq!(Runs::default().to_text(), "");
    }

    #[test]
    fn the_largest_number_and_empty_runs_are_left_out() {
        let mut seen = Seen::default();
        seen.insert(5, 1);
        seen.insert(u64::MAX, 1);
        let text = seen.to_runs(|_| true, &[]).to_text();
        assert_eq!(text, "5");
        assert_eq!(Runs::from_text(&text).unwrap().len(), 1);
        assert_eq!(Runs::from_text("3:0,2").unwrap().to_text(), "5");
    }

    #[test]
    fn memory_follows_from_the_length_of_the_text() {
        let runs = Runs::from_text("0:1000000000000").unwrap();
        assert_eq!((runs.0.len(), runs.len()), (1, 1_000_000_000_000));
        for text in ["x", "1:", "18446744073709551615,1", "-1", "+1", "1:+2"] {
            assert!(Runs::from_text(text).is_none(), "{text}");
        }
    }
}
