//! From a response to a page or an error.
//!
//! A good reply is not searched for credentials. Where a text of the server is shown, in an error or a finding, the
//! credentials are removed from the body before an excerpt is cut from it, as half a secret would not be found.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use gettickets_protocol::{
    ApiErrorClass, Credentials, DecodeError, DecodeErrorKind, Decoder, FindingKind, Page, Reply,
};
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, StatusCode};

use super::retry::retry_after;
use crate::error::{Error, ErrorKind, shortened};
use crate::transport::TransportResponse;

/// Bodies up to this size are kept until they are decoded, so that credentials can be removed from one before an error
/// quotes it. An error about a larger body quotes nothing.
const MAX_KEPT_LEN: usize = 4 << 20;
/// How much of the beginning and of the end of a body is searched where a finding quotes text around the reply.
const SEARCHED_LEN: usize = 64 << 10;
const NOT_SHOWN: &str = "(not shown)";
/// The longest `Retry-After` that is reported. It keeps programs that add it to a clock from overflowing.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How many characters of a header are shown.
const MAX_SHOWN_HEADER: usize = 200;
/// How many characters of a message of the API are kept.
const MAX_MESSAGE: usize = 1000;

/// What a response means. `now` is the time of day, which a `Retry-After` that is a date refers to.
pub(super) fn interpret(
    response: TransportResponse,
    now: SystemTime,
    decoder: &Decoder,
    credentials: &Credentials,
) -> Result<Page, Error> {
    let (head, body) = response.into_parts();
    let status = head.status;
    let wait = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let wait = wait.and_then(|value| retry_after(value, now)).map(|wait| wait.min(MAX_RETRY_AFTER));
    let error = |kind| Error::new(kind).with_http_status(status).with_retry_after(wait);
    if status.is_redirection() {
        let to = header(&head.headers, LOCATION, credentials).map(|to| without_query(&to).to_owned());
        return Err(error(ErrorKind::Redirect { status, to }));
    }
    let too_many = status == StatusCode::TOO_MANY_REQUESTS;
    let rate_limited = |message| ErrorKind::RateLimited { retry_after: wait, message };
    let unexpected = |cause: Option<&DecodeError>| ErrorKind::UnexpectedResponse {
        status,
        content_type: header(&head.headers, CONTENT_TYPE, credentials),
        title: cause.and_then(title).map(str::to_owned),
        excerpt: cause.and_then(DecodeError::excerpt).map(str::to_owned),
    };
    Err(error(match decode(body, decoder, credentials) {
        Ok(Reply::Tickets(page)) if status.is_success() => return Ok(page),
        Ok(Reply::Tickets(_)) if too_many => rate_limited(None),
        // The API is not known to send tickets with a status of failure; this may be a stale copy.
        Ok(Reply::Tickets(_)) => unexpected(None),
        Ok(Reply::Error(cause)) => match cause.class() {
            // What the API says about credentials or permissions is more than a status.
            ApiErrorClass::Other if too_many => rate_limited(cause.message().map(str::to_owned)),
            _ => ErrorKind::Api(cause),
        },
        Err(cause) if too_many => {
            let text = title(&cause).or(cause.excerpt());
            rate_limited(text.filter(|text| !text.is_empty()).map(str::to_owned))
        }
        Err(cause) if cause.is_not_a_reply() || !status.is_success() => unexpected(Some(&cause)),
        Err(cause) => match cause.kind() {
            DecodeErrorKind::TooLarge { limit } => ErrorKind::TooLarge { limit: *limit },
            _ => ErrorKind::Decode(cause),
        },
    }))
}

/// Decodes a body, and removes the credentials from every text that an error or a finding quotes.
fn decode(body: Vec<u8>, decoder: &Decoder, credentials: &Credentials) -> Result<Reply, DecodeError> {
    if body.len() > MAX_KEPT_LEN {
        let windows = Windows::of(&body);
        return match decoder.decode(body) {
            Ok(Reply::Tickets(page)) => Ok(Reply::Tickets(clean_findings(page, &windows, credentials))),
            Ok(Reply::Error(error)) => {
                Ok(Reply::Error(error.map_message(|message| clean_message(message, credentials))))
            }
            Err(error) => Err(error.map_texts(|_| NOT_SHOWN.to_owned())),
        };
    }
    match decoder.decode(body.as_slice()) {
        Ok(Reply::Tickets(page)) if page.findings().iter().all(|finding| finding.detail.is_none()) => {
            Ok(Reply::Tickets(page))
        }
        Ok(Reply::Tickets(page)) => {
            Ok(Reply::Tickets(clean_findings(page, &Windows::of(&body), credentials)))
        }
        outcome => {
            let text = String::from_utf8_lossy(&body);
            let clean = credentials.redact(&text);
            // Decoded again only where there was something to remove.
            let outcome = match &clean {
                Cow::Owned(clean) => decoder.decode(clean.as_str()),
                Cow::Borrowed(_) => outcome,
            };
            match outcome {
                Ok(Reply::Error(error)) => {
                    Ok(Reply::Error(error.map_message(|message| clean_message(message, credentials))))
                }
                // The body did not hold tickets before the credentials were removed.
                Ok(Reply::Tickets(_)) => {
                    decoder.decode(body).map_err(|error| error.map_texts(|_| NOT_SHOWN.to_owned()))
                }
                Err(error) => Err(error.map_texts(|text| credentials.redact(text).into_owned())),
            }
        }
    }
}

/// A message of the API as it may be shown.
fn clean_message(message: &str, credentials: &Credentials) -> String {
    shortened(&credentials.redact(message), MAX_MESSAGE)
}

/// The beginning and the end of a body, as text.
struct Windows(String);

impl Windows {
    fn of(body: &[u8]) -> Windows {
        let head = body.get(..SEARCHED_LEN).unwrap_or(body);
        let tail = body.get(body.len().saturating_sub(SEARCHED_LEN)..).unwrap_or_default();
        Windows(format!("{}\n{}", String::from_utf8_lossy(head), String::from_utf8_lossy(tail)))
    }

    /// Whether the credentials, or parts of them that a cut left, may be in a quoted text.
    fn have_secrets(&self, credentials: &Credentials) -> bool {
        matches!(credentials.redact(&self.0), Cow::Owned(_))
    }
}

/// Removes the credentials from what the findings of a page quote. The text around a reply, in which PHP may print the
/// request, is quoted cut to length: it is withheld where there is a secret near it.
fn clean_findings(page: Page, windows: &Windows, credentials: &Credentials) -> Page {
    let is_around = |kind| matches!(kind, FindingKind::LeadingText);
    let quotes = page.findings().iter().any(|finding| is_around(finding.kind) && finding.detail.is_some());
    let withhold = quotes && windows.have_secrets(credentials);
    page.map_findings(|finding| {
        finding.detail = match finding.detail.take() {
            Some(_) if withhold && is_around(finding.kind) => Some(NOT_SHOWN.to_owned()),
            detail => detail.map(|detail| credentials.redact(&detail).into_owned()),
        };
    })
}

/// The title of the page in place of a reply, if it is HTML and has one.
fn title(error: &DecodeError) -> Option<&str> {
    match error.kind() {
        DecodeErrorKind::NotAReply { title } => title.as_deref(),
        _ => None,
    }
}

/// A header as it may be shown.
fn header(headers: &HeaderMap, name: HeaderName, credentials: &Credentials) -> Option<String> {
    let value = String::from_utf8_lossy(headers.get(name)?.as_bytes());
    Some(shortened(&credentials.redact(&value), MAX_SHOWN_HEADER))
}

/// An address up to its query, which may be private.
fn without_query(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or_default()
}
