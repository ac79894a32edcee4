//! What scans do, in a line each: lists and histories of many kinds, with the numbers of requests and tickets, and digests of
//! the report and of every request and ticket in their order.
//!
//! A change that is not meant to change how lists are read changes no line. One that is meant to shows what it costs: more
//! requests, more incomplete scans, or new warnings. The digests show that anything else is different.

use std::fmt::Write;

use gettickets::GetTickets;
use gettickets::scan::machine::Settings;

use crate::adversary::play;
use crate::drive::{Driver, Outcome};
use crate::history::{History, time};
use crate::world::{self, By, Cap, Group, Rates, Total, World};

/// A digest of a text, short enough for a line.
pub(crate) fn digest(text: &str) -> u32 {
    world::digest(7, text.bytes().map(u64::from)) as u32
}

/// A line that describes a scan.
pub(crate) fn line(out: &mut String, name: &str, outcome: &Outcome) {
    let ended = match &outcome.error {
        None => "complete",
        Some(_) if outcome.is_incomplete() => "incomplete",
        Some(_) => "failed",
    };
    let report = &outcome.report;
    let _ = writeln!(
        out,
        "{name}: {} requests, {} tickets, {} shifts, {} verifications, {ended}; {:08x} {:08x}",
        outcome.requests,
        outcome.yielded.len(),
        report.shifts,
        report.verification_passes,
        digest(&format!("{report:?}{}", outcome.problem())),
        outcome.trace as u32,
    );
}

/// Histories in which a scan takes branches that it seldom takes: they were searched for changes of the code that no other
/// history shows.
#[rustfmt::skip]
const RARE: [u64; 16] = [
    2_217, 2_221, 2_406, 2_498, 2_555, 2_628, 2_633, 2_748, 4_233, 5_237, 5_810, 6_110, 6_262, 6_806, 7_555, 8_384,
];

/// A line for each history.
fn histories(seeds: impl IntoIterator<Item = u64>) -> String {
    let mut lines = String::new();
    for seed in seeds {
        let history = History::draw(seed);
        let (_, outcome) = play(&history);
        let name = format!("{seed}: {} tickets, {:?}, limit {}", history.count, history.by, history.limit);
        line(&mut lines, &name, &outcome);
    }
    lines
}

#[test]
fn histories_are_read_as_before() {
    insta::assert_snapshot!(histories(1..=60));
}

#[test]
fn more_histories_are_read_as_before() {
    insta::assert_snapshot!(histories((61..=300).chain(RARE)));
}

/// A line for a hundred each, so that rare cases are among them.
#[test]
fn many_histories_are_read_as_before() {
    let mut lines = String::new();
    for first in (301..=2_000).step_by(100) {
        let (mut together, mut requests, mut complete) = (String::new(), 0, 0);
        for seed in first..first + 100 {
            let (_, outcome) = play(&History::draw(seed));
            (requests, complete) =
                (requests + outcome.requests, complete + u32::from(outcome.error.is_none()));
            line(&mut together, "", &outcome);
        }
        let (last, digest) = (first + 99, digest(&together));
        let _ = writeln!(lines, "{first} to {last}: {requests} requests, {complete} complete; {digest:08x}");
    }
    insta::assert_snapshot!(lines);
}

/// Lists that are longer than a page of any size, with requests that take a time, so that the pages grow.
fn long_lists(changes: u64) -> String {
    let orders = [
        By::NewestReply,
        By::OldestReply,
        By::IdRising,
        By::DateFalling,
        By::Grouped(Group::Status),
        By::StatusThenDate,
        By::PinnedFirst,
    ];
    let mut lines = String::new();
    for (seed, by) in (1..).zip(orders) {
        for (limit, cap) in [(None, Cap::None), (Some(100), Cap::None), (None, Cap::At(250))] {
            for recent in [false, true] {
                let mut world = World { by, cap, total: Total::BeforeHiding, ..World::new(seed, 2_000, 600) };
                world.rates = Rates::of(changes);
                if recent {
                    world.since = world.clock - 200 * 600;
                }
                let request = GetTickets { limitnum: limit, ..GetTickets::default() };
                let updated_since = recent.then(|| time(world.since));
                let settings = Settings { updated_since, ..Settings::new(request) };
                let mut driver = Driver::new(settings, seed);
                driver.pace = (20_000, 40);
                let Err(result) = driver.run(&mut world, None) else { unreachable!("it was not to stop") };
                let name = format!("{by:?}, limit {limit:?}, {cap:?}, changes {changes}, recent {recent}");
                line(&mut lines, &name, &driver.finish(result));
            }
        }
    }
    lines
}

#[test]
fn long_quiet_lists_are_read_as_before() {
    insta::assert_snapshot!(long_lists(0));
}

#[test]
fn long_lists_that_change_are_read_as_before() {
    insta::assert_snapshot!(long_lists(400));
}
