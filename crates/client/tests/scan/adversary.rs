//! The promise against what a plain model leaves out: replies that are empty for a moment, tickets that stand twice
//! on a page, orders by date, scans that are broken off and resumed, and scans since a moment.
//!
//! `SCAN_ADVERSARIES` says how many histories (1,000 by default).

use std::collections::HashSet;
use std::sync::Mutex;

use gettickets::scan::Scan;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::history::{History, histories};
use crate::list::{By, Server, time};
use crate::promise::{Outcome, broken, run};

/// A history, and what a plain model leaves out.
#[derive(Clone, Debug)]
struct Twisted {
    history: History,
    empty: u64,
    doubled: u64,
    /// How many tickets each part takes before the scan is broken off.
    parts: Vec<usize>,
    /// Only tickets of at least the time of the last reply that this many thousandths of them have.
    since: Option<u64>,
}

impl Twisted {
    fn server(&self) -> Server {
        let mut world = self.history.world();
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
        let scan = Scan::new(server.clone(), self.history.request()).max_requests(20_000);
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

fn orders() -> impl Strategy<Value = By> + Clone {
    prop_oneof![
        4 => Just(By::NewestReply),
        1 => Just(By::OldestReply),
        1 => Just(By::IdRising),
        1 => Just(By::IdFalling),
        1 => Just(By::DateRising),
        1 => Just(By::DateFalling),
        1 => Just(By::StatusThenDate),
    ]
}

fn twisted() -> impl Strategy<Value = Twisted> {
    let choices = (
        histories(orders()),
        prop_oneof![2 => Just(0_u64), 1 => 1_u64..100],
        prop_oneof![2 => Just(0_u64), 1 => 1_u64..400],
        prop_oneof![2 => Just(vec![]), 1 => proptest::collection::vec(0_usize..40, 1..4)],
        proptest::option::weighted(0.3, 0_u64..1_000),
    );
    choices.prop_map(|(history, empty, doubled, parts, since)| Twisted {
        history,
        empty,
        doubled,
        parts,
        since,
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
    let outcome = runner.run(&twisted(), |history| {
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
