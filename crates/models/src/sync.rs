//! Replaces `sync.rs` of the client: locks and threads of shuttle, which decides at each of their operations which
//! thread runs next; and a clock that advances only when a wait times out.
//!
//! Shuttle has no time: its waits never end by themselves. [`time_out`] says whether timed waits time out here.

use std::cell::Cell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use shuttle::sync as checked;
pub use shuttle::sync::atomic::{AtomicBool, Ordering};
pub use shuttle::sync::{LockResult, PoisonError, TryLockError, TryLockResult};
pub use shuttle::thread;

// All threads of a model run on one thread of the system, so these belong to one model.
std::thread_local! {
    static TIMES_OUT: Cell<bool> = const { Cell::new(false) };
    /// Not zero, so that a deadline after `Duration::MAX` overflows, as with the system's clock.
    static NOW: Cell<Duration> = const { Cell::new(Duration::from_secs(1)) };
}

/// Sets whether a timed wait times out at once, after other threads had the opportunity to run. If not, it ends only
/// when it is notified: a notification that is lost is then a deadlock, which shuttle reports.
pub fn time_out(times_out: bool) {
    TIMES_OUT.set(times_out);
}

/// A lock that [`Condvar`] can release.
#[derive(Debug, Default)]
pub struct Mutex<T>(checked::Mutex<T>);

/// Access to the value of a [`Mutex`].
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// `None` only while it is moved.
    guard: Option<checked::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    /// A lock that is not held.
    pub const fn new(value: T) -> Mutex<T> {
        Mutex(checked::Mutex::new(value))
    }

    /// See [`std::sync::Mutex::lock`]. It never reports poison.
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(MutexGuard { mutex: self, guard: Some(guard) })
    }

    /// See [`std::sync::Mutex::try_lock`]. It never reports poison.
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let guard = match self.0.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(guard)) => guard.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(TryLockError::WouldBlock),
        };
        Ok(MutexGuard { mutex: self, guard: Some(guard) })
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.guard {
            Some(guard) => guard,
            None => unreachable!("a guard is moved only by its owner"),
        }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.guard {
            Some(guard) => guard,
            None => unreachable!("a guard is moved only by its owner"),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.deref().fmt(f)
    }
}

/// A condition variable whose timed waits time out as [`time_out`] says.
#[derive(Debug, Default)]
pub struct Condvar(checked::Condvar);

impl Condvar {
    /// A condition variable that no thread waits for.
    pub const fn new() -> Condvar {
        Condvar(checked::Condvar::new())
    }

    /// See [`std::sync::Condvar::notify_one`].
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// See [`std::sync::Condvar::notify_all`].
    pub fn notify_all(&self) {
        self.0.notify_all();
    }

    /// See [`std::sync::Condvar::wait`].
    pub fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        if let Some(held) = guard.guard.take() {
            guard.guard = Some(self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
        }
        Ok(guard)
    }

    /// See [`std::sync::Condvar::wait_timeout`]. The second value is whether the wait timed out.
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        time: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, bool)> {
        if !TIMES_OUT.get() {
            return Ok((self.wait(guard).unwrap_or_else(PoisonError::into_inner), false));
        }
        let mutex = guard.mutex;
        drop(guard);
        thread::yield_now();
        NOW.set(NOW.get().saturating_add(time));
        Ok((mutex.lock().unwrap_or_else(PoisonError::into_inner), true))
    }
}

/// Channels whose timed waits time out as [`time_out`] says.
pub mod mpsc {
    use std::time::Duration;

    use shuttle::sync::mpsc as checked;
    pub use shuttle::sync::mpsc::{RecvError, RecvTimeoutError, Sender, SyncSender, TryRecvError};

    use super::{NOW, TIMES_OUT, thread};

    /// The receiving end of a channel.
    #[derive(Debug)]
    pub struct Receiver<T>(checked::Receiver<T>);

    /// See [`std::sync::mpsc::channel`].
    pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = checked::channel();
        (sender, Receiver(receiver))
    }

    /// See [`std::sync::mpsc::sync_channel`].
    pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
        let (sender, receiver) = checked::sync_channel(bound);
        (sender, Receiver(receiver))
    }

    impl<T> Receiver<T> {
        /// See [`std::sync::mpsc::Receiver::recv`].
        pub fn recv(&self) -> Result<T, RecvError> {
            self.0.recv()
        }

        /// See [`std::sync::mpsc::Receiver::recv_timeout`].
        pub fn recv_timeout(&self, time: Duration) -> Result<T, RecvTimeoutError> {
            if !TIMES_OUT.get() {
                return self.0.recv_timeout(time);
            }
            if !time.is_zero() {
                thread::yield_now();
                NOW.set(NOW.get().saturating_add(time));
            }
            self.0.try_recv().map_err(|error| match error {
                TryRecvError::Empty => RecvTimeoutError::Timeout,
                TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
            })
        }
    }
}

/// A time of the model's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    /// The current time.
    pub fn now() -> Instant {
        Instant(NOW.get())
    }

    /// See [`std::time::Instant::checked_add`].
    pub fn checked_add(self, time: Duration) -> Option<Instant> {
        self.0.checked_add(time).map(Instant)
    }

    /// See [`std::time::Instant::saturating_duration_since`].
    pub fn saturating_duration_since(self, earlier: Instant) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// See [`std::time::Instant::elapsed`].
    pub fn elapsed(self) -> Duration {
        Instant::now().saturating_duration_since(self)
    }
}
