//! [`Pending`]: a request under way on a thread of its own, for callers that must not block.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::protocol::{GetTickets, Page};
use crate::transport::{TransportError, TransportErrorKind};
use crate::{Client, Error};

/// A request that is under way on a thread of its own. Made by [`Client::start`].
///
/// Dropping it gives the request up: nobody waits for it any more and it is not repeated. What was sent stays
/// sent, and the thread ends with the exchange, at the latest after the client's timeout.
pub struct Pending {
    inbox: Receiver<Result<Page, Error>>,
    given_up: Arc<AtomicBool>,
    /// Whether the outcome was given out.
    told: AtomicBool,
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
        // Room for one: the thread ends whether or not anyone still listens.
        let (tell, inbox) = sync_channel(1);
        let given_up = Arc::new(AtomicBool::new(false));
        let (client, flag, failure) = (self.clone(), Arc::clone(&given_up), tell.clone());
        let work = move || {
            let outcome = client.fetch(&request, &flag).map(|fetched| fetched.page);
            // A request that was given up has no one to be told to.
            let _ = tell.send(outcome);
        };
        if let Err(error) = thread::Builder::new().name("gettickets-request".to_owned()).spawn(work) {
            let why = format!("no thread could be started: {error}");
            let error = TransportError::new(TransportErrorKind::Other).with_detail(why).not_sent();
            let _ = failure.send(Err(error.into()));
        }
        Pending { inbox, given_up, told: AtomicBool::new(false) }
    }
}

impl Pending {
    /// The outcome, waiting for it for so long at most; none if it has not come by then, or was given out
    /// before.
    pub fn wait_for(&self, time: Duration) -> Option<Result<Page, Error>> {
        let outcome = match self.inbox.recv_timeout(time) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) if self.told.load(Ordering::Relaxed) => return None,
            // A transport of the caller's own may panic; who waits in a loop would wait for ever.
            Err(RecvTimeoutError::Disconnected) => {
                let why = "the thread that asks broke off";
                Err(TransportError::new(TransportErrorKind::Other).with_detail(why).into())
            }
        };
        self.told.store(true, Ordering::Relaxed);
        Some(outcome)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}
