//! [`AsyncClient`]: one request, one page, without blocking.

use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use gettickets_protocol::{GetTickets, Page};

use crate::builder::{ClientBuilder, LocalBuilder};
use crate::cancellation::Cancellation;
use crate::error::{ConfigError, Error, ErrorKind, TransportError, TransportErrorKind};
use crate::exchange::{Call, Settings, Step, refuse_ignored_filter};
use crate::local::Local;
use crate::scan::{FetchContext, Fetched, RetryWait};
use crate::transport::AsyncTransport;

/// An asynchronous client of one install's `GetTickets`, on tokio.
///
/// It is built from the same settings as [`Client`](crate::Client), and retries, limits and errors are the same.
/// Cloning is cheap and clones share their connections. Dropping a future that it returned closes the connection of the
/// request in progress; no further request is sent.
///
/// ```no_run
/// use gettickets::{Client, Credentials, GetTickets};
///
/// # async fn example() -> Result<(), gettickets::Error> {
/// let client = Client::builder("https://billing.example.com")
///     .credentials(Credentials::api("IDENTIFIER", "SECRET"))
///     .build_async()?;
/// for ticket in &client.get_tickets(&GetTickets::default()).await? {
///     println!("#{} {}", ticket.tid(), ticket.subject_text());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AsyncClient {
    backend: Arc<Backend>,
}

enum Backend {
    Http(Box<Http>),
    Local(Local),
}

/// The API over HTTP.
struct Http {
    settings: Settings,
    transport: AsyncTransport,
}

impl ClientBuilder {
    /// Builds the asynchronous client. Nothing is sent. Its futures must be awaited within a tokio runtime with time
    /// and I/O enabled.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where a setting can't be used, such as a [`transport`](ClientBuilder::transport), which
    /// is for the blocking client.
    pub fn build_async(self) -> Result<AsyncClient, Error> {
        let checked = self.check()?;
        if checked.transport.is_some() {
            return Err(ConfigError::BlockingTransport.into());
        }
        let transport = AsyncTransport::new(checked.http)?;
        let http = Http { settings: checked.settings, transport };
        Ok(AsyncClient { backend: Arc::new(Backend::Http(Box::new(http))) })
    }
}

impl LocalBuilder {
    /// Builds the asynchronous client. PHP is not run yet; it is watched on a thread of tokio's blocking pool.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the time limit is zero.
    pub fn build_async(self) -> Result<AsyncClient, Error> {
        Ok(AsyncClient { backend: Arc::new(Backend::Local(self.check()?)) })
    }
}

impl AsyncClient {
    /// The endpoint, without credentials: the full address of `api.php`, or the install's path.
    pub fn endpoint(&self) -> String {
        match &*self.backend {
            Backend::Http(http) => http.settings.endpoint.to_string(),
            Backend::Local(local) => local.endpoint(),
        }
    }

    /// Returns one page, after retries if necessary; see [`Client::get_tickets`](crate::Client::get_tickets).
    ///
    /// # Errors
    ///
    /// [`Error`]: [`Error::kind`] is the cause, and [`Error::hint`] what to do.
    pub async fn get_tickets(&self, request: &GetTickets) -> Result<Page, Error> {
        self.fetch(request, &FetchContext::default()).await.map(|fetched| fetched.page)
    }

    /// Like [`get_tickets`](AsyncClient::get_tickets), but can be canceled, and also returns how the page was fetched.
    ///
    /// # Errors
    ///
    /// As those of [`get_tickets`](AsyncClient::get_tickets), and [`ErrorKind::Cancelled`].
    pub async fn fetch(&self, request: &GetTickets, context: &FetchContext) -> Result<Fetched, Error> {
        refuse_ignored_filter(request).map_err(|error| error.at(self.endpoint()))?;
        match &*self.backend {
            Backend::Http(http) => over_http(http, request, context).await,
            Backend::Local(local) => locally(local, request, context).await,
        }
    }
}

async fn over_http(http: &Http, request: &GetTickets, context: &FetchContext) -> Result<Fetched, Error> {
    let Http { settings, transport } = http;
    let cancellation = &context.cancellation;
    let mut call = Call::new(settings, request, context.retry_size_failures, cancellation.clone());
    loop {
        match call.poll(Instant::now()) {
            Step::Send(request) => {
                let outcome = tokio::select! {
                    biased;
                    outcome = transport.send(&request) => outcome,
                    // Dropping the other future closes the connection.
                    () = cancellation.cancelled() => {
                        Err(TransportError::new(TransportErrorKind::Interrupted))
                    }
                };
                // Wiped before the reply is processed.
                drop(request);
                call.on_response(Instant::now(), SystemTime::now(), fastrand::f64(), outcome);
            }
            Step::Wait(wait) => {
                let by_server = wait.requested_by_server;
                context.notify_wait(RetryWait::new(wait.duration, by_server, wait.failed_attempts));
                tokio::select! {
                    () = tokio::time::sleep(wait.duration) => {}
                    () = cancellation.cancelled() => {}
                }
            }
            Step::Done(outcome) => {
                let (requests, elapsed) = (call.requests(), call.elapsed());
                return outcome.map(|page| Fetched { page, requests, elapsed });
            }
        }
    }
}

async fn locally(local: &Local, request: &GetTickets, context: &FetchContext) -> Result<Fetched, Error> {
    /// Ends PHP when the future is dropped.
    struct CancelOnDrop(Cancellation);
    impl Drop for CancelOnDrop {
        fn drop(&mut self) {
            self.0.cancel();
        }
    }

    let guard = CancelOnDrop(Cancellation::new());
    let (php, request, cancellation) = (local.clone(), request.clone(), guard.0.clone());
    let mut call = tokio::task::spawn_blocking(move || php.call(&request, &cancellation));
    let outcome = tokio::select! {
        outcome = &mut call => outcome,
        () = context.cancellation.cancelled() => {
            guard.0.cancel();
            call.await
        }
    };
    match outcome {
        Ok(outcome) => outcome.map(|(page, elapsed)| Fetched { page, requests: 1, elapsed }),
        // The runtime is shutting down.
        Err(_) => Err(Error::new(ErrorKind::Cancelled).at(local.endpoint())),
    }
}

impl fmt::Debug for AsyncClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("AsyncClient");
        match &*self.backend {
            Backend::Http(http) => shown
                .field("endpoint", &http.settings.endpoint.to_string())
                .field("credentials", &http.settings.credentials)
                .field("retries", &http.settings.retries),
            Backend::Local(local) => shown.field("path", &local.path),
        };
        shown.finish_non_exhaustive()
    }
}
