//! [`Outage`]: prints one warning when polling begins to fail, and one when it works again. No I/O and no clock.

use jiff::Timestamp;

/// Whether an operation currently fails, and since when.
#[derive(Clone, Debug, Default)]
pub(super) struct Outage {
    failing: Option<Failing>,
}

#[derive(Clone, Copy, Debug)]
struct Failing {
    since: Timestamp,
    times: u64,
}

impl Outage {
    /// Records a failure. Returns a warning if it is the first.
    pub(super) fn failed(&mut self, now: Timestamp, what: &str, why: &str) -> Option<String> {
        match &mut self.failing {
            Some(failing) => {
                failing.times += 1;
                None
            }
            None => {
                self.failing = Some(Failing { since: now, times: 1 });
                let why = why.trim_end_matches(['.', ' ']);
                Some(format!("{}: {what} fails and is retried: {why}", shown(now)))
            }
        }
    }

    /// Records a success. Returns a warning if it ends an outage.
    pub(super) fn worked(&mut self, now: Timestamp, what: &str) -> Option<String> {
        let Failing { since, times } = self.failing.take()?;
        let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
        Some(format!("{}: {what} works again; it failed {times} since {}", shown(now), shown(since)))
    }
}

/// Formats a time in UTC.
pub(super) fn shown(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_reported_at_its_beginning_and_at_its_end() {
        let mut outage = Outage::default();
        let at = |second: i64| Timestamp::from_second(1_782_907_200 + second).unwrap();
        assert_eq!(outage.worked(at(0), "polling"), None);
        let began = outage.failed(at(60), "polling", "could not connect.").unwrap();
        assert_eq!(began, "2026-07-01T12:01:00Z: polling fails and is retried: could not connect");
        assert_eq!(outage.failed(at(120), "polling", "another reason"), None);
        let ended = outage.worked(at(180), "polling").unwrap();
        assert_eq!(
            ended,
            "2026-07-01T12:03:00Z: polling works again; it failed 2 times since 2026-07-01T12:01:00Z"
        );
        assert_eq!(outage.worked(at(240), "polling"), None);
        assert!(outage.failed(at(300), "polling", "again").is_some());
    }
}
