//! `-v`: what the libraries tell through the `log` facade, on stderr.
//!
//! Only this project's own crates are let through. What others log, HTTP libraries above all, may hold
//! bytes of a request, and a request holds the secret.

use std::io::Write;

use log::{LevelFilter, Log, Metadata, Record};

use crate::output::{sanitise, style};

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
        let dim = style::DIM;
        let level = record.level().as_str().to_ascii_lowercase();
        // Where stderr is gone there is nobody to tell.
        let _ = writeln!(style::stderr(), "{dim}{level}: {}{dim:#}", sanitise::line(&message));
    }

    fn flush(&self) {}
}

/// Starts telling, as much as this many `-v` ask for.
pub(crate) fn start(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::Info,
        2 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    // The only logger of this program; it cannot be there already.
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(level);
    }
}
