//! A list in memory that changes at every request, and records which tickets a scan must yield.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use gettickets::scan::machine::Row;

/// A random number generator (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below the bound, or 0 if the bound is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    pub(crate) fn chance(&mut self, thousandths: u64) -> bool {
        self.below(1000) < thousandths
    }

    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// A digest of numbers in their order, which continues another one.
pub(crate) fn digest(begin: u64, numbers: impl IntoIterator<Item = u64>) -> u64 {
    numbers.into_iter().fold(begin, |digest, number| mix(digest ^ number).wrapping_mul(31))
}

pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// How the server orders the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    NewestReply,
    OldestReply,
    IdRising,
    IdFalling,
    DateRising,
    DateFalling,
    /// Grouped by a field, newest reply first in each group.
    Grouped(Group),
    /// Grouped by status, then by opening.
    StatusThenDate,
    /// Pinned tickets first, then newest reply first.
    PinnedFirst,
    /// A different order at each request.
    Shuffled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Status,
    Priority,
    Department,
    Flag,
}

impl By {
    pub(crate) fn is_simple(self) -> bool {
        !matches!(self, By::Grouped(_) | By::StatusThenDate | By::PinnedFirst | By::Shuffled)
    }
}

/// The order of tickets with equal times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ties {
    IdRising,
    IdFalling,
    /// Arbitrary, but the same at each request.
    Scattered,
    /// Different at each request.
    Shuffled,
}

/// The most tickets that the server puts on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cap {
    None,
    At(u64),
    /// Different at each request.
    Between(u64, u64),
}

/// The value of `totalresults`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Total {
    /// All matching tickets, including hidden ones.
    BeforeHiding,
    /// All matching tickets that are not hidden.
    AfterHiding,
    Absent,
    /// A random number.
    Random,
    /// The number of tickets on the page.
    Returned,
    /// A constant number, independent of the matching tickets.
    Fixed(u64),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) id: u64,
    pub(crate) date: u64,
    pub(crate) lastreply: u64,
    pub(crate) status: u8,
    pub(crate) priority: u8,
    pub(crate) dept: u8,
    pub(crate) flag: u8,
    pub(crate) pinned: bool,
    /// Matches the request.
    pub(crate) matches: bool,
    /// Is removed from a page after the server's LIMIT.
    pub(crate) hidden: bool,
    /// Cannot be sent.
    pub(crate) bad: bool,
}

impl Ticket {
    pub(crate) fn row(&self) -> Row {
        let fields = [self.id, self.date, self.lastreply, u64::from(self.status), u64::from(self.priority)];
        let more = [u64::from(self.dept), u64::from(self.flag)];
        let fingerprint = digest(7, fields.into_iter().chain(more));
        let stamp = |seconds: u64| if seconds == 0 { 0 } else { seconds as u32 + 1 };
        Row { id: self.id, date: stamp(self.date), lastreply: stamp(self.lastreply), fingerprint }
    }
}

/// How much happens between two requests, on average, in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rates {
    pub(crate) opened: u64,
    pub(crate) answered: u64,
    pub(crate) closed: u64,
    pub(crate) reopened: u64,
    pub(crate) deleted: u64,
    pub(crate) merged: u64,
    /// Status, priority, department or flag change without a reply.
    pub(crate) flagged: u64,
    /// An unread ticket is answered and a read one is closed, so that a reader of offsets misses a ticket.
    pub(crate) swapped: u64,
}

impl Rates {
    /// All kinds of changes, with this total probability in thousandths.
    pub(crate) fn of(total: u64) -> Rates {
        let share = |percent: u64| total * percent / 100;
        Rates {
            opened: share(18),
            answered: share(30),
            closed: share(18),
            reopened: share(6),
            deleted: share(5),
            merged: share(5),
            flagged: share(8),
            swapped: share(10),
        }
    }
}

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Rows(Vec<Ticket>, Option<u64>),
    /// A ticket on the page cannot be sent.
    Unreadable,
    /// The page is too large for the server.
    TooLarge,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) by: By,
    pub(crate) ties: Ties,
    pub(crate) cap: Cap,
    pub(crate) total: Total,
    pub(crate) rates: Rates,
    pub(crate) rng: Rng,
    pub(crate) clock: u64,
    /// The latest time of the clock.
    pub(crate) latest: u64,
    /// How likely the clock is set back or forward before a request, in thousandths.
    pub(crate) clock_jumps: u64,
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) next_id: u64,
    /// The offset after the last page.
    pub(crate) reader: usize,
    pub(crate) requests: u64,
    /// Tickets that a scan must yield: they matched at every moment since its first request.
    pub(crate) required: HashSet<u64>,
    /// Tickets that matched at some moment.
    pub(crate) ever: HashSet<u64>,
    /// If set, only tickets opened or answered since then are required.
    pub(crate) since: u64,
    /// Larger pages fail.
    pub(crate) largest: u64,
    /// How many replies in a thousand are cut short, empty, or have a row twice.
    pub(crate) faults: u64,
    pub(crate) last_fault: u64,
    /// Changes that a test makes before the request with this number, counted from 1.
    pub(crate) script: HashMap<u64, fn(&mut World)>,
    /// What the pages showed of the assumptions of the guarantee.
    pub(crate) evidence: Evidence,
    /// How many tickets a burst closes or opens, and how likely one is before a request, in thousandths.
    pub(crate) bursts: (u64, u64),
}

const THREE_HOURS: u64 = 3 * 3600;

/// What the pages that were sent show of the assumptions that cannot be read off the settings of a world.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    /// A total was less than the tickets up to the end of its page, or it is drawn at random.
    is_total_wrong: bool,
    /// The last ticket and the length of each page that the server cut off.
    cuts: Vec<(u64, usize)>,
    /// The last tickets of such a page were sent alone, although more followed and no total counted more: the last of
    /// them, and the offset after it.
    alone: Option<(u64, u64)>,
    /// The server cut off the first page, which had as many tickets as this total.
    cut_first: Option<u64>,
    /// The end of the list was not recognizable.
    end_was_hidden: bool,
    /// The simple orders: by last reply, opening and id, each rising and falling.
    orders: [Appearance; 6],
    /// The changes that may move a ticket: the number of the request before which it was changed, and its id.
    changes: Vec<(u64, u64)>,
    /// The last reply with rows, until [`World::take_served`] takes it.
    served: Option<Served>,
    /// The number of the last pass of the scan, and its pages.
    last_pass: (u64, Vec<Served>),
}

/// A page that was sent, with the positions that a client does not see.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    /// The number of the request.
    number: u64,
    /// The rows: their positions in the list, ids and fingerprints.
    rows: Vec<(usize, u64, u64)>,
    /// The part of the list that was read.
    read: Range<usize>,
    /// The length of the list, if the page shows it: no ticket follows, and the page is not full.
    end: Option<usize>,
    total: Option<u64>,
    /// The ids of the list at this moment.
    list: Vec<u64>,
}

/// Whether a row or a total of these pages shows that the list changed while they were read.
fn show_change(pages: &[Served], has_totals: bool) -> bool {
    let (mut at, mut of) = (HashMap::new(), HashMap::new());
    let differs = |page: &Served| {
        let other_total = has_totals && page.total != pages[0].total;
        let other_row = page.rows.iter().any(|(position, id, fingerprint)| {
            at.insert(*position, (*id, *fingerprint)).is_some_and(|known| known != (*id, *fingerprint))
                | of.insert(*id, *position).is_some_and(|known| known != *position)
        });
        let mut ids: Vec<_> = page.rows.iter().map(|(_, id, _)| *id).collect();
        ids.sort_unstable();
        other_total || other_row || ids.windows(2).any(|pair| pair[0] == pair[1])
    };
    let ends: Vec<_> = pages.iter().filter_map(|page| page.end).collect();
    let last = pages.iter().flat_map(|page| &page.rows).map(|(position, ..)| position + 1).max();
    let other_end = ends.iter().any(|end| *end != ends[0] || last.is_some_and(|last| last > *end));
    other_end || pages.iter().any(differs)
}

/// What the pages show of an order.
#[derive(Clone, Copy, Debug, Default)]
struct Appearance {
    /// How many pairs of neighbors agree.
    pairs: u32,
    /// A pair of neighbors disagrees.
    disproved: bool,
    /// The list was in another order at some request.
    wrong: bool,
}

impl Appearance {
    fn is_convincing(&self) -> bool {
        self.pairs >= 8 && !self.disproved
    }

    fn observe(&mut self, first: u64, second: u64) {
        self.pairs += u32::from(first < second);
        self.disproved |= first > second;
    }
}

/// The keys of two neighbors in each of the six simple orders.
fn keys(a: &Ticket, b: &Ticket) -> [(u64, u64); 6] {
    let [reply, date, id] = [(a.lastreply, b.lastreply), (a.date, b.date), (a.id, b.id)];
    let falling = |(a, b)| (b, a);
    [reply, falling(reply), date, falling(date), id, falling(id)]
}

impl Evidence {
    /// Notes a page. `is_cut`: the server left out tickets that it could have sent.
    fn note(&mut self, offset: u64, rows: &[Ticket], total: Option<u64>, is_cut: bool) {
        let end = offset + rows.len() as u64;
        self.is_total_wrong |= !rows.is_empty() && total.is_some_and(|total| total < end);
        let counts_more = !self.is_total_wrong && total.is_some_and(|total| total > end);
        let Some(last) = rows.last() else {
            self.end_was_hidden |= self.alone.is_some_and(|(_, end)| 0 < offset && offset <= end);
            return;
        };
        let counts_same = total.is_some() && total == self.cut_first && !self.is_total_wrong;
        self.end_was_hidden |= offset > 0 && counts_same;
        for (a, b) in rows.iter().zip(rows.iter().skip(1)) {
            for (order, (first, second)) in self.orders.iter_mut().zip(keys(a, b)) {
                order.observe(first, second);
            }
        }
        if self.alone.is_some_and(|(id, _)| id != last.id && rows.iter().any(|row| row.id == id)) {
            self.alone = None;
        }
        if !is_cut {
            return;
        }
        if self.cuts.iter().any(|(id, len)| *id == last.id && *len > rows.len()) {
            self.alone = self.alone.or((!counts_more).then_some((last.id, end)));
            self.end_was_hidden |= total == Some(end);
        }
        if offset == 0 && total == Some(end) {
            self.cut_first = total;
        }
        self.cuts.push((last.id, rows.len()));
    }

    /// Notes what order the list has.
    fn note_list<'a>(&mut self, list: impl Iterator<Item = &'a Ticket> + Clone) {
        for (a, b) in list.clone().zip(list.skip(1)) {
            for (order, (first, second)) in self.orders.iter_mut().zip(keys(a, b)) {
                order.wrong |= first > second;
            }
        }
    }

    /// Whether the list looked as if it were in an order in which it was not.
    fn looked_ordered(&self) -> bool {
        let [oldest, newest, fixed @ ..] = &self.orders;
        // An order by last reply explains a list before one by opening or id does.
        if !newest.disproved || !oldest.disproved {
            let order = if newest.disproved { oldest } else { newest };
            return order.is_convincing() && order.wrong;
        }
        fixed.iter().any(Appearance::is_convincing)
            && fixed.iter().all(|order| order.disproved || order.wrong)
    }
}

impl World {
    /// An unchanging list of this many matching tickets, whose times are `spread` seconds apart on average.
    pub(crate) fn new(seed: u64, count: u64, spread: u64) -> World {
        let mut rng = Rng(seed);
        let start = 1_000_000_000;
        let clock = start + count * (spread + 1) + 1000;
        let tickets = (1..=count).map(|id| {
            let date = start + id * spread;
            let age = rng.below(count * spread + 1);
            Ticket {
                id,
                date,
                lastreply: date.max(start + age),
                status: rng.below(4) as u8,
                priority: rng.below(3) as u8,
                dept: rng.below(3) as u8,
                flag: rng.below(2) as u8,
                pinned: false,
                matches: true,
                hidden: false,
                bad: false,
            }
        });
        let tickets = tickets.collect();
        World {
            by: By::NewestReply,
            ties: Ties::IdFalling,
            cap: Cap::None,
            total: Total::BeforeHiding,
            rates: Rates::default(),
            rng,
            clock,
            latest: clock,
            clock_jumps: 0,
            tickets,
            next_id: count + 1,
            reader: 0,
            requests: 0,
            required: HashSet::new(),
            ever: HashSet::new(),
            since: 0,
            largest: u64::MAX,
            faults: 0,
            last_fault: 0,
            script: HashMap::new(),
            bursts: (0, 0),
            evidence: Evidence::default(),
        }
    }

    /// The assumption of the guarantee that the pages broke, if one was broken, in a scan that lost these tickets.
    pub(crate) fn broken_assumption(&self, lost: &[u64]) -> Option<&'static str> {
        if self.evidence.end_was_hidden {
            return Some("the end did not show itself");
        }
        if !self.by.is_simple() && self.evidence.looked_ordered() {
            return Some("the list looked ordered and was not");
        }
        let canceled_out = !lost.is_empty() && lost.iter().all(|id| self.moved_without_a_sign(*id));
        canceled_out.then_some("moves canceled each other out")
    }

    /// Whether this ticket, which was not yielded, moved from the part of the list that was still to be read to the part
    /// that was read, during the last pass, and none of the several pages of that pass shows a change.
    fn moved_without_a_sign(&self, id: u64) -> bool {
        // In these orders a ticket does not move when it is changed.
        if matches!(self.by, By::IdRising | By::IdFalling | By::DateRising | By::DateFalling) {
            return false;
        }
        let pages = &self.evidence.last_pass.1;
        let Some(last) = pages.iter().max_by_key(|page| page.number) else { return false };
        let first = pages.iter().map(|page| page.number).min().unwrap_or(0);
        let was_changed = self
            .evidence
            .changes
            .iter()
            .any(|(number, changed)| *changed == id && first < *number && *number <= last.number);
        let is_on_a_page = pages.iter().flat_map(|page| &page.rows).any(|(_, on_page, _)| *on_page == id);
        let position = last.list.iter().position(|listed| *listed == id);
        let is_in_part_read =
            position.is_some_and(|position| pages.iter().any(|page| page.read.contains(&position)));
        let has_totals = matches!(self.total, Total::BeforeHiding | Total::AfterHiding);
        was_changed && !is_on_a_page && is_in_part_read && !show_change(pages, has_totals)
    }

    /// The page that was served last, for [`World::note_delivered`].
    pub(crate) fn take_served(&mut self) -> Option<Served> {
        self.evidence.served.take()
    }

    /// Notes that a page was delivered to the pass with this number.
    pub(crate) fn note_delivered(&mut self, pass: u64, page: Served) {
        let last_pass = &mut self.evidence.last_pass;
        if last_pass.0 != pass {
            *last_pass = (pass, Vec::new());
        }
        last_pass.1.push(page);
    }

    /// The matching tickets as they are ordered now, by their index.
    pub(crate) fn order(&mut self) -> Vec<usize> {
        let shuffle = self.rng.next();
        let ties = self.ties;
        let tie = |ticket: &Ticket| match ties {
            Ties::IdRising => ticket.id,
            Ties::IdFalling => u64::MAX - ticket.id,
            Ties::Scattered => mix(ticket.id),
            Ties::Shuffled => mix(ticket.id ^ shuffle),
        };
        let tickets = &self.tickets;
        let mut list: Vec<usize> = (0..tickets.len()).filter(|index| tickets[*index].matches).collect();
        let at = |index: &usize| &tickets[*index];
        match self.by {
            By::NewestReply => list.sort_by_cached_key(|i| (Reverse(at(i).lastreply), tie(at(i)))),
            By::OldestReply => list.sort_by_cached_key(|i| (at(i).lastreply, tie(at(i)))),
            By::DateRising => list.sort_by_cached_key(|i| (at(i).date, tie(at(i)))),
            By::DateFalling => list.sort_by_cached_key(|i| (Reverse(at(i).date), tie(at(i)))),
            By::IdRising => list.sort_by_key(|i| at(i).id),
            By::IdFalling => list.sort_by_key(|i| Reverse(at(i).id)),
            By::Grouped(group) => list.sort_by_cached_key(|i| {
                let group = match group {
                    Group::Status => at(i).status,
                    Group::Priority => at(i).priority,
                    Group::Department => at(i).dept,
                    Group::Flag => at(i).flag,
                };
                (group, Reverse(at(i).lastreply), tie(at(i)))
            }),
            By::StatusThenDate => {
                list.sort_by_cached_key(|i| (at(i).status, Reverse(at(i).date), tie(at(i))))
            }
            By::PinnedFirst => {
                list.sort_by_cached_key(|i| (!at(i).pinned, Reverse(at(i).lastreply), tie(at(i))))
            }
            By::Shuffled => list.sort_by_cached_key(|i| mix(at(i).id ^ shuffle)),
        }
        list
    }

    /// The matching tickets as they are ordered now.
    pub(crate) fn list(&mut self) -> Vec<Ticket> {
        self.order().into_iter().map(|index| self.tickets[index].clone()).collect()
    }

    fn some(&mut self, matching: bool) -> Option<usize> {
        let count = self.tickets.iter().filter(|ticket| ticket.matches == matching).count() as u64;
        let nth = self.rng.below(count) as usize;
        let mut of = (0..self.tickets.len()).filter(|index| self.tickets[*index].matches == matching);
        of.nth(nth)
    }

    pub(crate) fn index(&self, id: u64) -> Option<usize> {
        self.tickets.iter().position(|ticket| ticket.id == id)
    }

    pub(crate) fn close(&mut self, id: u64) {
        self.required.remove(&id);
        if let Some(index) = self.index(id) {
            self.tickets[index].matches = false;
        }
    }

    pub(crate) fn answer(&mut self, id: u64) {
        let (clock, status) = (self.clock, self.rng.below(4) as u8);
        self.evidence.changes.push((self.requests, id));
        if let Some(index) = self.index(id) {
            (self.tickets[index].lastreply, self.tickets[index].status) = (clock, status);
            self.forget_if_too_old(index);
        }
    }

    /// A ticket is required only while it is new enough.
    fn forget_if_too_old(&mut self, index: usize) {
        let ticket = &self.tickets[index];
        if ticket.lastreply.max(ticket.date) < self.since {
            self.required.remove(&ticket.id);
        }
    }

    pub(crate) fn open(&mut self) {
        let id = self.next_id;
        self.next_id += 1;
        let (date, rng) = (self.clock, &mut self.rng);
        self.tickets.push(Ticket {
            id,
            date,
            lastreply: date,
            status: rng.below(4) as u8,
            priority: rng.below(3) as u8,
            dept: rng.below(3) as u8,
            flag: rng.below(2) as u8,
            pinned: false,
            matches: true,
            hidden: false,
            bad: false,
        });
    }

    fn times(&mut self, thousandths: u64) -> u64 {
        let drawn = self.rng.below(2 * thousandths + 1);
        drawn / 1000 + u64::from(self.rng.below(1000) < drawn % 1000)
    }

    fn pass_time(&mut self) {
        self.clock += self.rng.below(4);
        if self.clock_jumps > 0 && self.rng.chance(self.clock_jumps) {
            let jump = self.rng.below(THREE_HOURS + 1);
            if self.rng.below(2) == 0 {
                // At most three hours before the latest time.
                self.clock = (self.clock - jump).max(self.latest - THREE_HOURS);
            } else {
                self.clock += jump;
            }
        }
        self.latest = self.latest.max(self.clock);
        let rates = self.rates;
        for _ in 0..self.times(rates.opened) {
            self.open();
        }
        for _ in 0..self.times(rates.answered) {
            if let Some(index) = self.some(true) {
                self.answer(self.tickets[index].id);
            }
        }
        for _ in 0..self.times(rates.closed) {
            if let Some(index) = self.some(true) {
                self.close(self.tickets[index].id);
            }
        }
        for _ in 0..self.times(rates.reopened) {
            if let Some(index) = self.some(false) {
                self.tickets[index].matches = true;
                if self.rng.below(2) == 0 {
                    self.answer(self.tickets[index].id);
                }
            }
        }
        for _ in 0..self.times(rates.deleted) {
            if let Some(index) = self.some(true) {
                self.close(self.tickets[index].id);
                self.tickets.remove(index);
            }
        }
        for _ in 0..self.times(rates.merged) {
            if let (Some(one), Some(other)) = (self.some(true), self.some(true)) {
                let (kept, gone) = (self.tickets[one].id, self.tickets[other].id);
                if kept != gone {
                    self.close(gone);
                    self.answer(kept);
                }
            }
        }
        for _ in 0..self.times(rates.flagged) {
            if let Some(index) = self.some(true) {
                let (which, value) = (self.rng.below(4), self.rng.below(4) as u8);
                self.evidence.changes.push((self.requests, self.tickets[index].id));
                let ticket = &mut self.tickets[index];
                match which {
                    0 => ticket.status = value,
                    1 => ticket.priority = value.min(2),
                    2 => ticket.dept = value.min(2),
                    _ => ticket.flag = value & 1,
                }
            }
        }
        for _ in 0..self.times(rates.swapped) {
            let list = self.order();
            let reader = self.reader.min(list.len());
            let (before, after) = (reader as u64, (list.len() - reader) as u64);
            if before > 0 && after > 0 {
                let near = self.rng.below(after.min(8)) as usize;
                let moved = self.tickets[list[reader + near]].id;
                let closed = self.tickets[list[self.rng.below(before) as usize]].id;
                self.answer(moved);
                self.close(closed);
            }
        }
        let (size, likely) = self.bursts;
        if size > 0 && self.rng.chance(likely) {
            let opens = self.rng.below(2) == 0;
            for _ in 0..self.rng.below(size) {
                if opens {
                    self.open();
                } else if let Some(index) = self.some(true) {
                    self.close(self.tickets[index].id);
                }
            }
        }
    }

    fn begin(&mut self) {
        let since = self.since;
        let is_required = |ticket: &&Ticket| {
            ticket.matches && !ticket.hidden && !ticket.bad && ticket.lastreply.max(ticket.date) >= since
        };
        self.required = self.tickets.iter().filter(is_required).map(|ticket| ticket.id).collect();
    }

    /// Lets time pass and serves a request.
    pub(crate) fn serve(&mut self, offset: u64, limit: u64) -> Reply {
        self.requests += 1;
        if self.requests == 1 {
            self.begin();
        } else {
            self.pass_time();
        }
        if let Some(change) = self.script.get(&self.requests).copied() {
            change(self);
        }
        let ever = self.tickets.iter().filter(|ticket| ticket.matches).map(|ticket| ticket.id);
        self.ever.extend(ever);
        if limit > self.largest {
            return Reply::TooLarge;
        }
        let list = self.order();
        let cap = match self.cap {
            Cap::None => u64::MAX,
            Cap::At(cap) => cap,
            Cap::Between(least, most) => least + self.rng.below(most - least + 1),
        };
        let start = (offset as usize).min(list.len());
        let end = start.saturating_add(limit.min(cap) as usize).min(list.len());
        self.reader = end;
        let shown =
            list[start..end].iter().map(|index| &self.tickets[*index]).filter(|ticket| !ticket.hidden);
        let mut rows: Vec<_> = shown.cloned().collect();
        if rows.iter().any(|ticket| ticket.bad) {
            return Reply::Unreadable;
        }
        let readable = rows.len();
        // A server may fail sometimes, but not at consecutive requests: then no scan could complete.
        if self.faults > 0 && self.requests > self.last_fault + 3 && self.rng.chance(self.faults) {
            self.last_fault = self.requests;
            match self.rng.below(3) {
                0 => rows.clear(),
                1 => rows.truncate(self.rng.below(rows.len() as u64 + 1) as usize),
                _ if !rows.is_empty() => {
                    let index = self.rng.below(rows.len() as u64) as usize;
                    rows.insert(index, rows[index].clone());
                }
                _ => {}
            }
        }
        self.evidence.is_total_wrong |= self.total == Total::Random;
        if !self.by.is_simple() {
            self.evidence.note_list(list.iter().map(|index| &self.tickets[*index]));
        }
        let all = list.len() as u64;
        let visible = list.iter().filter(|index| !self.tickets[**index].hidden).count() as u64;
        let total = match self.total {
            Total::BeforeHiding => Some(all),
            Total::AfterHiding => Some(visible),
            Total::Absent => None,
            Total::Random => Some(self.rng.below(2 * all + 2)),
            Total::Returned => Some(rows.len() as u64),
            Total::Fixed(total) => Some(total),
        };
        let most = start.saturating_add(limit as usize).min(list.len());
        let more_follow = list[end..].iter().any(|index| !self.tickets[*index].hidden);
        let is_cut = rows.len() < readable || (end < most && more_follow);
        self.evidence.note(offset, &rows, total, is_cut);
        let may_show_end = !is_cut && (rows.len() as u64) < limit;
        self.evidence.served = Some(self.served(start, may_show_end, &list, &rows, total));
        Reply::Rows(rows, total)
    }

    fn served(
        &self,
        start: usize,
        may_show_end: bool,
        list: &[usize],
        rows: &[Ticket],
        total: Option<u64>,
    ) -> Served {
        let list: Vec<_> = list.iter().map(|index| self.tickets[*index].id).collect();
        let position = |ticket: &Ticket| list.iter().position(|id| *id == ticket.id).unwrap_or(start);
        let rows: Vec<_> = rows.iter().map(|row| (position(row), row.id, row.row().fingerprint)).collect();
        let most = rows.last().map_or(start, |(position, ..)| position + 1);
        let end = (may_show_end && !list[most..].iter().any(|id| self.is_visible(*id))).then_some(list.len());
        Served { number: self.requests, rows, read: start..end.unwrap_or(most), end, total, list }
    }

    fn is_visible(&self, id: u64) -> bool {
        self.index(id).is_some_and(|index| !self.tickets[index].hidden)
    }
}
