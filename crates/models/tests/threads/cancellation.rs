//! A cancellation (`crates/client/src/cancellation.rs`).

use std::time::Duration;

use gettickets::Cancellation;
use gettickets::sync::thread;

use crate::{Waits, explore};

#[test]
fn every_wait_ends_when_the_flag_is_set() {
    explore(Waits::UntilNotified, || {
        let cancellation = Cancellation::new();
        // More than there are cancelers, each of which has to wake all of them.
        let waiters = [Duration::MAX, Duration::from_secs(1), Duration::MAX].map(|time| {
            let cancellation = cancellation.clone();
            thread::spawn(move || assert!(cancellation.wait(time)))
        });
        let cancelers = [(); 2].map(|()| {
            let cancellation = cancellation.clone();
            thread::spawn(move || cancellation.cancel())
        });
        for thread in waiters.into_iter().chain(cancelers) {
            thread.join().unwrap();
        }
        assert!(cancellation.is_cancelled());
    });
}

#[test]
fn every_future_is_woken_when_the_flag_is_set() {
    explore(Waits::UntilNotified, || {
        let cancellation = Cancellation::new();
        let waiters = [(); 2].map(|()| {
            let cancellation = cancellation.clone();
            thread::spawn(move || {
                // One that is dropped must not take the place of the other.
                let dropped = cancellation.cancelled();
                shuttle::future::block_on(cancellation.cancelled());
                drop(dropped);
                assert!(cancellation.is_cancelled());
            })
        });
        cancellation.cancel();
        for thread in waiters {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_wait_without_a_cancellation_times_out() {
    explore(Waits::TimeOut, || {
        let cancellation = Cancellation::new();
        let other = cancellation.clone();
        let canceler = thread::spawn(move || other.cancel());
        let was_cancelled = cancellation.wait(Duration::from_millis(1));
        canceler.join().unwrap();
        assert!(cancellation.is_cancelled() || !was_cancelled);
        assert!(cancellation.wait(Duration::ZERO));
    });
}
