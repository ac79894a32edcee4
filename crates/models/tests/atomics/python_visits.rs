//! The threads that are in Python when the interpreter ends (`bindings/python/src/visits.rs`).

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};

use crate::sync::thread;
use crate::visits::Visits;
use crate::{Freeable, explore};

const PROCESS: u32 = 7;
const PARENT: u32 = 6;

#[test]
fn no_thread_is_in_python_once_the_interpreter_has_ended() {
    explore(3, || {
        let visits = Arc::new(Visits::new());
        let has_ended = Arc::new(AtomicBool::new(false));
        let interpreter = Arc::new(Freeable::new());
        let visitors = [(); 2].map(|()| {
            let (visits, has_ended) = (Arc::clone(&visits), Arc::clone(&has_ended));
            let interpreter = Arc::clone(&interpreter);
            thread::spawn(move || {
                if let Some(_visit) = visits.begin(PROCESS) {
                    assert!(!has_ended.load(Ordering::Relaxed), "entered an interpreter that has ended");
                    interpreter.access();
                    thread::yield_now();
                    interpreter.access();
                    assert!(!has_ended.load(Ordering::Relaxed), "the interpreter ended during the visit");
                }
            })
        });
        visits.end(PROCESS);
        while !visits.is_empty(PROCESS) {
            thread::yield_now();
        }
        has_ended.store(true, Ordering::Relaxed);
        interpreter.free();
        for visitor in visitors {
            visitor.join().unwrap();
        }
        assert!(visits.is_ended(PROCESS) && visits.begin(PROCESS).is_none());
    });
}

#[test]
fn a_child_process_has_no_visits_of_its_parent() {
    explore(3, || {
        let visits = Arc::new(Visits::new());
        // A visit of another thread, which does not exist in the child.
        std::mem::forget(visits.begin(PARENT));
        visits.end(PARENT);
        assert!(visits.is_empty(PROCESS) && !visits.is_ended(PROCESS));
        let other = Arc::clone(&visits);
        let visitor = thread::spawn(move || drop(other.begin(PROCESS).unwrap()));
        drop(visits.begin(PROCESS).unwrap());
        visitor.join().unwrap();
        assert!(visits.is_empty(PROCESS));
    });
}
