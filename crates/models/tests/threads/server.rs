//! [`Server`]: a list that does not change, as a source of pages, and what a scan did with it.

use std::cell::RefCell;
use std::fmt::Write;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gettickets::scan::{Fetch, FetchContext, Fetched, RetryWait};
use gettickets::sync::{Condvar, Mutex, thread};
use gettickets::transport::{TransportError, TransportErrorKind};
use gettickets::{Error, GetTickets, Scan, decode};

/// What a server does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behavior {
    Reply,
    /// Replies after a wait for a retry.
    ReplyAfterRetry,
    /// Waits until the request is canceled.
    WaitForCancellation,
    /// Ignores the cancellation, and waits until the model calls [`Watcher::release`].
    IgnoreCancellation,
    Panic,
}

/// A source of pages with the tickets 1, 2, 3, ….
pub(crate) struct Server {
    count: u64,
    behavior: fn(u64) -> Behavior,
    log: Arc<Log>,
}

/// What happened. The counters are of the standard library, so that counting does not add schedules.
#[derive(Default)]
struct Log {
    begun: AtomicUsize,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    /// Whether a request ignores its cancellation now, or has done so.
    is_ignoring: bool,
    is_released: bool,
    is_dropped: bool,
    /// The threads that have fetched a page and have not ended.
    threads: usize,
}

shuttle::thread_local! {
    /// Is dropped when the thread ends.
    static THREAD: RefCell<Option<Thread>> = const { RefCell::new(None) };
}

/// A thread that fetches pages, until it ends.
struct Thread(Arc<Log>);

impl Thread {
    /// Counts this thread, if it is not counted yet.
    fn count(log: &Arc<Log>) {
        THREAD.with(|thread| {
            if thread.borrow().is_none() {
                log.set(|progress| progress.threads += 1);
                *thread.borrow_mut() = Some(Thread(Arc::clone(log)));
            }
        });
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // Other threads may run after the last lock of this one, and before its end.
        thread::yield_now();
        self.0.set(|progress| progress.threads -= 1);
    }
}

/// Observes a server that belongs to a scan.
#[derive(Clone)]
pub(crate) struct Watcher(Arc<Log>);

impl Server {
    /// A server that behaves in this way for the page at an offset.
    pub(crate) fn new(count: u64, behavior: fn(u64) -> Behavior) -> (Server, Watcher) {
        let log = Arc::new(Log::default());
        (Server { count, behavior, log: Arc::clone(&log) }, Watcher(log))
    }

    /// A scan with pages of four tickets.
    pub(crate) fn scan(self, concurrency: usize) -> Scan {
        let request = GetTickets { limitnum: Some(4), ..GetTickets::default() };
        Scan::new(self, request).concurrency(concurrency)
    }

    fn reply(&self, offset: u64, limit: u64) -> String {
        let ids = (offset + 1)..=(offset + limit).min(self.count);
        let mut text = format!(
            r#"{{"result":"success","totalresults":{},"startnumber":{offset},"numreturned":{},"tickets":{{"ticket":["#,
            self.count,
            ids.clone().count()
        );
        for id in ids {
            let comma = if id > offset + 1 { "," } else { "" };
            let _ = write!(text, r#"{comma}{{"id":"{id}","tid":"T{id}","status":"Open"}}"#);
        }
        text.push_str("]}}");
        text
    }
}

impl Fetch for Server {
    fn fetch(&self, request: &GetTickets, context: &FetchContext) -> Result<Fetched, Error> {
        Thread::count(&self.log);
        // Like a client: a request that is canceled before it begins is not sent. No other thread runs between this and
        // the count.
        if context.cancellation.is_cancelled() {
            return Err(interrupted());
        }
        self.log.begun.fetch_add(1, Ordering::Relaxed);
        let in_flight = self.log.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.log.most_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        let offset = request.limitstart.unwrap_or(0);
        thread::yield_now();
        let behavior = (self.behavior)(offset);
        match behavior {
            Behavior::Reply => {}
            Behavior::ReplyAfterRetry => context.notify_wait(RetryWait::new(Duration::from_secs(1), true, 1)),
            Behavior::WaitForCancellation => {
                assert!(context.cancellation.wait(Duration::MAX));
            }
            Behavior::IgnoreCancellation => {
                self.log.set(|progress| progress.is_ignoring = true);
                self.log.wait_until(|progress| progress.is_released);
            }
            Behavior::Panic => {}
        }
        self.log.in_flight.fetch_sub(1, Ordering::Relaxed);
        match behavior {
            Behavior::WaitForCancellation => return Err(interrupted()),
            // Shuttle would report a panic that is caught.
            Behavior::Panic => resume_unwind(Box::new("a source that panics")),
            _ => {}
        }
        let reply = self.reply(offset, request.limitnum.unwrap_or(4));
        let page = decode(reply).unwrap().into_page().unwrap();
        Ok(Fetched { page, requests: 1, elapsed: Duration::from_millis(1) })
    }

    fn endpoint(&self) -> String {
        "model".to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.log.set(|progress| progress.is_dropped = true);
    }
}

impl Log {
    fn set(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.progress.lock().unwrap());
        self.changed.notify_all();
    }

    fn wait_until(&self, is_reached: impl Fn(&Progress) -> bool) {
        let mut progress = self.progress.lock().unwrap();
        while !is_reached(&progress) {
            progress = self.changed.wait(progress).unwrap();
        }
    }
}

impl Watcher {
    /// The number of requests that were sent.
    pub(crate) fn begun(&self) -> usize {
        self.0.begun.load(Ordering::Relaxed)
    }

    /// The most requests that were in flight at once.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.0.most_in_flight.load(Ordering::Relaxed)
    }

    /// Waits until a request ignores its cancellation.
    pub(crate) fn wait_until_ignoring(&self) {
        self.0.wait_until(|progress| progress.is_ignoring);
    }

    /// Ends the waits of a server that ignores the cancellation.
    pub(crate) fn release(&self) {
        self.0.set(|progress| progress.is_released = true);
    }

    /// How many threads that fetched a page have not ended.
    pub(crate) fn threads(&self) -> usize {
        self.0.progress.lock().unwrap().threads
    }

    /// Waits until the threads that fetched a page have ended, although the scan was not dropped.
    pub(crate) fn wait_until_no_thread(&self) {
        self.0.wait_until(|progress| progress.threads == 0);
    }

    /// Whether the scan and all of its threads have dropped the server.
    pub(crate) fn is_dropped(&self) -> bool {
        self.0.progress.lock().unwrap().is_dropped
    }

    /// Waits until the scan and all of its threads, each of which holds the server, have ended. If one does not end,
    /// shuttle reports a deadlock.
    pub(crate) fn wait_for_threads(&self) {
        self.0.wait_until(|progress| progress.is_dropped);
    }
}

fn interrupted() -> Error {
    TransportError::new(TransportErrorKind::Interrupted).into()
}
