//! [`Slots`]: the function that receives the log, which threads call while another one replaces it.
//!
//! There are two slots, used alternately: a new function is written to the unused slot, which then becomes current.
//! No lock is held while a function runs, so that a forked child can log.

use std::ffi::c_void;
use std::ptr;
use std::time::Duration;

use crate::sync::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, constructor, fence, thread};

/// How often a thread checks whether the previous function is still running.
const INTERVAL: Duration = Duration::from_micros(100);

/// The current function, and room for the next.
pub(crate) struct Slots {
    first: Slot,
    second: Slot,
    /// Whether the second slot is the current one.
    second_is_current: AtomicBool,
    /// Whether a thread is replacing the function.
    is_changing: AtomicBool,
}

/// A function with its level and its argument, which are changed together.
struct Slot {
    function: AtomicPtr<()>,
    user_data: AtomicPtr<c_void>,
    level: AtomicUsize,
    /// How many threads use the function.
    running: AtomicUsize,
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The function; NULL for none.
    pub(crate) function: *mut (),
    /// Its argument.
    pub(crate) user_data: *mut c_void,
    /// The highest level that is passed on.
    pub(crate) level: usize,
}

/// One of the two slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    First,
    Second,
}

/// Ends the use of a slot.
struct Running<'a>(&'a Slot);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Release);
    }
}

impl Slot {
    constructor! {
        fn new() -> Slot {
            Slot {
                function: AtomicPtr::new(ptr::null_mut()),
                user_data: AtomicPtr::new(ptr::null_mut()),
                level: AtomicUsize::new(0),
                running: AtomicUsize::new(0),
            }
        }
    }

    fn target(&self) -> Target {
        Target {
            function: self.function.load(Ordering::Relaxed),
            user_data: self.user_data.load(Ordering::Relaxed),
            level: self.level.load(Ordering::Relaxed),
        }
    }

    fn set(&self, target: Target) {
        self.function.store(target.function, Ordering::Relaxed);
        self.user_data.store(target.user_data, Ordering::Relaxed);
        self.level.store(target.level, Ordering::Relaxed);
    }
}

impl Slots {
    constructor! {
        /// Slots without a function.
        pub(crate) fn new() -> Slots {
            Slots {
                first: Slot::new(),
                second: Slot::new(),
                second_is_current: AtomicBool::new(false),
                is_changing: AtomicBool::new(false),
            }
        }
    }

    fn slot(&self, position: Position) -> &Slot {
        match position {
            Position::First => &self.first,
            Position::Second => &self.second,
        }
    }

    fn current(&self) -> Position {
        if self.second_is_current.load(Ordering::Acquire) { Position::Second } else { Position::First }
    }

    /// Passes the current function to `work`. Until `work` returns, no [`replace`](Slots::replace) of it returns.
    pub(crate) fn with_current(&self, work: impl FnOnce(Position, Target)) {
        loop {
            let position = self.current();
            let slot = self.slot(position);
            slot.running.fetch_add(1, Ordering::Relaxed);
            let _running = Running(slot);
            // Either this thread sees that the slot was replaced, or the thread that replaces it sees this one.
            fence(Ordering::SeqCst);
            // If the slot is still current, it will not be overwritten now.
            if self.current() == position {
                return work(position, slot.target());
            }
        }
    }

    /// Replaces the function, and waits until no thread uses the previous one. `before` and `after` are called before
    /// and after the new function becomes current, while no other thread replaces it.
    pub(crate) fn replace(&self, target: Target, before: impl FnOnce(), after: impl FnOnce()) {
        let take = || self.is_changing.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
        while take().is_err() {
            thread::yield_now();
        }
        let (old, new) = match self.current() {
            Position::First => (Position::First, Position::Second),
            Position::Second => (Position::Second, Position::First),
        };
        self.slot(new).set(target);
        before();
        self.second_is_current.store(new == Position::Second, Ordering::Release);
        after();
        fence(Ordering::SeqCst);
        while self.slot(old).running.load(Ordering::Acquire) > 0 {
            thread::sleep(INTERVAL);
        }
        self.is_changing.store(false, Ordering::Release);
    }

    /// Adapts the counts to a forked child, which has only the thread that called `fork()`. `running` is the slot
    /// whose function that thread runs.
    pub(crate) fn after_fork(&self, running: Option<Position>) {
        for position in [Position::First, Position::Second] {
            let count = usize::from(running == Some(position));
            self.slot(position).running.store(count, Ordering::Relaxed);
        }
        self.is_changing.store(false, Ordering::Relaxed);
    }
}
