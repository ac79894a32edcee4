//! One pass over the list, from its front towards its end.
//!
//! For every page that the pass accepts, the *claim* holds: each ticket that was not changed during the pass, and is at
//! or before some row of the page, was met in the pass.
//!
//! - It holds for a page at offset 0.
//! - It holds for a page that shares an unchanged row with an accepted page. An unchanged ticket before the shared row
//!   was before it on the accepted page too. One between the shared row and another row of the page is on the page.
//!
//! When the pages were fetched does not matter.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::RandomState;

use super::cursor::{Position, TrailRow};
use super::order::Order;
use super::row::{Digest, Row, Stamp};
use super::unreadable::Crossing;
use super::window::Window;

/// The length of the trail, unless twice the rows of the last page are more.
const MAX_TRAIL: usize = 4096;
/// How many requests in a row may reach no further than the pass was before.
const MOST_STALLED: u64 = 24;
/// How many such requests a pass may have in addition for each request that did reach further.
const WASTED_FOR_EACH: u64 = 4;
/// How many empty replies at offset 0 show that no ticket matches. If the server counts none, two are enough.
const MOST_EMPTY_FRONT: u32 = 6;
/// After how many empty pages the reading of a gap behind the end stops.
const MOST_EMPTY_GAP: u32 = 64;
/// Rows behind the end that join nothing are accepted as unproven when they were found this many times.
const MOST_CONTRADICTIONS: u32 = 3;
/// How often the list may move while unreadable tickets are stepped over. After that they are stepped over nevertheless.
const MOST_CROSSED: u32 = 8;

/// What a pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first one.
    First,
    /// A verification of the front of the list. It ends at a page whose last row is older than `below`.
    Front {
        /// Tickets that were answered since the mark are at least this new.
        below: Stamp,
    },
    /// A verification of the whole list.
    Whole,
}

/// Where a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// At the end of the list.
    AtEnd,
    /// Before the end: what follows is too old to matter.
    Early,
}

/// What the pass wants to read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) purpose: Purpose,
    pub(super) offset: u64,
    pub(super) limit: u64,
}

/// What a page is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A page to join to what was accepted.
    Read,
    /// The page after the last row, which is expected to be empty.
    Probe,
    /// The single ticket after the last row.
    Single,
    /// A page behind an unreadable ticket.
    Behind,
    /// The row before an unreadable ticket, again.
    Check,
    /// A page behind the end, as the server counts more tickets than there are before it.
    Gap,
    /// A few rows further down, to confirm the order.
    Sample,
}

/// What the pass is doing.
#[derive(Clone, Debug)]
enum State {
    /// Pages are read and joined.
    Reading,
    /// The ticket after the last row is read alone, because every page with it was unreadable.
    Single,
    /// The row before unreadable tickets is read again. Holds the rows behind them.
    Check(Vec<Row>),
    /// The last row of the trail may be the last of the list. `alone` is how often the last rows were alone on a page,
    /// and `empty` how often the page behind them was empty; both are `u32::MAX` if no more proof is needed. `beyond`:
    /// the server counted more tickets than there are before the end.
    Ending {
        alone: u32,
        empty: u32,
        beyond: bool,
    },
    /// Offsets behind the end are read, up to `until`, because rows may be hidden there. `empties` counts empty pages.
    /// `proven`: the end before the gap was already read as often as [`Pass::proof`] requires.
    Gap {
        offset: u64,
        empties: u32,
        until: u64,
        proven: bool,
    },
    /// A few rows here and there are read; see [`Pass::sample`].
    Sampling {
        /// The offsets that are left, in falling order.
        offsets: Vec<u64>,
        /// How many rows to request for a sample, and for the sample of the end of the list.
        limits: (u64, u64),
        /// The last reply of the last row before the next sample.
        last: Stamp,
    },
    Ended(Ended),
}

/// What the server counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    /// `totalresults` of the last reply that had it.
    pub(super) last: Option<u64>,
    /// A page reached beyond the total, so it is not the offset of the end.
    pub(super) contradicted: bool,
    /// The total changed while the list did not, so it is ignored.
    pub(super) erratic: bool,
}

impl Totals {
    /// The last total, if it may be the offset of the end of the list.
    pub(super) fn reliable(&self) -> Option<u64> {
        self.last.filter(|_| !self.contradicted && !self.erratic)
    }

    /// The last total, if it may be the number of tickets.
    pub(super) fn counted(&self) -> Option<u64> {
        self.last.filter(|_| !self.erratic)
    }
}

/// The state of the scan outside of the pass.
pub(super) struct Context<'a> {
    pub(super) order: &'a mut Order,
    pub(super) window: &'a mut Window,
    pub(super) totals: Totals,
    /// How many different tickets were met, unreadable ones included.
    pub(super) met: u64,
}

/// How a page relates to what was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    /// It shares no unchanged row with the trail.
    No,
    /// The group of ties of each shared row may extend beyond the page and the pages of the trail.
    Weak(SharedRows),
    Yes(SharedRows),
}

/// The unchanged rows that a page shares with the trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SharedRows {
    /// The number of the first in the trail.
    first: u64,
    /// The number of the last in the trail, and its index on the page; `usize::MAX` for a page at offset 0 that shares
    /// no row.
    last: (u64, usize),
}

/// The result of accepting a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accepted {
    /// The index of the first row beyond what was accepted before.
    pub(super) new_from: usize,
    /// The page did not begin as expected.
    pub(super) shifted: bool,
}

/// Why a pass cannot go on.
#[derive(Clone, Debug)]
pub(super) struct Stuck {
    pub(super) problem: String,
    pub(super) hint: &'static str,
}

pub(super) struct Pass {
    pub(super) kind: Kind,
    state: State,
    trail: VecDeque<TrailRow>,
    /// The number of the first row of the trail; numbers rise by one from row to row.
    base: u64,
    /// The number of each ticket's last row in the trail.
    index: HashMap<u64, u64, RandomState>,
    /// The offset after the last row of the trail.
    pub(super) end: u64,
    /// The offset of the next page to read.
    next_offset: u64,
    /// The value of `end` when a place was last read again with more overlap, and that overlap.
    widened: (u64, u64),
    /// By how many offsets the last step back went; 0 if the last page joined.
    step: u64,
    /// By how many rows pages are to overlap. It rises when the list moves, and falls again.
    slack: u64,
    /// How many pages in a row began as expected.
    expected: u32,
    /// The page size while a page is divided because of an unreadable ticket.
    narrow: Option<u64>,
    /// The size of the first request of a verification of the front.
    first_limit: Option<u64>,
    /// The unreadable tickets that are being stepped over.
    crossing: Option<Crossing>,
    /// How often the row before unreadable tickets had moved.
    crossed: u32,
    /// Pages are short because the server hides rows after its LIMIT, so a page covers as many offsets as were
    /// requested.
    hidden: bool,
    /// How many replies hidden rows may explain. A page that is the second one sets `hidden`; an empty page that is the
    /// fourth one clears it.
    hidden_signs: u32,
    /// By how many offsets pages overlap while rows are hidden.
    hidden_back: u64,
    /// The offset after the range that the last page covered.
    covered: u64,
    /// The number of rows of the last page, if it had fewer than requested.
    short: Option<u64>,
    /// Another reply contradicted a short or empty page, so the end takes more proof.
    doubt: bool,
    /// How many pages that were due were empty, since a page was accepted.
    empties: u32,
    /// How often rows behind the end joined nothing.
    contradictions: u32,
    /// The number of rows of the last page that reached further, or of the first page of a resumed pass.
    last_productive: u64,
    /// When the end was read, the server counted more tickets than there are before it.
    pub(super) counted_beyond: bool,
    /// The offset from which the gap behind the end was read.
    gap_done: Option<u64>,
    /// The greatest value that `end` had.
    reached: u64,
    /// How many requests in a row reached no further, and how many may.
    stalled: u64,
    may_stall: u64,
    /// How many requests reached no further, and how many did.
    wasted: u64,
    productive: u64,
    /// Accepted pages that had rows beyond what was accepted before.
    parts: u64,
    /// Accepted pages.
    pub(super) pages: u64,
    /// Every page began with exactly the rows expected. Where rows are hidden, they may have been at other offsets.
    all_pages_as_expected: bool,
    /// The first known row of some page was at another offset than before. The cause may be hidden rows, or a ticket
    /// that moved.
    some_pages_displaced: bool,
    /// Pages were accepted that join nothing.
    pub(super) unproven: bool,
    /// The last total, how often it changed, and how many replies had one.
    total: Option<u64>,
    total_changes: u32,
    total_count: u32,
    /// The sum of all changes of the total; the largest and the smallest total.
    total_drift: u64,
    total_most: u64,
    total_least: u64,
    /// Tickets that this pass was the first to meet.
    pub(super) fresh: u64,
    /// Digest of all rows of the pass, and their number.
    digest: Digest,
    pub(super) rows: u64,
    /// See [`Order::watermark`].
    pub(super) mark: Option<Stamp>,
    /// How many rows are no older than three hours before the mark.
    pub(super) region: u64,
    /// Continues the pass of another process.
    resumed: bool,
    /// Sampling was begun. It is not begun a second time.
    pub(super) sampled: bool,
}

/// How many times more rows the sample of the end of the list has if it has to be read again.
const LAST_SAMPLE_FACTOR: u64 = 8;

/// By how much a server's clock may be set back: the end of daylight saving is at most two hours, and servers with a
/// wrong time zone were three hours behind.
pub(super) const MARGIN: Stamp = 3 * 3600;

impl Pass {
    pub(super) fn new(kind: Kind) -> Pass {
        Pass {
            kind,
            state: State::Reading,
            trail: VecDeque::new(),
            base: 0,
            index: HashMap::default(),
            end: 0,
            next_offset: 0,
            widened: (0, 0),
            step: 0,
            slack: 2,
            expected: 0,
            narrow: None,
            first_limit: None,
            crossing: None,
            crossed: 0,
            hidden: false,
            hidden_signs: 0,
            hidden_back: 0,
            covered: 0,
            short: None,
            doubt: false,
            empties: 0,
            contradictions: 0,
            last_productive: 0,
            counted_beyond: false,
            gap_done: None,
            reached: 0,
            stalled: 0,
            may_stall: MOST_STALLED,
            wasted: 0,
            productive: 0,
            parts: 0,
            pages: 0,
            all_pages_as_expected: true,
            some_pages_displaced: false,
            unproven: false,
            total: None,
            total_changes: 0,
            total_count: 0,
            total_drift: 0,
            total_most: 0,
            total_least: u64::MAX,
            fresh: 0,
            digest: Digest::default(),
            rows: 0,
            mark: None,
            region: 0,
            resumed: false,
            sampled: false,
        }
    }

    /// A verification of the front, whose first request is for this many tickets.
    pub(super) fn front(below: Stamp, first_limit: u64) -> Pass {
        Pass { first_limit: Some(first_limit), ..Pass::new(Kind::Front { below }) }
    }

    /// Continues the first pass of another process.
    pub(super) fn resume(position: &Position) -> Pass {
        let Position { ref trail, end, mark, region, doubtful, .. } = *position;
        let mut pass = Pass {
            mark,
            region,
            unproven: doubtful,
            resumed: true,
            all_pages_as_expected: false,
            ..Pass::new(Kind::First)
        };
        if !trail.is_empty() {
            pass.pages = 1;
            trail.iter().for_each(|row| pass.push(*row));
            pass.end = end.max(trail.len() as u64);
            pass.next_offset = pass.end - trail.len() as u64;
            pass.reached = pass.end;
        }
        pass
    }

    /// The last rows of the trail, for a cursor.
    pub(super) fn last_rows(&self, count: usize) -> Vec<TrailRow> {
        self.trail.range(self.trail.len().saturating_sub(count)..).copied().collect()
    }

    /// Whether the pass shows no change of the list: every page began with exactly the rows expected, at the offset
    /// expected, and the total did not change.
    pub(super) fn is_undisturbed(&self, totals: Totals) -> bool {
        self.all_pages_as_expected
            && !self.some_pages_displaced
            && (self.total_changes == 0 || totals.erratic)
    }

    /// Whether the total changed often and by much while the pages showed no change of the list.
    pub(super) fn has_erratic_totals(&self) -> bool {
        self.all_pages_as_expected
            && self.total_changes >= 4
            && self.total_drift > self.total_most.saturating_mul(2)
    }

    /// The digest and the number of rows, if every page began as expected, so that another pass can be compared with
    /// it.
    pub(super) fn digest(&self, totals: Totals) -> Option<(u64, u64)> {
        let steady = self.all_pages_as_expected && (self.total_changes == 0 || totals.erratic);
        (steady && !self.resumed).then_some((self.digest.0, self.rows))
    }

    /// The total that all replies of the pass had in common.
    pub(super) fn steady_total(&self) -> Option<u64> {
        self.total.filter(|_| self.total_changes == 0)
    }

    /// The least that a reply of the pass counted.
    pub(super) fn least_total(&self) -> Option<u64> {
        (self.total_count > 0).then_some(self.total_least)
    }

    /// Whether all rows of the pass were on a single page.
    ///
    /// If the pass ended at the end of the list, the page must also have had as many rows as the server counted: a page
    /// that the server cut short is not the whole list.
    pub(super) fn rows_on_one_page(&self) -> bool {
        let is_all = match self.state {
            State::Ended(Ended::Early) => true,
            _ => self.total_changes == 0 && self.total_count >= 2 && self.total == Some(self.rows),
        };
        self.parts <= 1 && is_all && !self.unproven && !self.resumed
    }

    pub(super) fn was_resumed(&self) -> bool {
        self.resumed
    }

    pub(super) fn ended(&self) -> Option<Ended> {
        match self.state {
            State::Ended(ended) => Some(ended),
            _ => None,
        }
    }

    /// Whether further pages may be requested before the one that is due has arrived.
    pub(super) fn reads_ahead(&self) -> bool {
        matches!(self.state, State::Reading)
            && self.kind_reads_ahead()
            && self.crossing.is_none()
            && self.narrow.is_none()
            && !self.hidden
            && self.step == 0
            && self.empties == 0
            && !self.trail.is_empty()
    }

    fn kind_reads_ahead(&self) -> bool {
        !matches!(self.kind, Kind::Front { .. }) || self.pages > 1
    }

    /// By how many rows pages overlap at present.
    pub(super) fn overlap(&self, window: &Window) -> u64 {
        self.slack.min(most_overlap(window.limit()))
    }

    /// Whether this request serves the next need of the pass: its page will join the end of the trail if the list does
    /// not move.
    pub(super) fn is_served_by(&self, offset: u64, limit: u64) -> bool {
        matches!(self.state, State::Reading)
            && self.step == 0
            && offset < self.end
            && offset.saturating_add(limit) > self.end
    }

    /// What to read next. `ahead` is the offset of the first page that is kept until the gap before it is read.
    pub(super) fn need(&self, window: &Window, totals: Totals, ahead: Option<u64>) -> Option<Need> {
        let need = |purpose, offset, limit| Some(Need { purpose, offset, limit });
        let limit = self.narrow.map_or(window.limit(), |narrow| narrow.min(window.limit()));
        match &self.state {
            State::Reading => {
                if let Some(crossing) = &self.crossing {
                    return need(Purpose::Behind, crossing.at, window.within(crossing.limit));
                }
                let limit = match self.first_limit.filter(|_| self.pages == 0 && self.narrow.is_none()) {
                    Some(first) => window.within(first),
                    None => limit,
                };
                // If a page waits behind a gap, only the gap has to be read.
                let limit = match ahead.filter(|ahead| *ahead >= self.next_offset && self.narrow.is_none()) {
                    Some(ahead) => limit.min((ahead - self.next_offset).saturating_add(2 * self.slack + 4)),
                    None => limit,
                };
                need(Purpose::Read, self.next_offset, limit)
            }
            State::Single => need(Purpose::Single, self.end, 1),
            State::Check(_) => {
                let start = self.crossing.as_ref().map_or(self.end, |crossing| crossing.start);
                need(Purpose::Check, start.saturating_sub(1), 1)
            }
            State::Ending { alone, empty, .. } => {
                let (need_alone, _) = self.proof(totals);
                if *alone < need_alone && alone <= empty {
                    let limit = limit.max(self.end.saturating_sub(self.next_offset) + 1);
                    need(Purpose::Read, self.next_offset, window.within(limit))
                } else {
                    need(Purpose::Probe, self.end, limit)
                }
            }
            State::Gap { offset, .. } => need(Purpose::Gap, *offset, window.uncapped_limit()),
            State::Sampling { offsets, limits, .. } => {
                let limit = if offsets.len() > 1 { limits.0 } else { limits.1 };
                offsets.last().and_then(|offset| need(Purpose::Sample, *offset, limit))
            }
            State::Ended(_) => None,
        }
    }

    /// How often the end has to be read: how many pages with the last rows alone, and how many empty pages behind them.
    fn proof(&self, totals: Totals) -> (u32, u32) {
        let counts_more = totals.reliable().is_some_and(|total| total > self.end);
        if self.doubt || counts_more {
            (3, 3)
        } else if totals.reliable() == Some(self.end) && self.total_changes == 0 && self.total_count >= 3 {
            (1, 0)
        } else {
            (1, 1)
        }
    }

    /// Notes the total of a reply.
    pub(super) fn note_total(&mut self, total: u64) {
        self.total_count = self.total_count.saturating_add(1);
        self.total_most = self.total_most.max(total);
        self.total_least = self.total_least.min(total);
        match self.total {
            None => self.total = Some(total),
            Some(before) if before != total => {
                self.total_drift = self.total_drift.saturating_add(before.abs_diff(total));
                self.total_changes = self.total_changes.saturating_add(1);
                self.total = Some(total);
            }
            Some(_) => {}
        }
    }

    /// The offset of the row of the trail with this number.
    fn offset_of(&self, number: u64) -> u64 {
        self.end.saturating_sub(self.base + self.trail.len() as u64 - number)
    }

    fn push(&mut self, row: TrailRow) {
        self.index.insert(row.id, self.base + self.trail.len() as u64);
        self.trail.push_back(row);
    }

    fn truncate(&mut self, number: u64) {
        while self.base + self.trail.len() as u64 > number {
            let Some(row) = self.trail.pop_back() else { return };
            self.index.remove(&row.id);
        }
    }

    fn clear(&mut self) {
        self.trail.clear();
        self.index.clear();
    }

    fn shorten(&mut self, most: usize) {
        while self.trail.len() > most {
            let Some(row) = self.trail.pop_front() else { return };
            if self.index.get(&row.id) == Some(&self.base) {
                self.index.remove(&row.id);
            }
            self.base += 1;
        }
    }

    fn at(&self, number: u64) -> Option<&TrailRow> {
        self.trail.get(usize::try_from(number.checked_sub(self.base)?).ok()?)
    }

    /// How a page relates to the trail.
    pub(super) fn join(&self, order: &Order, offset: u64, rows: &[Row]) -> Join {
        let mut shared: Option<SharedRows> = None;
        let mut strong = offset == 0;
        let unresolved = order.unresolved();
        for (index, row) in rows.iter().enumerate() {
            let Some(number) = self.index.get(&row.id).copied() else { continue };
            let Some(known) = self.at(number).filter(|known| known.fingerprint == row.fingerprint) else {
                continue;
            };
            strong = strong || (known.whole | order.whole_on(rows, row)) & unresolved == unresolved;
            let so_far = shared.get_or_insert(SharedRows { first: number, last: (number, index) });
            so_far.first = so_far.first.min(number);
            so_far.last = (number.max(so_far.last.0), index);
        }
        match shared {
            Some(shared) if strong => Join::Yes(shared),
            Some(shared) => Join::Weak(shared),
            // A page at the front needs nothing to join to.
            None if offset == 0 => Join::Yes(SharedRows { first: self.base, last: (self.base, usize::MAX) }),
            None => Join::No,
        }
    }

    /// Whether a page at this offset is due: it overlaps what was accepted by as much as required, so it has to join.
    pub(super) fn is_due(&self, offset: u64) -> bool {
        offset <= self.next_offset
    }

    /// Accepts a page that joins.
    pub(super) fn accept(
        &mut self,
        context: &mut Context<'_>,
        offset: u64,
        asked: u64,
        rows: &[Row],
        shared: SharedRows,
    ) -> Accepted {
        let at_front = shared.last.1 == usize::MAX;
        let first_page = self.pages == 0;
        let trail_end = self.base + self.trail.len() as u64;
        // The page begins as expected if its first rows are exactly those from there to the end of the trail.
        let overlap = trail_end.saturating_sub(shared.first);
        let begins_with_trail = !at_front
            && rows
                .iter()
                .zip(self.trail.range((shared.first - self.base) as usize..))
                .all(|(row, known)| (row.id, row.fingerprint) == (known.id, known.fingerprint))
            && (rows.len() as u64 >= overlap || (shared.last.1 + 1 == rows.len()));
        // A page with hidden rows covers more offsets than it has rows. So known rows are further down behind such a
        // page, or nearer to the front on one. If the list had moved instead, the total would have changed.
        let here = offset + first_index(rows, self.at(shared.first));
        let known_at = self.offset_of(shared.first);
        let is_short = (rows.len() as u64) < asked;
        let steady = context.totals.reliable().is_some() && self.total_changes == 0;
        let moved_back = !at_front && known_at < here;
        let shows_hidden = moved_back && steady && self.short.is_some();
        let skips_hidden = steady && is_short && (offset..offset + asked).contains(&known_at);
        let in_place = self.hidden || shows_hidden || skips_hidden || known_at == offset;
        let as_expected = first_page || (begins_with_trail && in_place);
        let new_from = if at_front { 0 } else { shared.last.1 + 1 };
        let productive = new_from < rows.len();
        if shows_hidden {
            self.hidden_signs += 1;
            if self.hidden_signs >= 2 {
                self.hidden = true;
                context.window.forget_cap();
            }
        }
        // While the end is being proven, rows of the trail that a page up to the end no longer has have left the list.
        let reaches_total = context.totals.last == Some(offset + rows.len() as u64);
        let left_the_end = matches!(self.state, State::Ending { .. }) && is_short && reaches_total;
        if left_the_end && !productive && !at_front && shared.last.0 + 1 < trail_end {
            self.all_pages_as_expected = false;
        }
        let keep: Vec<TrailRow> = if productive || at_front || left_the_end {
            Vec::new()
        } else {
            let after = (shared.last.0 + 1 - self.base) as usize;
            self.trail.range(after.min(self.trail.len())..).copied().collect()
        };
        // A group of ties that was whole on an earlier page stays whole.
        let known = |row: &Row| {
            let known = self.index.get(&row.id).and_then(|number| self.at(*number));
            known.filter(|known| known.fingerprint == row.fingerprint).map_or(0, |known| known.whole)
        };
        let as_trail = |row: &Row| {
            let whole = context.order.whole_on(rows, row) | known(row);
            TrailRow { id: row.id, fingerprint: row.fingerprint, whole }
        };
        let added: Vec<_> = rows.iter().map(as_trail).collect();
        if at_front {
            self.clear();
        } else {
            self.truncate(shared.first);
        }
        added.into_iter().for_each(|row| self.push(row));
        self.end = offset + rows.len() as u64 + keep.len() as u64;
        let is_last = keep.is_empty();
        keep.into_iter().for_each(|row| self.push(row));
        self.shorten(MAX_TRAIL.max(rows.len().saturating_mul(2)));
        if offset == 0 && self.mark.is_none() {
            self.mark = Order::watermark(rows);
        }
        for row in rows.iter().skip(new_from) {
            self.digest.write_u64(row.id);
            self.digest.write_u64(row.fingerprint);
            self.rows += 1;
            let newest = self.mark.unwrap_or_default().saturating_sub(MARGIN);
            self.region += u64::from(row.lastreply >= newest);
        }
        self.pages += 1;
        self.empties = 0;
        self.step = 0;
        self.all_pages_as_expected &= as_expected;
        self.some_pages_displaced |= !first_page && known_at != offset;
        self.parts += u64::from(productive);
        if productive && let Some(cut) = self.short.take() {
            // A short page was followed by more rows, so the server has a cap, or hides rows.
            if !self.hidden {
                context.window.on_cap(cut);
            }
            self.doubt |= cut != context.window.limit();
        }
        if is_last {
            self.covered = if self.hidden { self.covered.max(offset + asked) } else { offset + asked };
            self.short =
                (is_short && productive).then_some(rows.len() as u64).or(self.short.filter(|_| is_short));
        }
        if as_expected {
            self.expected += 1;
            if self.expected.is_multiple_of(4) {
                self.slack = (self.slack - 1).max(2);
            }
        } else {
            self.expected = 0;
            self.slack = (self.slack * 2).clamp(2, most_overlap(context.window.limit()).max(2));
        }
        self.aim(context, rows);
        if productive && self.end > self.reached {
            self.reached = self.end;
            self.productive += 1;
            self.stalled = 0;
            self.may_stall = MOST_STALLED;
            self.contradictions = 0;
            self.narrow =
                self.narrow.map(|narrow| narrow * 2).filter(|narrow| *narrow < context.window.limit());
        }
        // A server may count only the tickets that it sends. Then every page at offset 0 reaches its total.
        let is_alone = as_expected && (rows.len() == 1 || (rows.len() as u64) < self.last_productive);
        let is_trusted = is_alone || (reaches_total && offset > 0);
        if productive || self.last_productive == 0 {
            self.last_productive = rows.len() as u64;
        }
        self.look_for_end(context, rows, asked, is_last, productive, is_trusted);
        Accepted { new_from: new_from.min(rows.len()), shifted: !as_expected }
    }

    /// Chooses the offset of the next page.
    fn aim(&mut self, context: &Context<'_>, rows: &[Row]) {
        let limit = self.narrow.unwrap_or(context.window.limit()).min(context.window.limit());
        let needed = context.order.needed_overlap(rows) as u64;
        // The next page may have no more rows than this one, and has to have new ones.
        let limit = limit.min(rows.len() as u64);
        let most = most_overlap(limit);
        self.slack = self.slack.max(needed.min(most));
        // A page cannot hold a group of ties that is longer than most of it, so the overlap is two rows.
        let needed = if needed > most.max(limit * 3 / 4) { 2 } else { needed };
        let overlap =
            self.slack.min(most).max(needed.min(limit.saturating_sub(1))).min(self.trail.len() as u64);
        self.next_offset = self.end.saturating_sub(overlap);
        if self.hidden && self.covered > self.end {
            self.hidden_back = (context.window.limit() / 4).max(2);
            self.next_offset = self.next_offset.max(self.covered.saturating_sub(self.hidden_back));
        }
    }

    /// Decides whether the list may end with the page accepted last.
    fn look_for_end(
        &mut self,
        context: &mut Context<'_>,
        rows: &[Row],
        asked: u64,
        is_last: bool,
        productive: bool,
        is_trusted: bool,
    ) {
        if let Kind::Front { below } = self.kind
            && rows.last().is_some_and(|row| row.lastreply < below)
            && context.order.may_be_newest_reply_first()
        {
            self.state = State::Ended(Ended::Early);
            return;
        }
        let is_short = is_last && (rows.len() as u64) < asked;
        let counted = context.totals.last.unwrap_or_default();
        let goes_on = self.hidden
            && (context.totals.reliable().is_some_and(|total| total > self.covered)
                || counted > self.met(context));
        self.state = match self.state {
            _ if goes_on => State::Reading,
            // Whatever the offset of the page, nothing follows its last row.
            State::Ending { alone, empty, beyond } if is_short && !productive && is_trusted => {
                State::Ending { alone: alone + 1, empty, beyond }
            }
            _ if is_short => State::Ending { alone: 0, empty: 0, beyond: false },
            _ => State::Reading,
        };
        self.settle(context);
    }

    /// Ends the pass, or reads on behind the end, once the end was read often enough.
    fn settle(&mut self, context: &Context<'_>) {
        let State::Ending { alone, empty, beyond } = self.state else { return };
        let counts_more = context.totals.reliable().is_some_and(|total| total > self.end);
        if counts_more || beyond {
            // While the server counts more, the list ends elsewhere. Once it does not, the list has become shorter, and
            // earlier replies about its end prove nothing.
            self.counted_beyond = true;
            self.state = match counts_more {
                true => State::Ending { alone, empty, beyond: true },
                false => State::Ending { alone: 0, empty: 0, beyond: false },
            };
            if !counts_more {
                return;
            }
        }
        let (need_alone, need_empty) = self.proof(context.totals);
        // While the list grows, the page behind the end is not empty. Then more pages with the last rows alone are
        // enough.
        let grows = alone > need_alone + need_empty;
        if alone >= need_alone && (empty >= need_empty || grows) {
            self.finish(context);
        }
    }

    /// How many different tickets were met in the pass. For a resumed pass: in the whole scan.
    fn met(&self, context: &Context<'_>) -> u64 {
        if self.resumed { context.met } else { self.rows.min(context.met) }
    }

    fn finish(&mut self, context: &Context<'_>) {
        let counted = context.totals.last.unwrap_or_default();
        // The least total, because tickets that were opened during the pass are counted and need not be met.
        let least = self.least_total().unwrap_or_default().min(counted);
        let counts_more =
            context.totals.reliable().is_some_and(|total| total > self.end) || least > self.met(context);
        let gap_done = self.gap_done.is_some_and(|done| done >= self.end);
        if counts_more && !gap_done {
            let limit = context.window.uncapped_limit();
            let until = counted.max(self.end).max(self.covered).saturating_add(limit.saturating_mul(4));
            self.gap_done = Some(self.end);
            self.state = State::Gap { offset: self.end, empties: 0, until, proven: true };
            return;
        }
        self.state = State::Ended(Ended::AtEnd);
    }

    /// Accepts rows that join nothing, behind a gap without rows.
    pub(super) fn accept_unproven(
        &mut self,
        context: &mut Context<'_>,
        offset: u64,
        asked: u64,
        rows: &[Row],
    ) -> Accepted {
        self.unproven = true;
        self.restart(context, offset, asked, rows);
        Accepted { new_from: 0, shifted: false }
    }

    /// Continues with a page whose rows follow what was accepted, though no common row shows it.
    fn restart(&mut self, context: &mut Context<'_>, offset: u64, asked: u64, rows: &[Row]) {
        self.clear();
        self.gap_done = None;
        self.contradictions = 0;
        self.short = None;
        for row in rows {
            let whole = context.order.whole_on(rows, row);
            self.push(TrailRow { id: row.id, fingerprint: row.fingerprint, whole });
            self.digest.write_u64(row.id);
            self.digest.write_u64(row.fingerprint);
            self.rows += 1;
        }
        self.mark = self.mark.or_else(|| Order::watermark(rows));
        self.end = offset + rows.len() as u64;
        self.last_productive = rows.len() as u64;
        self.covered = offset + asked;
        self.pages += 1;
        if self.end > self.reached {
            self.reached = self.end;
            self.productive += 1;
            self.stalled = 0;
        }
        self.step = 0;
        self.empties = 0;
        self.aim(context, rows);
        let is_short = (rows.len() as u64) < asked;
        self.short = is_short.then_some(rows.len() as u64);
        self.state =
            if is_short { State::Ending { alone: 0, empty: 0, beyond: false } } else { State::Reading };
        if let Kind::Front { below } = self.kind
            && rows.last().is_some_and(|row| row.lastreply < below)
            && context.order.may_be_newest_reply_first()
        {
            self.state = State::Ended(Ended::Early);
        }
    }

    /// Counts a request that reached no further.
    ///
    /// # Errors
    ///
    /// If too many requests reached no further, in a row or in all.
    pub(super) fn count_wasted_request(&mut self, window: &Window, capacity: u64) -> Result<(), Stuck> {
        self.stalled += 1;
        self.wasted += 1;
        let pages = self.reached / (window.limit() / 2).max(1);
        let may_stall = self.may_stall.min(MOST_STALLED + 2 * pages);
        if self.stalled <= may_stall
            && self.wasted <= MOST_STALLED + pages + WASTED_FOR_EACH * self.productive
        {
            return Ok(());
        }
        if capacity == 1 {
            return Err(Stuck {
                problem: "the server sends one ticket a page, and such pages cannot overlap".to_owned(),
                hint: "Have the server send more tickets a page.",
            });
        }
        Err(Stuck {
            problem: format!(
                "the list changes faster than it can be read: no ticket after offset {} was reached",
                self.end
            ),
            hint: "Scan when less is going on, or request more tickets a page (limitnum).",
        })
    }

    /// A page joins only weakly: reads the place again with more overlap. Returns whether that may help.
    pub(super) fn overlap_more(&mut self, window: &Window) -> bool {
        let most = most_overlap(window.limit()).min(self.trail.len() as u64);
        let tried = if self.widened.0 == self.end { self.widened.1 } else { 0 };
        let overlap = self.end.saturating_sub(self.next_offset).max(tried);
        if overlap >= most || self.step > 0 {
            return false;
        }
        self.widened = (self.end, (overlap * 2).max(4).min(most));
        self.next_offset = self.end.saturating_sub(self.widened.1);
        true
    }

    /// A page that was due did not join: reads nearer to the front, each time twice as far.
    pub(super) fn step_back(&mut self, window: &Window) {
        let limit = window.limit().max(2);
        if self.hidden && self.step == 0 && self.covered > self.end {
            if self.hidden_back < limit - 1 {
                self.hidden_back = (self.hidden_back * 2).clamp(2, limit - 1);
                self.next_offset = self.covered.saturating_sub(self.hidden_back);
            } else {
                // All rows that two pages have in common are hidden.
                self.read_gap(self.covered, limit);
            }
            return;
        }
        self.all_pages_as_expected = false;
        self.state = State::Reading;
        if self.step == 0 {
            self.slack = (self.slack * 2).clamp(2, most_overlap(limit).max(2));
            self.step = (limit / 2).max(1);
            self.next_offset = self.next_offset.min(self.end);
        } else {
            self.step = self.step.saturating_mul(2);
        }
        self.next_offset = self.next_offset.saturating_sub(self.step);
        // Everything from there on has to be read again before a request can reach further.
        self.may_stall = self.may_stall.saturating_add(self.step / (limit / 4).max(1)).min(100_000);
    }

    /// Reads a gap from an offset on. Its rows are accepted without a common row.
    fn read_gap(&mut self, offset: u64, limit: u64) {
        let until = offset.saturating_add(limit.saturating_mul(4));
        self.state = State::Gap { offset, empties: 0, until, proven: false };
    }

    /// A page that was due is empty.
    pub(super) fn on_empty(&mut self, context: &Context<'_>, offset: u64) -> Result<(), Stuck> {
        self.empties += 1;
        if offset == 0 {
            let enough = if context.totals.last == Some(0) && self.pages == 0 { 2 } else { MOST_EMPTY_FRONT };
            if self.empties < enough {
                return Ok(());
            }
            if let Some(total) = context.totals.reliable().filter(|total| *total > 0) {
                return Err(Stuck {
                    problem: format!("the server counts {total} matching tickets and sends none of them"),
                    hint: "Look into the server's error log, and check whether the API user may see the tickets' departments (ignore_dept_assignments).",
                });
            }
            self.all_pages_as_expected &= self.pages == 0;
            self.clear();
            self.end = 0;
            self.state = State::Ended(Ended::AtEnd);
            return Ok(());
        }
        if let State::Ending { empty, .. } = &mut self.state
            && !self.hidden
            && context.totals.last.is_some_and(|total| total <= offset)
        {
            // The list has become shorter. Its end is proven by this page, and its last rows are nearer to the front.
            *empty += 1;
            self.all_pages_as_expected = false;
            let back = self.slack.max(context.window.limit() / 4).max(2);
            self.next_offset = self.next_offset.min(self.end).saturating_sub(back);
            self.settle(context);
            return Ok(());
        }
        self.doubt = true;
        if self.hidden && offset + context.window.limit() > self.covered {
            let counted = context.totals.last.unwrap_or_default();
            let counts_more = counted > offset || counted > self.met(context);
            if counts_more {
                self.state = State::Gap {
                    offset,
                    empties: 0,
                    until: counted.max(offset).saturating_add(4 * context.window.limit()),
                    proven: false,
                };
                return Ok(());
            }
        }
        if self.empties > 1 {
            self.hidden_signs += 1;
            if self.hidden_signs >= 4 {
                // Known rows are at these offsets and are not sent, so the list has moved.
                self.hidden_signs = 0;
                self.hidden = false;
                self.all_pages_as_expected = false;
                self.next_offset = self.end.saturating_sub(self.slack);
                self.step = 0;
                self.empties = 0;
                let counted = context.totals.last.unwrap_or_default();
                // A gap behind the same end was read before, and had no rows.
                let is_read = self.gap_done == Some(self.end);
                if !is_read && (counted > self.end || counted > self.met(context)) {
                    let limit = context.window.uncapped_limit();
                    let until = counted.max(self.end).saturating_add(limit.saturating_mul(4));
                    self.state = State::Gap { offset: self.end, empties: 0, until, proven: false };
                }
                return Ok(());
            }
            self.step_back(context.window);
        }
        Ok(())
    }

    /// The page behind the end was empty.
    pub(super) fn on_probe_empty(&mut self, context: &Context<'_>) {
        if let State::Ending { empty, .. } = &mut self.state {
            *empty += 1;
        }
        self.settle(context);
    }

    /// There are rows behind the end that join nothing. Returns whether to accept them.
    pub(super) fn on_probe_rows(&mut self) -> bool {
        self.doubt = true;
        self.contradictions += 1;
        self.state = State::Reading;
        self.contradictions >= MOST_CONTRADICTIONS
    }

    /// Whether the page has rows behind the last one that it shares with the trail.
    pub(super) fn brings_rows(&self, shared: SharedRows, rows: &[Row]) -> bool {
        shared.last.1 == usize::MAX || shared.last.1 + 1 < rows.len()
    }

    /// A page of the gap behind the end has only rows that were accepted before. `covered` is the number of its
    /// offsets.
    pub(super) fn on_gap_known(&mut self, covered: u64) {
        self.advance_gap(covered, 0);
    }

    /// A page of the gap behind the end was empty. `covered` is the number of its offsets.
    pub(super) fn on_gap_empty(&mut self, covered: u64) {
        self.advance_gap(covered, 1);
    }

    fn advance_gap(&mut self, covered: u64, empty: u32) {
        let State::Gap { offset, empties, until, proven } = &mut self.state else { return };
        *offset = offset.saturating_add(covered.max(1));
        *empties += empty;
        if *empties < MOST_EMPTY_GAP && *offset < *until {
            return;
        }
        if *proven {
            self.state = State::Ended(Ended::AtEnd);
            return;
        }
        // The rows there are not hidden: the list ends before them, which has to be proven.
        self.gap_done = Some(self.end);
        self.hidden = false;
        self.next_offset = self.end.saturating_sub(self.slack.min(self.trail.len() as u64));
        self.state = State::Ending { alone: 0, empty: 0, beyond: false };
    }

    /// Begins to read samples of the rest of the list, down to its end, to confirm its order.
    pub(super) fn sample(&mut self, offsets: Vec<u64>, limits: (u64, u64), last: Stamp) {
        self.sampled = true;
        self.state = State::Sampling { offsets, limits, last };
    }

    /// A sample of the rest of the list. If all samples agree that the rest is older than `since`, the pass ends early.
    pub(super) fn on_sample(&mut self, context: &Context<'_>, rows: &[Row], since: Stamp, regular: bool) {
        let State::Sampling { offsets, last, limits } = &mut self.state else { return };
        let offset = offsets.pop().unwrap_or_default();
        let is_last = offsets.is_empty();
        let are_old = rows.iter().all(|row| row.activity() < since && row.activity() > 0);
        let ordered = regular && context.order.only_newest_reply_first() && are_old && !rows.is_empty();
        if ordered && is_last && rows.iter().all(|row| row.lastreply == 0) {
            // Tickets without a last reply are at the end of the list, and may have been opened at any time. So all of
            // them have to be on the last sample, which is read again with more rows.
            let more = context.window.within(limits.1.saturating_mul(LAST_SAMPLE_FACTOR));
            if more > limits.1 {
                offsets.push(offset.saturating_add(limits.1).saturating_sub(more));
                limits.1 = more;
                return;
            }
        }
        let agrees = ordered
            && rows.first().is_some_and(|row| row.lastreply <= *last && row.lastreply > 0)
            && match is_last {
                // A server that sends fewer rows than requested leaves out the last ones.
                true => context.totals.last.is_some_and(|total| offset + rows.len() as u64 >= total),
                false => rows.iter().all(|row| row.lastreply > 0),
            };
        *last = rows.last().map_or(0, |row| row.lastreply);
        if !agrees {
            self.state = State::Reading;
        } else if is_last {
            self.state = State::Ended(Ended::Early);
        }
    }

    /// A page that was due is unreadable. Returns the offset of a ticket that is stepped over, once it is known.
    pub(super) fn on_unreadable(&mut self, purpose: Purpose, offset: u64, limit: u64) -> Option<u64> {
        match (purpose, &mut self.crossing) {
            (Purpose::Behind, Some(crossing)) => {
                let found = crossing.narrow(limit)?;
                Some(found)
            }
            (Purpose::Single, _) => {
                self.step_over(offset);
                Some(offset)
            }
            (Purpose::Check, _) => {
                self.on_check(&[]);
                None
            }
            (Purpose::Sample, _) => {
                self.state = State::Reading;
                None
            }
            (Purpose::Gap, _) => {
                self.step_over_from_gap(offset);
                None
            }
            _ => {
                self.state = State::Reading;
                let overlap = self.end.saturating_sub(offset);
                if self.trail.is_empty() && limit <= 1 {
                    self.step_over(0);
                    return Some(0);
                }
                if limit > overlap + 1 {
                    // Rounded up: pages of one row join nothing.
                    self.narrow = Some(limit.div_ceil(2).max(overlap + 1));
                } else {
                    self.narrow = Some(overlap + 1);
                    self.state = State::Single;
                }
                None
            }
        }
    }

    fn step_over(&mut self, offset: u64) {
        let before = self.trail.back().map(|row| row.id);
        self.crossing = Some(Crossing::new(offset, before));
        self.state = State::Reading;
        self.narrow = None;
    }

    /// A page of the gap behind the end is unreadable: reads its tickets one by one.
    fn step_over_from_gap(&mut self, offset: u64) {
        let mut crossing = Crossing::new(offset, None);
        crossing.at = offset;
        self.unproven = true;
        self.crossing = Some(crossing);
        self.state = State::Reading;
    }

    /// Notes that an unreadable ticket was stepped over.
    pub(super) fn note_progress(&mut self) {
        self.productive += 1;
        self.stalled = 0;
    }

    /// The readable ticket before the unreadable one at this offset, and how many unreadable ones are between them.
    pub(super) fn unreadable_place(&self, offset: u64) -> (Option<u64>, u64) {
        match &self.crossing {
            Some(crossing) => (crossing.before, offset.saturating_sub(crossing.start)),
            None => (None, 0),
        }
    }

    /// The ticket behind the last row is readable after all: the list has moved.
    pub(super) fn on_single_readable(&mut self) {
        self.all_pages_as_expected = false;
        self.state = State::Reading;
        let overlap = self.end.saturating_sub(self.next_offset);
        self.next_offset = self.end.saturating_sub((overlap / 2).max(1));
        self.narrow = None;
    }

    /// A page behind an unreadable ticket. Returns the rows to accept, if any.
    pub(super) fn on_behind(&mut self, context: &Context<'_>, rows: Vec<Row>) -> Option<Vec<Row>> {
        let crossing = self.crossing.as_mut()?;
        if rows.is_empty() {
            crossing.empty += 1;
            if crossing.empty >= 2 {
                // The list may have become shorter instead.
                self.unproven = true;
                self.end = crossing.at;
                self.crossing = None;
                self.state = State::Ending { alone: u32::MAX, empty: u32::MAX, beyond: false };
                self.finish(context);
            }
            return None;
        }
        if crossing.before.is_some() {
            self.state = State::Check(rows);
            return None;
        }
        Some(rows)
    }

    /// The row before an unreadable ticket was read again. Returns the rows behind it, if the list did not move.
    pub(super) fn on_check(&mut self, rows: &[Row]) -> Option<Vec<Row>> {
        let State::Check(behind) = std::mem::replace(&mut self.state, State::Reading) else { return None };
        let crossing = self.crossing.as_mut()?;
        if rows.first().map(|row| row.id) == crossing.before {
            return Some(behind);
        }
        self.all_pages_as_expected = false;
        self.crossed += 1;
        if self.crossed > MOST_CROSSED {
            self.unproven = true;
            return Some(behind);
        }
        self.end = crossing.start;
        self.next_offset = crossing.start.saturating_sub(self.slack.min(self.trail.len() as u64));
        self.crossing = None;
        None
    }

    /// Accepts the page behind an unreadable ticket.
    pub(super) fn accept_behind(&mut self, context: &mut Context<'_>, rows: &[Row]) -> Accepted {
        // The row before was read again in its place, but not at the same moment as this page.
        self.unproven = true;
        let (at, asked) =
            self.crossing.take().map_or((self.end, 0), |crossing| (crossing.at, crossing.limit));
        self.restart(context, at, asked, rows);
        Accepted { new_from: 0, shifted: false }
    }
}

/// The most rows by which pages of this size may overlap: half of it, and never so many that nothing is new.
fn most_overlap(limit: u64) -> u64 {
    (limit / 2).max(2).min(limit.saturating_sub(1)).max(1)
}

/// The index of a row on the page.
fn first_index(rows: &[Row], known: Option<&TrailRow>) -> u64 {
    let index = known.and_then(|known| rows.iter().position(|row| row.id == known.id));
    index.unwrap_or_default() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trail_keeps_its_last_rows_and_forgets_the_others() {
        let mut pass = Pass::new(Kind::First);
        // Ticket 2 is there twice.
        for id in [1, 2, 3, 2, 4] {
            pass.push(TrailRow { id, fingerprint: id, whole: 0 });
        }
        for kept in [&[1, 2, 3, 2, 4][..], &[3, 2, 4], &[2, 4]] {
            pass.shorten(kept.len());
            assert_eq!(pass.trail.iter().map(|row| row.id).collect::<Vec<_>>(), kept);
            let mut known: Vec<u64> = pass.index.keys().copied().collect();
            known.sort_unstable();
            let mut expected = kept.to_vec();
            expected.sort_unstable();
            expected.dedup();
            assert_eq!(known, expected);
            assert!(pass.index.iter().all(|(id, number)| pass.at(*number).is_some_and(|row| row.id == *id)));
        }
    }
}
