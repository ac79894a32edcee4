//! [`Order`]: which orders of the list no page has contradicted yet.
//!
//! The order is not documented, so nothing is assumed that can be looked at. A page is one moment's state
//! of the list; two rows that stand on it against an order therefore disprove that order for good.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::row::{Row, Stamp};

/// How many pairs must speak for an order before something rests on it that costs tickets if it is wrong.
const CONVINCING: u32 = 8;

/// What a list may be ordered by.
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
    /// How many neighbours stood in this order, not counting ties.
    pairs: u32,
    /// How many neighbours tied and had rising ids.
    ties_up: u32,
    /// How many neighbours tied and had falling ids.
    ties_down: u32,
}

/// How one row stands to another in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// Before it, or is it.
    NotAfter,
    /// After it.
    After,
    /// They tie, and what decides between them is not known.
    Tied,
}

impl Candidate {
    const fn new(by: By, descending: bool) -> Candidate {
        Candidate { by, descending, disproved: false, pairs: 0, ties_up: 0, ties_down: 0 }
    }

    /// By the key alone.
    fn compare(&self, a: &Row, b: &Row) -> Ordering {
        let order = match self.by {
            By::Lastreply => a.lastreply.cmp(&b.lastreply),
            By::Date => a.date.cmp(&b.date),
            By::Id => a.id.cmp(&b.id),
        };
        if self.descending { order.reverse() } else { order }
    }

    fn observe(&mut self, a: &Row, b: &Row) {
        match self.compare(a, b) {
            Ordering::Less => self.pairs = self.pairs.saturating_add(1),
            Ordering::Greater => self.disproved = true,
            Ordering::Equal if a.id < b.id => self.ties_up = self.ties_up.saturating_add(1),
            Ordering::Equal => self.ties_down = self.ties_down.saturating_add(1),
        }
    }

    fn stands(&self, a: &Row, b: &Row) -> Stands {
        match self.compare(a, b) {
            Ordering::Less => Stands::NotAfter,
            Ordering::Greater => Stands::After,
            Ordering::Equal if self.by == By::Id => Stands::NotAfter,
            Ordering::Equal if self.ties_up >= CONVINCING && self.ties_down == 0 => {
                if a.id <= b.id {
                    Stands::NotAfter
                } else {
                    Stands::After
                }
            }
            Ordering::Equal if self.ties_down >= CONVINCING && self.ties_up == 0 => {
                if a.id >= b.id {
                    Stands::NotAfter
                } else {
                    Stands::After
                }
            }
            Ordering::Equal => Stands::Tied,
        }
    }
}

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
    /// Takes in a page.
    pub(super) fn observe(&mut self, rows: &[Row]) {
        for (a, b) in rows.iter().zip(rows.iter().skip(1)) {
            self.candidates.iter_mut().for_each(|candidate| candidate.observe(a, b));
        }
    }

    fn possible(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(|candidate| !candidate.disproved)
    }

    fn newest_reply_first(&self) -> Option<&Candidate> {
        self.possible().find(|candidate| candidate.by == By::Lastreply && candidate.descending)
    }

    /// Whether every order is disproved, or none has anything that speaks for it.
    pub(super) fn is_unknown(&self) -> bool {
        !self.possible().any(|candidate| candidate.pairs > 0)
    }

    /// Whether enough speaks for one of the orders that are possible.
    pub(super) fn is_convincing(&self) -> bool {
        self.possible().any(|candidate| candidate.pairs >= CONVINCING)
    }

    /// Whether the list may be ordered by the last reply, newest first: then a ticket that is answered
    /// moves against the reader.
    pub(super) fn may_be_newest_reply_first(&self) -> bool {
        self.newest_reply_first().is_some()
    }

    /// Whether nothing but the last reply, newest first, explains what was seen: then all after a row are
    /// known to be no newer.
    pub(super) fn is_newest_reply_first(&self) -> bool {
        self.newest_reply_first().is_some_and(|candidate| candidate.pairs >= CONVINCING)
            && self.possible().all(|candidate| candidate.by == By::Lastreply)
    }

    /// What contradicts that an answered ticket moves to the front was seen elsewhere than on a page.
    pub(super) fn disprove_newest_reply_first(&mut self) {
        for candidate in &mut self.candidates {
            candidate.disproved |= candidate.by == By::Lastreply && candidate.descending;
        }
    }

    /// How `a` stands to `b` in every order that is possible; none if that is not the same, or if no order
    /// is possible.
    pub(super) fn stands(&self, a: &Row, b: &Row) -> Option<Stands> {
        let mut all = self.possible().map(|candidate| candidate.stands(a, b));
        let first = all.next()?;
        all.try_fold(first, |so_far, next| match (so_far, next) {
            (a, b) if a == b => Some(a),
            // What ties in one order is placed no better by another that may not be the true one.
            (Stands::Tied, Stands::NotAfter) | (Stands::NotAfter, Stands::Tied) => Some(Stands::Tied),
            _ => None,
        })
    }

    /// How many rows at the end of a page tie with the last one, itself included.
    pub(super) fn ties_at_end(&self, rows: &[Row]) -> usize {
        let Some(last) = rows.last() else { return 0 };
        let tied = |candidate: &Candidate| {
            rows.iter().rev().take_while(|row| candidate.compare(row, last) == Ordering::Equal).count()
        };
        self.possible().map(tied).max().unwrap_or(1)
    }

    /// A time no later than the server's clock was when this page, the first of the list, was read: every
    /// reply since then is at least as new.
    ///
    /// It is taken a few rows down, as tickets may stand above that are dated ahead of the clock.
    pub(super) fn watermark(rows: &[Row]) -> Option<Stamp> {
        rows.get((rows.len() / 4).min(16)).map(|row| row.lastreply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(keys: &[(u64, Stamp)]) -> Vec<Row> {
        keys.iter().map(|&(id, lastreply)| Row { id, lastreply, date: id as Stamp, print: 0 }).collect()
    }

    #[test]
    fn one_pair_against_an_order_disproves_it() {
        let mut order = Order::default();
        assert!(order.is_unknown());
        order.observe(&rows(&[(1, 30), (2, 20), (3, 10)]));
        assert!(order.may_be_newest_reply_first() && !order.is_newest_reply_first());
        order.observe(&rows(&[(4, 10), (5, 20)]));
        assert!(!order.may_be_newest_reply_first());
        assert!(!order.is_unknown(), "ids still rise");
        order.observe(&rows(&[(5, 20), (1, 30)]));
        assert!(order.is_unknown());
    }

    #[test]
    fn newest_reply_first_is_certain_only_when_nothing_else_explains_the_list() {
        let falling: Vec<_> = (0..20).map(|n| (100 - n, 100 - n as Stamp)).collect();
        let mut order = Order::default();
        order.observe(&rows(&falling));
        assert!(order.may_be_newest_reply_first() && !order.is_newest_reply_first(), "ids fall as well");
        order.observe(&rows(&[(7, 50), (70, 40)]));
        assert!(order.is_newest_reply_first());
    }

    #[test]
    fn ties_are_placed_by_id_once_enough_of_them_were() {
        let tied: Vec<_> = (1..12).map(|id| (id, 5)).collect();
        let mut order = Order::default();
        order.observe(&rows(&[(50, 9), (1, 5), (90, 3), (80, 2)]));
        let pair = rows(&[(1, 5), (2, 5)]);
        assert_eq!(order.stands(&pair[0], &pair[1]), Some(Stands::Tied));
        order.observe(&rows(&tied));
        assert_eq!(order.stands(&pair[0], &pair[1]), Some(Stands::NotAfter));
        assert_eq!(order.stands(&pair[1], &pair[0]), Some(Stands::After));
        assert_eq!(order.ties_at_end(&rows(&[(1, 9), (2, 5), (3, 5)])), 2);
    }
}
