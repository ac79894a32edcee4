//! Every subject in memory, to be searched through: a search reads all of them, at memory's speed.
//!
//! A page needs the number of all matches and the few on it, and a search may be for two letters that half of
//! the tickets have. An index of words or trigrams would have to join and sort such lists, and knows no terms
//! of two letters; reading on is right by construction, and takes a few milliseconds for a million subjects,
//! however many match. Subjects stand folded, one behind the other, in the order of their tickets' last
//! replies, cut into stretches so that a change moves one stretch alone. What a search finds is the number of
//! matches in each stretch: so a page is reached by passing over whole stretches, as in the plain list, and
//! only those it lies in are read again.
//!
//! A ticket costs its folded subject and 25 bytes, and what the vectors of its stretch have to spare.

use std::sync::{Mutex, PoisonError};

use super::query::Filter;
use super::row;
use super::search::{self, END, Search};
use super::tally::Standing;

/// How many tickets a stretch holds at most; one that is full is cut in two.
const MOST: usize = 1_024;

/// How many threads read a large store at most, and how many stretches one takes at a time.
const MOST_THREADS: usize = 8;
const SHARE: usize = 16;

/// One bit a ticket of a stretch.
type Bits = [u64; MOST / 64];

/// The place of a ticket in the list, oldest first.
type Place = (i64, i64);

/// The subjects of a store.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    /// Every department and status that a ticket has had at once; tickets name them by place.
    classes: Vec<Class>,
    /// Oldest first.
    stretches: Vec<Stretch>,
}

#[derive(Debug, PartialEq)]
struct Class {
    deptid: i64,
    status: String,
}

/// Neighbours in the list. What a search reads of each ticket stands close together.
#[derive(Debug, Default)]
struct Stretch {
    /// Folded subjects, each with [`END`] behind it.
    text: Vec<u8>,
    /// Where the one behind the subject of each ticket stands.
    ends: Vec<u32>,
    classes: Vec<u32>,
    places: Vec<Place>,
}

/// How many tickets match a search in each stretch, oldest first, until the next change.
#[derive(Debug)]
pub(super) struct Matches {
    in_stretches: Vec<u32>,
    total: usize,
}

impl Matches {
    /// How many match in all.
    pub(super) fn len(&self) -> usize {
        self.total
    }
}

impl Subjects {
    /// Puts a ticket among the others.
    pub(super) fn add(&mut self, id: i64, standing: &Standing, folded: &str) {
        let (place, class) = ((standing.lastreply, id), self.class(standing));
        if self.stretches.is_empty() {
            self.stretches.push(Stretch::default());
        }
        let at = self.stretch_of(place);
        let Some(stretch) = self.stretches.get_mut(at) else { return };
        stretch.insert(place, class, folded);
        if let Some(newer) = stretch.cut() {
            self.stretches.insert(at + 1, newer);
        }
    }

    /// Takes a ticket out and gives its folded subject.
    pub(super) fn remove(&mut self, id: i64, standing: &Standing) -> String {
        let place = (standing.lastreply, id);
        let at = self.stretch_of(place);
        let Some(stretch) = self.stretches.get_mut(at) else { return String::new() };
        let folded = stretch.remove(place);
        if stretch.places.is_empty() {
            self.stretches.remove(at);
        }
        folded
    }

    /// Counts the tickets of the filter's departments and statuses whose subject matches. Large stores are
    /// read by several threads.
    pub(super) fn count(&self, search: &Search, filter: &Filter) -> Matches {
        let wanted = self.wanted(filter);
        let mut in_stretches = vec![0; self.stretches.len()];
        let shares = self.stretches.chunks(SHARE).zip(in_stretches.chunks_mut(SHARE));
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(shares.len());
        let shares = Mutex::new(shares);
        let next = || shares.lock().unwrap_or_else(PoisonError::into_inner).next();
        // Each takes a share when it is done with its last, so that none waits for one that others hold up.
        let read = || {
            let mut marks = Vec::new();
            while let Some((stretches, counts)) = next() {
                for (stretch, count) in stretches.iter().zip(counts) {
                    let matching = stretch.matching(search, &wanted, &mut marks);
                    *count = matching.iter().map(|word| word.count_ones()).sum();
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads.min(MOST_THREADS) {
                scope.spawn(read);
            }
            read();
        });
        let total = in_stretches.iter().map(|count| *count as usize).sum();
        Matches { in_stretches, total }
    }

    /// The ids of up to `limit` tickets that match, from `offset` on, newest first. `matches` is what was
    /// counted for the same search and filter since the last change.
    pub(super) fn page(
        &self,
        search: &Search,
        filter: &Filter,
        matches: &Matches,
        (offset, limit): (usize, usize),
    ) -> Vec<i64> {
        let (wanted, mut marks) = (self.wanted(filter), Vec::new());
        let (mut to_skip, mut ids) = (offset, Vec::new());
        for (stretch, count) in self.stretches.iter().zip(&matches.in_stretches).rev() {
            if to_skip >= *count as usize {
                to_skip -= *count as usize;
                continue;
            }
            let left = limit - ids.len();
            if left == 0 {
                break;
            }
            let matching = stretch.matching(search, &wanted, &mut marks);
            let newest_first =
                stretch.places.iter().enumerate().rev().filter(|(at, _)| is_set(&matching, *at));
            ids.extend(newest_first.map(|(_, (_, id))| id).skip(to_skip).take(left));
            to_skip = 0;
        }
        ids
    }

    /// Which classes are of the filter's departments and statuses.
    fn wanted(&self, filter: &Filter) -> Vec<bool> {
        let is_wanted = |class: &Class| {
            let departments = filter.departments.as_ref();
            filter.statuses.as_ref().is_none_or(|some| some.contains(&class.status))
                && departments.is_none_or(|some| some.contains(&row::unsigned(class.deptid)))
        };
        self.classes.iter().map(is_wanted).collect()
    }

    /// Whether the subject of this ticket matches.
    pub(super) fn matches(&self, search: &Search, lastreply: i64, id: i64) -> bool {
        let stretch = self.stretches.get(self.stretch_of((lastreply, id)));
        let subject = stretch.and_then(|stretch| stretch.subject(stretch.find((lastreply, id)).ok()?));
        subject.is_some_and(|subject| search.is_in(subject))
    }

    fn class(&mut self, standing: &Standing) -> u32 {
        let is_same = |class: &Class| class.deptid == standing.deptid && class.status == standing.status;
        let place = self.classes.iter().position(is_same).unwrap_or_else(|| {
            self.classes.push(Class { deptid: standing.deptid, status: standing.status.clone() });
            self.classes.len() - 1
        });
        place as u32
    }

    /// The last stretch that starts at or before this place, or else the first.
    fn stretch_of(&self, place: Place) -> usize {
        let starts_before = |stretch: &Stretch| stretch.places.first().is_none_or(|first| *first <= place);
        self.stretches.partition_point(starts_before).saturating_sub(1)
    }
}

impl Stretch {
    fn find(&self, place: Place) -> Result<usize, usize> {
        self.places.binary_search(&place)
    }

    /// Where the subject of the ticket at this index starts.
    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize + 1)
    }

    fn subject(&self, at: usize) -> Option<&[u8]> {
        self.text.get(self.start(at)..*self.ends.get(at)? as usize)
    }

    fn insert(&mut self, place: Place, class: u32, folded: &str) {
        let (Ok(at) | Err(at)) = self.find(place);
        let start = self.start(at);
        self.text.splice(start..start, folded.bytes().chain([END]));
        self.places.insert(at, place);
        self.classes.insert(at, class);
        self.ends.iter_mut().skip(at).for_each(|end| *end += folded.len() as u32 + 1);
        self.ends.insert(at, (start + folded.len()) as u32);
    }

    fn remove(&mut self, place: Place) -> String {
        let Ok(at) = self.find(place) else { return String::new() };
        let start = self.start(at);
        self.places.remove(at);
        self.classes.remove(at);
        let end = self.ends.remove(at) as usize;
        self.ends.iter_mut().skip(at).for_each(|later| *later -= (end + 1 - start) as u32);
        let mut folded: Vec<u8> = self.text.drain(start..=end).collect();
        folded.pop();
        String::from_utf8(folded).unwrap_or_default()
    }

    /// The newer half of a stretch that is full.
    fn cut(&mut self) -> Option<Stretch> {
        if self.places.len() < MOST {
            return None;
        }
        let at = MOST / 2;
        let start = self.start(at);
        let ends = self.ends.split_off(at).into_iter().map(|end| end - start as u32).collect();
        Some(Stretch {
            text: self.text.split_off(start),
            ends,
            classes: self.classes.split_off(at),
            places: self.places.split_off(at),
        })
    }

    /// Which tickets are of a class that is wanted, and match.
    fn matching(&self, search: &Search, wanted: &[bool], marks: &mut Vec<u64>) -> Bits {
        let mut matching = Bits::default();
        search.mark(&self.text, marks);
        if marks.iter().all(|word| *word == 0) {
            return matching;
        }
        let tickets = self.ends.chunks(64).zip(self.classes.chunks(64));
        for (word, (ends, classes)) in matching.iter_mut().zip(tickets) {
            for (bit, (end, class)) in ends.iter().zip(classes).enumerate() {
                let is_wanted = wanted.get(*class as usize) == Some(&true);
                *word |= u64::from(is_wanted & search::is_marked(marks, *end as usize)) << bit;
            }
        }
        if !search.is_exact() {
            self.verify(search, &mut matching);
        }
        matching
    }

    /// Strikes out the tickets whose subject does not match after all.
    fn verify(&self, search: &Search, matching: &mut Bits) {
        for (index, word) in matching.iter_mut().enumerate() {
            let mut left = *word;
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                let subject = self.subject(index * 64 + bit as usize);
                if !subject.is_some_and(|subject| search.is_in(subject)) {
                    *word &= !(1 << bit);
                }
            }
        }
    }
}

fn is_set(bits: &Bits, at: usize) -> bool {
    bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Draw;
    use crate::store::text;

    const WORDS: [&str; 8] = ["", "a", "ab", "Rechnung", "échec", "bab", "Order &amp; go", "a b"];

    fn standing(draw: &mut Draw) -> Standing {
        let status = if draw.below(2) == 0 { "Open" } else { "Closed" };
        Standing { lastreply: draw.below(900) as i64, deptid: draw.below(3) as i64, status: status.into() }
    }

    /// The same by the plainest means.
    fn listed(tickets: &[(i64, Standing, String)], searched: &str, filter: &Filter) -> Vec<i64> {
        let mut found: Vec<_> = tickets
            .iter()
            .filter(|(_, standing, folded)| {
                folded.contains(&text::folded(searched))
                    && filter.statuses.as_ref().is_none_or(|some| some.contains(&standing.status))
                    && filter.departments.as_ref().is_none_or(|some| some.contains(&(standing.deptid as u64)))
            })
            .map(|(id, standing, _)| (standing.lastreply, *id))
            .collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.into_iter().map(|(_, id)| id).collect()
    }

    #[test]
    fn a_search_finds_what_contains_it_while_tickets_come_change_and_go() {
        let (mut subjects, mut tickets, mut draw) = (Subjects::default(), Vec::new(), Draw::new(7, 0));
        for id in 1..=60_000_i64 {
            if draw.below(3) == 0 && !tickets.is_empty() {
                let at = draw.below(tickets.len() as u64) as usize;
                let (id, before, folded): (i64, Standing, String) = tickets.swap_remove(at);
                assert_eq!(subjects.remove(id, &before), folded);
                if draw.below(2) == 0 {
                    let after = standing(&mut draw);
                    subjects.add(id, &after, &folded);
                    tickets.push((id, after, folded));
                }
            }
            let subject: String = (0..draw.below(4)).map(|_| WORDS[draw.below(8) as usize]).collect();
            let (standing, folded) = (standing(&mut draw), text::folded(&subject));
            subjects.add(id, &standing, &folded);
            tickets.push((id, standing, folded));
        }
        assert!(subjects.stretches.len() > 2 * SHARE);
        let long = "order & gorechnungaechec";
        let closed = Filter { statuses: Some(vec!["Closed".into()]), ..Filter::default() };
        let departments = Filter { departments: Some(vec![0, 2]), ..Filter::default() };
        let nothing = Filter { statuses: Some(vec![]), ..Filter::default() };
        for filter in [Filter::default(), closed, departments, nothing] {
            for searched in ["", "b", "ba", "aba", "ECHEC", "rechnung", "gorech", "Order & Go", "none", long]
            {
                let (search, expected) = (Search::new(searched), listed(&tickets, searched, &filter));
                let matches = subjects.count(&search, &filter);
                assert_eq!(matches.len(), expected.len(), "{searched:?}");
                let (middle, last) = (expected.len() / 2, expected.len().saturating_sub(25));
                for (offset, limit) in
                    [(0, usize::MAX), (0, 0), (middle, 1), (middle, 2_000), (last, 25), (last + 25, 25)]
                {
                    let page = subjects.page(&search, &filter, &matches, (offset, limit));
                    let plain: Vec<_> = expected.iter().copied().skip(offset).take(limit).collect();
                    assert_eq!(page, plain, "{searched:?} from {offset}, {limit} at most");
                }
            }
        }
        let search = Search::new("echec");
        for (id, standing, folded) in &tickets {
            assert_eq!(subjects.matches(&search, standing.lastreply, *id), folded.contains("echec"));
        }
    }
}
