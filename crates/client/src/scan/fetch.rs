//! [`Fetch`]: the source of pages for a scan, so that a scan can be run against a list in memory.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::cancellation::Cancellation;
use crate::error::Error;
use crate::protocol::{GetTickets, Page};

/// Source of pages for a scan. Implemented by [`Client`](crate::Client).
///
/// A scan assumes that a page is the state of the list at one moment. It calls [`fetch`](Fetch::fetch) from several
/// threads at once.
pub trait Fetch: Send + Sync + 'static {
    /// Returns one page, after retries, and in another format if necessary.
    ///
    /// # Errors
    ///
    /// An error of the class [`Encoding`](crate::ApiErrorClass::Encoding) means that the server cannot send a ticket of
    /// the page, and the scan searches for it with smaller pages. After an error that
    /// [may be due to size](Error::may_be_due_to_size) the scan requests fewer tickets. Any other error ends the scan.
    fn fetch(&self, request: &GetTickets, context: &FetchContext) -> Result<Fetched, Error>;

    /// The endpoint, without credentials. A cursor is only accepted for its endpoint. Default: empty.
    fn endpoint(&self) -> String {
        String::new()
    }
}

/// How a page is to be fetched.
#[derive(Clone)]
#[non_exhaustive]
pub struct FetchContext {
    /// Cancels the call: no further request, waits end at once, the connection is closed.
    pub cancellation: Cancellation,
    /// Whether an error that a smaller page may avoid is retried like any other. If `false`, such an error is
    /// returned after one attempt. Default: `true`.
    pub retry_size_failures: bool,
    /// Called before each wait that precedes a retry.
    pub on_wait: Option<Arc<OnWait>>,
}

/// Callback of a [`FetchContext`]. It must not block.
pub type OnWait = dyn Fn(RetryWait) + Send + Sync;

/// A wait before a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryWait {
    /// How long the wait is.
    pub duration: Duration,
    /// Whether the server requested it: HTTP 429, or `Retry-After` with any status.
    pub requested_by_server: bool,
    /// How many attempts of the call have failed so far.
    pub failed_attempts: u32,
}

impl RetryWait {
    /// Creates a value, for tests of callbacks.
    pub fn new(duration: Duration, requested_by_server: bool, failed_attempts: u32) -> RetryWait {
        RetryWait { duration, requested_by_server, failed_attempts }
    }
}

impl FetchContext {
    /// The default context with this cancellation.
    pub fn new(cancellation: Cancellation) -> FetchContext {
        FetchContext { cancellation, retry_size_failures: true, on_wait: None }
    }

    /// Calls the callback, if there is one.
    pub fn notify_wait(&self, wait: RetryWait) {
        if let Some(on_wait) = &self.on_wait {
            on_wait(wait);
        }
    }
}

impl Default for FetchContext {
    fn default() -> FetchContext {
        FetchContext::new(Cancellation::new())
    }
}

impl fmt::Debug for FetchContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchContext")
            .field("cancellation", &self.cancellation)
            .field("retry_size_failures", &self.retry_size_failures)
            .field("on_wait", &self.on_wait.is_some())
            .finish()
    }
}

/// A page, and how it was fetched.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// The page.
    pub page: Page,
    /// The number of requests sent, at least one.
    pub requests: u32,
    /// The time of the last request, from sending it to the last byte of its reply, without failed attempts and waits.
    pub elapsed: Duration,
}
