//! [`Call`]: one call as a state machine without I/O, threads or a clock.
//!
//! A shell polls it, sends what it is given, reports the response, and waits as it is told:
//!
//! ```text
//! Ready ──poll──▶ Send ──on_response──▶ page ──────────────────▶ Done
//!   ▲                       │
//!   │                       ├─ may pass, time is left ──▶ Wait ──▶ Ready
//!   │                       ├─ text is not UTF-8 in JSON ─────────▶ Ready (XML)
//!   └───────────────────────┴─ anything else ─────────────────────▶ Done
//! ```

use std::time::{Duration, Instant, SystemTime};

use gettickets_protocol::{ApiErrorClass, DecodeErrorKind, GetTickets, Page, ResponseType};

use super::request::{RequestSummary, Settings};
use super::response::interpret;
use crate::cancellation::Cancellation;
use crate::error::{Error, ErrorKind, TransportError, shortened};
use crate::transport::{TransportRequest, TransportResponse};

/// How many characters of a transport's own words an error shows; a server may have put its own among them.
const MAX_SHOWN_DETAIL: usize = 300;

/// What a shell is to do next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send this request and report its outcome with [`Call::on_response`].
    Send(Box<TransportRequest>),
    /// Wait this long, or until the call is cancelled, and poll again.
    Wait(Wait),
    /// The call has ended.
    Done(Result<Page, Error>),
}

/// A wait before a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) duration: Duration,
    /// HTTP 429, or a `Retry-After` at any status.
    pub(crate) requested_by_server: bool,
    pub(crate) failed_attempts: u32,
}

/// One call of `GetTickets`, with its retries and its fallback to XML.
pub(crate) struct Call<'a> {
    settings: &'a Settings,
    request: &'a GetTickets,
    cancellation: Cancellation,
    retry_size_failures: bool,
    /// The format of the next request.
    format: ResponseType,
    /// When the call began: at the first poll.
    began: Option<Instant>,
    /// When the last request was handed out.
    sent: Option<Instant>,
    /// How long the last exchange took.
    elapsed: Duration,
    /// How many requests were handed out.
    requests: u32,
    /// How many of them failed in a way that may pass. JSON and XML share this count, and the total time.
    failed: u32,
    /// Why JSON was given up for XML.
    json_error: Option<Error>,
    state: State,
}

enum State {
    /// A request is to be sent.
    Ready,
    /// A request was handed out, and its response was not reported.
    Sent,
    /// A wait is to be handed out, after which a request is to be sent.
    Waiting(Wait, Error),
    /// A request is to be sent if there is still time; else this error is returned.
    Waited(Error),
    Done(Result<Page, Error>),
    /// The outcome was handed out.
    Ended,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        settings: &'a Settings,
        request: &'a GetTickets,
        retry_size_failures: bool,
        cancellation: Cancellation,
    ) -> Call<'a> {
        Call {
            settings,
            request,
            cancellation,
            retry_size_failures,
            format: settings.response_type,
            began: None,
            sent: None,
            elapsed: Duration::ZERO,
            requests: 0,
            failed: 0,
            json_error: None,
            state: State::Ready,
        }
    }

    /// How many requests were handed out.
    pub(crate) fn requests(&self) -> u32 {
        self.requests
    }

    /// How long the last exchange took, from the request to the last byte of its response.
    pub(crate) fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The next step.
    pub(crate) fn poll(&mut self, now: Instant) -> Step {
        let began = *self.began.get_or_insert(now);
        if self.cancellation.is_cancelled() && !matches!(self.state, State::Done(_) | State::Ended) {
            self.state = State::Done(Err(self.finish(Error::new(ErrorKind::Cancelled))));
        }
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Ready => self.send(began, now),
            State::Waiting(wait, error) => {
                self.state = State::Waited(error);
                Step::Wait(wait)
            }
            State::Waited(error) if self.left(began, now).is_zero() => Step::Done(Err(error)),
            State::Waited(_) => self.send(began, now),
            State::Done(outcome) => Step::Done(outcome),
            // Polled out of turn: a response is missing, or the outcome was taken.
            State::Sent | State::Ended => {
                debug_assert!(false, "polled while a response is missing or after the end");
                Step::Done(Err(self.finish(Error::new(ErrorKind::Cancelled))))
            }
        }
    }

    fn send(&mut self, began: Instant, now: Instant) -> Step {
        // The first attempt has its own limit whatever the total is.
        let timeout = match self.requests {
            0 => self.settings.attempt_timeout.min(self.settings.total_timeout),
            _ => self.settings.attempt_timeout.min(self.left(began, now)),
        };
        self.requests = self.requests.saturating_add(1);
        self.sent = Some(now);
        self.state = State::Sent;
        Step::Send(Box::new(self.settings.request(self.request, self.format, timeout, &self.cancellation)))
    }

    /// Reports how the last request ended. `time_of_day` is what a `Retry-After` that is a date refers to, `random` a
    /// number from 0 to 1 for the length of a wait.
    pub(crate) fn on_response(
        &mut self,
        now: Instant,
        time_of_day: SystemTime,
        random: f64,
        outcome: Result<TransportResponse, TransportError>,
    ) {
        self.elapsed = self.sent.map_or(Duration::ZERO, |sent| now.saturating_duration_since(sent));
        let Settings { credentials, decoder, .. } = self.settings;
        let outcome = match outcome {
            Ok(response) => {
                log::debug!(
                    "{}: sent {}: HTTP {}, {} bytes after {:?}",
                    self.settings.endpoint,
                    RequestSummary(self.request, self.format),
                    response.status(),
                    response.body().len(),
                    self.elapsed
                );
                interpret(response, time_of_day, decoder, credentials)
            }
            Err(error) => {
                // Cut only after the credentials were removed: half of one would not be found.
                let clean = |text: &str| shortened(&credentials.redact(text), MAX_SHOWN_DETAIL);
                Err(Error::from(error.map_detail(clean)))
            }
        };
        self.state = match outcome {
            Ok(page) => State::Done(Ok(page)),
            Err(error) => self.on_error(error, now, random),
        };
    }

    fn on_error(&mut self, error: Error, now: Instant, random: f64) -> State {
        if self.cancellation.is_cancelled() {
            return State::Done(Err(self.finish(Error::new(ErrorKind::Cancelled))));
        }
        let error = self.finish(error);
        if self.format == ResponseType::Json && is_not_utf8(&error) {
            log::warn!("a text of this page is not UTF-8, which JSON can't represent; requesting XML");
            self.format = ResponseType::Xml;
            self.json_error = Some(error);
            return State::Ready;
        }
        if !error.is_retryable() {
            return State::Done(Err(self.of_either_format(error)));
        }
        self.failed = self.failed.saturating_add(1);
        if !self.retry_size_failures && error.may_be_due_to_size() {
            return State::Done(Err(error));
        }
        let left = self.began.map_or(Duration::ZERO, |began| self.left(began, now));
        match self.settings.retries.wait(self.failed, error.retry_after(), left, random) {
            Some(duration) => {
                log::warn!("retrying in {:.1} s: {error}", duration.as_secs_f64());
                let requested_by_server = error.retry_after().is_some() || error.http_status() == Some(429);
                let wait = Wait { duration, requested_by_server, failed_attempts: self.failed };
                State::Waiting(wait, error)
            }
            None => State::Done(Err(error)),
        }
    }

    /// Of a failure as JSON and a permanent one as XML, the first says what is wrong with the page.
    fn of_either_format(&mut self, error: Error) -> Error {
        match self.json_error.take() {
            Some(first) => {
                log::warn!("the request for XML failed too: {error}");
                self.finish(first)
            }
            None => error,
        }
    }

    /// Adds the endpoint and the number of requests.
    fn finish(&self, error: Error) -> Error {
        error.at(&self.settings.endpoint).with_attempts(self.requests)
    }

    /// What is left of the total time; `Duration::MAX` if there is no limit.
    fn left(&self, began: Instant, now: Instant) -> Duration {
        match self.settings.total_timeout {
            Duration::MAX => Duration::MAX,
            total => total.saturating_sub(now.saturating_duration_since(began)),
        }
    }
}

/// Whether a text of the page is not UTF-8, by the server's word or by the reply's bytes.
fn is_not_utf8(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Api(error) => error.class() == ApiErrorClass::Encoding,
        ErrorKind::Decode(error) => matches!(error.kind(), DecodeErrorKind::InvalidUtf8),
        _ => false,
    }
}
