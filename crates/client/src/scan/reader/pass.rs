//! One pass over the list, from its front or from a frontier towards its end.
//!
//! The invariant is: every ticket that stands up to the frontier, and has not been changed since the pass
//! began, was seen. A page keeps it if it *joins*: if it begins no later than the frontier. Otherwise
//! tickets have left the list before the frontier, others have slipped between, and the pass steps back.

use super::super::fetch::Fetch;
use super::super::order::{Order, Stands};
use super::super::row::{Fnv, Row, Stamp};
use super::holes::Crossing;
use super::{Read, Reader, Step, Stop};

/// How many requests in a row may bring nothing beyond what was reached before.
const MOST_VAIN: u64 = 24;
/// How many pages may be empty while others show tickets beyond them.
const MOST_EMPTY: u32 = 6;
/// How many such requests a pass may have in all, for each that does bring something.
const VAIN_FOR_EACH: u64 = 4;

/// How far a pass goes.
#[derive(Clone, Copy)]
pub(super) enum Until {
    /// To the end of the list.
    End,
    /// Until only tickets with an older reply than this can follow, if the list may be newest reply first.
    Below(Stamp),
    /// The same, if the list can be nothing else.
    SurelyBelow(Stamp),
}

/// Where a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    AtEnd,
    Below,
}

/// The state of a pass.
pub(super) struct Pass {
    /// The first pass, which owes a word on tickets met again.
    pub(super) first: bool,
    pub(super) frontier: Option<Row>,
    /// The page that brought the frontier, to find its rows again on the next.
    pub(super) trail: Vec<Row>,
    /// The last page, where it lay wholly before the frontier.
    recent: Vec<Row>,
    /// The offset after the frontier.
    pub(super) at: u64,
    /// The offset to read at.
    pub(super) next: u64,
    /// A stretch of tickets that tie is longer than a page.
    tied: bool,
    /// A page joined by what ties and may stand in any order: the pass proves nothing by itself.
    pub(super) weak: bool,
    pub(super) pages: u64,
    /// No page stood elsewhere than expected.
    pub(super) quiet: bool,
    /// Tickets told on the way.
    pub(super) fresh: u64,
    /// What was read, in order.
    pub(super) digest: Fnv,
    pub(super) rows: u64,
    /// See [`Order::watermark`].
    pub(super) watermark: Option<Stamp>,
    /// How far the last step back went; 0 when the last page joined.
    step: u64,
    /// The length of the page that brought the frontier, if more was asked for.
    may_be_cut: Option<usize>,
    /// The greatest offset that the frontier had.
    reached: u64,
    /// Requests since then that reached no further, and how many they may be.
    vain: u64,
    may_be_vain: u64,
    /// Requests of the pass that reached no further, and those that did.
    spent: u64,
    earned: u64,
    /// Where the last empty page was, and how many there were that nothing explains.
    empty: (u64, u32),
    pub(super) crossing: Option<Crossing>,
    pub(super) crossings: u32,
}

impl Pass {
    pub(super) fn new(first: bool) -> Pass {
        Pass {
            first,
            frontier: None,
            trail: Vec::new(),
            recent: Vec::new(),
            at: 0,
            next: 0,
            tied: false,
            weak: false,
            pages: 0,
            quiet: true,
            fresh: 0,
            digest: Fnv::default(),
            rows: 0,
            watermark: None,
            step: 0,
            may_be_cut: None,
            reached: 0,
            vain: 0,
            may_be_vain: MOST_VAIN,
            spent: 0,
            earned: 0,
            empty: (0, 0),
            crossing: None,
            crossings: 0,
        }
    }

    /// How many rows of the next page are known.
    pub(super) fn overlap(&self) -> u64 {
        if self.crossing.is_some() { 0 } else { self.at.saturating_sub(self.next) }
    }

    pub(super) fn knows(&self, row: &Row) -> bool {
        self.trail.iter().chain(&self.recent).any(|known| known == row)
    }
}

impl<F: Fetch> Reader<F> {
    /// Goes on with a pass.
    pub(super) fn pass(&mut self, pass: &mut Pass, until: Until) -> Step<Ended> {
        loop {
            let Some(read) = self.read(pass.next, self.limit)? else {
                self.narrow(pass)?;
                continue;
            };
            if read.rows.is_empty() {
                match self.met_empty(pass)? {
                    Some(ended) => return Ok(ended),
                    None => continue,
                }
            }
            let joins = match pass.crossing {
                Some(_) => self.is_across(pass)?,
                None => self.joins(pass, &read),
            };
            if !joins {
                self.step_back(pass)?;
                continue;
            }
            self.accept(pass, &read)?;
            if self.is_below(&read, until) {
                return Ok(Ended::Below);
            }
            let first_and_short =
                pass.pages == 1 && (read.rows.len() as u64) < read.asked && !self.counts_beyond(read.end());
            if (self.is_short(&read) || first_and_short) && self.is_end(pass, &read)? {
                return Ok(Ended::AtEnd);
            }
        }
    }

    fn is_below(&self, read: &Read, until: Until) -> bool {
        let last = read.rows.last().map_or(0, |row| row.lastreply);
        match until {
            Until::End => false,
            Until::Below(mark) => last < mark && self.place.order.may_be_newest_reply_first(),
            Until::SurelyBelow(mark) => last < mark && self.place.order.is_newest_reply_first(),
        }
    }

    /// Whether a page keeps the invariant.
    fn joins(&self, pass: &mut Pass, read: &Read) -> bool {
        let (Some(frontier), Some(first)) = (&pass.frontier, read.rows.first()) else {
            return read.offset == 0;
        };
        if read.offset == 0 {
            return true;
        }
        let anchored = || read.rows.iter().any(|row| pass.knows(row));
        match self.place.order.stands(first, frontier) {
            Some(Stands::NotAfter) if !self.place.order.is_unknown() => true,
            _ if self.place.order.is_unknown() => {
                // Holds if tickets that are not changed keep their places to one another.
                let anchored = anchored();
                pass.weak |= anchored;
                anchored
            }
            Some(Stands::Tied) if pass.tied && anchored() => {
                pass.weak = true;
                true
            }
            _ => false,
        }
    }

    /// Takes in a page that joins: tells what is new and moves the frontier.
    fn accept(&mut self, pass: &mut Pass, read: &Read) -> Step<()> {
        let rows = &read.rows;
        let new_from = self.new_from(pass, read);
        self.look_for_shift(pass, read);
        if pass.pages == 0 && read.offset == 0 {
            pass.watermark = Order::watermark(rows);
            if pass.first {
                self.place.began = pass.watermark;
                self.place.watermark = pass.watermark;
            }
        }
        if read.end() <= pass.empty.0 {
            // The list is shorter than where nothing was, so that was true.
            pass.empty = (0, 0);
        }
        pass.pages += 1;
        pass.step = 0;
        let crossed = pass.crossing.take().is_some();
        for row in rows.iter().skip(new_from) {
            pass.digest.write(&row.id.to_le_bytes());
            pass.digest.write(&row.print.to_le_bytes());
            pass.rows += 1;
        }
        if new_from < rows.len() {
            if let Some(cut) = pass.may_be_cut {
                self.capacity_varies |= self.cut.is_some_and(|other| other != cut);
                self.cut = Some(cut);
            }
            pass.may_be_cut = ((rows.len() as u64) < read.asked).then_some(rows.len());
            pass.frontier = rows.last().copied();
            pass.at = read.end();
            self.lengthen_trail(pass, rows, new_from, crossed);
            pass.tied = self.needed_overlap(&pass.trail) >= pass.trail.len();
            pass.next = read.end() - self.overlap_with(&pass.trail);
            pass.recent.clear();
        } else {
            pass.next = read.end() - self.overlap_with(rows);
            pass.recent.clone_from(rows);
        }
        if new_from < rows.len() && read.end() > pass.reached {
            pass.reached = read.end();
            pass.earned += 1;
            pass.vain = 0;
            pass.may_be_vain = MOST_VAIN;
        } else {
            self.count_vain(pass)?;
        }
        self.limit = self.page_len.min(self.limit.saturating_mul(2));
        if pass.first {
            self.place.frontier = pass.frontier;
            self.place.at = pass.at;
            let kept = pass.trail.len().saturating_sub(16);
            self.place.trail = pass.trail.get(kept..).unwrap_or_default().to_vec();
            self.place.weak = pass.weak;
        }
        let (fresh, again) = self.tell(read, new_from)?;
        pass.fresh += fresh;
        if pass.first {
            self.note(|report| report.duplicates += again);
        }
        Ok(())
    }

    /// The index of the first row that stands after the frontier.
    fn new_from(&self, pass: &Pass, read: &Read) -> usize {
        let Some(frontier) = &pass.frontier else { return 0 };
        if pass.crossing.is_some() {
            return 0;
        }
        let known = |row: &Row| {
            row == frontier
                || pass.knows(row)
                || (!self.place.order.is_unknown()
                    && self.place.order.stands(row, frontier) == Some(Stands::NotAfter))
        };
        read.rows.iter().rposition(known).map_or(0, |index| index + 1)
    }

    /// Sees whether the page begins with the rows that it was expected to begin with.
    fn look_for_shift(&mut self, pass: &mut Pass, read: &Read) {
        if pass.frontier.is_none() || pass.crossing.is_some() {
            return;
        }
        let overlap = pass.at.saturating_sub(read.offset) as usize;
        let expected = pass.trail.len().checked_sub(overlap).and_then(|from| pass.trail.get(from..));
        let as_expected = expected.is_some_and(|expected| {
            !expected.is_empty() && read.rows.get(..expected.len()) == Some(expected)
        });
        if as_expected {
            self.slack = (self.slack - 1).max(1);
            return;
        }
        pass.quiet = false;
        // A step back was counted already, and so was what a page that lies before the frontier shows.
        if pass.step == 0 && pass.recent.is_empty() {
            self.note(|report| report.shifts += 1);
        }
    }

    /// Keeps the rows up to the frontier that were seen one after another, as many as a page may overlap with.
    ///
    /// Few rows on a page may be all that is left of the list: by themselves they could not tell a stretch that
    /// ties from an end.
    fn lengthen_trail(&self, pass: &mut Pass, rows: &[Row], new_from: usize, crossed: bool) {
        if crossed || rows.len() >= self.place.capacity {
            rows.clone_into(&mut pass.trail);
            return;
        }
        pass.trail.extend_from_slice(rows.get(new_from..).unwrap_or_default());
        let surplus = pass.trail.len().saturating_sub(self.place.capacity.max(rows.len()));
        pass.trail.drain(..surplus);
    }

    /// How many rows a page must overlap with these to join for certain: one that stands strictly before the
    /// last one and all that tie with it.
    fn needed_overlap(&self, rows: &[Row]) -> usize {
        self.place.order.ties_at_end(rows) + 1
    }

    /// By how many rows the next page is to overlap with these: what is needed, and some more where rows have
    /// been leaving.
    fn overlap_with(&self, rows: &[Row]) -> u64 {
        let most = rows.len().saturating_sub(1);
        let needed = self.needed_overlap(rows);
        // Nothing stands strictly before: some rows to know again have to do.
        let needed = if needed > most { 2 } else { needed };
        (needed + self.slack.min(rows.len() / 2)).min(most) as u64
    }

    /// A page did not join: reads again nearer to the front, each time twice as much.
    fn step_back(&mut self, pass: &mut Pass) -> Step<()> {
        self.count_vain(pass)?;
        pass.quiet = false;
        let capacity = self.place.capacity.max(2);
        if pass.step == 0 {
            self.note(|report| report.shifts += 1);
            self.slack = (self.slack * 2).clamp(2, capacity / 2 + 1);
            pass.step = (capacity / 2) as u64;
        } else {
            pass.step = pass.step.saturating_mul(2);
        }
        pass.next = pass.next.saturating_sub(pass.step);
        // All that lies between has to be read before the frontier can move.
        pass.may_be_vain += pass.step / (capacity as u64 / 4).max(1);
        Ok(())
    }

    pub(super) fn count_vain(&self, pass: &mut Pass) -> Step<()> {
        pass.vain += 1;
        pass.spent += 1;
        if pass.vain <= pass.may_be_vain && pass.spent <= MOST_VAIN + VAIN_FOR_EACH * pass.earned {
            return Ok(());
        }
        if self.place.capacity == 1 {
            return Err(Stop::incomplete(
                "the server sends one ticket a page, and such pages can't overlap",
                "Have the server send more tickets a page.",
            ));
        }
        Err(Stop::incomplete(
            format!(
                "the list changes faster than it can be read: no ticket after offset {} was reached",
                pass.at
            ),
            "Scan when less is going on, or ask for more tickets a page (limitnum).",
        ))
    }

    /// A page without tickets: the end only if nothing is known to stand there.
    fn met_empty(&mut self, pass: &mut Pass) -> Step<Option<Ended>> {
        if pass.crossing.is_some() {
            return Ok(Some(Ended::AtEnd));
        }
        let here_again = pass.empty.0 == pass.next && pass.empty.1 > 0;
        pass.empty = (pass.next, pass.empty.1 + 1);
        if pass.next == 0 {
            pass.quiet &= pass.pages == 0;
            let enough = if self.counts_beyond(0) { 3 } else { 2 };
            return Ok((pass.empty.1 >= enough).then_some(Ended::AtEnd));
        }
        if pass.empty.1 > MOST_EMPTY {
            return Err(Stop::incomplete(
                format!("the server sends no tickets at offset {}, where some stand", pass.next),
                "Look into the server's error log; ask for fewer tickets a page (limitnum).",
            ));
        }
        // Read once more where it was: a server may fail for a moment.
        if !here_again && pass.step == 0 {
            self.count_vain(pass)?;
            return Ok(None);
        }
        self.step_back(pass)?;
        Ok(None)
    }
}
