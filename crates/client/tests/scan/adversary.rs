//! Checks the guarantee of the scan on many random histories of lists that change at every request.
//!
//! `SCAN_HISTORIES` is their number (100,000 by default), `SCAN_SEED` the first seed. A failure names the seed of its
//! history, and `SCAN_HISTORIES=1 SCAN_SEED=…` repeats it.

use std::collections::BTreeMap;

use crate::drive::{Driver, Outcome};
use crate::history::History;
use crate::world::World;

/// The results of many histories.
#[derive(Debug, Default)]
struct Tally {
    histories: u64,
    complete: u64,
    incomplete: u64,
    other_errors: u64,
    losses: u64,
    requests: u64,
    /// Seeds of the first histories that lost tickets.
    seeds: Vec<u64>,
    /// How often a scan was incomplete for each reason, without the numbers in it.
    reasons: BTreeMap<String, u64>,
}

impl Tally {
    fn note(&mut self, seed: u64, world: &World, outcome: &Outcome) {
        self.histories += 1;
        self.requests += outcome.requests;
        match (&outcome.error, outcome.is_incomplete()) {
            (None, _) => self.complete += 1,
            (_, true) => {
                self.incomplete += 1;
                let reason = outcome.problem().replace(|c: char| c.is_ascii_digit(), "");
                *self.reasons.entry(reason).or_default() += 1;
            }
            _ => self.other_errors += 1,
        }
        if !outcome.lost(world).is_empty() {
            self.losses += 1;
            if self.seeds.len() < 12 {
                self.seeds.push(seed);
            }
        }
    }

    fn print(&self, what: &str) {
        println!(
            "{what}: {} histories, {} complete, {} incomplete ({:.1} %), {} ended in another error, {} lost tickets in silence, {:.1} requests each; seeds {:?}",
            self.histories,
            self.complete,
            self.incomplete,
            100.0 * self.incomplete as f64 / self.histories.max(1) as f64,
            self.other_errors,
            self.losses,
            self.requests as f64 / self.histories.max(1) as f64,
            self.seeds,
        );
        for (reason, count) in &self.reasons {
            println!("{count:>8}  {reason}");
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn play(history: &History) -> (World, Outcome) {
    let mut world = history.world();
    let mut driver =
        Driver::new(history.settings(&world, history.limit, history.concurrency), history.seed ^ 1);
    driver.waits = history.waits;
    let mut stop = 0;
    for (after, limit, concurrency) in &history.breaks {
        stop += after;
        match driver.run(&mut world, Some(stop)) {
            Err(result) => return (world, driver.finish(result)),
            Ok(cursor) => {
                let cursor = cursor.to_string().parse().unwrap();
                driver.resume(history.settings(&world, *limit, *concurrency), &cursor);
            }
        }
    }
    match driver.run(&mut world, None) {
        Err(result) => (world, driver.finish(result)),
        Ok(_) => unreachable!(),
    }
}

#[test]
fn no_ticket_is_lost_silently_while_the_list_changes() {
    let (mut within, mut outside) = (Tally::default(), Tally::default());
    let first = number("SCAN_SEED", 1);
    let show = std::env::var_os("SCAN_SHOW").is_some();
    for seed in first..first + number("SCAN_HISTORIES", 100_000) {
        let history = History::draw(seed);
        if show {
            println!("{history:#?}");
        }
        let (world, outcome) = play(&history);
        let named = || format!("seed {seed}: {history:#?}\n{:#?}\n{}", outcome.report, outcome.problem());
        assert!(outcome.twice().is_empty(), "yielded twice: {:?}\n{}", outcome.twice(), named());
        assert!(outcome.never(&world).is_empty(), "never matched\n{}", named());
        assert!(outcome.error.is_none() || outcome.is_incomplete() || history.largest < 40, "{}", named());
        if show {
            println!("{:#?}\n{}\nlost {:?}", outcome.report, outcome.problem(), outcome.lost(&world));
        }
        let tally = if history.is_within_assumptions() { &mut within } else { &mut outside };
        tally.note(seed, &world, &outcome);
    }
    within.print("within the assumptions");
    outside.print("outside of them");
    assert_eq!(within.losses, 0, "lost in silence: seeds {:?}", within.seeds);
}
