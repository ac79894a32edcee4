//! The promise of the scan, held against thousands of histories of lists that change at every request.
//!
//! `SCAN_HISTORIES` says how many (3,000 by default), `SCAN_SEED` begins elsewhere.

use std::sync::Mutex;

use gettickets::scan::Scan;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use crate::history::{History, histories, ties, totals};
use crate::list::{By, Cap, Server};
use crate::promise::{broken, run};

/// Far more requests than any bound of the scan's allows on such a list.
fn bound(history: &History) -> u64 {
    let page = match history.cap {
        Cap::None => history.page_len,
        Cap::At(cap) | Cap::Between(cap, _) => history.page_len.min(cap as u64),
    };
    let advance = (page / 2).saturating_sub(1).max(1);
    600 + 16 * (history.count + 20) / advance
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
    let server = Server::new(history.world());
    let outcome = run(Scan::new(server.clone(), history.request()).max_requests(bound(history)));
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
    prop_assert!(requests < bound(history), "no end after {requests} requests");
    prop_assert_eq!(requests, outcome.report.requests);
    prop_assert_eq!(outcome.told.len() as u64, outcome.report.tickets);
    Ok(())
}

fn count() -> u32 {
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

#[test]
fn no_ticket_is_lost_in_silence_or_told_twice_however_the_list_changes() {
    hold_all("hostile", count(), histories(orders()));
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
    let tally = hold_all("moderate", count() / 10, strategy);
    assert!(tally.incomplete * 100 <= tally.histories, "{tally:?}");
}
