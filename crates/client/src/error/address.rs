//! [`InvalidAddress`]: why the address of an install was refused.

use std::fmt;

/// The longest scheme that is shown. A longer one may be a secret that was put in the wrong place.
const MAX_SHOWN_SCHEME: usize = 8;

/// Why an address was refused before anything was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidAddress {
    /// The address is empty.
    Empty,
    /// The address contains an `@`, as one with a user name or a password does. It is not shown.
    HasCredentials,
    /// The address has a query or a fragment, which may hold something secret. It is not shown.
    HasQuery,
    /// The scheme is neither `https` nor `http`.
    Scheme {
        /// The scheme; empty if it is too long to be one.
        scheme: String,
    },
    /// The host has characters beyond ASCII.
    NotAscii,
    /// The address names a page of the install rather than the install.
    IsAPage {
        /// The page's file name.
        page: String,
    },
    /// The scheme is `http` and the host is another machine.
    PlainHttp {
        /// The host.
        host: String,
    },
    /// The address can't be parsed.
    Malformed {
        /// Why.
        problem: String,
    },
}

impl InvalidAddress {
    /// The error for this scheme.
    pub(crate) fn scheme(scheme: &str) -> InvalidAddress {
        let shown = Some(scheme).filter(|scheme| scheme.len() <= MAX_SHOWN_SCHEME);
        InvalidAddress::Scheme { scheme: shown.unwrap_or_default().to_owned() }
    }
}

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidAddress::Empty => f.write_str("the address is empty"),
            InvalidAddress::HasCredentials => {
                f.write_str("the address contains an @, which means a user name or a password")
            }
            InvalidAddress::HasQuery => f.write_str("the address has a query or a fragment"),
            InvalidAddress::Scheme { scheme } if scheme.is_empty() => {
                f.write_str("the scheme of the address must be https or http")
            }
            InvalidAddress::Scheme { scheme } => {
                write!(f, "the scheme of the address is {scheme:?} and must be https or http")
            }
            InvalidAddress::NotAscii => f.write_str("the address has characters beyond ASCII"),
            InvalidAddress::IsAPage { page } => {
                write!(f, "the address names the page {page:?} rather than the install")
            }
            InvalidAddress::PlainHttp { host } => {
                write!(f, "plain http to {host} would show the credentials to everyone on the way")
            }
            InvalidAddress::Malformed { problem } => write!(f, "the address can't be parsed: {problem}"),
        }
    }
}

impl std::error::Error for InvalidAddress {}
