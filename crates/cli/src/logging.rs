//! `-v`: writes log records of this project's crates to stderr, each with its time in UTC.
//!
//! Records of other crates are dropped: those of HTTP libraries in particular may contain parts of a request, which
//! holds the secret.

use std::io::Write;

use jiff::Timestamp;
use log::{LevelFilter, Log, Metadata, Record};
use serde_json::Map;

use crate::exit;
use crate::output::style;

struct Stderr;

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("gettickets")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let message = record.args().to_string();
        let level = record.level().as_str().to_ascii_lowercase();
        let time = time_of(Timestamp::now());
        if exit::is_json() {
            exit::write_json(Map::from_iter([
                ("level".to_owned(), level.into()),
                ("time".to_owned(), time.into()),
                ("message".to_owned(), exit::one_line(&message).into()),
            ]));
            return;
        }
        let dim = style::DIM;
        // An error is ignored: stderr is closed.
        let _ = writeln!(style::stderr(), "{dim}{time} {level}: {}{dim:#}", exit::one_line(&message));
    }

    fn flush(&self) {}
}

/// A time to the millisecond, such as `2026-11-28T15:27:00.123Z`.
fn time_of(now: Timestamp) -> String {
    format!("{now:.3}")
}

/// Starts logging. `verbose` is the number of `-v` options.
pub(crate) fn start(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::Info,
        2 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    // Tests run the program several times in one process, so a logger may already be set.
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(level);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_a_zone() {
        assert_eq!(
            time_of(Timestamp::from_millisecond(1_764_000_000_007).unwrap()),
            "2025-11-24T16:00:00.007Z"
        );
        assert_eq!(time_of(Timestamp::from_second(0).unwrap()), "1970-01-01T00:00:00.000Z");
    }
}
