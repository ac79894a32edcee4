//! [`Pending`]: a request in progress on a thread of its own, for callers that must not block.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use gettickets_protocol::{GetTickets, Page};

use super::client::Client;
use crate::cancellation::Cancellation;
use crate::error::{Error, TransportError, TransportErrorKind};
use crate::scan::FetchContext;
use crate::sync::mpsc::{Receiver, sync_channel};
use crate::sync::thread;

/// A request in progress on a thread of its own. Made by [`Client::start`].
///
/// Dropping it cancels the request: no further request is sent, and the connection is closed.
pub struct Pending {
    receiver: Receiver<Result<Page, Error>>,
    cancellation: Cancellation,
}

impl Client {
    /// Starts [`get_tickets`](Client::get_tickets) on a thread of its own, for a caller that waits for other events
    /// too, such as Ctrl-C.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// # let client = gettickets::Client::builder("https://billing.example.com")
    /// #     .credentials(gettickets::Credentials::api("IDENTIFIER", "SECRET")).build()?;
    /// let pending = client.start(gettickets::GetTickets::default());
    /// let page = loop {
    ///     if let Some(outcome) = pending.wait_for(Duration::from_millis(50)) {
    ///         break outcome?;
    ///     }
    ///     // Not yet: check for other events, and drop it to cancel.
    /// };
    /// # Ok::<(), gettickets::Error>(())
    /// ```
    pub fn start(&self, request: GetTickets) -> Pending {
        self.start_then(request, || ())
    }

    /// Like [`start`](Client::start), and calls `ready` on that thread when the outcome is available, for example to
    /// wake an event loop. It is not called if no thread could be started: then the outcome, an error of the kind
    /// [`TransportErrorKind::Thread`], is available at once.
    pub fn start_then(&self, request: GetTickets, ready: impl FnOnce() + Send + 'static) -> Pending {
        // Room for one: the thread ends whether or not the outcome is taken.
        let (sender, receiver) = sync_channel(1);
        let cancellation = Cancellation::new();
        let context = FetchContext::new(cancellation.clone());
        let (client, failure) = (self.clone(), sender.clone());
        let work = move || {
            let fetch = || client.fetch(&request, &context).map(|fetched| fetched.page);
            // Only the outcome is used after a panic.
            let outcome = catch_unwind(AssertUnwindSafe(fetch)).unwrap_or_else(|_| Err(panicked()));
            // Sending fails if the request was dropped.
            let _ = sender.send(outcome);
            ready();
        };
        if let Err(error) = thread::Builder::new().name("gettickets-request".to_owned()).spawn(work) {
            let error = TransportError::new(TransportErrorKind::Thread).with_detail(error.to_string());
            let _ = failure.send(Err(error.not_sent().into()));
        }
        Pending { receiver, cancellation }
    }
}

impl Pending {
    /// Waits for the outcome, at most this long. `None` if it is not available by then, or was taken before.
    pub fn wait_for(&self, time: Duration) -> Option<Result<Page, Error>> {
        self.receiver.recv_timeout(time).ok()
    }

    /// The flag that cancels this request.
    pub fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }
}

/// The outcome if a custom transport panicked.
fn panicked() -> Error {
    let detail = "the thread of the request panicked";
    TransportError::new(TransportErrorKind::Other).with_detail(detail).into()
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.cancellation.cancel();
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}
