//! Keeps what the library logs, at the loudest level.

use std::sync::{Mutex, Once};

static LOGGED: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Memory;

impl log::Log for Memory {
    // HTTP libraries log bytes of responses; programs can leave out their messages.
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("gettickets")
    }
    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            LOGGED.lock().unwrap().push(record.args().to_string());
        }
    }
    fn flush(&self) {}
}

/// Begins to keep messages, once.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Memory).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
}

/// The messages so far, a line each.
pub(crate) fn logged() -> String {
    LOGGED.lock().unwrap().join("\n")
}
