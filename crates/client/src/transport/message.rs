//! [`Transport`], and its requests and responses.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, Uri};
use zeroize::Zeroizing;

use crate::cancellation::Cancellation;
use crate::error::TransportError;

/// Time limits of this length or more mean no limit, so that libraries do not add them to a clock, which may overflow.
const NO_LIMIT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Sends one request to the server and returns the response, without retries and without following redirects.
///
/// The default is HTTP by ureq. Implement it for tests, for recording, or for another HTTP library:
///
/// ```
/// use gettickets::transport::{Transport, TransportError, TransportRequest, TransportResponse};
/// use gettickets::{Client, Credentials, GetTickets};
///
/// struct Canned(&'static str);
///
/// impl Transport for Canned {
///     fn send(&self, _: &TransportRequest) -> Result<TransportResponse, TransportError> {
///         Ok(http::Response::new(self.0.into()))
///     }
/// }
///
/// let client = Client::builder("https://billing.example.com")
///     .credentials(Credentials::api("IDENTIFIER", "SECRET"))
///     .transport(Canned(r#"{"result":"success","totalresults":0,"startnumber":0,"numreturned":0,"tickets":""}"#))
///     .build()?;
/// assert!(client.get_tickets(&GetTickets::default())?.is_empty());
/// # Ok::<(), gettickets::Error>(())
/// ```
pub trait Transport: Send + Sync {
    /// Sends the request and reads the whole response, whatever its status.
    ///
    /// It should return early, with any error, when the request's `cancellation` is set.
    ///
    /// # Errors
    ///
    /// [`TransportError`] if there is no complete response: not reached, interrupted, too late, too large.
    fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError>;
}

impl<T: Transport + ?Sized> Transport for std::sync::Arc<T> {
    fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        (**self).send(request)
    }
}

/// A response: status, headers and the complete body, decompressed.
pub type TransportResponse = http::Response<Vec<u8>>;

/// A POST request. Its body contains the credentials: `Debug` does not show it, and it is wiped when dropped.
#[derive(Clone)]
#[non_exhaustive]
pub struct TransportRequest {
    /// The full address of `api.php`.
    pub uri: Uri,
    /// The headers to send; the transport adds others, such as `content-length`. They accept gzip: a transport that
    /// does not decompress must leave `accept-encoding` out.
    pub headers: HeaderMap,
    /// The form body.
    pub body: Zeroizing<String>,
    /// The time limit for the whole exchange. `Duration::MAX` means no limit.
    pub timeout: Duration,
    /// The limit of the body of the response in bytes, after decompression.
    pub max_response_len: usize,
    /// Cancels the exchange.
    pub cancellation: Cancellation,
}

impl TransportRequest {
    /// A request without headers, with limits of a minute and 64 MiB, for tests of a transport.
    pub fn new(uri: Uri, body: impl Into<String>) -> TransportRequest {
        TransportRequest {
            uri,
            headers: HeaderMap::new(),
            body: Zeroizing::new(body.into()),
            timeout: Duration::from_secs(60),
            max_response_len: 64 << 20,
            cancellation: Cancellation::new(),
        }
    }
}

impl fmt::Debug for TransportRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportRequest")
            .field("uri", &self.uri)
            .field("timeout", &self.timeout)
            .field("max_response_len", &self.max_response_len)
            .finish_non_exhaustive()
    }
}

/// The time limit for other libraries: `None` if there is none.
pub(super) fn limit(time: Duration) -> Option<Duration> {
    Some(time).filter(|time| *time < NO_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_century_or_more_is_no_limit() {
        for (time, limited) in [
            (Duration::ZERO, true),
            (NO_LIMIT - Duration::from_nanos(1), true),
            (NO_LIMIT, false),
            (Duration::MAX, false),
        ] {
            assert_eq!(limit(time), limited.then_some(time));
        }
    }
}
