//! A history: a list, how it changes and how it is read, all generated from one seed.

use gettickets::GetTickets;
use gettickets::scan::machine::Settings;

use crate::world::{By, Cap, Group, Rates, Rng, Ties, Total, World};

#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) seed: u64,
    pub(crate) count: u64,
    pub(crate) spread: u64,
    pub(crate) by: By,
    pub(crate) ties: Ties,
    pub(crate) cap: Cap,
    pub(crate) total: Total,
    pub(crate) changes: u64,
    pub(crate) bursts: (u64, u64),
    pub(crate) clock_jumps: u64,
    /// Tickets hidden after LIMIT, in thousandths; and whether they are neighbors.
    pub(crate) hidden: u64,
    pub(crate) hidden_run: bool,
    pub(crate) bad: u64,
    pub(crate) faults: u64,
    pub(crate) largest: u64,
    pub(crate) waits: u64,
    pub(crate) limit: u64,
    pub(crate) concurrency: usize,
    pub(crate) since: bool,
    pub(crate) skip_unreadable: bool,
    /// Stops after this many tickets and resumes with another page size, if not 0.
    pub(crate) breaks: Vec<(usize, u64, usize)>,
}

impl History {
    /// Generates a history.
    pub(crate) fn draw(seed: u64) -> History {
        let mut rng = Rng(seed);
        let rng = &mut rng;
        let count = if rng.below(5) == 0 { rng.below(12) } else { 12 + rng.below(70) };
        let by = match rng.below(16) {
            0..5 => By::NewestReply,
            5 => By::OldestReply,
            6 => By::IdRising,
            7 => By::IdFalling,
            8 => By::DateRising,
            9 => By::DateFalling,
            10..14 => By::Grouped(rng.of(&[Group::Status, Group::Priority, Group::Department, Group::Flag])),
            14 => By::StatusThenDate,
            _ => rng.of(&[By::PinnedFirst, By::PinnedFirst, By::Shuffled]),
        };
        let total = match rng.below(12) {
            0..6 => Total::BeforeHiding,
            6 => Total::AfterHiding,
            7..9 => Total::Absent,
            9 => Total::Random,
            10 => Total::Returned,
            _ => Total::Fixed(rng.below(2 * count + 3)),
        };
        let few = |rng: &mut Rng, one_in: u64, most: u64| {
            if rng.below(one_in) == 0 { 1 + rng.below(most) } else { 0 }
        };
        History {
            seed,
            count,
            // From equal times to hours between two tickets.
            spread: rng.of(&[0, 1, 5, 40, 200, 900, 4_000, 20_000]),
            by,
            ties: rng.of(&[Ties::IdRising, Ties::IdFalling, Ties::Scattered, Ties::Shuffled]),
            cap: match rng.below(6) {
                0..3 => Cap::None,
                3..5 => Cap::At(2 + rng.below(18)),
                _ => {
                    let least = 2 + rng.below(6);
                    Cap::Between(least, least + rng.below(10))
                }
            },
            total,
            changes: match rng.below(6) {
                0 => 0,
                1..3 => 20 + rng.below(180),
                3..5 => 200 + rng.below(1_300),
                _ => 1_500 + rng.below(3_000),
            },
            bursts: if rng.below(6) == 0 { (1 + rng.below(40), 60) } else { (0, 0) },
            clock_jumps: few(rng, 4, 60),
            hidden: few(rng, 8, 400),
            hidden_run: rng.below(2) == 0,
            bad: few(rng, 12, 60),
            faults: few(rng, 6, 80),
            largest: if rng.below(8) == 0 { 16 + rng.below(16) } else { u64::MAX },
            waits: few(rng, 6, 60),
            limit: 4 + rng.below(36),
            concurrency: 1 + rng.below(8) as usize,
            since: rng.below(5) == 0,
            skip_unreadable: rng.below(2) == 0,
            breaks: if rng.below(5) == 0 {
                (0..1 + rng.below(3))
                    .map(|_| (rng.below(count + 2) as usize, 4 + rng.below(36), 1 + rng.below(8) as usize))
                    .collect()
            } else {
                Vec::new()
            },
        }
    }

    pub(crate) fn world(&self) -> World {
        let mut world = World::new(self.seed, self.count, self.spread);
        (world.by, world.ties, world.cap, world.total) = (self.by, self.ties, self.cap, self.total);
        world.rates = Rates::of(self.changes);
        (world.bursts, world.clock_jumps, world.faults) = (self.bursts, self.clock_jumps, self.faults);
        world.largest = self.largest;
        for index in 0..world.tickets.len() {
            world.tickets[index].matches = world.rng.below(10) > 0;
            world.tickets[index].pinned = world.rng.below(12) == 0;
            world.tickets[index].bad = world.rng.chance(self.bad);
            if self.hidden > 0 && !self.hidden_run {
                world.tickets[index].hidden = world.rng.chance(self.hidden);
            }
        }
        if self.hidden > 0 && self.hidden_run {
            let list = world.order();
            let len = list.len() as u64;
            let start = world.rng.below(len) as usize;
            for index in list.into_iter().skip(start).take((len * self.hidden / 1000) as usize) {
                world.tickets[index].hidden = true;
            }
        }
        if self.since && self.count > 0 {
            let nth = world.rng.below(self.count) as usize;
            let list = world.list();
            world.since = list.get(nth % list.len().max(1)).map_or(0, |ticket| ticket.lastreply);
        }
        world
    }

    pub(crate) fn settings(&self, world: &World, limit: u64, concurrency: usize) -> Settings {
        let request = GetTickets { limitnum: Some(limit), ..GetTickets::default() };
        Settings {
            concurrency,
            skip_unreadable: self.skip_unreadable,
            updated_since: (world.since > 0).then(|| time(world.since)),
            ..Settings::new(request)
        }
    }

    /// Whether the history meets the assumptions of the guarantee.
    pub(crate) fn is_within_assumptions(&self) -> bool {
        let stable = self.by != By::Shuffled && (self.ties != Ties::Shuffled || self.is_simple());
        // If no total counts them, a run of hidden tickets longer than a page looks like the end of the list.
        let counted = self.hidden == 0 || matches!(self.total, Total::BeforeHiding | Total::AfterHiding);
        stable && counted
    }

    fn is_simple(&self) -> bool {
        !matches!(self.by, By::Grouped(_) | By::StatusThenDate | By::PinnedFirst | By::Shuffled)
    }
}

/// Seconds since 1970 as a date and time.
pub(crate) fn time(seconds: u64) -> gettickets::DateTime {
    let (days, seconds) = ((seconds / 86_400) as i64, seconds % 86_400);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}").parse().unwrap()
}
