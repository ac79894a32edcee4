//! Every subject in memory, to be searched through: a search reads all of them, at memory's speed.
//!
//! A page needs the number of all matches and the newest of them, and a search may be for two letters that
//! half of the tickets have. An index of words or trigrams would have to join and sort such lists, and knows
//! no terms of two letters; reading on is right by construction, and takes a few milliseconds for a million
//! subjects, and some tens where hundreds of thousands match. Subjects stand folded, one behind the other, in
//! the order of their tickets' last replies, cut into stretches so that a change moves one stretch alone.

use memchr::memmem::Finder;

use super::query::Filter;
use super::tally::Standing;
use super::{row, text};

/// How many tickets a stretch holds at most; one that is full is cut in two.
const MOST: usize = 1_024;

/// How many threads read a large store at most, and how many stretches are worth a thread.
const MOST_THREADS: usize = 8;
const LEAST_SHARE: usize = 16;

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
    text: String,
    /// Where the subject of each ticket ends in the text; it starts where the one before it ends.
    ends: Vec<u32>,
    classes: Vec<u32>,
    places: Vec<Place>,
}

/// A ticket that a search has found, by where its subject stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    stretch: u32,
    ticket: u32,
}

/// What is searched for.
pub(super) struct Search<'a>(Finder<'a>);

impl Search<'_> {
    pub(super) fn new(subject: &str) -> Search<'static> {
        Search(Finder::new(&text::folded(subject)).into_owned())
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

    /// The tickets of the filter's departments and statuses whose subject matches, newest first. Large
    /// stores are read by several threads.
    pub(super) fn matching(&self, search: &Search<'_>, filter: &Filter) -> Vec<Found> {
        let is_wanted = |class: &Class| {
            let departments = filter.departments.as_ref();
            filter.statuses.as_ref().is_none_or(|some| some.contains(&class.status))
                && departments.is_none_or(|some| some.contains(&row::unsigned(class.deptid)))
        };
        let wanted: Vec<bool> = self.classes.iter().map(is_wanted).collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let share = self.stretches.len().div_ceil(threads).max(LEAST_SHARE);
        let shares = self.stretches.chunks(share).enumerate();
        let mut newest_first = shares.map(|(index, stretches)| (index * share, stretches)).rev();
        let read = |(first, stretches)| matching_in(first, stretches, search, &wanted);
        let Some(newest) = newest_first.next() else { return Vec::new() };
        std::thread::scope(|scope| {
            let older: Vec<_> = newest_first.map(|share| scope.spawn(move || read(share))).collect();
            let mut found = read(newest);
            for share in older {
                match share.join() {
                    Ok(matching) => found.extend(matching),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            found
        })
    }

    /// The id of a ticket that was found since the last change.
    pub(super) fn id(&self, found: Found) -> Option<i64> {
        let stretch = self.stretches.get(found.stretch as usize)?;
        stretch.places.get(found.ticket as usize).map(|(_, id)| *id)
    }

    /// Whether the subject of this ticket matches.
    pub(super) fn matches(&self, search: &Search<'_>, lastreply: i64, id: i64) -> bool {
        let stretch = self.stretches.get(self.stretch_of((lastreply, id)));
        let subject = stretch.and_then(|stretch| stretch.subject(stretch.find((lastreply, id)).ok()?));
        subject.is_some_and(|subject| search.0.find(subject.as_bytes()).is_some())
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

/// What matches in these stretches, of which the first is the store's at `first`.
fn matching_in(first: usize, stretches: &[Stretch], search: &Search<'_>, wanted: &[bool]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for (index, stretch) in stretches.iter().enumerate().rev() {
        let newer = found.len();
        stretch.for_each_match(search, |ticket| {
            let class = stretch.classes.get(ticket).copied().unwrap_or_default();
            if wanted.get(class as usize) == Some(&true) {
                found.push(Found { stretch: (first + index) as u32, ticket: ticket as u32 });
            }
        });
        found.get_mut(newer..).unwrap_or_default().reverse();
    }
    found
}

impl Stretch {
    fn find(&self, place: Place) -> Result<usize, usize> {
        self.places.binary_search(&place)
    }

    /// Where the subject of the ticket at this index starts.
    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize)
    }

    fn subject(&self, at: usize) -> Option<&str> {
        self.text.get(self.start(at)..*self.ends.get(at)? as usize)
    }

    fn insert(&mut self, place: Place, class: u32, folded: &str) {
        let (Ok(at) | Err(at)) = self.find(place);
        let start = self.start(at);
        self.text.insert_str(start, folded);
        self.places.insert(at, place);
        self.classes.insert(at, class);
        self.ends.insert(at, start as u32);
        self.ends.iter_mut().skip(at).for_each(|end| *end += folded.len() as u32);
    }

    fn remove(&mut self, place: Place) -> String {
        let Ok(at) = self.find(place) else { return String::new() };
        let start = self.start(at);
        self.places.remove(at);
        self.classes.remove(at);
        let end = self.ends.remove(at) as usize;
        self.ends.iter_mut().skip(at).for_each(|later| *later -= (end - start) as u32);
        self.text.drain(start..end).collect()
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

    /// Tells the index of every ticket that matches, oldest first.
    fn for_each_match(&self, search: &Search<'_>, mut tell: impl FnMut(usize)) {
        let len = search.0.needle().len();
        if len == 0 {
            return (0..self.places.len()).for_each(tell);
        }
        let (mut from, mut at) = (0, 0);
        while let Some(next) = self.text.as_bytes().get(from..).and_then(|rest| search.0.find(rest)) {
            let start = from + next;
            let rest = self.ends.get(at..).unwrap_or_default();
            at += first_above(rest, start);
            let Some(end) = self.ends.get(at).map(|end| *end as usize) else { return };
            // What starts in one subject and ends in the next is no match.
            from = if start + len <= end {
                tell(at);
                end
            } else {
                start + 1
            };
        }
    }
}

/// The index of the first end above this offset: near the front for a search that many tickets match.
fn first_above(ends: &[u32], offset: usize) -> usize {
    let is_not_above = |end: &u32| *end as usize <= offset;
    let (near, _) = ends.split_at_checked(8).unwrap_or((ends, &[]));
    match near.iter().position(|end| !is_not_above(end)) {
        Some(at) => at,
        None => ends.partition_point(is_not_above),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Draw;

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
        assert!(subjects.stretches.len() > LEAST_SHARE);
        let closed = Filter { statuses: Some(vec!["Closed".into()]), ..Filter::default() };
        let departments = Filter { departments: Some(vec![0, 2]), ..Filter::default() };
        for filter in [Filter::default(), closed, departments] {
            for searched in ["", "b", "aba", "ECHEC", "rechnung", "gorech", "Order & Go", "none", "ba"] {
                let found = subjects.matching(&Search::new(searched), &filter);
                let found: Vec<_> = found.into_iter().filter_map(|one| subjects.id(one)).collect();
                assert_eq!(found, listed(&tickets, searched, &filter), "{searched:?}");
            }
        }
        let search = Search::new("echec");
        for (id, standing, folded) in &tickets {
            assert_eq!(subjects.matches(&search, standing.lastreply, *id), folded.contains("echec"));
        }
    }
}
