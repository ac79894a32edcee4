//! The queue of log messages (`bindings/python/src/log_queue.rs`).

use loom::sync::Arc;

use crate::explore;
use crate::log_queue::LogQueue;
use crate::sync::Mutex;
use crate::sync::thread::{self, JoinHandle};

const PROCESS: u32 = 7;

/// A queue, and the messages that were logged.
struct Log {
    queue: LogQueue<u32>,
    logged: Mutex<Vec<u32>>,
}

impl Log {
    fn new() -> Arc<Log> {
        Arc::new(Log { queue: LogQueue::new(), logged: Mutex::new(Vec::new()) })
    }

    /// Logs the messages that are queued now, as a thread that has the interpreter's lock.
    fn flush(&self) {
        for _ in 0..self.queue.len() {
            let Some(message) = self.queue.pop() else { break };
            self.logged.lock().unwrap().push(message);
        }
    }
}

/// Queues a message, and starts a background thread if one is needed.
fn log_message(log: &Arc<Log>, message: u32) -> Option<JoinHandle<()>> {
    let needs_thread = log.queue.push(message, PROCESS);
    needs_thread.then(|| {
        let log = Arc::clone(log);
        thread::spawn(move || {
            if log.queue.begin() {
                log.flush();
            }
        })
    })
}

#[test]
fn each_message_is_logged_once_although_no_python_thread_comes_along() {
    explore(3, || {
        let log = Log::new();
        let other = Arc::clone(&log);
        let logger = thread::spawn(move || log_message(&other, 1));
        let mine = log_message(&log, 2);
        let threads = [mine, logger.join().unwrap()];
        for thread in threads.into_iter().flatten() {
            thread.join().unwrap();
        }
        assert!(!log.queue.has_messages(), "a message is left, and no thread will log it");
        let mut logged = log.logged.lock().unwrap().clone();
        logged.sort_unstable();
        assert_eq!(logged, [1, 2]);
    });
}

#[test]
fn a_python_thread_and_the_background_thread_share_the_messages() {
    explore(2, || {
        let log = Log::new();
        let background = log_message(&log, 1);
        log.flush();
        let later = log_message(&log, 2);
        for thread in [background, later].into_iter().flatten() {
            thread.join().unwrap();
        }
        assert!(!log.queue.has_messages());
        let mut logged = log.logged.lock().unwrap().clone();
        logged.sort_unstable();
        assert_eq!(logged, [1, 2]);
        assert_eq!(log.queue.take_dropped(), 0);
    });
}
