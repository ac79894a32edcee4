//! [`Transport`] and the messages that it carries.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, Uri};
use zeroize::Zeroizing;

use crate::cancellation::Cancellation;
use crate::error::TransportError;

/// Time limits from this on mean that there is no limit, which spares every library in between from adding them to a
/// clock.
const NO_LIMIT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Carries one request to the server and its response back, once, without following redirects.
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
    /// It should return early, with any error, once the request's `cancellation` is set.
    ///
    /// # Errors
    ///
    /// [`TransportError`] where there is no whole response: not reached, cut off, too late, too large.
    fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError>;
}

impl<T: Transport + ?Sized> Transport for std::sync::Arc<T> {
    fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        (**self).send(request)
    }
}

/// A response: status, headers and the whole body, decompressed.
pub type TransportResponse = http::Response<Vec<u8>>;

/// A POST request, ready to be sent. Its body holds the credentials: `Debug` does not show it, and it is wiped when
/// dropped.
#[derive(Clone)]
#[non_exhaustive]
pub struct TransportRequest {
    /// The full address of `api.php`.
    pub uri: Uri,
    /// The headers to send; the transport adds those of its own, such as `content-length`. They accept gzip: a
    /// transport that does not decompress must leave `accept-encoding` out.
    pub headers: HeaderMap,
    /// The form body.
    pub body: Zeroizing<String>,
    /// The time limit for the whole exchange. `Duration::MAX` means no limit.
    pub timeout: Duration,
    /// The limit for the body of the response, in bytes, once decompressed.
    pub max_response_len: usize,
    /// Cancels the exchange.
    pub cancellation: Cancellation,
}

impl TransportRequest {
    /// A request without headers, limited to a minute and to 64 MiB. For tests of a transport.
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

/// The time limit as other libraries take it: `None` where there is none.
pub(super) fn limit(time: Duration) -> Option<Duration> {
    Some(time).filter(|time| *time < NO_LIMIT)
}
