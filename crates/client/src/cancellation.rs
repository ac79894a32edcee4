//! [`Cancellation`]: a flag that cancels calls and scans.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::sync::{AtomicBool, Condvar, Instant, Mutex, MutexGuard, Ordering};

/// Cancels the calls and scans that it was given to. Clones share one flag, which is never reset.
///
/// A canceled call sends no further request, ends its wait before a retry, closes the connection of a request
/// in progress, and returns an error of the kind [`Cancelled`](crate::ErrorKind::Cancelled).
///
/// ```
/// use std::time::Duration;
/// use gettickets::Cancellation;
///
/// let cancellation = Cancellation::new();
/// let other = cancellation.clone();
/// assert!(!cancellation.wait(Duration::from_millis(1)));
/// std::thread::spawn(move || other.cancel());
/// assert!(cancellation.wait(Duration::MAX));
/// ```
#[derive(Clone, Default)]
pub struct Cancellation {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    cancelled: AtomicBool,
    waiters: Mutex<Waiters>,
    changed: Condvar,
}

/// Tasks to wake, by the number of the future.
#[derive(Default)]
struct Waiters {
    next_number: u64,
    wakers: Vec<(u64, Waker)>,
}

impl Cancellation {
    /// A flag that is not set.
    pub fn new() -> Cancellation {
        Cancellation::default()
    }

    /// Sets the flag, and wakes everything that waits for it. Setting it again has no effect.
    pub fn cancel(&self) {
        let wakers = {
            let mut waiters = self.shared.waiters();
            self.shared.cancelled.store(true, Ordering::Release);
            std::mem::take(&mut waiters.wakers)
        };
        self.shared.changed.notify_all();
        for (_, waker) in wakers {
            waker.wake();
        }
    }

    /// Whether the flag is set. Never blocks.
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancelled.load(Ordering::Acquire)
    }

    /// Blocks for this time at most, and returns as soon as the flag is set. Returns whether it is set.
    /// `Duration::MAX` waits without a limit.
    pub fn wait(&self, time: Duration) -> bool {
        let deadline = Instant::now().checked_add(time);
        let mut waiters = self.shared.waiters();
        while !self.is_cancelled() {
            waiters = match deadline {
                None => self.shared.changed.wait(waiters).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return false;
                    }
                    let woken = self.shared.changed.wait_timeout(waiters, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        true
    }

    /// A future that completes once the flag is set. It needs no particular runtime.
    pub fn cancelled(&self) -> Cancelled {
        Cancelled { shared: Arc::clone(&self.shared), number: None }
    }
}

impl Shared {
    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cancellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancellation").field("is_cancelled", &self.is_cancelled()).finish()
    }
}

/// Future returned by [`Cancellation::cancelled`].
#[must_use]
pub struct Cancelled {
    shared: Arc<Shared>,
    /// The number of this future.
    number: Option<u64>,
}

impl Future for Cancelled {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let shared = Arc::clone(&self.shared);
        let mut waiters = shared.waiters();
        // Read under the lock: `cancel` sets the flag, then takes the wakers under the lock.
        if shared.cancelled.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        let number = match self.number {
            Some(number) => number,
            None => {
                let number = waiters.next_number;
                waiters.next_number += 1;
                self.number = Some(number);
                number
            }
        };
        match waiters.wakers.iter_mut().find(|(other, _)| *other == number) {
            Some((_, waker)) => waker.clone_from(context.waker()),
            None => waiters.wakers.push((number, context.waker().clone())),
        }
        Poll::Pending
    }
}

impl Drop for Cancelled {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.shared.waiters().wakers.retain(|(other, _)| *other != number);
        }
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelled").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Flag>) {
            self.0.store(true, Ordering::Release);
        }
    }

    #[test]
    fn a_wait_ends_when_the_flag_is_set_by_a_clone() {
        let cancellation = Cancellation::new();
        let other = cancellation.clone();
        let thread = std::thread::spawn(move || other.cancel());
        assert!(cancellation.wait(Duration::MAX), "without a limit and without a panic");
        thread.join().unwrap();
        assert!(cancellation.is_cancelled() && cancellation.wait(Duration::ZERO));
    }

    #[test]
    fn a_wait_ends_when_its_time_is_up() {
        assert!(!Cancellation::new().wait(Duration::from_millis(2)));
        assert!(!Cancellation::new().wait(Duration::ZERO));
    }

    #[test]
    fn a_future_is_woken_once_and_dropped_futures_leave_nothing_behind() {
        let cancellation = Cancellation::new();
        let flag = Arc::new(Flag::default());
        let waker = Waker::from(Arc::clone(&flag));
        let mut context = Context::from_waker(&waker);
        let mut first = Box::pin(cancellation.cancelled());
        let mut second = Box::pin(cancellation.cancelled());
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert_eq!(cancellation.shared.waiters().wakers.len(), 2);
        let left = second.number;
        drop(first);
        let waiting: Vec<_> =
            cancellation.shared.waiters().wakers.iter().map(|(number, _)| Some(*number)).collect();
        assert_eq!(waiting, [left]);
        cancellation.cancel();
        assert!(flag.0.load(Ordering::Acquire));
        assert!(second.as_mut().poll(&mut context).is_ready());
        assert!(Box::pin(cancellation.cancelled()).as_mut().poll(&mut context).is_ready());
    }
}
