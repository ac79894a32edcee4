//! [`Transport`]: how a request reaches a server, and what can go wrong on the way.

mod error;
mod http;
mod tls;

use std::fmt;
use std::time::Duration;

use ::http::{HeaderMap, Uri};
use zeroize::Zeroizing;

pub use self::error::{TimeoutPhase, TransportError, TransportErrorKind};
pub(crate) use self::http::{HttpSettings, HttpTransport, ProxyChoice};
pub use self::tls::TlsReason;

/// Carries one request to the server and its response back, once, without following redirects.
///
/// The default is HTTP by ureq. Another one is for tests, for recording, or for an HTTP library of your
/// own:
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
pub type TransportResponse = ::http::Response<Vec<u8>>;

/// A POST request, ready to be sent. Its body holds the credentials: `Debug` does not show it, and it is
/// wiped when dropped.
#[derive(Clone)]
#[non_exhaustive]
pub struct TransportRequest {
    /// Where to: the full address of `api.php`.
    pub uri: Uri,
    /// The headers to send; the transport adds those of its own, such as `content-length`.
    pub headers: HeaderMap,
    /// The form body.
    pub body: Zeroizing<String>,
    /// How long the whole exchange may take.
    pub timeout: Duration,
    /// How many bytes the body of the response may have once decompressed.
    pub max_response_len: usize,
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
