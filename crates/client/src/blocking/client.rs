//! [`Client`]: one request, one page.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use gettickets_protocol::{GetTickets, Page};

use crate::builder::{ClientBuilder, LocalBuilder};
use crate::clock::Clock;
use crate::error::Error;
use crate::exchange::{Call, Settings, Step, refuse_ignored_filter};
use crate::local::Local;
use crate::scan::{Fetch, FetchContext, Fetched, RetryWait};
use crate::transport::{HttpTransport, Transport};

/// A client of one install's `GetTickets`.
///
/// Cloning is cheap, clones share their connections, and one can be used from many threads at once. Calls block; an
/// asynchronous program uses `AsyncClient` (feature `async`), or its own HTTP library with the
/// [`protocol`](crate::protocol).
///
/// ```no_run
/// use gettickets::{Client, Credentials, GetTickets, StatusFilter};
///
/// let client = Client::builder("https://billing.example.com")
///     .credentials(Credentials::api("IDENTIFIER", "SECRET"))
///     .build()?;
/// let page = client.get_tickets(&GetTickets { status: Some(StatusFilter::AwaitingReply), ..GetTickets::default() })?;
/// for ticket in &page {
///     println!("#{} {}", ticket.tid(), ticket.subject_text());
/// }
/// # Ok::<(), gettickets::Error>(())
/// ```
#[derive(Clone)]
pub struct Client {
    backend: Arc<dyn Backend>,
}

/// Source of pages for a client: over HTTP, or the Local API.
trait Backend: Fetch + fmt::Debug {}

impl<T: Fetch + fmt::Debug> Backend for T {}

impl Client {
    /// Settings of a client over HTTP. `address` is that of the install, with or without a path, or the full address of
    /// `api.php`; the default scheme is https.
    pub fn builder(address: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(address.into())
    }

    /// Settings of a client that uses an install on this machine through PHP, without HTTP and credentials. `path`
    /// is the folder that contains the install's `init.php`.
    pub fn local(path: impl Into<PathBuf>) -> LocalBuilder {
        LocalBuilder::new(path.into())
    }

    /// The endpoint, without credentials: the full address of `api.php`, or the install's path.
    pub fn endpoint(&self) -> String {
        self.backend.endpoint()
    }

    /// Returns one page, after retries if necessary.
    ///
    /// A page that can't be read as JSON because a text in it is not UTF-8 is requested again as XML. There, invalid
    /// bytes are replaced, and reported as findings of the page.
    ///
    /// # Errors
    ///
    /// [`Error`]: [`Error::kind`] is the cause, and [`Error::hint`] what to do.
    pub fn get_tickets(&self, request: &GetTickets) -> Result<Page, Error> {
        self.fetch(request, &FetchContext::default()).map(|fetched| fetched.page)
    }

    /// Like [`get_tickets`](Client::get_tickets), but can be canceled, and also returns how the page was fetched.
    ///
    /// # Errors
    ///
    /// As those of [`get_tickets`](Client::get_tickets), and [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled).
    pub fn fetch(&self, request: &GetTickets, context: &FetchContext) -> Result<Fetched, Error> {
        refuse_ignored_filter(request).map_err(|error| error.at(self.endpoint()))?;
        self.backend.fetch(request, context)
    }
}

impl Fetch for Client {
    fn fetch(&self, request: &GetTickets, context: &FetchContext) -> Result<Fetched, Error> {
        Client::fetch(self, request, context)
    }

    fn endpoint(&self) -> String {
        Client::endpoint(self)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.backend.fmt(f)
    }
}

impl ClientBuilder {
    /// Builds the blocking client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where a setting can't be used.
    pub fn build(self) -> Result<Client, Error> {
        let checked = self.check()?;
        let transport = match checked.transport {
            Some(transport) => transport,
            None => Arc::new(HttpTransport::new(checked.http)?),
        };
        let backend = Http { settings: checked.settings, transport, clock: checked.clock };
        Ok(Client { backend: Arc::new(backend) })
    }
}

impl LocalBuilder {
    /// Builds the blocking client. PHP is not run yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where the time limit is zero.
    pub fn build(self) -> Result<Client, Error> {
        Ok(Client { backend: Arc::new(LocalBackend(self.check()?)) })
    }
}

/// The API over HTTP.
struct Http {
    settings: Settings,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

impl Fetch for Http {
    fn fetch(&self, request: &GetTickets, context: &FetchContext) -> Result<Fetched, Error> {
        let cancellation = &context.cancellation;
        let mut call = Call::new(&self.settings, request, context.retry_size_failures, cancellation.clone());
        loop {
            match call.poll(self.clock.now()) {
                Step::Send(request) => {
                    let outcome = self.transport.send(&request);
                    // Wiped before the reply is processed.
                    drop(request);
                    let (now, time_of_day) = (self.clock.now(), self.clock.time_of_day());
                    call.on_response(now, time_of_day, self.clock.random(), outcome);
                }
                Step::Wait(wait) => {
                    let by_server = wait.requested_by_server;
                    context.notify_wait(RetryWait::new(wait.duration, by_server, wait.failed_attempts));
                    self.clock.sleep(wait.duration, cancellation);
                }
                Step::Done(outcome) => {
                    let (requests, elapsed) = (call.requests(), call.elapsed());
                    return outcome.map(|page| Fetched { page, requests, elapsed });
                }
            }
        }
    }

    fn endpoint(&self) -> String {
        self.settings.endpoint.to_string()
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.settings.endpoint.to_string())
            .field("credentials", &self.settings.credentials)
            .field("retries", &self.settings.retries)
            .finish_non_exhaustive()
    }
}

/// The Local API. Its errors are not retried: what fails once on this machine fails again.
struct LocalBackend(Local);

impl Fetch for LocalBackend {
    fn fetch(&self, request: &GetTickets, context: &FetchContext) -> Result<Fetched, Error> {
        let (page, elapsed) = self.0.call(request, &context.cancellation)?;
        Ok(Fetched { page, requests: 1, elapsed })
    }

    fn endpoint(&self) -> String {
        self.0.endpoint()
    }
}

impl fmt::Debug for LocalBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("path", &self.0.path).finish_non_exhaustive()
    }
}
