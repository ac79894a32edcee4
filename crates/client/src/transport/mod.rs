//! [`Transport`]: how a request reaches a server.

mod body;
mod connector;
mod io_error;
mod message;
mod proxy;
#[cfg(feature = "async")]
mod reqwest;
mod tls;
mod ureq;

pub(crate) use self::io_error::is_local_resources;
pub use self::message::{Transport, TransportRequest, TransportResponse};
pub(crate) use self::proxy::{Proxy, ProxySetting};
#[cfg(feature = "async")]
pub(crate) use self::reqwest::AsyncTransport;
pub(crate) use self::tls::Roots;
pub(crate) use self::ureq::{HttpSettings, HttpTransport};
pub use crate::error::{TimeoutPhase, TlsReason, TransportError, TransportErrorKind};
