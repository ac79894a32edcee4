//! From a response to a page or an error.
//!
//! The decoder removes the credentials from every text of the server that an error or a finding quotes, before it cuts
//! an excerpt. A good reply is not searched for them.

use std::time::{Duration, SystemTime};

use gettickets_protocol::{
    ApiErrorClass, DecodeError, DecodeErrorKind, Decoder, Page, PageKind, Redactor, Reply,
};
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, StatusCode};

use super::retry::retry_after;
use crate::error::{Error, ErrorKind};
use crate::transport::TransportResponse;

/// The longest `Retry-After` that is reported. It keeps programs that add it to a clock from overflowing.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How many characters of a header are shown.
const MAX_SHOWN_HEADER: usize = 200;

/// Interprets a response. `now` is the time of day, for a `Retry-After` that is a date. The decoder has the
/// redactor too.
pub(super) fn interpret(
    response: TransportResponse,
    now: SystemTime,
    decoder: &Decoder,
    redactor: &Redactor,
) -> Result<Page, Error> {
    let (head, body) = response.into_parts();
    let status = head.status;
    let wait = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let wait = wait.and_then(|value| retry_after(value, now)).map(|wait| wait.min(MAX_RETRY_AFTER));
    let error = |kind| Error::new(kind).with_http_status(status).with_retry_after(wait);
    if status.is_redirection() {
        let to = header(&head.headers, LOCATION, redactor).map(|to| without_query(&to).to_owned());
        return Err(error(ErrorKind::Redirect { status, to }));
    }
    let too_many = status == StatusCode::TOO_MANY_REQUESTS;
    let rate_limited = |message| ErrorKind::RateLimited { retry_after: wait, message };
    let unexpected = |cause: Option<&DecodeError>| {
        let kind = cause.and_then(DecodeError::page_kind).unwrap_or(PageKind::Other);
        ErrorKind::UnexpectedResponse {
            status,
            content_type: header(&head.headers, CONTENT_TYPE, redactor),
            page_kind: kind.with_status(status.as_u16()),
            title: cause.and_then(title).map(str::to_owned),
            excerpt: cause.and_then(DecodeError::excerpt).map(str::to_owned),
        }
    };
    Err(error(match decoder.decode(body) {
        Ok(Reply::Tickets(page)) if status.is_success() => return Ok(page),
        Ok(Reply::Tickets(_)) if too_many => rate_limited(None),
        // The API does not send tickets with an error status, as far as is known; this may be a stale copy.
        Ok(Reply::Tickets(_)) => unexpected(None),
        Ok(Reply::Error(cause)) => match cause.class() {
            // An error of the API about credentials or permissions is more precise than the status.
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

/// The title of the page that was sent instead of a reply, if it is HTML and has one.
fn title(error: &DecodeError) -> Option<&str> {
    match error.kind() {
        DecodeErrorKind::NotAReply { title } => title.as_deref(),
        _ => None,
    }
}

/// A header, safe to show.
fn header(headers: &HeaderMap, name: HeaderName, redactor: &Redactor) -> Option<String> {
    let value = String::from_utf8_lossy(headers.get(name)?.as_bytes());
    Some(redactor.excerpt(&value, MAX_SHOWN_HEADER))
}

/// An address without its query, which may be private.
fn without_query(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or_default()
}
