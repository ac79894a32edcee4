//! Errors of the crate. This module imports the protocol and nothing else of the crate.

mod address;
mod config;
mod details;
mod examples;
mod hint;
mod incomplete;
mod kind;
mod local;
mod tls;
mod transport;
mod visible;

pub use self::address::InvalidAddress;
pub use self::config::{ConfigError, InvalidProxy};
pub use self::details::Error;
pub use self::examples::error_examples;
pub use self::incomplete::ScanIncomplete;
pub use self::kind::ErrorKind;
pub use self::local::{LocalError, LocalErrorKind, Stage};
pub use self::tls::TlsReason;
pub use self::transport::{TimeoutPhase, TransportError, TransportErrorKind};
