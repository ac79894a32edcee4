//! The promise of the scan, held against thousands of histories of lists that change at every request.
//!
//! `SCAN_HISTORIES` says how many (3,000 by default), `SCAN_SEED` begins elsewhere.

use std::sync::Mutex;

use gettickets::GetTickets;
use gettickets::scan::Scan;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use crate::list::{By, Cap, Rates, Server, Ties, Total, World};
use crate::promise::{broken, run};

/// One history, told by the choices that make it.
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
}

impl History {
    fn server(&self) -> Server {
        let mut world = World::new(self.seed, self.count, self.spread);
        (world.by, world.ties, world.cap, world.total) = (self.by, self.ties, self.cap, self.total);
        world.rates = Rates::of(self.changes);
        Server::new(world)
    }

    /// Far more requests than any bound of the scan's allows on such a list.
    fn bound(&self) -> u64 {
        let page = match self.cap {
            Cap::None => self.page_len,
            Cap::At(cap) | Cap::Between(cap, _) => self.page_len.min(cap as u64),
        };
        let advance = (page / 2).saturating_sub(1).max(1);
        600 + 16 * (self.count + 20) / advance
    }
}

/// What came of many histories.
#[derive(Debug, Default)]
struct Tally {
    histories: u64,
    losses: u64,
    duplicates: u64,
    strangers: u64,
    incomplete: u64,
    requests: u64,
    pages: u64,
    shifts: u64,
    closings: u64,
}

impl Tally {
    fn print(&self, what: &str) {
        println!(
            "{what}: {} histories, {} losses, {} duplicates, {} incomplete ({:.1} %), {:.2} requests a page, {} shifts, {} closings",
            self.histories,
            self.losses,
            self.duplicates,
            self.incomplete,
            100.0 * self.incomplete as f64 / self.histories.max(1) as f64,
            self.requests as f64 / self.pages.max(1) as f64,
            self.shifts,
            self.closings,
        );
    }
}

fn hold(history: &History, tally: &Mutex<Tally>) -> Result<(), TestCaseError> {
    let server = history.server();
    let request = GetTickets { limitnum: Some(history.page_len), ..GetTickets::default() };
    let outcome = run(Scan::new(server.clone(), request).max_requests(history.bound()));
    let (lost, twice, never) = broken(&server, &outcome);
    let requests = server.world().requests;
    {
        let mut tally = tally.lock().unwrap();
        tally.histories += 1;
        tally.losses += lost.len() as u64;
        tally.duplicates += twice.len() as u64;
        tally.strangers += never.len() as u64;
        tally.incomplete += u64::from(outcome.is_incomplete());
        tally.requests += requests;
        tally.pages += outcome.report.pages;
        tally.shifts += outcome.report.shifts;
        tally.closings += outcome.report.closings;
    }
    if std::env::var_os("SCAN_SHOW").is_some() && (outcome.is_incomplete() || requests > 600) {
        println!("{requests} requests, {}\n    {history:?}", outcome.problem());
    }
    prop_assert!(lost.is_empty(), "lost in silence: {lost:?}, {:?}", outcome.report);
    prop_assert!(twice.is_empty(), "told twice: {twice:?}");
    prop_assert!(never.is_empty(), "never matched: {never:?}");
    prop_assert!(outcome.error.is_none() || outcome.is_incomplete(), "{}", outcome.problem());
    prop_assert!(requests < history.bound(), "no end after {requests} requests");
    prop_assert_eq!(requests, outcome.report.requests);
    prop_assert_eq!(outcome.told.len() as u64, outcome.report.tickets);
    Ok(())
}

fn histories() -> u32 {
    std::env::var("SCAN_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(3_000)
}

/// Runs histories on two threads.
fn hold_all(what: &str, count: u32, strategy: impl Strategy<Value = History> + Clone + Send) -> Tally {
    let seed: u8 = std::env::var("SCAN_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let tally = Mutex::new(Tally::default());
    let failures: Vec<_> = std::thread::scope(|scope| {
        let half = |number: u8| {
            let (strategy, tally) = (strategy.clone(), &tally);
            scope.spawn(move || {
                let config = Config {
                    cases: count.div_ceil(2),
                    failure_persistence: None,
                    max_shrink_iters: 400,
                    ..Config::default()
                };
                let mut bytes = [seed; 32];
                bytes[0] = number;
                let mut runner =
                    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
                runner.run(&strategy, |history| hold(&history, tally)).err()
            })
        };
        [half(0), half(1)].into_iter().filter_map(|half| half.join().unwrap()).collect()
    });
    let tally = tally.into_inner().unwrap();
    tally.print(what);
    match failures.first() {
        Some(TestError::Fail(reason, history)) => panic!("{reason}\n{history:#?}"),
        Some(TestError::Abort(reason)) => panic!("{reason}"),
        None => {}
    }
    assert_eq!((tally.losses, tally.duplicates, tally.strangers), (0, 0, 0));
    tally
}

fn orders() -> impl Strategy<Value = By> + Clone {
    prop_oneof![
        6 => Just(By::NewestReply),
        1 => Just(By::OldestReply),
        1 => Just(By::IdRising),
        1 => Just(By::IdFalling),
        1 => Just(By::StatusThenDate),
    ]
}

fn ties() -> impl Strategy<Value = Ties> + Clone {
    prop_oneof![Just(Ties::IdRising), Just(Ties::IdFalling), Just(Ties::Scattered), Just(Ties::Shuffled)]
}

fn totals() -> impl Strategy<Value = Total> + Clone {
    prop_oneof![Just(Total::Number), Just(Total::Text), Just(Total::Absent), Just(Total::Wrong)]
}

fn caps() -> impl Strategy<Value = Cap> + Clone {
    prop_oneof![
        3 => Just(Cap::None),
        3 => (2_usize..20).prop_map(Cap::At),
        1 => (2_usize..8, 0_usize..10).prop_map(|(least, more)| Cap::Between(least, least + more)),
    ]
}

#[test]
fn no_ticket_is_lost_in_silence_or_told_twice_however_the_list_changes() {
    let choices = (
        any::<u64>(),
        prop_oneof![1 => 0_u64..12, 4 => 12_u64..80],
        prop_oneof![1 => Just(0_u64), 1 => Just(1), 3 => 2_u64..40],
        orders(),
        ties(),
        caps(),
        totals(),
        prop_oneof![1 => Just(0_u32), 4 => 50_u32..1_500, 1 => 1_500_u32..6_000],
        4_u64..40,
    );
    let strategy = choices.prop_map(|(seed, count, spread, by, ties, cap, total, changes, page_len)| {
        History { seed, count, spread, by, ties, cap, total, changes, page_len }
    });
    hold_all("hostile", histories(), strategy);
}

/// One change between two requests is far more than a busy desk brings: a hundred an hour are one in
/// 36 seconds.
#[test]
fn a_list_that_changes_moderately_is_read_to_its_end() {
    let strategy = (any::<u64>(), 200_u64..600, 5_u64..600, ties(), totals(), 0_u32..1_000, 25_u64..100)
        .prop_map(|(seed, count, spread, ties, total, changes, page_len)| History {
            seed,
            count,
            spread,
            by: By::NewestReply,
            ties,
            cap: Cap::None,
            total,
            changes,
            page_len,
        });
    let tally = hold_all("moderate", histories() / 10, strategy);
    assert!(tally.incomplete * 100 <= tally.histories, "{tally:?}");
}
