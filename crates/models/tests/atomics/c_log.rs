//! The function that receives the log (`bindings/c/src/slots.rs`).

use std::ptr;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};

use crate::slots::{Slots, Target};
use crate::sync::thread::{self, JoinHandle};
use crate::{Freeable, explore};

/// A caller's function: its address, its argument and its level are the same number.
fn target(number: usize) -> Target {
    Target {
        function: ptr::without_provenance_mut(number),
        user_data: ptr::without_provenance_mut(number),
        level: number,
    }
}

/// What belongs to the functions 1 and 2.
struct Library {
    slots: Slots,
    /// Whether a function was removed, so that its caller may have freed what it uses.
    is_removed: [AtomicBool; 3],
    /// What each function uses.
    user_data: [Freeable; 3],
}

impl Library {
    fn with(number: usize) -> Arc<Library> {
        let library = Library {
            slots: Slots::new(),
            is_removed: [AtomicBool::new(true), AtomicBool::new(false), AtomicBool::new(false)],
            user_data: [Freeable::new(), Freeable::new(), Freeable::new()],
        };
        library.replace(number);
        Arc::new(library)
    }

    /// Sets a function.
    fn replace(&self, number: usize) {
        self.slots.replace(target(number), || (), || ());
    }

    /// Logs a message, and returns the function that received it.
    fn log(&self) -> usize {
        let mut received = None;
        self.slots.with_current(|_, found| {
            assert_eq!(found, target(found.level), "parts of two functions");
            if found.level != 0 {
                let is_removed = &self.is_removed[found.level];
                assert!(!is_removed.load(Ordering::Relaxed), "called after it was removed");
                self.user_data[found.level].access();
                thread::yield_now();
                self.user_data[found.level].access();
                assert!(!is_removed.load(Ordering::Relaxed), "removed during the call");
            }
            received = Some(found.level);
        });
        received.unwrap()
    }

    /// Frees what belongs to a function that was replaced.
    fn free(&self, number: usize) {
        self.is_removed[number].store(true, Ordering::Relaxed);
        self.user_data[number].free();
    }
}

fn log_on_a_thread(library: &Arc<Library>) -> JoinHandle<usize> {
    let library = Arc::clone(library);
    thread::spawn(move || library.log())
}

#[test]
fn a_function_that_was_removed_is_not_called() {
    explore(3, || {
        let library = Library::with(1);
        let loggers = [log_on_a_thread(&library), log_on_a_thread(&library)];
        library.replace(0);
        library.free(1);
        for logger in loggers {
            assert!(logger.join().unwrap() <= 1);
        }
        assert_eq!(library.log(), 0);
    });
}

#[test]
fn a_function_is_replaced_as_a_whole_also_twice_in_a_row() {
    explore(3, || {
        let library = Library::with(1);
        let logger = log_on_a_thread(&library);
        library.replace(2);
        library.free(1);
        // The slot of the first function is used again.
        library.replace(0);
        library.free(2);
        assert!(logger.join().unwrap() <= 2);
    });
}

#[test]
fn two_threads_that_replace_the_function_take_turns() {
    explore(2, || {
        let library = Library::with(0);
        let other = Arc::clone(&library);
        let replacer = thread::spawn(move || other.replace(1));
        let logger = log_on_a_thread(&library);
        library.replace(2);
        replacer.join().unwrap();
        // `log` checks that it received one of them as a whole, although its slot may have been used again at once.
        assert!(logger.join().unwrap() <= 2);
        // One of them was last, and it is whole.
        assert_ne!(library.log(), 0);
    });
}
