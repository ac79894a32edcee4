//! Models of threads: the code of a scan, of a cancellation, of a request in progress and of the Python iterator, under
//! shuttle, which decides at each operation on a lock or an atomic which thread runs next.
//!
//! Each model runs in many random schedules. If its waits do not time out, half of them have few preemptions, at random
//! places (probabilistic concurrency testing). A schedule in which threads wait for each other forever is a failure;
//! shuttle prints every schedule that fails, for `shuttle::replay`. `MODEL_SCHEDULES` is the number of schedules for each
//! model.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed unwrap is the failure report, in what the tests share as well"
)]

// The files of the Python module that are included here call the client by its name.
extern crate gettickets_model as gettickets;

mod cancellation;
mod pending;
mod python;
mod scan;
mod server;

#[path = "../../../../bindings/python/src/scan/reading.rs"]
mod reading;
#[path = "../../../../bindings/python/src/signals.rs"]
mod signals;
#[expect(dead_code, reason = "asynchronous scans are not part of the models")]
#[path = "../../../../bindings/python/src/source.rs"]
mod source;

use gettickets::sync;
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, MaxSteps, Runner};

use self::sync::time_out;

/// How many schedules each model runs in, unless `MODEL_SCHEDULES` is set.
const SCHEDULES: usize = 200;
/// The seed of the schedules, so that each run has the same ones.
const SEED: u64 = 1;
/// The most preemptions of a schedule that has few.
const PREEMPTIONS: usize = 3;
/// The most operations of a schedule. More mean that the model does not end.
const MAX_STEPS: usize = 50_000;

/// How timed waits end.
#[derive(Clone, Copy)]
enum Waits {
    /// Only when they are notified, so that a lost notification is a deadlock.
    UntilNotified,
    /// By their time limit.
    TimeOut,
}

/// Runs a model in many schedules.
fn explore(waits: Waits, model: impl Fn() + Send + Sync + Clone + 'static) {
    let schedules = std::env::var("MODEL_SCHEDULES")
        .map_or(SCHEDULES, |number| number.parse().expect("MODEL_SCHEDULES is a number of schedules"));
    let run = move || {
        time_out(matches!(waits, Waits::TimeOut));
        model();
    };
    let mut config = Config::default();
    config.max_steps = MaxSteps::FailAfter(MAX_STEPS);
    let few_preemptions = match waits {
        Waits::UntilNotified => schedules / 2,
        // A thread whose waits time out must not run all the time.
        Waits::TimeOut => 0,
    };
    let random = RandomScheduler::new_from_seed(SEED, schedules - few_preemptions);
    Runner::new(random, config.clone()).run(run.clone());
    Runner::new(PctScheduler::new_from_seed(SEED, PREEMPTIONS, few_preemptions), config).run(run);
}
