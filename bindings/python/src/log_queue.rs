//! [`LogQueue`]: log messages that wait for a thread with the interpreter's lock.

use std::collections::VecDeque;

use crate::sync::{AtomicU32, AtomicUsize, Mutex, MutexGuard, Ordering, TryLockError, constructor, thread};

/// The maximum number of queued messages. Further messages are only counted.
const MAX_QUEUED: usize = 1000;
/// The maximum number of attempts to lock the queue.
const TRIES: u32 = 1000;

/// Messages that any thread adds, and whichever thread has the interpreter's lock takes.
///
/// If no such thread comes along, a background thread takes them. A message that is queued while one is scheduled needs
/// no other: the background thread announces that it begins before it looks at the queue.
pub(crate) struct LogQueue<T> {
    entries: Mutex<Entries<T>>,
    /// The number of queued messages, so that the queue is rarely locked.
    queued: AtomicUsize,
    /// The process in which a background thread is scheduled; 0 for none.
    scheduled_in: AtomicU32,
}

struct Entries<T> {
    messages: VecDeque<T>,
    dropped: usize,
}

impl<T> Entries<T> {
    const EMPTY: Entries<T> = Entries { messages: VecDeque::new(), dropped: 0 };
}

impl<T> LogQueue<T> {
    constructor! {
        /// An empty queue.
        pub(crate) fn new() -> LogQueue<T> {
            LogQueue {
                entries: Mutex::new(Entries::EMPTY),
                queued: AtomicUsize::new(0),
                scheduled_in: AtomicU32::new(0),
            }
        }
    }

    /// Locks the queue. Returns `None` if that fails: the process may have been forked while another thread held the
    /// lock.
    fn lock(&self) -> Option<MutexGuard<'_, Entries<T>>> {
        for _ in 0..TRIES {
            match self.entries.try_lock() {
                Ok(entries) => return Some(entries),
                Err(TryLockError::Poisoned(entries)) => return Some(entries.into_inner()),
                Err(TryLockError::WouldBlock) => thread::yield_now(),
            }
        }
        None
    }

    /// Adds a message. Returns whether the caller has to start a background thread, which begins with
    /// [`begin`](LogQueue::begin).
    pub(crate) fn push(&self, message: T, process: u32) -> bool {
        let Some(mut entries) = self.lock() else { return false };
        if entries.messages.len() < MAX_QUEUED {
            entries.messages.push_back(message);
        } else {
            entries.dropped += 1;
        }
        self.queued.store(entries.messages.len(), Ordering::Relaxed);
        drop(entries);
        self.scheduled_in.swap(process, Ordering::AcqRel) != process
    }

    /// Announces that the background thread begins, or that it could not be started: messages that are queued later
    /// need another one. Returns whether messages are queued.
    pub(crate) fn begin(&self) -> bool {
        // An exchange rather than a store: it makes the messages visible of the threads that started no other thread
        // because this one was scheduled.
        self.scheduled_in.swap(0, Ordering::AcqRel);
        self.has_messages()
    }

    /// Whether messages are queued.
    pub(crate) fn has_messages(&self) -> bool {
        self.len() > 0
    }

    /// The number of queued messages.
    pub(crate) fn len(&self) -> usize {
        self.queued.load(Ordering::Acquire)
    }

    /// Takes the oldest message.
    pub(crate) fn pop(&self) -> Option<T> {
        let mut entries = self.lock()?;
        let message = entries.messages.pop_front();
        self.queued.store(entries.messages.len(), Ordering::Release);
        message
    }

    /// Returns how many messages were dropped since the last call, because the queue was full.
    pub(crate) fn take_dropped(&self) -> usize {
        self.lock().map_or(0, |mut entries| std::mem::take(&mut entries.dropped))
    }
}
