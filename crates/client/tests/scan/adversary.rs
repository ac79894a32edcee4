//! The promise against what a plain model leaves out: replies that are empty for a moment, tickets that stand twice
//! on a page, orders by date, scans that are broken off and resumed, and scans since a moment.
//!
//! `SCAN_ADVERSARIES` says how many histories (1,000 by default).

use std::collections::HashSet;
use std::sync::Mutex;

use gettickets::GetTickets;
use gettickets::scan::Scan;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::list::{By, Cap, Rates, Server, Ties, Total, World, time};
use crate::promise::{Outcome, broken, run};

#[derive(Clone, Debug)]
struct History {
    seed: u64,
    count: u64,
    spread: u64,
    by: By,
    ties: Ties,
    cap: Cap,
    total: Total,
    changes: u32,
    page_len: u64,
    empty: u64,
    doubled: u64,
    /// How many tickets each part takes before the scan is broken off.
    parts: Vec<usize>,
    /// Only tickets of at least the time of the last reply that this many thousandths of them have.
    since: Option<u64>,
}

impl History {
    fn server(&self) -> Server {
        let mut world = World::new(self.seed, self.count, self.spread);
        (world.by, world.ties, world.cap, world.total) = (self.by, self.ties, self.cap, self.total);
        world.rates = Rates::of(self.changes);
        (world.empty, world.doubled) = (self.empty, self.doubled);
        Server::new(world)
    }

    fn since(&self, server: &Server) -> Option<u64> {
        let mut times: Vec<_> = server.world().tickets.iter().map(|ticket| ticket.lastreply).collect();
        times.sort_unstable();
        let index = self.since? * times.len() as u64 / 1000;
        times.get(index as usize).copied()
    }

    fn scan(&self, server: &Server, since: Option<u64>) -> Scan {
        let request = GetTickets { limitnum: Some(self.page_len), ..GetTickets::default() };
        let scan = Scan::new(server.clone(), request).max_requests(20_000);
        match since {
            Some(since) => scan.updated_since(time(since).replace(' ', "T").parse().unwrap()),
            None => scan,
        }
    }

    /// Reads it all, in parts.
    fn run(&self, server: &Server, since: Option<u64>) -> Outcome {
        let (mut told, mut cursor) = (Vec::new(), None::<String>);
        let resumed = |cursor: &Option<String>| match cursor {
            Some(cursor) => self.scan(server, since).resume(&cursor.parse().unwrap()).unwrap(),
            None => self.scan(server, since),
        };
        for part in &self.parts {
            let mut scan = resumed(&cursor);
            for ticket in scan.by_ref().take(*part) {
                match ticket {
                    Ok(ticket) => told.push(ticket.get().id()),
                    Err(error) => return Outcome { told, error: Some(error), report: scan.report() },
                }
            }
            cursor = Some(scan.cursor().to_string());
        }
        let rest = run(resumed(&cursor));
        told.extend(&rest.told);
        Outcome { told, ..rest }
    }
}

fn histories() -> impl Strategy<Value = History> {
    let list = (
        any::<u64>(),
        prop_oneof![1 => 0_u64..12, 4 => 12_u64..80],
        prop_oneof![1 => Just(0_u64), 1 => Just(1), 3 => 2_u64..40],
        prop_oneof![
            4 => Just(By::NewestReply),
            1 => Just(By::OldestReply),
            1 => Just(By::IdRising),
            1 => Just(By::IdFalling),
            1 => Just(By::DateRising),
            1 => Just(By::DateFalling),
            1 => Just(By::StatusThenDate),
        ],
        prop_oneof![Just(Ties::IdRising), Just(Ties::IdFalling), Just(Ties::Scattered), Just(Ties::Shuffled)],
        prop_oneof![
            3 => Just(Cap::None),
            3 => (2_usize..20).prop_map(Cap::At),
            1 => (2_usize..8, 0_usize..10).prop_map(|(least, more)| Cap::Between(least, least + more)),
        ],
        prop_oneof![Just(Total::Number), Just(Total::Text), Just(Total::Absent), Just(Total::Wrong)],
        prop_oneof![1 => Just(0_u32), 4 => 50_u32..1_500, 1 => 1_500_u32..6_000],
        4_u64..40,
    );
    let twists = (
        prop_oneof![2 => Just(0_u64), 1 => 1_u64..100],
        prop_oneof![2 => Just(0_u64), 1 => 1_u64..400],
        prop_oneof![2 => Just(vec![]), 1 => proptest::collection::vec(0_usize..40, 1..4)],
        proptest::option::weighted(0.3, 0_u64..1_000),
    );
    (list, twists).prop_map(|(list, (empty, doubled, parts, since))| {
        let (seed, count, spread, by, ties, cap, total, changes, page_len) = list;
        History { seed, count, spread, by, ties, cap, total, changes, page_len, empty, doubled, parts, since }
    })
}

#[test]
fn no_adversary_makes_a_scan_lose_a_ticket_in_silence() {
    let count = std::env::var("SCAN_ADVERSARIES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let seed: u8 = std::env::var("SCAN_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let tally = Mutex::new((0_u64, 0_u64));
    let config =
        Config { cases: count, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    let outcome = runner.run(&histories(), |history| {
        let server = history.server();
        let since = history.since(&server);
        let late: HashSet<u64> = since.map_or_else(HashSet::new, |since| {
            server.world().tickets.iter().filter(|row| row.lastreply < since).map(|row| row.id).collect()
        });
        let outcome = history.run(&server, since);
        let (mut lost, twice, never) = broken(&server, &outcome);
        lost.retain(|id| !late.contains(id));
        let mut tally = tally.lock().unwrap();
        tally.0 += 1;
        tally.1 += u64::from(outcome.is_incomplete());
        drop(tally);
        prop_assert!(lost.is_empty(), "lost in silence: {lost:?}, {:?}", outcome.report);
        prop_assert!(twice.is_empty(), "told twice: {twice:?}");
        prop_assert!(never.is_empty(), "never matched: {never:?}");
        prop_assert!(outcome.error.is_none() || outcome.is_incomplete(), "{}", outcome.problem());
        Ok(())
    });
    let (histories, incomplete) = tally.into_inner().unwrap();
    println!("adversary: {histories} histories, {incomplete} incomplete");
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
