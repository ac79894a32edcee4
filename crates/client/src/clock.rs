//! [`Clock`]: time, waits and random numbers behind one trait, so that tests of retries need not wait.

use std::time::{Duration, Instant, SystemTime};

use crate::cancellation::Cancellation;

/// Source of time, waits and jitter of a blocking client.
///
/// The default is the system's clock. Replace it with [`ClientBuilder::clock`](crate::ClientBuilder::clock) to test
/// code that retries without waiting.
pub trait Clock: Send + Sync {
    /// A monotonic time.
    fn now(&self) -> Instant;

    /// The time of day, for a `Retry-After` that is a date.
    fn time_of_day(&self) -> SystemTime;

    /// Waits this long, or until the flag is set.
    fn sleep(&self, duration: Duration, cancellation: &Cancellation);

    /// A random number from 0 to 1, excluding 1, uniformly distributed.
    fn random(&self) -> f64;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn time_of_day(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration, cancellation: &Cancellation) {
        cancellation.wait(duration);
    }

    fn random(&self) -> f64 {
        fastrand::f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_takes_its_time_unless_it_is_cancelled() {
        let (began, time) = (Instant::now(), Duration::from_millis(20));
        SystemClock.sleep(time, &Cancellation::new());
        assert!(began.elapsed() >= time);
        let cancelled = Cancellation::new();
        cancelled.cancel();
        SystemClock.sleep(Duration::MAX, &cancelled);
    }

    #[test]
    fn random_numbers_are_below_one_and_differ() {
        let drawn: Vec<f64> = (0..8).map(|_| SystemClock.random()).collect();
        assert!(drawn.iter().all(|number| (0.0..1.0).contains(number)), "{drawn:?}");
        assert!(drawn.windows(2).any(|pair| pair[0] != pair[1]), "{drawn:?}");
    }
}
