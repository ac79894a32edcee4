//! Why a server was not trusted: rustls's errors in the words of the person who must mend it.

use std::fmt;
use std::io;

use rustls::{CertificateError, Error as RustlsError};

/// Why no encrypted connection came about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsReason {
    /// The certificate's time is over.
    Expired,
    /// The certificate's time has not come; one of the two clocks may be wrong.
    NotYetValid,
    /// The certificate is for other names.
    WrongName {
        /// The names it is for, as far as known.
        presented: Vec<String>,
    },
    /// The certificate was not issued by anyone trusted here: it is self-signed, of a private authority,
    /// or sent without the certificates between it and its authority.
    UnknownIssuer,
    /// The certificate was revoked.
    Revoked,
    /// The server broke the handshake off, with this alert.
    Refused {
        /// The alert's name.
        alert: String,
    },
    /// What answered does not speak TLS; it may be a port of plain http.
    NotTls,
    /// Anything else.
    Other {
        /// What was said of it.
        problem: String,
    },
}

impl fmt::Display for TlsReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsReason::Expired => f.write_str("the server's certificate has expired"),
            TlsReason::NotYetValid => f.write_str("the server's certificate is not valid yet"),
            TlsReason::WrongName { presented } if presented.is_empty() => {
                f.write_str("the server's certificate is for another name")
            }
            TlsReason::WrongName { presented } => {
                write!(f, "the server's certificate is for {}", presented.join(", "))
            }
            TlsReason::UnknownIssuer => {
                f.write_str("the server's certificate was issued by no authority trusted here")
            }
            TlsReason::Revoked => f.write_str("the server's certificate was revoked"),
            TlsReason::Refused { alert } => write!(f, "the server broke it off: {alert}"),
            TlsReason::NotTls => f.write_str("what answered does not speak TLS"),
            TlsReason::Other { problem } => f.write_str(problem),
        }
    }
}

/// The most names of a certificate that are shown.
const SHOWN_NAMES: usize = 8;

impl TlsReason {
    /// The reason inside an I/O error, if TLS is what failed.
    pub(super) fn from_io(error: &io::Error) -> Option<TlsReason> {
        let inner = error.get_ref()?;
        if let Some(error) = inner.downcast_ref::<RustlsError>() {
            return Some(TlsReason::from_rustls(error));
        }
        // An I/O error may be wrapped in another.
        inner.downcast_ref::<io::Error>().and_then(TlsReason::from_io)
    }

    pub(super) fn from_rustls(error: &RustlsError) -> TlsReason {
        match error {
            RustlsError::InvalidCertificate(error) => TlsReason::from_certificate(error),
            RustlsError::AlertReceived(alert) => TlsReason::Refused { alert: format!("{alert:?}") },
            RustlsError::InvalidMessage(_) => TlsReason::NotTls,
            other => TlsReason::Other { problem: other.to_string() },
        }
    }

    fn from_certificate(error: &CertificateError) -> TlsReason {
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsReason::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                TlsReason::NotYetValid
            }
            CertificateError::NotValidForName => TlsReason::WrongName { presented: Vec::new() },
            CertificateError::NotValidForNameContext { presented, .. } => {
                let presented = presented.iter().take(SHOWN_NAMES).map(|name| plain_name(name)).collect();
                TlsReason::WrongName { presented }
            }
            CertificateError::UnknownIssuer => TlsReason::UnknownIssuer,
            CertificateError::Revoked => TlsReason::Revoked,
            // A self-signed certificate is often marked as an authority's own, and says no more than that.
            other if format!("{other:?}").contains("CaUsedAsEndEntity") => TlsReason::UnknownIssuer,
            other => TlsReason::Other { problem: other.to_string() },
        }
    }
}

/// `DnsName("example.com")`, as names are handed on, without what is around it.
fn plain_name(name: &str) -> String {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    inner.trim_matches('"').to_owned()
}
