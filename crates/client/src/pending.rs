//! [`Pending`]: a request under way on a thread of its own, for callers that must not block.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use crate::protocol::{GetTickets, Page};
use crate::scan::FetchContext;
use crate::transport::{TransportError, TransportErrorKind};
use crate::{Cancellation, Client, Error};

/// A request that is under way on a thread of its own. Made by [`Client::start`].
///
/// Dropping it gives the request up: nobody waits for it any more and it is not repeated. What was sent stays
/// sent, and the thread ends with the exchange, at the latest after the client's timeout.
pub struct Pending {
    inbox: Receiver<Result<Page, Error>>,
    cancellation: Cancellation,
}

impl Client {
    /// Begins [`get_tickets`](Client::get_tickets) on a thread of its own, for a caller that has other things
    /// to listen to while it waits, such as Ctrl-C.
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
    ///     // Not yet: look at what else there is, and drop it to give up.
    /// };
    /// # Ok::<(), gettickets::Error>(())
    /// ```
    pub fn start(&self, request: GetTickets) -> Pending {
        self.start_then(request, || ())
    }

    /// As [`start`](Client::start), and calls `ready` on that thread once the outcome can be taken; for an
    /// event loop, which is woken so. It is not called where no thread could be started: then the outcome,
    /// an error, is there at once.
    pub fn start_then(&self, request: GetTickets, ready: impl FnOnce() + Send + 'static) -> Pending {
        // Room for one: the thread ends whether or not anyone still listens.
        let (tell, inbox) = sync_channel(1);
        let cancellation = Cancellation::new();
        let context = FetchContext::new(cancellation.clone());
        let (client, failure) = (self.clone(), tell.clone());
        let work = move || {
            let fetch = || client.fetch(&request, &context).map(|fetched| fetched.page);
            // Nothing of this thread is looked at again but the outcome.
            let outcome = catch_unwind(AssertUnwindSafe(fetch)).unwrap_or_else(|_| Err(broke_off()));
            // A request that was given up has no one to be told to.
            let _ = tell.send(outcome);
            ready();
        };
        if let Err(error) = thread::Builder::new().name("gettickets-request".to_owned()).spawn(work) {
            let why = format!("no thread could be started: {error}");
            let error = TransportError::new(TransportErrorKind::Other).with_detail(why).not_sent();
            let _ = failure.send(Err(error.into()));
        }
        Pending { inbox, cancellation }
    }
}

impl Pending {
    /// The outcome, waiting for it for so long at most; none if it has not come by then, or was given out
    /// before.
    pub fn wait_for(&self, time: Duration) -> Option<Result<Page, Error>> {
        self.inbox.recv_timeout(time).ok()
    }
}

/// An error for whoever waits, where a transport of the caller's own panicked.
fn broke_off() -> Error {
    let why = "the thread that asks broke off";
    TransportError::new(TransportErrorKind::Other).with_detail(why).into()
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
