//! How often waits check for signals.

use std::time::Duration;

/// The time between two checks for signals: Ctrl-C takes effect within it.
pub(crate) const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);
