//! When to ask again, and how long to wait before it.

use std::time::{Duration, SystemTime};

use crate::clock::Clock;

/// How often a request is tried, and how long is waited in between.
///
/// Tried again are connections that fail, time limits that pass, HTTP 429, 502, 503 and 504, and
/// responses that break off: asking for tickets changes nothing, so it is always safe to repeat. Never
/// tried again are refusals (401, 403), errors of the API, and servers that can't be trusted.
///
/// The wait before the n-th retry is a random time up to `base · 2^(n-1)`, at most `longest_wait`. A
/// server's `Retry-After` is the least that is waited, and no more than `longest_retry_after` of it.
///
/// ```
/// use std::time::Duration;
/// use gettickets::RetryPolicy;
/// let patient = RetryPolicy::default().attempts(6).budget(Duration::from_secs(600));
/// assert_ne!(patient, RetryPolicy::default());
/// assert_eq!(RetryPolicy::none(), RetryPolicy::default().attempts(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    attempts: u32,
    base: Duration,
    longest_wait: Duration,
    longest_retry_after: Duration,
    budget: Duration,
}

impl Default for RetryPolicy {
    /// Three attempts in at most 120 seconds; waits from 0.5 seconds up, at most 20; `Retry-After` up to
    /// 60 seconds.
    fn default() -> RetryPolicy {
        RetryPolicy {
            attempts: 3,
            base: Duration::from_millis(500),
            longest_wait: Duration::from_secs(20),
            longest_retry_after: Duration::from_secs(60),
            budget: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// One attempt.
    pub fn none() -> RetryPolicy {
        RetryPolicy::default().attempts(1)
    }

    /// How often a request is tried in all, the first time included: 1 turns retries off, and with 0 no client is
    /// built. Default: 3.
    #[must_use]
    pub fn attempts(self, attempts: u32) -> RetryPolicy {
        RetryPolicy { attempts, ..self }
    }

    /// The most that is waited before the first retry; it doubles with each. Default: 0.5 seconds.
    #[must_use]
    pub fn base(self, base: Duration) -> RetryPolicy {
        RetryPolicy { base, ..self }
    }

    /// The most that is waited before any retry of one's own accord. Default: 20 seconds.
    #[must_use]
    pub fn longest_wait(self, longest_wait: Duration) -> RetryPolicy {
        RetryPolicy { longest_wait, ..self }
    }

    /// The most that is waited because a server asks for it. Default: 60 seconds.
    #[must_use]
    pub fn longest_retry_after(self, longest_retry_after: Duration) -> RetryPolicy {
        RetryPolicy { longest_retry_after, ..self }
    }

    /// The time for all attempts and the waits between them: no attempt begins after it, and none lasts
    /// past it. Default: 120 seconds.
    #[must_use]
    pub fn budget(self, budget: Duration) -> RetryPolicy {
        RetryPolicy { budget, ..self }
    }

    pub(crate) fn max_attempts(&self) -> u32 {
        self.attempts
    }

    pub(crate) fn total_budget(&self) -> Duration {
        self.budget
    }

    /// How long to wait after this many attempts failed.
    pub(crate) fn wait(&self, failed: u32, retry_after: Option<Duration>, clock: &dyn Clock) -> Duration {
        let doublings = failed.saturating_sub(1).min(31);
        let ceiling = self.base.saturating_mul(1 << doublings).min(self.longest_wait);
        let own = ceiling.mul_f64(clock.random().clamp(0.0, 1.0));
        own.max(retry_after.unwrap_or_default().min(self.longest_retry_after))
    }
}

/// What a `Retry-After` asks for: a number of seconds, or a date.
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    // A date that has passed asks for no wait.
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::Cancellation;

    struct Dice(f64);

    impl Clock for Dice {
        fn now(&self) -> Instant {
            Instant::now()
        }
        fn time_of_day(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }
        fn sleep(&self, _: Duration, _: &Cancellation) {}
        fn random(&self) -> f64 {
            self.0
        }
    }

    #[test]
    fn waits_double_up_to_their_cap_and_jitter_takes_all_of_them() {
        let policy = RetryPolicy::default();
        let waits = |dice: f64| (1..9).map(move |failed| policy.wait(failed, None, &Dice(dice)).as_millis());
        assert_eq!(waits(1.0).collect::<Vec<_>>(), [500, 1000, 2000, 4000, 8000, 16000, 20000, 20000]);
        assert!(waits(0.0).all(|wait| wait == 0));
        assert_eq!(policy.wait(u32::MAX, None, &Dice(1.0)).as_secs(), 20);
    }

    #[test]
    fn a_server_that_asks_for_time_gets_it_up_to_a_cap() {
        let policy = RetryPolicy::default();
        for (asked, waited) in [(7, 7), (60, 60), (86_400, 60)] {
            let asked = Some(Duration::from_secs(asked));
            assert_eq!(policy.wait(1, asked, &Dice(0.0)).as_secs(), waited);
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Tue, 24 Nov 2026 13:00:00 GMT").unwrap();
        for (value, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Tue, 24 Nov 2026 13:00:30 GMT", Some(30)),
            ("Tuesday, 24-Nov-26 13:01:00 GMT", Some(60)),
            ("Tue, 24 Nov 2026 12:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value:?}");
        }
    }
}
