//! What a response means: a page, or which error. Everything of the server's that an error shows has the
//! credentials struck out first.

use std::borrow::Cow;
use std::time::Duration;

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, StatusCode};

use crate::protocol::{
    ApiErrorClass, Credentials, DecodeError, DecodeErrorKind, Decoder, FindingKind, Page, Reply,
};
use crate::transport::TransportResponse;
use crate::{Error, ErrorKind};

/// Bodies up to this size are kept until they are decoded, so that an error about one can be told anew
/// from a body without secrets.
const KEPT_LEN: usize = 4 << 20;
/// As much text as may stand before a reply.
const NOISE_LEN: usize = 64 << 10;
const NOT_SHOWN: &str = "(not shown)";
/// The longest wait that is told. It keeps programs that add it to a clock from overflowing, and no server is
/// known to mean more.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// The most of a header that is shown.
const SHOWN_HEADER: usize = 200;

/// `asked_to_wait` is what the response says of when to ask again.
pub(crate) fn judge(
    response: TransportResponse,
    asked_to_wait: Option<Duration>,
    decoder: &Decoder,
    credentials: &Credentials,
) -> Result<Page, Error> {
    let (head, body) = response.into_parts();
    let status = head.status;
    if status.is_redirection() {
        let to = header(&head.headers, LOCATION, credentials).map(|to| without_query(&to).to_owned());
        return Err(Error::new(ErrorKind::Redirect { status, to }).with_http_status(status));
    }
    let too_often = status == StatusCode::TOO_MANY_REQUESTS;
    let rate_limited = |message| ErrorKind::RateLimited {
        retry_after: asked_to_wait.map(|wait| wait.min(LONGEST_WAIT)),
        message,
    };
    let error = match decode(body, decoder, credentials) {
        Ok(Reply::Tickets(page)) if status.is_success() => return Ok(page),
        Ok(Reply::Tickets(_)) if too_often => rate_limited(None),
        // A failure that carries tickets is none that the API is known to make; it may be a stale copy.
        Ok(Reply::Tickets(_)) => not_the_api(status, &head.headers, None, credentials),
        Ok(Reply::Error(error)) => {
            let error = error.map_message(|message| credentials.redact(message).into_owned());
            match error.class() {
                // What the API says of credentials or permissions is more than a status.
                ApiErrorClass::Other if too_often => rate_limited(error.message().map(str::to_owned)),
                _ => ErrorKind::Api(error),
            }
        }
        Err(error) if too_often => {
            let title = title(&error).or(error.excerpt());
            rate_limited(title.filter(|text| !text.is_empty()).map(str::to_owned))
        }
        Err(error) if error.is_not_a_reply() || !status.is_success() => {
            not_the_api(status, &head.headers, Some(&error), credentials)
        }
        Err(error) => match error.kind() {
            DecodeErrorKind::TooLarge { limit } => ErrorKind::TooLarge { limit: *limit },
            _ => ErrorKind::Decode(error),
        },
    };
    Err(Error::new(error).with_http_status(status))
}

/// Decodes a body. An error's excerpt is cut to length, and half a secret is not found any more: so where
/// there is a secret in the body, it is struck out there, and the error told anew.
fn decode(body: Vec<u8>, decoder: &Decoder, credentials: &Credentials) -> Result<Reply, DecodeError> {
    if body.len() > KEPT_LEN {
        let withheld = |_: &str| NOT_SHOWN.to_owned();
        let reply = decoder.decode(body).map_err(|error| error.map_texts(withheld))?;
        return Ok(without_secrets(reply, true, credentials));
    }
    let error = match decoder.decode(body.as_slice()) {
        Ok(reply) => {
            let head = String::from_utf8_lossy(body.get(..NOISE_LEN).unwrap_or(&body));
            let has_secrets = matches!(credentials.redact(&head), Cow::Owned(_));
            return Ok(without_secrets(reply, has_secrets, credentials));
        }
        Err(error) => error,
    };
    let text = String::from_utf8_lossy(&body);
    let clean = credentials.redact(&text);
    let error = if clean == text { error } else { decoder.decode(clean.into_owned()).err().unwrap_or(error) };
    Err(error.map_texts(|text| credentials.redact(text).into_owned()))
}

/// What a page's findings quote, without secrets. The text before a reply, in which PHP may print the
/// request, is quoted cut to length: it is withheld where there is a secret in it.
fn without_secrets(reply: Reply, withhold: bool, credentials: &Credentials) -> Reply {
    let Reply::Tickets(page) = reply else { return reply };
    Reply::Tickets(page.map_findings(|finding| {
        finding.detail = match finding.detail.take() {
            Some(_) if withhold && finding.kind == FindingKind::LeadingText => Some(NOT_SHOWN.to_owned()),
            detail => detail.map(|detail| credentials.redact(&detail).into_owned()),
        };
    }))
}

fn not_the_api(
    status: StatusCode,
    headers: &HeaderMap,
    error: Option<&DecodeError>,
    credentials: &Credentials,
) -> ErrorKind {
    let title = error.and_then(title).map(str::to_owned);
    let excerpt = error.and_then(DecodeError::excerpt).map(str::to_owned);
    let content_type = header(headers, CONTENT_TYPE, credentials);
    ErrorKind::NotTheApi { status, content_type, title, excerpt }
}

/// The title of the page that came, if it is HTML and has one.
fn title(error: &DecodeError) -> Option<&str> {
    match error.kind() {
        DecodeErrorKind::NotAReply { title } => title.as_deref(),
        _ => None,
    }
}

/// A header as it may be shown.
fn header(headers: &HeaderMap, name: http::HeaderName, credentials: &Credentials) -> Option<String> {
    let value = String::from_utf8_lossy(headers.get(name)?.as_bytes());
    let clean = credentials.redact(&value);
    Some(clean.chars().take(SHOWN_HEADER).collect())
}

/// An address up to its query, which may hold what is nobody's business.
fn without_query(address: &str) -> &str {
    address.split(['?', '#']).next().unwrap_or_default()
}
