//! [`Call`]: one call as a state machine without I/O, threads or a clock.
//!
//! The caller polls it, sends the request of a step, reports the response, and waits as long as a step states:
//!
//! ```text
//! Ready ──poll──▶ Send ──on_response──▶ page ──────────────────▶ Done
//!   ▲                       │
//!   │                       ├─ retryable, time is left ─▶ Wait ──▶ Ready
//!   │                       ├─ text is not UTF-8 in JSON ─────────▶ Ready (XML)
//!   └───────────────────────┴─ anything else ─────────────────────▶ Done
//! ```

use std::time::{Duration, Instant, SystemTime};

use gettickets_protocol::{ApiErrorClass, DecodeErrorKind, GetTickets, Page, ResponseType};

use super::request::{CallSettings, RequestSummary};
use super::response::interpret;
use crate::cancellation::Cancellation;
use crate::error::{Error, ErrorKind, TransportError};
use crate::transport::{TransportRequest, TransportResponse};

/// The most characters of a transport's message that an error shows. It may contain text of the server.
const MAX_SHOWN_DETAIL: usize = 300;

/// The caller's next step.
#[derive(Debug)]
pub(crate) enum Step {
    /// Send this request and report its outcome with [`Call::on_response`].
    Send(Box<TransportRequest>),
    /// Wait this long, or until the call is canceled, and poll again.
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
    settings: &'a CallSettings,
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
    /// The number of retryable failures among them. JSON and XML share this count, and the total time.
    failed: u32,
    /// Why the call switched from JSON to XML.
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
        settings: &'a CallSettings,
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
            // Polled at the wrong time: a response was not reported, or the outcome was taken.
            State::Sent | State::Ended => {
                debug_assert!(false, "polled while a response is missing or after the end");
                Step::Done(Err(self.finish(Error::new(ErrorKind::Cancelled))))
            }
        }
    }

    fn send(&mut self, began: Instant, now: Instant) -> Step {
        // No attempt lasts past the total time.
        let timeout = self.settings.attempt_timeout.min(self.left(began, now));
        self.requests = self.requests.saturating_add(1);
        self.sent = Some(now);
        self.state = State::Sent;
        Step::Send(Box::new(self.settings.request(self.request, self.format, timeout, &self.cancellation)))
    }

    /// Reports how the last request ended. `time_of_day` is for a `Retry-After` that is a date, `random` is a
    /// number from 0 to 1 for the length of a wait.
    pub(crate) fn on_response(
        &mut self,
        now: Instant,
        time_of_day: SystemTime,
        random: f64,
        outcome: Result<TransportResponse, TransportError>,
    ) {
        self.elapsed = self.sent.map_or(Duration::ZERO, |sent| now.saturating_duration_since(sent));
        let CallSettings { redactor, decoder, .. } = self.settings;
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
                interpret(response, time_of_day, decoder, redactor)
            }
            Err(error) => {
                let clean = |text: &str| redactor.excerpt(text, MAX_SHOWN_DETAIL);
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

    /// After a failure as JSON and a permanent one as XML, the first error states what is wrong with the page.
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

    /// The rest of the total time; `Duration::MAX` if there is no limit.
    fn left(&self, began: Instant, now: Instant) -> Duration {
        match self.settings.total_timeout {
            Duration::MAX => Duration::MAX,
            total => total.saturating_sub(now.saturating_duration_since(began)),
        }
    }
}

/// Whether a text of the page is not UTF-8, according to the server or to the bytes of the reply.
fn is_not_utf8(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Api(error) => error.class() == ApiErrorClass::Encoding,
        ErrorKind::Decode(error) => matches!(error.kind(), DecodeErrorKind::InvalidUtf8),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use gettickets_protocol::{Credentials, Decoder};

    use super::*;
    use crate::endpoint::Endpoint;
    use crate::error::{TimeoutPhase, TransportErrorKind};
    use crate::exchange::RetryPolicy;

    const SECOND: Duration = Duration::from_secs(1);
    const PAGE: &str =
        r#"{"result":"success","totalresults":0,"startnumber":0,"numreturned":0,"tickets":{"ticket":[]}}"#;
    const NOT_JSON: &str = r#"{"result":"error","message":"Error generating JSON encoded response: Malformed UTF-8 characters, possibly incorrectly encoded"}"#;
    const DENIED: &str = r#"{"result":"error","message":"Authentication Failed"}"#;
    const XML_PAGE: &str = "<?xml version=\"1.0\"?><whmcsapi version=\"8.13.1\"><action>gettickets</action>\
        <result>success</result><totalresults>0</totalresults><startnumber>0</startnumber>\
        <numreturned>0</numreturned><tickets></tickets></whmcsapi>";

    fn settings(retries: RetryPolicy, attempt_timeout: Duration, total_timeout: Duration) -> CallSettings {
        let credentials = Credentials::api("IDENTIFIER", "hunter2hunter2");
        let redactor = credentials.redactor();
        CallSettings {
            endpoint: Endpoint::parse("https://billing.example.com", false).unwrap(),
            credentials,
            response_type: ResponseType::Json,
            decoder: Decoder::new().redactor(redactor.clone()),
            redactor,
            max_response_len: 1 << 20,
            retries,
            attempt_timeout,
            total_timeout,
        }
    }

    /// The outcome of a request.
    #[derive(Clone, Copy, Debug)]
    enum Reply {
        Http(u16, &'static str),
        /// With a `Retry-After` of so many seconds.
        Later(u16, u64),
        Bytes(&'static [u8]),
        Failed(fn() -> TransportErrorKind),
    }
    use Reply::*;

    impl Reply {
        fn outcome(self) -> Result<TransportResponse, TransportError> {
            let response = http::Response::builder();
            let response = match self {
                Http(status, body) => response.status(status).body(body.into()),
                Later(status, wait) => response.status(status).header("retry-after", wait).body(Vec::new()),
                Bytes(body) => response.body(body.to_vec()),
                Failed(kind) => return Err(TransportError::new(kind())),
            };
            Ok(response.unwrap())
        }
    }

    /// Runs a call against these replies, each of which takes a second; waits advance the clock. Returns the steps:
    /// `json` and `xml` for requests, `wait N` for a wait of N seconds; and the outcome.
    fn run(settings: &CallSettings, replies: &[Reply]) -> (Vec<String>, Result<Page, Error>) {
        run_with(settings, replies, true, &Cancellation::new())
    }

    fn run_with(
        settings: &CallSettings,
        replies: &[Reply],
        retry_size_failures: bool,
        cancellation: &Cancellation,
    ) -> (Vec<String>, Result<Page, Error>) {
        let request = GetTickets::default();
        let mut call = Call::new(settings, &request, retry_size_failures, cancellation.clone());
        let (mut now, mut steps, mut replies) = (Instant::now(), Vec::new(), replies.iter());
        loop {
            match call.poll(now) {
                Step::Send(request) => {
                    let is_xml = request.body.contains("responsetype=xml");
                    steps.push(if is_xml { "xml" } else { "json" }.to_owned());
                    now += SECOND;
                    let reply = replies.next().expect("a reply for each request");
                    call.on_response(now, SystemTime::UNIX_EPOCH, 1.0, reply.outcome());
                    assert_eq!(call.elapsed(), SECOND);
                }
                Step::Wait(wait) => {
                    steps.push(format!("wait {}", wait.duration.as_secs_f64()));
                    now += wait.duration;
                }
                Step::Done(outcome) => {
                    assert!(replies.next().is_none(), "every reply was asked for");
                    let sent = steps.iter().filter(|step| !step.starts_with("wait")).count();
                    assert_eq!(call.requests() as usize, sent);
                    if let Err(error) = &outcome {
                        assert_eq!(error.attempts() as usize, sent);
                        assert!(error.endpoint().unwrap().ends_with("includes/api.php"));
                    }
                    return (steps, outcome);
                }
            }
        }
    }

    #[test]
    fn temporary_failures_are_retried_and_permanent_ones_are_not() {
        let settings = settings(RetryPolicy::default(), Duration::MAX, Duration::MAX);
        let failed: [(&str, Reply); 22] = [
            ("408", Http(408, "")),
            ("429", Http(429, "")),
            ("500", Http(500, "")),
            ("502", Http(502, "<title>Bad Gateway</title>")),
            ("503", Http(503, "")),
            ("504", Http(504, "")),
            ("520", Http(520, "")),
            ("521", Http(521, "")),
            ("522", Http(522, "")),
            ("523", Http(523, "")),
            ("524", Http(524, "")),
            ("503 in JSON", Http(503, r#"{"result":"error","message":"Busy"}"#)),
            ("tickets at 503", Http(503, PAGE)),
            ("cut JSON", Http(200, r#"{"result":"succ"#)),
            ("dns", Failed(|| TransportErrorKind::Dns)),
            ("connect", Failed(|| TransportErrorKind::Connect)),
            ("proxy", Failed(|| TransportErrorKind::Proxy)),
            ("timeout", Failed(|| TransportErrorKind::Timeout(TimeoutPhase::Body))),
            ("interrupted", Failed(|| TransportErrorKind::Interrupted)),
            ("truncated", Failed(|| TransportErrorKind::Truncated)),
            ("local resources", Failed(|| TransportErrorKind::LocalResources)),
            ("500 with a page", Http(500, "<title>Error</title>")),
        ];
        for (what, reply) in failed {
            let (steps, outcome) = run(&settings, &[reply, Http(200, PAGE)]);
            assert_eq!(
                (steps, outcome.is_ok()),
                (vec!["json".into(), "wait 0.5".into(), "json".into()], true),
                "{what}"
            );
        }
        for (what, reply) in [
            ("400", Http(400, "")),
            ("401", Http(401, "")),
            ("403", Http(403, "<title>Denied</title>")),
            ("404", Http(404, "")),
            ("301", Http(301, "")),
            ("501", Http(501, "")),
            ("525", Http(525, "")),
            ("empty", Http(200, "")),
            ("denied", Http(200, DENIED)),
            ("denied at 403", Http(403, DENIED)),
            ("denied at 503", Http(503, DENIED)),
            ("denied at 429", Http(429, DENIED)),
            ("not the API", Http(200, "<html><title>Log in</title>")),
            ("tls", Failed(|| TransportErrorKind::Tls(crate::error::TlsReason::Expired))),
            ("protocol", Failed(|| TransportErrorKind::Protocol)),
            ("too large", Failed(|| TransportErrorKind::TooLarge { limit: 1 })),
            ("ratio", Failed(|| TransportErrorKind::CompressionRatio)),
        ] {
            let (steps, outcome) = run(&settings, &[reply]);
            assert_eq!((steps, outcome.is_ok()), (vec!["json".to_owned()], false), "{what}");
        }
    }

    #[test]
    fn attempts_waits_and_time_are_bounded() {
        let default = RetryPolicy::default();
        let busy = Http(503, "");
        for (what, policy, total, replies, steps) in [
            ("three attempts", default, 1000, &[busy; 3][..], "json wait 0.5 json wait 1 json"),
            ("one attempt", RetryPolicy::none(), 1000, &[busy], "json"),
            ("the wait is longer than the time left", default, 1, &[busy], "json"),
            ("the second wait is", default, 3, &[busy; 2], "json wait 0.5 json"),
            (
                "the server's wait counts",
                default,
                1000,
                &[Later(503, 9), Http(200, PAGE)],
                "json wait 9 json",
            ),
            ("up to its limit", default, 1000, &[Later(503, 60), Http(200, PAGE)], "json wait 60 json"),
            ("and no further", default, 1000, &[Later(503, 61)], "json"),
            ("nor beyond the time left", default, 30, &[Later(429, 30)], "json"),
            (
                "at any status that passes",
                default,
                1000,
                &[Later(429, 2), Http(200, PAGE)],
                "json wait 2 json",
            ),
        ] {
            let settings = settings(policy, Duration::MAX, SECOND * total);
            assert_eq!(run(&settings, replies).0.join(" "), steps, "{what}");
        }
    }

    #[test]
    fn too_long_a_requested_wait_is_an_error_with_the_wait() {
        let settings = settings(RetryPolicy::default(), Duration::MAX, Duration::MAX);
        for status in [429, 503] {
            let error = run(&settings, &[Later(status, 3600)]).1.unwrap_err();
            assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)), "{error}");
            assert!(error.to_string().contains("3600 s"), "{error}");
        }
    }

    #[test]
    fn json_and_xml_share_one_budget() {
        let settings = settings(RetryPolicy::default(), Duration::MAX, Duration::MAX);
        let busy = Http(503, "");
        let broken = Bytes(
            b"{\"result\":\"success\",\"totalresults\":1,\"startnumber\":0,\"numreturned\":1,\
            \"tickets\":{\"ticket\":[{\"id\":1,\"subject\":\"caf\xe9\"}]}}",
        );
        for (what, replies, steps, code) in [
            ("the server says so", &[Http(200, NOT_JSON), Http(200, XML_PAGE)][..], "json xml", None),
            ("the bytes say so", &[broken, Http(200, XML_PAGE)], "json xml", None),
            ("both fail", &[Http(200, NOT_JSON), Http(200, NOT_JSON)], "json xml", Some("encoding")),
            ("XML is refused", &[Http(200, NOT_JSON), Http(200, DENIED)], "json xml", Some("encoding")),
            (
                "three failures in all",
                &[busy, Http(200, NOT_JSON), busy, busy],
                "json wait 0.5 json xml wait 1 xml",
                Some("unexpected-response"),
            ),
            (
                "XML after a wait",
                &[Http(200, NOT_JSON), busy, Http(200, XML_PAGE)],
                "json xml wait 0.5 xml",
                None,
            ),
        ] {
            let (done, outcome) = run(&settings, replies);
            assert_eq!(done.join(" "), steps, "{what}");
            assert_eq!(outcome.err().map(|error| error.code()), code, "{what}");
        }
        // Sent even if retries are disabled: it is not the same request.
        let settings = self::settings(RetryPolicy::none(), Duration::MAX, Duration::MAX);
        assert!(run(&settings, &[Http(200, NOT_JSON), Http(200, XML_PAGE)]).1.is_ok());
    }

    #[test]
    fn no_attempt_lasts_past_the_total_time() {
        let settings = settings(RetryPolicy::default(), SECOND * 5, SECOND * 8);
        let request = GetTickets::default();
        let mut call = Call::new(&settings, &request, true, Cancellation::new());
        let (mut now, mut timeouts) = (Instant::now(), Vec::new());
        let error = loop {
            match call.poll(now) {
                Step::Send(request) => {
                    timeouts.push(request.timeout);
                    now += request.timeout;
                    let timeout = TransportErrorKind::Timeout(TimeoutPhase::Response);
                    call.on_response(now, SystemTime::UNIX_EPOCH, 1.0, Err(TransportError::new(timeout)));
                }
                Step::Wait(wait) => now += wait.duration,
                Step::Done(outcome) => break outcome.unwrap_err(),
            }
        };
        assert_eq!(timeouts, [SECOND * 5, Duration::from_millis(2500)]);
        assert_eq!((error.code(), error.attempts()), ("timeout", 2));
    }

    #[test]
    fn a_clock_that_jumps_over_the_total_time_during_a_wait_ends_the_call() {
        let settings = settings(RetryPolicy::default(), SECOND, SECOND * 8);
        let request = GetTickets::default();
        let mut call = Call::new(&settings, &request, true, Cancellation::new());
        let now = Instant::now();
        assert!(matches!(call.poll(now), Step::Send(_)));
        call.on_response(now, SystemTime::UNIX_EPOCH, 1.0, Http(503, "").outcome());
        assert!(matches!(call.poll(now), Step::Wait(_)));
        assert!(
            matches!(call.poll(now + SECOND * 9), Step::Done(Err(error)) if error.http_status() == Some(503))
        );
    }

    #[test]
    fn a_call_can_be_canceled_in_every_state() {
        let settings = settings(RetryPolicy::default(), Duration::MAX, Duration::MAX);
        let request = GetTickets::default();
        let now = Instant::now();
        for when in ["before", "during a request", "before a wait", "after a wait"] {
            let cancellation = Cancellation::new();
            let mut call = Call::new(&settings, &request, true, cancellation.clone());
            if when != "before" {
                assert!(matches!(call.poll(now), Step::Send(_)));
                if when == "during a request" {
                    cancellation.cancel();
                }
                call.on_response(now, SystemTime::UNIX_EPOCH, 1.0, Http(503, "").outcome());
                if when == "after a wait" {
                    assert!(matches!(call.poll(now), Step::Wait(_)));
                }
            }
            cancellation.cancel();
            let Step::Done(Err(error)) = call.poll(now) else { panic!("{when}") };
            assert_eq!(
                (error.code(), error.attempts()),
                ("cancelled", u32::from(when != "before")),
                "{when}"
            );
        }
        // A page that arrived before the cancellation was noticed is returned.
        let cancellation = Cancellation::new();
        let mut call = Call::new(&settings, &request, true, cancellation.clone());
        assert!(matches!(call.poll(now), Step::Send(_)));
        cancellation.cancel();
        call.on_response(now, SystemTime::UNIX_EPOCH, 1.0, Http(200, PAGE).outcome());
        assert!(matches!(call.poll(now), Step::Done(Ok(_))));
    }

    #[test]
    fn failures_of_size_are_returned_at_once_on_request() {
        let settings = settings(RetryPolicy::default(), Duration::MAX, Duration::MAX);
        for reply in [
            Http(500, "<b>Fatal error</b>: Allowed memory size of 134217728 bytes exhausted"),
            Http(504, ""),
            Http(524, ""),
            Http(500, r#"{"result":"error","message":"An unexpected error occurred"}"#),
            Failed(|| TransportErrorKind::Timeout(TimeoutPhase::Response)),
        ] {
            let (steps, outcome) = run_with(&settings, &[reply], false, &Cancellation::new());
            assert!(outcome.unwrap_err().may_be_due_to_size(), "{reply:?}");
            assert_eq!(steps, ["json"], "{reply:?}");
        }
        let (steps, _) = run_with(&settings, &[Http(503, ""), Http(200, PAGE)], false, &Cancellation::new());
        assert_eq!(steps.len(), 3, "other failures are retried");
        for reply in [Http(500, DENIED), Http(200, r#"{"result":"error","message":"Not now"}"#)] {
            let (_, outcome) = run_with(&settings, &[reply], false, &Cancellation::new());
            assert!(!outcome.unwrap_err().may_be_due_to_size(), "{reply:?}");
        }
    }

    #[test]
    fn a_wait_reports_whether_the_server_requested_it() {
        let settings = settings(RetryPolicy::default(), Duration::MAX, Duration::MAX);
        let request = GetTickets::default();
        for (reply, requested_by_server) in
            [(Http(429, ""), true), (Later(429, 9), true), (Later(503, 9), true), (Http(503, ""), false)]
        {
            let mut call = Call::new(&settings, &request, true, Cancellation::new());
            let now = Instant::now();
            assert!(matches!(call.poll(now), Step::Send(_)));
            call.on_response(now, SystemTime::UNIX_EPOCH, 1.0, reply.outcome());
            let Step::Wait(wait) = call.poll(now) else { panic!("{reply:?}") };
            assert_eq!(
                (wait.requested_by_server, wait.failed_attempts),
                (requested_by_server, 1),
                "{reply:?}"
            );
        }
    }

    #[test]
    fn messages_of_the_api_are_bounded() {
        let settings = settings(RetryPolicy::none(), Duration::MAX, Duration::MAX);
        let long = format!(r#"{{"result":"error","message":"{}hunter2hunter2"}}"#, "x".repeat(1 << 20));
        let request = GetTickets::default();
        for body in [long.clone(), format!("{long}{}", " ".repeat(5 << 20))] {
            let mut call = Call::new(&settings, &request, true, Cancellation::new());
            let now = Instant::now();
            assert!(matches!(call.poll(now), Step::Send(_)));
            call.on_response(now, SystemTime::UNIX_EPOCH, 1.0, Ok(http::Response::new(body.into())));
            let Step::Done(Err(error)) = call.poll(now) else { panic!("an error") };
            assert!(error.to_string().len() < 2000 && error.to_string().contains("cut"), "{error}");
            assert!(format!("{error:?}").len() < 4000);
        }
    }
}
