//! [`Client`]: one request, one page.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};

use crate::address::Endpoint;
use crate::asked::Asked;
use crate::builder::ClientBuilder;
use crate::clock::Clock;
use crate::judge::judge;
use crate::local::{Local, LocalBuilder};
use crate::protocol::{ApiErrorClass, Credentials, Decoder, GetTickets, Page, ResponseType};
use crate::retry::{RetryPolicy, retry_after};
use crate::scan::{Fetch, FetchContext, Fetched, RetryWait};
use crate::transport::{Transport, TransportRequest};
use crate::{Error, ErrorKind};

/// The most of a transport's own words that an error shows; a server may have put its own among them.
const SHOWN_DETAIL: usize = 300;

/// A client of one install's `GetTickets`.
///
/// Cloning is cheap, clones share their connections, and one can be used from many threads at once.
/// Calls block; an asynchronous program calls it on a thread for that, or brings its own HTTP library to
/// the [`protocol`](crate::protocol).
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
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) backend: Backend,
    pub(crate) retries: RetryPolicy,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Who is asked.
pub(crate) enum Backend {
    Http(Box<Http>),
    Local(Box<Local>),
}

/// What asking over HTTP takes.
pub(crate) struct Http {
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: Credentials,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) response_type: ResponseType,
    pub(crate) decoder: Decoder,
    pub(crate) timeout: Duration,
    pub(crate) max_response_len: usize,
}

impl Client {
    /// Begins a client that asks over HTTP. `address` is the install's, with or without a path, or the
    /// full address of `api.php`; without a scheme it is taken for https.
    pub fn builder(address: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(address.into())
    }

    /// Begins a client that asks an install on this machine, through PHP, without HTTP and without
    /// credentials. `path` is the folder that has the install's `init.php`.
    pub fn local(path: impl Into<PathBuf>) -> LocalBuilder {
        LocalBuilder::new(path.into())
    }

    pub(crate) fn from_inner(inner: Inner) -> Client {
        Client { inner: Arc::new(inner) }
    }

    /// The endpoint, without credentials: the full address of `api.php`, or the install's path.
    pub fn endpoint(&self) -> String {
        match &self.inner.backend {
            Backend::Http(http) => http.endpoint.to_string(),
            Backend::Local(local) => local.path().display().to_string(),
        }
    }

    /// Asks for one page, and again where that may help.
    ///
    /// A page that the server can't put into JSON, as a text in it is not UTF-8, is asked for as XML: what
    /// was no text is replaced there, and is among the page's findings.
    ///
    /// # Errors
    ///
    /// [`Error`], where [`Error::kind`] tells what went wrong and [`Error::hint`] what to try.
    pub fn get_tickets(&self, request: &GetTickets) -> Result<Page, Error> {
        self.fetch(request, &FetchContext::default()).map(|fetched| fetched.page)
    }

    /// As [`get_tickets`](Client::get_tickets), with a flag that cancels the call, and with what it took.
    ///
    /// # Errors
    ///
    /// As those of [`get_tickets`](Client::get_tickets), and [`ErrorKind::Cancelled`].
    pub fn fetch(&self, request: &GetTickets, context: &FetchContext) -> Result<Fetched, Error> {
        let http = match &self.inner.backend {
            Backend::Http(http) => http,
            Backend::Local(local) => return self.fetch_locally(local, request),
        };
        let mut requests = 0;
        let error = match self.fetch_as(http, request, http.response_type, &mut requests, context) {
            Ok((page, elapsed)) => return Ok(Fetched { page, requests, elapsed }),
            Err(error) => error,
        };
        if http.response_type != ResponseType::Json || error.api_class() != Some(ApiErrorClass::Encoding) {
            return Err(error);
        }
        log::warn!("the server can't put this page into JSON, as a text in it is not UTF-8; asking for XML");
        match self.fetch_as(http, request, ResponseType::Xml, &mut requests, context) {
            Ok((page, elapsed)) => Ok(Fetched { page, requests, elapsed }),
            Err(second) => {
                log::warn!("asking for XML did not help: {second}");
                // The first error tells what is wrong with the page, unless the second is of another kind
                // altogether, such as a server that has gone.
                Err(if second.is_retryable() { second } else { error })
            }
        }
    }

    fn fetch_locally(&self, local: &Local, request: &GetTickets) -> Result<Fetched, Error> {
        let at = |error: Error| error.at(local.path().display()).with_attempts(1);
        let began = self.inner.clock.now();
        let page = local.call(request).map_err(at)?;
        let elapsed = self.inner.clock.now().saturating_duration_since(began);
        Ok(Fetched { page, requests: 1, elapsed })
    }

    /// Asks in one format, with retries.
    fn fetch_as(
        &self,
        http: &Http,
        request: &GetTickets,
        response_type: ResponseType,
        requests: &mut u32,
        context: &FetchContext,
    ) -> Result<(Page, Duration), Error> {
        let Inner { retries, clock, .. } = &*self.inner;
        let start = clock.now();
        let spent = || clock.now().saturating_duration_since(start);
        let mut attempt = 1;
        // The first attempt has its own time whatever the budget for all of them is.
        let mut timeout = http.timeout;
        loop {
            if context.cancellation.is_cancelled() {
                return Err(Error::new(ErrorKind::Cancelled).at(&http.endpoint).with_attempts(*requests));
            }
            *requests += 1;
            let began = clock.now();
            let (error, asked_to_wait) = match self.attempt(http, request, response_type, timeout) {
                Ok(page) => return Ok((page, clock.now().saturating_duration_since(began))),
                Err(failure) => failure,
            };
            let error = error.at(&http.endpoint).with_attempts(attempt);
            let at_once = !context.retry_size_failures && error.may_be_due_to_size();
            let last = attempt >= retries.max_attempts() || at_once;
            if last || !error.is_retryable() {
                return Err(error);
            }
            let wait = retries.wait(attempt, asked_to_wait, &**clock);
            let left = retries.total_budget().saturating_sub(spent().saturating_add(wait));
            if left.is_zero() {
                log::warn!("no time is left to ask again: {error}");
                return Err(error);
            }
            log::warn!("asking again in {:.1} s, as {error}", wait.as_secs_f64());
            let requested_by_server = asked_to_wait.is_some() || error.http_status() == Some(429);
            context.notify_wait(RetryWait::new(wait, requested_by_server, *requests));
            clock.sleep(wait, &context.cancellation);
            timeout = http.timeout.min(left);
            attempt += 1;
        }
    }

    /// Asks once. An error comes with what the server said of when to ask again.
    fn attempt(
        &self,
        http: &Http,
        request: &GetTickets,
        response_type: ResponseType,
        timeout: Duration,
    ) -> Result<Page, (Error, Option<Duration>)> {
        let clock = &self.inner.clock;
        // Cut only after the secrets are out: half of one would not be found.
        let redact = |text: &str| http.credentials.redact(text).chars().take(SHOWN_DETAIL).collect();
        let began = clock.now();
        let outgoing = http.request(request, response_type, timeout);
        let response =
            http.transport.send(&outgoing).map_err(|error| (Error::from(error.map_detail(redact)), None))?;
        // Wiped before the reply is worked on.
        drop(outgoing);
        let took = clock.now().saturating_duration_since(began);
        let (status, len) = (response.status(), response.body().len());
        log::debug!(
            "{}: asked for {}: HTTP {status}, {len} bytes after {took:?}",
            http.endpoint,
            Asked(request, response_type)
        );
        let asked_to_wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let asked_to_wait = asked_to_wait.and_then(|value| retry_after(value, clock.time_of_day()));
        judge(response, asked_to_wait, &http.decoder, &http.credentials)
            .map_err(|error| (error, asked_to_wait))
    }
}

impl Http {
    fn request(
        &self,
        request: &GetTickets,
        response_type: ResponseType,
        timeout: Duration,
    ) -> TransportRequest {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(GetTickets::CONTENT_TYPE));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        TransportRequest {
            uri: self.endpoint.uri().clone(),
            headers,
            body: request.encode(&self.credentials, response_type),
            timeout,
            max_response_len: self.max_response_len,
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Client");
        match &self.inner.backend {
            Backend::Http(http) => {
                shown.field("endpoint", &http.endpoint.to_string()).field("credentials", &http.credentials)
            }
            Backend::Local(local) => shown.field("path", &local.path()),
        };
        shown.field("retries", &self.inner.retries).finish_non_exhaustive()
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
