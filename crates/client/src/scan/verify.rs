//! [`Verify`]: decides after each pass whether the list, or its front, has to be read again.
//!
//! That depends on whether a ticket may have moved, unseen, from the part of the list that was still to be read to the
//! part that was read.

use super::order::{Order, Shape};
use super::pass::{Ended, Kind, MARGIN, Pass, Stuck, Totals};
use super::row::Stamp;

/// How often the front is read again. Each of these passes has to find only what moved during the pass before.
const MOST_FRONT: u32 = 12;
/// How often the whole list is read again.
const MOST_WHOLE: u32 = 5;
/// How often the whole list is read again because the server counts more tickets than were met.
const MOST_RECOUNTS: u32 = 2;

const CHANGES_TOO_FAST: &str = "Scan when less is going on, or request more tickets a page (limitnum).";

/// What follows a pass.
#[derive(Clone, Debug)]
pub(super) enum Next {
    Front {
        below: Stamp,
    },
    Whole,
    Complete,
    /// The server counts more tickets than were met.
    Mismatch {
        counted: u64,
        seen: u64,
    },
    Incomplete(Stuck),
}

/// The state of the scan outside of the pass.
pub(super) struct Facts<'a> {
    pub(super) order: &'a Order,
    pub(super) totals: Totals,
    /// How many different tickets were met, unreadable ones included.
    pub(super) met: u64,
    /// How many of them were met since the last pass over the whole list began, if there was one after the first.
    pub(super) met_again: Option<u64>,
    pub(super) unreadable: u64,
    /// A row contradicts the order on which the shortened verification relies.
    pub(super) contradicted: bool,
    /// The first pass ended early, so not all tickets were met.
    pub(super) early: bool,
    /// Not all tickets that were met before the scan was resumed are known: the cursor has only those that were wanted.
    pub(super) partly_met: bool,
}

/// The passes so far, and the numbers to compare at the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Verify {
    /// How often the front was read again.
    front: u32,
    /// How often the whole list was read again, except because of the count.
    whole: u32,
    /// How often the whole list was read again because of the count.
    recounts: u32,
    /// The current pass is one of the latter.
    recounting: bool,
    /// The digest of the last pass over the whole list; see [`Pass::digest`].
    previous: Option<(u64, u64)>,
    /// If every page of the last pass over the whole list began as expected and the total did not change: the total,
    /// and the number of rows and unreadable tickets.
    exact: Option<(u64, u64)>,
    /// The least total of the last pass over the whole list, and whether the pass continued that of another scan.
    last_whole: Option<(u64, bool)>,
    /// At the end of that pass the server counted more tickets than there are before the end, and this number cannot be
    /// compared with the tickets that were met.
    beyond: bool,
    /// The total changed, so some of the tickets that were met may be gone.
    changed: bool,
}

impl Verify {
    /// Decides what follows this pass.
    pub(super) fn decide(&mut self, pass: &Pass, facts: &Facts<'_>) -> Next {
        let whole_list = pass.ended() == Some(Ended::AtEnd) && !matches!(pass.kind, Kind::Front { .. });
        if whole_list {
            let partly_met = facts.partly_met && pass.was_resumed();
            let before = self.last_whole.map(|(least, _)| least);
            self.changed |= pass.steady_total().is_none()
                || before.is_some_and(|before| pass.steady_total() != Some(before));
            self.beyond = pass.counted_beyond && (pass.steady_total().is_none() || partly_met);
            self.last_whole = pass.least_total().map(|least| (least, pass.was_resumed()));
            let undisturbed = pass.digest(facts.totals).is_some() && !facts.totals.erratic;
            let total = pass.steady_total().filter(|_| undisturbed);
            self.exact = total.map(|total| (total, pass.rows.saturating_add(facts.unreadable)));
        }
        match pass.kind {
            Kind::First => self.after_first(pass, facts),
            Kind::Front { .. } => self.after_front(pass, facts),
            Kind::Whole => self.after_whole(pass, facts),
        }
    }

    fn after_first(&mut self, pass: &Pass, facts: &Facts<'_>) -> Next {
        self.previous = pass.digest(facts.totals).filter(|_| !facts.early);
        let proven = !pass.unproven && !facts.contradicted;
        // One page is a snapshot of the whole list.
        let one_page = pass.rows_on_one_page() && pass.is_undisturbed(facts.totals) && facts.unreadable == 0;
        if proven && one_page && !facts.early {
            return self.count(facts);
        }
        self.by_order(pass.mark, proven, pass, facts)
    }

    /// Continues the verification of another process.
    pub(super) fn resume(&mut self, mark: Option<Stamp>, proven: bool, facts: &Facts<'_>) -> Next {
        match (mark, facts.order.shape()) {
            (Some(mark), Shape::NewestReplyFirst) if proven => self.read_front(mark),
            (_, Shape::NothingMoves) if proven => {
                // Nothing can have moved, but the server may count more tickets than were met.
                self.recounts = 1;
                self.recounting = true;
                Next::Whole
            }
            _ => self.read_whole(),
        }
    }

    fn by_order(&mut self, mark: Option<Stamp>, proven: bool, pass: &Pass, facts: &Facts<'_>) -> Next {
        // Without a total, a ticket that moves and another that leaves may change no page.
        let has_total = facts.totals.reliable().is_some();
        let is_undisturbed = has_total && pass.is_undisturbed(facts.totals) && !pass.was_resumed();
        match facts.order.shape() {
            Shape::NewestReplyFirst if proven && mark.is_some() => self.read_front(mark.unwrap_or_default()),
            Shape::NothingMoves if proven && !facts.early => self.count(facts),
            Shape::OldestReplyFirst if proven && is_undisturbed && !facts.early => self.count(facts),
            _ => self.read_whole(),
        }
    }

    fn read_front(&mut self, mark: Stamp) -> Next {
        self.front += 1;
        if self.front > MOST_FRONT {
            return Next::Incomplete(Stuck {
                problem: "more tickets are answered or opened than one page holds while it is read, so some may have moved past the scan unseen".to_owned(),
                hint: CHANGES_TOO_FAST,
            });
        }
        Next::Front { below: mark.saturating_sub(MARGIN) }
    }

    fn read_whole(&mut self) -> Next {
        self.whole += 1;
        if self.whole > MOST_WHOLE {
            return Next::Incomplete(Stuck {
                problem: format!(
                    "the list changed while it was read, in each of {MOST_WHOLE} readings, and its order does not show what moved, so a ticket may have moved past the scan unseen"
                ),
                hint: "Scan when less is going on, or narrow the request so that its tickets fit on fewer pages.",
            });
        }
        Next::Whole
    }

    fn after_front(&mut self, pass: &Pass, facts: &Facts<'_>) -> Next {
        let trusted = facts.order.shape() == Shape::NewestReplyFirst && !pass.unproven && !facts.contradicted;
        if !trusted {
            return self.read_whole();
        }
        // One page is a snapshot of everything that can have moved.
        if pass.rows_on_one_page() || (pass.is_undisturbed(facts.totals) && pass.fresh == 0) {
            return self.count(facts);
        }
        match pass.mark {
            Some(mark) => self.read_front(mark),
            None => self.count(facts),
        }
    }

    fn after_whole(&mut self, pass: &Pass, facts: &Facts<'_>) -> Next {
        let now = pass.digest(facts.totals);
        if self.recounting && pass.fresh == 0 {
            return self.count(facts);
        }
        self.recounting = false;
        let same = now.is_some() && now == self.previous && pass.fresh == 0;
        let one_page = pass.rows_on_one_page() && pass.is_undisturbed(facts.totals) && facts.unreadable == 0;
        self.previous = now;
        if same || one_page {
            return self.count(facts);
        }
        // What the order proves about the first pass, it proves about this one too.
        let proven = !pass.unproven && !facts.contradicted;
        self.by_order(pass.mark, proven, pass, facts)
    }

    /// Compares the tickets that were met with the total, and decides whether the scan is complete.
    fn count(&mut self, facts: &Facts<'_>) -> Next {
        if facts.early {
            return Next::Complete;
        }
        let mismatch = match self.exact {
            Some((counted, seen)) if counted > seen => Some((counted, seen)),
            Some(_) => None,
            None => {
                let (least, was_resumed) = self.last_whole.unwrap_or((u64::MAX, true));
                // Some of the tickets that were met before the list was read again may be gone.
                let again = facts.met_again.filter(|_| self.changed && self.recounts > 0);
                let seen = again.unwrap_or(facts.met);
                facts
                    .totals
                    .counted()
                    // Tickets that were opened during the pass are counted and need not be met.
                    .map(|total| least.min(total))
                    .filter(|total| *total > seen && !(facts.partly_met && was_resumed))
                    .map(|total| (total, seen))
            }
        };
        if mismatch.is_none() && self.beyond && self.exact.is_none() && self.recounts < MOST_RECOUNTS {
            // Some of the tickets that were met may be gone, so the numbers may be equal by chance.
            self.recounts += 1;
            self.recounting = true;
            return Next::Whole;
        }
        match mismatch {
            None => Next::Complete,
            Some((counted, seen)) if self.recounts >= MOST_RECOUNTS => Next::Mismatch { counted, seen },
            // The numbers of such a pass are exact, so one repetition is enough.
            Some((counted, seen)) if self.recounts >= 1 && self.exact.is_some() => {
                Next::Mismatch { counted, seen }
            }
            Some(_) => {
                self.recounts += 1;
                self.recounting = true;
                Next::Whole
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cursor::Position;
    use super::super::pass::Context;
    use super::super::row::Row;
    use super::super::window::Window;
    use super::*;

    /// The order of a list by id, in which nothing moves.
    fn by_id() -> Order {
        let row =
            |id: u64| Row { id, lastreply: (id * 7 % 11) as u32, date: (id * 5 % 13) as u32, fingerprint: 0 };
        let mut order = Order::default();
        order.observe(&(1..=20).map(row).collect::<Vec<_>>());
        assert_eq!(order.shape(), Shape::NothingMoves);
        order
    }

    /// Ten tickets were met, and the server counts eight.
    fn facts(order: &Order) -> Facts<'_> {
        Facts {
            order,
            totals: Totals { last: Some(8), ..Totals::default() },
            met: 10,
            met_again: None,
            unreadable: 0,
            contradicted: false,
            early: false,
            partly_met: false,
        }
    }

    /// A pass over the whole list that met no new ticket. Its replies had these totals.
    fn reading(totals: &[u64]) -> Pass {
        read(Pass::new(Kind::Whole), totals)
    }

    fn read(mut pass: Pass, totals: &[u64]) -> Pass {
        totals.iter().for_each(|total| pass.note_total(*total));
        let (mut order, mut window) = (Order::default(), Window::new(None, 1));
        let context = Context { order: &mut order, window: &mut window, totals: Totals::default(), met: 0 };
        while pass.ended().is_none() {
            pass.on_empty(&context, 0).unwrap();
        }
        pass
    }

    #[test]
    fn a_resumed_scan_reads_a_list_in_which_nothing_moves_once_more_if_its_first_pass_was_proven() {
        let order = by_id();
        for proven in [true, false] {
            let mut verify = Verify::default();
            assert!(matches!(verify.resume(None, proven, &facts(&order)), Next::Whole));
            // Pages that join nothing do not prove that every ticket was met.
            let mut pass = reading(&[]);
            pass.unproven = true;
            let next = verify.decide(&pass, &facts(&order));
            assert_eq!(matches!(next, Next::Complete), proven, "{next:?}");
            if !proven {
                assert!(matches!(next, Next::Whole), "{next:?}");
                let next = verify.decide(&pass, &facts(&order));
                assert!(matches!(next, Next::Complete), "both readings are the same: {next:?}");
            }
        }
    }

    #[test]
    fn a_resumed_scan_reads_the_front_only_of_a_list_whose_first_pass_was_proven() {
        let mut order = Order::default();
        let row = |id: u32| Row { id: id.into(), lastreply: 2_000_000 - id, date: id, fingerprint: 0 };
        order.observe(&(1..=20).map(row).collect::<Vec<_>>());
        assert_eq!(order.shape(), Shape::NewestReplyFirst);
        let resume = |mark, proven| Verify::default().resume(mark, proven, &facts(&order));
        let next = resume(Some(1_900_000), true);
        assert!(matches!(next, Next::Front { below } if below == 1_900_000 - MARGIN), "{next:?}");
        for (mark, proven) in [(Some(1_900_000), false), (None, true), (None, false)] {
            let next = resume(mark, proven);
            assert!(matches!(next, Next::Whole), "{mark:?} {proven}: {next:?}");
        }
    }

    #[test]
    fn the_order_proves_a_reading_only_if_its_pages_joined_and_no_row_contradicts_the_order() {
        let order = by_id();
        for (unproven, contradicted) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut pass = reading(&[]);
            pass.unproven = unproven;
            let next = Verify::default().decide(&pass, &Facts { contradicted, ..facts(&order) });
            let is_proven = !unproven && !contradicted;
            assert_eq!(matches!(next, Next::Complete), is_proven, "{next:?}");
            assert_eq!(matches!(next, Next::Whole), !is_proven, "{next:?}");
        }
    }

    #[test]
    fn a_resumed_pass_is_not_compared_with_the_count_if_not_all_tickets_before_it_are_known() {
        let order = by_id();
        let pass = read(Pass::resume(&Position::default()), &[8]);
        // The server counts eight tickets, one more than were met.
        let facts = |partly_met| Facts { met: 7, partly_met, ..facts(&order) };
        let next = Verify::default().decide(&pass, &facts(true));
        assert!(matches!(next, Next::Complete), "{next:?}");
        let next = Verify::default().decide(&pass, &facts(false));
        assert!(matches!(next, Next::Whole), "{next:?}");
    }

    #[test]
    fn a_count_that_once_did_not_fit_is_compared_with_the_tickets_of_the_last_reading() {
        let order = by_id();
        // The total changed, or was absent, so some of the ten tickets may be gone.
        for totals in [&[9, 8][..], &[]] {
            let again = || Facts { met_again: Some(5), ..facts(&order) };
            let next = Verify::default().decide(&reading(totals), &again());
            assert!(matches!(next, Next::Complete), "the count fits the tickets that were met: {next:?}");

            let mut verify = Verify::default();
            let next = verify.decide(&reading(totals), &Facts { met: 7, ..facts(&order) });
            assert!(matches!(next, Next::Whole), "{next:?}");
            let next = verify.decide(&reading(totals), &again());
            assert!(matches!(next, Next::Whole), "{next:?}");
            let next = verify.decide(&reading(totals), &again());
            assert!(matches!(next, Next::Mismatch { counted: 8, seen: 5 }), "{next:?}");
        }
    }
}
