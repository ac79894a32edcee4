//! Whether to retry, and the wait before it.

use std::time::{Duration, SystemTime};

/// The number of attempts of a request, and the waits between them.
///
/// Retried are failures of the connection, attempts that time out, replies that end in the middle, and HTTP 408, 429,
/// 500, 502, 503, 504 and 520 to 524: a request for tickets changes nothing, so it is always safe to repeat.
/// HTTP 401 and 403, errors of the API, and servers that are not trusted are never retried.
///
/// The wait before the n-th retry is a random time up to `initial_backoff · 2^(n-1)`, at most `max_backoff`, and at
/// least what the server requests (`Retry-After`). If it requests more than `max_retry_after`, the error is returned at
/// once, and [`Error::retry_after`](crate::Error::retry_after) has the time.
///
/// ```
/// use std::time::Duration;
/// use gettickets::RetryPolicy;
/// let patient = RetryPolicy::default().max_attempts(6).total_timeout(Duration::from_secs(600));
/// assert_ne!(patient, RetryPolicy::default());
/// assert_eq!(RetryPolicy::none(), RetryPolicy::default().max_attempts(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    max_retry_after: Duration,
    total_timeout: Option<Duration>,
}

impl Default for RetryPolicy {
    /// Three attempts; waits from 0.5 seconds up, at most 20; `Retry-After` up to 60 seconds.
    fn default() -> RetryPolicy {
        RetryPolicy {
            max_attempts: 3,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(20),
            max_retry_after: Duration::from_secs(60),
            total_timeout: None,
        }
    }
}

impl RetryPolicy {
    /// The time for all attempts and waits if neither the policy nor the client sets one: 120 seconds.
    pub const DEFAULT_TOTAL_TIMEOUT: Duration = Duration::from_secs(120);

    /// One attempt.
    pub fn none() -> RetryPolicy {
        RetryPolicy::default().max_attempts(1)
    }

    /// The maximum number of attempts, including the first. 1 disables retries; 0 is an error when the client is built.
    /// Default: 3.
    #[must_use]
    pub fn max_attempts(self, max_attempts: u32) -> RetryPolicy {
        RetryPolicy { max_attempts, ..self }
    }

    /// The longest wait before the first retry; it doubles with each further one. Default: 0.5 seconds.
    #[must_use]
    pub fn initial_backoff(self, initial_backoff: Duration) -> RetryPolicy {
        RetryPolicy { initial_backoff, ..self }
    }

    /// The longest wait before any retry, unless the server requests a longer one. Default: 20 seconds.
    #[must_use]
    pub fn max_backoff(self, max_backoff: Duration) -> RetryPolicy {
        RetryPolicy { max_backoff, ..self }
    }

    /// The longest wait that a server may request. If it requests a longer one, the error is returned at once. Default:
    /// 60 seconds.
    #[must_use]
    pub fn max_retry_after(self, max_retry_after: Duration) -> RetryPolicy {
        RetryPolicy { max_retry_after, ..self }
    }

    /// The time for all attempts of a call and the waits between them. No attempt begins after it, and none lasts past
    /// it. `Duration::MAX` means no limit. Default: the client's `timeout` if that was set, else 120 seconds.
    #[must_use]
    pub fn total_timeout(self, total_timeout: Duration) -> RetryPolicy {
        RetryPolicy { total_timeout: Some(total_timeout), ..self }
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.max_attempts
    }

    pub(crate) fn total(&self) -> Option<Duration> {
        self.total_timeout
    }

    /// The wait before the next attempt after this many failed, or `None` for no further attempt. `left` is the rest of
    /// the total time, `random` a number from 0 to 1.
    pub(super) fn wait(
        &self,
        failed: u32,
        retry_after: Option<Duration>,
        left: Duration,
        random: f64,
    ) -> Option<Duration> {
        let retry_after = retry_after.unwrap_or_default();
        if failed >= self.max_attempts || retry_after > self.max_retry_after {
            return None;
        }
        let doublings = failed.saturating_sub(1).min(31);
        let ceiling = self.initial_backoff.saturating_mul(1 << doublings).min(self.max_backoff);
        let seconds = ceiling.as_secs_f64() * random.clamp(0.0, 1.0);
        let backoff = Duration::try_from_secs_f64(seconds).unwrap_or(ceiling).min(ceiling);
        Some(backoff.max(retry_after)).filter(|wait| *wait < left)
    }
}

/// Parses `Retry-After`: a number of seconds, or a date.
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number of more than 64 bits is also a very long time.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    // A date in the past means no wait.
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_limit_and_jitter_takes_all_of_them() {
        let policy = RetryPolicy::default().max_attempts(u32::MAX);
        let wait = |failed, random| policy.wait(failed, None, Duration::MAX, random).unwrap().as_millis();
        let longest: Vec<_> = (1..9).map(|failed| wait(failed, 1.0)).collect();
        assert_eq!(longest, [500, 1000, 2000, 4000, 8000, 16000, 20000, 20000]);
        assert!((1..9).all(|failed| wait(failed, 0.0) == 0));
        assert_eq!(wait(u32::MAX - 1, 1.0), 20_000);
    }

    #[test]
    fn limits_of_any_size_do_not_panic() {
        let policy = RetryPolicy::default()
            .max_attempts(u32::MAX)
            .initial_backoff(Duration::MAX)
            .max_backoff(Duration::MAX)
            .max_retry_after(Duration::MAX);
        for random in [0.0, 0.5, 1.0, 7.0, f64::NAN, f64::INFINITY, -1.0] {
            for asked in [None, Some(Duration::MAX), Some(Duration::ZERO)] {
                for left in [Duration::ZERO, Duration::from_secs(1), Duration::MAX] {
                    let wait = policy.wait(40, asked, left, random);
                    assert!(wait.is_none_or(|wait| wait < left));
                }
            }
        }
    }

    #[test]
    fn a_wait_longer_than_allowed_is_not_retried() {
        let policy = RetryPolicy::default();
        let wait =
            |asked, left| policy.wait(1, Some(Duration::from_secs(asked)), Duration::from_secs(left), 0.0);
        assert_eq!(wait(7, 100), Some(Duration::from_secs(7)));
        assert_eq!(wait(60, 100), Some(Duration::from_secs(60)));
        assert_eq!(wait(61, 100), None, "more than max_retry_after");
        assert_eq!(wait(60, 60), None, "no time is left after it");
        assert_eq!(policy.wait(3, None, Duration::MAX, 0.0), None, "three attempts failed");
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
            ("99999999999999999999999", Some(u64::MAX)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value:?}");
        }
    }
}
