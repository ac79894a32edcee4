//! [`AsyncScan`]: the scan on tokio, as a stream.
//!
//! Each fetch is a task of its own, so that pages are received while the consumer works. Dropping the scan aborts them.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::client::AsyncClient;
use crate::cancellation::Cancellation;
use crate::error::{Error, ErrorKind, ScanIncomplete};
use crate::protocol::{GetTickets, Tickets};
use crate::scan::machine::{FetchPage, Metrics, Settings};
use crate::scan::{
    Available, Cursor, Delivery, FetchContext, Fetched, InvalidCursor, Observed, RetryWait, ScanReport,
    ScanStatus, SharedTicket, settings_methods,
};

/// Every ticket that matches a request, each once, as a stream.
///
/// The guarantee, its assumptions and the settings are those of [`Scan`](crate::Scan). Nothing is sent before the
/// stream is polled for the first time, which must be within a tokio runtime. An error is the last item. Dropping the
/// scan stops it: no further request is sent, and connections in use are closed.
///
/// ```no_run
/// # async fn example(client: gettickets::AsyncClient) -> Result<(), gettickets::Error> {
/// let mut scan = client.scan(gettickets::GetTickets::default());
/// while let Some(ticket) = scan.next().await {
///     println!("{}", ticket?.subject_text());
/// }
/// println!("{:?}", scan.report());
/// # Ok(())
/// # }
/// ```
pub struct AsyncScan {
    client: AsyncClient,
    shared: Arc<Shared>,
    fetches: JoinSet<(u64, Result<Fetched, Error>)>,
    started: bool,
    cancellation: Cancellation,
}

struct Shared(Mutex<Delivery>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Delivery> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observed for Shared {
    fn observe(&self, look: &mut dyn FnMut(&mut Delivery)) {
        look(&mut self.lock());
    }
}

impl AsyncClient {
    /// Every ticket that matches, over all pages; see [`AsyncScan`].
    pub fn scan(&self, request: GetTickets) -> AsyncScan {
        AsyncScan::new(self.clone(), request)
    }
}

impl AsyncScan {
    fn new(client: AsyncClient, request: GetTickets) -> AsyncScan {
        let settings = Settings { endpoint: client.endpoint(), ..Settings::new(request) };
        AsyncScan {
            client,
            shared: Arc::new(Shared(Mutex::new(Delivery::new(settings)))),
            fetches: JoinSet::new(),
            started: false,
            cancellation: Cancellation::new(),
        }
    }

    /// Settings change nothing once the scan has begun.
    fn configure(self, change: impl FnOnce(&mut Settings)) -> AsyncScan {
        if !self.started {
            self.shared.lock().configure(change);
        }
        self
    }

    settings_methods!();

    /// Continues after the tickets that another scan of the same request yielded; see
    /// [`Scan::resume`](crate::Scan::resume). The cursor may be that of a blocking scan.
    ///
    /// # Errors
    ///
    /// If the cursor belongs to another endpoint, request or `updated_since`, or is of another version.
    pub fn resume(self, cursor: &Cursor) -> Result<AsyncScan, InvalidCursor> {
        self.shared.lock().resume(cursor.clone())?;
        Ok(self)
    }

    /// The position of the scan: after the tickets yielded so far.
    pub fn cursor(&self) -> Cursor {
        self.shared.lock().cursor()
    }

    /// The progress and the findings of the scan so far. It may be ahead of the tickets yielded.
    pub fn report(&self) -> ScanReport {
        self.shared.lock().report()
    }

    /// A handle that reads the scan's state from any thread.
    pub fn status(&self) -> ScanStatus {
        ScanStatus::new(Arc::clone(&self.shared))
    }

    /// The flag that cancels the scan: the next item is then an error of the kind
    /// [`Cancelled`](crate::ErrorKind::Cancelled). It is also set when the scan has ended.
    pub fn cancellation(&self) -> Cancellation {
        self.cancellation.clone()
    }

    /// The number of tickets yielded so far, including those yielded before it was [resumed](AsyncScan::resume).
    pub fn yielded(&self) -> u64 {
        self.shared.lock().yielded()
    }

    /// The number of matching tickets in the server's latest count. It may be wrong.
    pub fn total(&self) -> Option<u64> {
        self.shared.lock().total()
    }

    /// The error that ended the scan, after it was yielded.
    pub fn failure(&self) -> Option<Error> {
        self.shared.lock().failure().cloned()
    }

    /// Stops the scan: no further request is sent, connections in use are closed, and the stream ends. The
    /// report and the cursor stay readable.
    pub fn close(&mut self) {
        self.cancellation.cancel();
        self.fetches.abort_all();
        self.shared.lock().close();
    }

    /// The next ticket. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<SharedTicket, Error>> {
        std::future::poll_fn(|context| self.poll_ticket(context)).await
    }

    /// The next tickets, as one page; or the rest of the page that [`next`](AsyncScan::next) has begun.
    /// Dropping the future loses nothing.
    pub async fn next_page(&mut self) -> Option<Result<Tickets, Error>> {
        std::future::poll_fn(|context| {
            self.poll(context, |delivery| {
                let tickets = delivery.peek_page()?;
                delivery.commit_page();
                Some(tickets)
            })
        })
        .await
    }

    /// Waits until a ticket, the end or an error is available, without taking it: `Some(Ok(()))` for a ticket, `None`
    /// for the end, and the error that ended the scan, which is returned once. For bindings, with
    /// [`peek_page`](AsyncScan::peek_page).
    pub fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<(), Error>>> {
        self.poll(context, |delivery| delivery.peek_page().map(drop))
    }

    /// The tickets that [`next_page`](AsyncScan::next_page) would return, if they are available. They are not
    /// counted as yielded.
    pub fn peek_page(&self) -> Option<Tickets> {
        self.shared.lock().peek_page()
    }

    /// Counts the first ticket that [`peek_page`](AsyncScan::peek_page) returned as yielded.
    pub fn commit(&mut self) {
        self.shared.lock().commit();
    }

    /// Counts the tickets that [`peek_page`](AsyncScan::peek_page) returned as yielded.
    pub fn commit_page(&mut self) {
        self.shared.lock().commit_page();
    }

    fn poll_ticket(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<SharedTicket, Error>>> {
        self.poll(context, |delivery| {
            let ticket = delivery.peek()?;
            delivery.commit();
            Some(ticket)
        })
    }

    fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        take: impl Fn(&mut Delivery) -> Option<T>,
    ) -> Poll<Option<Result<T, Error>>> {
        self.started = true;
        loop {
            {
                let mut delivery = self.shared.lock();
                if delivery.is_closed() {
                    return Poll::Ready(None);
                }
                // Most tickets are taken from a batch that has arrived.
                if let Some(taken) = take(&mut delivery) {
                    return Poll::Ready(Some(Ok(taken)));
                }
                if self.cancellation.is_cancelled() && !delivery.series().has_ended() {
                    delivery.series().abort(Error::new(ErrorKind::Cancelled));
                }
            }
            self.start_fetches();
            let available = self.shared.lock().available();
            match available {
                Available::Ticket => continue,
                Available::End(error) => {
                    self.cancellation.cancel();
                    self.fetches.abort_all();
                    return Poll::Ready(error.map(Err));
                }
                Available::Nothing => {}
            }
            match self.fetches.poll_join_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok((id, outcome)))) => self.report_outcome(id, outcome),
                // The task panicked, or the runtime is shutting down: the page will never arrive.
                Poll::Ready(Some(Err(error))) => {
                    let problem = format!("a task that read a page ended early: {error}");
                    self.shared.lock().series().abort(ScanIncomplete::new(problem).into());
                }
                Poll::Ready(None) => {
                    let problem =
                        "nothing is in flight and nothing is left to fetch; this is a defect of the library";
                    self.shared.lock().series().abort(ScanIncomplete::new(problem).into());
                }
            }
        }
    }

    fn start_fetches(&mut self) {
        let mut delivery = self.shared.lock();
        let Ok(runtime) = Handle::try_current() else {
            let problem = "an asynchronous scan has to be polled within a tokio runtime";
            delivery.series().abort(ScanIncomplete::new(problem).before_any_request().into());
            return;
        };
        while let Some(fetch) = delivery.poll_fetch() {
            let Some(request) = delivery.series().request_of(&fetch) else { continue };
            let context = self.context(fetch);
            let client = self.client.clone();
            let task = async move { (fetch.id, client.fetch(&request, &context).await) };
            self.fetches.spawn_on(task, &runtime);
        }
    }

    fn context(&self, fetch: FetchPage) -> FetchContext {
        let mut context = FetchContext::new(self.cancellation.clone());
        context.retry_size_failures = fetch.retry_size_failures;
        let shared = Arc::downgrade(&self.shared);
        context.on_wait = Some(Arc::new(move |wait: RetryWait| {
            if let Some(shared) = shared.upgrade() {
                let mut delivery = shared.lock();
                delivery.series().on_throttled(fetch.id, wait.duration, wait.requested_by_server);
            }
        }));
        context
    }

    fn report_outcome(&self, id: u64, outcome: Result<Fetched, Error>) {
        let mut delivery = self.shared.lock();
        match outcome {
            Ok(Fetched { page, requests, elapsed }) => {
                let requests = u64::from(requests.max(1));
                let metrics = Metrics { elapsed, requests, retries: requests - 1 };
                delivery.series().on_page(id, page, metrics);
            }
            Err(error) => delivery.series().on_error(id, error),
        }
    }
}

impl Stream for AsyncScan {
    type Item = Result<SharedTicket, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_ticket(context)
    }
}

impl Drop for AsyncScan {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for AsyncScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncScan").field("report", &self.report()).finish_non_exhaustive()
    }
}
