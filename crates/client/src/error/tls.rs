//! [`TlsReason`]: why an encrypted connection failed.

use std::fmt;

/// Why no encrypted connection could be established.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsReason {
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet; one of the two clocks may be wrong.
    NotYetValid,
    /// The certificate is for other names.
    WrongName {
        /// The names that it is for, as far as known.
        presented: Vec<String>,
    },
    /// The certificate is self-signed, and is not among the trusted ones.
    SelfSigned,
    /// The certificate was issued by an authority that is not trusted, or the server did not send the certificates
    /// between it and its authority.
    UnknownIssuer,
    /// The certificate is of version 1, which has no names and is not supported.
    Version1,
    /// The certificate was revoked.
    Revoked,
    /// The server ended the handshake with this alert.
    Refused {
        /// The alert's name.
        alert: String,
    },
    /// The reply is not TLS; the port may be for plain http.
    NotTls,
    /// Anything else.
    Other {
        /// What the TLS library reported.
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
            TlsReason::SelfSigned => f.write_str("the server's certificate is self-signed and not trusted"),
            TlsReason::UnknownIssuer => {
                f.write_str("the server's certificate was issued by an authority that is not trusted")
            }
            TlsReason::Version1 => {
                f.write_str("the server's certificate is of version 1, which is not supported")
            }
            TlsReason::Revoked => f.write_str("the server's certificate was revoked"),
            TlsReason::Refused { alert } => write!(f, "the server refused the handshake: {alert}"),
            TlsReason::NotTls => f.write_str("the server's reply is not TLS"),
            TlsReason::Other { problem } => f.write_str(problem),
        }
    }
}

/// A reason that a certificate verifier hands through the TLS library.
impl std::error::Error for TlsReason {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_is_described_with_and_without_the_names() {
        let of = |names: &[&str]| TlsReason::WrongName {
            presented: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert_eq!(of(&[]).to_string(), "the server's certificate is for another name");
        assert_eq!(
            of(&["a.example", "b.example"]).to_string(),
            "the server's certificate is for a.example, b.example"
        );
    }
}
