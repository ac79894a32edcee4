//! [`Order`]: which simple orders of the list no page has contradicted yet.
//!
//! The order is not documented, so it is observed. A page is a snapshot, and two neighboring rows on it that contradict
//! an order disprove it for good. Every page that arrives is observed, whether or not the pass accepts it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::row::{Row, Stamp};

/// How many pairs of neighbors must support an order before the verification relies on it.
const CONVINCING_PAIRS: u32 = 8;
/// How many neighbors with equal keys must agree on the direction of their ids before ties count as resolved.
/// Ties in random order pass this with a probability of 2^-23.
const CONVINCING_TIES: u32 = 24;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum By {
    Lastreply,
    Date,
    Id,
}

/// One order that the list may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Candidate {
    by: By,
    descending: bool,
    disproved: bool,
    /// Neighbors in this order, ties not counted.
    pairs: u32,
    /// Neighbors that tie and have rising ids.
    ties_up: u32,
    /// Neighbors that tie and have falling ids.
    ties_down: u32,
    /// Two pages of the last pass over the whole list, or of one since, were joined weakly: only by rows of a group of
    /// ties, whose order within the group is not known.
    weak: bool,
}

impl Candidate {
    const fn new(by: By, descending: bool) -> Candidate {
        Candidate { by, descending, disproved: false, pairs: 0, ties_up: 0, ties_down: 0, weak: false }
    }

    fn key(&self, row: &Row) -> u64 {
        match self.by {
            By::Lastreply => u64::from(row.lastreply),
            By::Date => u64::from(row.date),
            By::Id => row.id,
        }
    }

    fn observe(&mut self, a: &Row, b: &Row) {
        let order = self.key(a).cmp(&self.key(b));
        match if self.descending { order.reverse() } else { order } {
            Ordering::Less => self.pairs = self.pairs.saturating_add(1),
            Ordering::Greater => self.disproved = true,
            Ordering::Equal if a.id < b.id => self.ties_up = self.ties_up.saturating_add(1),
            // A row that is repeated says nothing about ties.
            Ordering::Equal if a.id == b.id => {}
            Ordering::Equal => self.ties_down = self.ties_down.saturating_add(1),
        }
    }

    /// Whether ties are known to be ordered by id, so that no two tickets tie.
    fn resolves_ties(&self) -> bool {
        let (more, fewer) = (self.ties_up.max(self.ties_down), self.ties_up.min(self.ties_down));
        self.by == By::Id || (fewer == 0 && more >= CONVINCING_TIES)
    }

    fn is_convincing(&self) -> bool {
        !self.disproved && self.pairs >= CONVINCING_PAIRS && (!self.weak || self.resolves_ties())
    }
}

/// What the observed order allows the verification to conclude.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// By id or date: a ticket keeps its place whatever happens to it.
    NothingMoves,
    /// By last reply, newest first: a ticket that is answered moves to the front.
    NewestReplyFirst,
    /// By last reply, oldest first: a ticket that is answered moves to the end.
    OldestReplyFirst,
    /// None of these, or not enough is known.
    Unknown,
}

/// A set of candidates, one bit each.
pub(super) type Mask = u8;

/// What is known of the list's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    candidates: [Candidate; 6],
}

impl Default for Order {
    fn default() -> Order {
        Order {
            candidates: [
                Candidate::new(By::Lastreply, true),
                Candidate::new(By::Lastreply, false),
                Candidate::new(By::Id, true),
                Candidate::new(By::Id, false),
                Candidate::new(By::Date, true),
                Candidate::new(By::Date, false),
            ],
        }
    }
}

impl Order {
    /// Observes the rows of one page.
    pub(super) fn observe(&mut self, rows: &[Row]) {
        for (a, b) in rows.iter().zip(rows.iter().skip(1)) {
            // A disproved order stays so.
            for candidate in self.candidates.iter_mut().filter(|candidate| !candidate.disproved) {
                candidate.observe(a, b);
            }
        }
    }

    fn possible(&self) -> impl Iterator<Item = (usize, &Candidate)> {
        self.candidates.iter().enumerate().filter(|(_, candidate)| !candidate.disproved)
    }

    fn find(&self, by: By, descending: bool) -> Option<&Candidate> {
        self.possible()
            .map(|(_, candidate)| candidate)
            .find(|candidate| candidate.by == by && candidate.descending == descending)
    }

    /// Whether the list may be ordered by the last reply, newest first.
    pub(super) fn may_be_newest_reply_first(&self) -> bool {
        self.find(By::Lastreply, true).is_some()
    }

    /// Whether nothing but the last reply, newest first, explains the list so far.
    pub(super) fn only_newest_reply_first(&self) -> bool {
        self.shape() == Shape::NewestReplyFirst && self.possible().count() == 1
    }

    pub(super) fn disprove_newest_reply_first(&mut self) {
        for candidate in &mut self.candidates {
            candidate.disproved |= candidate.by == By::Lastreply && candidate.descending;
        }
    }

    /// What the order is, as far as all pages so far show.
    ///
    /// Where several orders are possible, the shape is that of the one in which tickets can move.
    pub(super) fn shape(&self) -> Shape {
        if let Some(candidate) = self.find(By::Lastreply, true) {
            return if candidate.is_convincing() { Shape::NewestReplyFirst } else { Shape::Unknown };
        }
        if let Some(candidate) = self.find(By::Lastreply, false) {
            return if candidate.is_convincing() { Shape::OldestReplyFirst } else { Shape::Unknown };
        }
        match self.possible().any(|(_, candidate)| candidate.is_convincing()) {
            // Every order that is possible must hold, as any of them may be the list's.
            true if self.possible().all(|(_, candidate)| !candidate.weak || candidate.resolves_ties()) => {
                Shape::NothingMoves
            }
            _ => Shape::Unknown,
        }
    }

    /// The orders in which all tickets that tie with the row are on this page.
    pub(super) fn whole_on(&self, rows: &[Row], row: &Row) -> Mask {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return 0 };
        let whole = |candidate: &Candidate| {
            let key = candidate.key(row);
            key != candidate.key(first) && key != candidate.key(last)
        };
        self.candidates
            .iter()
            .enumerate()
            .filter(|(_, candidate)| candidate.by == By::Id || whole(candidate))
            .fold(0, |mask, (index, _)| mask | 1 << index)
    }

    /// The possible orders whose ties are not known to be ordered by id. For them, a join inside a group of ties proves
    /// nothing.
    pub(super) fn unresolved(&self) -> Mask {
        self.possible()
            .filter(|(_, candidate)| !candidate.resolves_ties())
            .fold(0, |mask, (index, _)| mask | 1 << index)
    }

    /// Whether pages were already joined weakly in every unresolved order, so that another weak join changes nothing.
    pub(super) fn is_weak(&self) -> bool {
        self.possible().all(|(_, candidate)| candidate.weak || candidate.resolves_ties())
    }

    /// Notes that two pages were joined weakly in these orders.
    pub(super) fn note_weak(&mut self, weak: Mask) {
        for (index, candidate) in self.candidates.iter_mut().enumerate() {
            candidate.weak |= weak >> index & 1 != 0;
        }
    }

    /// Forgets the weak joins of earlier passes. Returns whether there were any.
    pub(super) fn forget_weak(&mut self) -> bool {
        let weak = self.candidates.iter().any(|candidate| candidate.weak);
        self.candidates.iter_mut().for_each(|candidate| candidate.weak = false);
        weak
    }

    /// How many rows the next page has to overlap with these to be joined outside of any group of ties: all that tie
    /// with the last one, and one more.
    pub(super) fn needed_overlap(&self, rows: &[Row]) -> usize {
        let Some(last) = rows.last() else { return 0 };
        let tied = |candidate: &Candidate| {
            rows.iter().rev().take_while(|row| candidate.key(row) == candidate.key(last)).count()
        };
        let unresolved = self.possible().filter(|(_, candidate)| !candidate.resolves_ties());
        unresolved.map(|(_, candidate)| tied(candidate)).max().unwrap_or(1) + 1
    }

    /// The mark: a time no later than the server's clock when this page, the first of the list, was read.
    ///
    /// It is the last reply of the 17th row, or of the middle row of a page of fewer than 32 rows, because a few
    /// tickets may be dated ahead of the clock.
    pub(super) fn watermark(rows: &[Row]) -> Option<Stamp> {
        let last = rows.len().checked_sub(1)?;
        rows.get((rows.len() / 2).min(16).min(last)).map(|row| row.lastreply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(keys: &[(u64, Stamp)]) -> Vec<Row> {
        keys.iter().map(|&(id, lastreply)| Row { id, lastreply, date: id as Stamp, fingerprint: 0 }).collect()
    }

    #[test]
    fn one_pair_against_an_order_disproves_it() {
        let mut order = Order::default();
        order.observe(&rows(&[(1, 30), (2, 20), (3, 10)]));
        assert!(order.may_be_newest_reply_first());
        order.observe(&rows(&[(4, 10), (5, 20)]));
        assert!(!order.may_be_newest_reply_first());
        assert_eq!(order.shape(), Shape::Unknown, "ids rise, but too few pairs support that");
        order.observe(&rows(&(10..20).map(|id| (id, id as Stamp % 3)).collect::<Vec<_>>()));
        assert_eq!(order.shape(), Shape::NothingMoves);
        order.observe(&rows(&[(5, 20), (1, 30)]));
        assert_eq!(order.shape(), Shape::Unknown);
    }

    #[test]
    fn the_order_is_newest_reply_first_once_all_others_are_disproved() {
        let mut order = Order::default();
        order.observe(&rows(&(0..20).map(|n| (100 - n, 100 - n as Stamp)).collect::<Vec<_>>()));
        assert_eq!(order.shape(), Shape::NewestReplyFirst);
        assert!(!order.only_newest_reply_first(), "ids fall as well");
        order.observe(&rows(&[(7, 50), (70, 40)]));
        assert!(order.only_newest_reply_first());
    }

    #[test]
    fn disproving_the_order_by_reply_leaves_the_other_falling_orders() {
        let mut order = Order::default();
        order.observe(&rows(&(0..20).map(|n| (100 - n, 100 - n as Stamp)).collect::<Vec<_>>()));
        order.disprove_newest_reply_first();
        assert!(!order.may_be_newest_reply_first());
        assert_eq!(order.shape(), Shape::NothingMoves, "ids and dates fall as well");
    }

    #[test]
    fn a_join_inside_ties_counts_unless_their_order_is_known() {
        let mut order = Order::default();
        order.observe(&rows(&[
            (50, 90),
            (1, 80),
            (90, 70),
            (80, 60),
            (7, 50),
            (6, 40),
            (9, 30),
            (10, 20),
            (5, 10),
        ]));
        assert_eq!(order.shape(), Shape::NewestReplyFirst);
        order.note_weak(order.unresolved());
        assert_eq!(order.shape(), Shape::Unknown);
        order.observe(&rows(&(0..30).map(|id| (id, 5)).collect::<Vec<_>>()));
        assert_eq!(order.shape(), Shape::NewestReplyFirst, "ties are ordered by id");
        assert_eq!(order.needed_overlap(&rows(&[(1, 9), (2, 5), (3, 5)])), 2);
    }

    #[test]
    fn the_overlap_reaches_beyond_the_ties_at_the_end() {
        let order = Order::default();
        assert_eq!(order.needed_overlap(&rows(&[(3, 9), (2, 8), (1, 7)])), 2);
        assert_eq!(order.needed_overlap(&rows(&[(4, 9), (3, 7), (2, 7), (1, 7)])), 4);
    }
}
