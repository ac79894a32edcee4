//! Why a client can't be built. Nothing secret is in it.

use std::fmt;

use crate::address::InvalidAddress;
use crate::protocol::InvalidCredentials;

/// What a client was given and can't be built from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The address of the install.
    Address(InvalidAddress),
    /// No credentials were given.
    NoCredentials,
    /// The credentials have a text that is empty.
    EmptyCredentials(InvalidCredentials),
    /// The root certificates can't be read.
    RootCertificates {
        /// Why.
        problem: String,
    },
    /// The proxy's address can't be read. It is not shown, as it may hold a password.
    Proxy,
    /// The user agent has characters that headers don't take.
    UserAgent,
    /// A time limit of nothing.
    ZeroTimeout,
    /// Requests are to be tried no time at all.
    ZeroAttempts,
    /// Name-value pairs can't carry a list of tickets.
    NoListInNvp,
}

impl ConfigError {
    /// A stable name for programs, such as `no-credentials`.
    pub const fn code(&self) -> &'static str {
        match self {
            ConfigError::Address(_) => "address",
            ConfigError::NoCredentials => "no-credentials",
            ConfigError::EmptyCredentials(_) => "empty-credentials",
            ConfigError::RootCertificates { .. } => "root-certificates",
            ConfigError::Proxy => "proxy",
            ConfigError::UserAgent => "user-agent",
            ConfigError::ZeroTimeout => "zero-timeout",
            ConfigError::ZeroAttempts => "zero-attempts",
            ConfigError::NoListInNvp => "no-list-in-nvp",
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Address(error) => error.fmt(f),
            ConfigError::NoCredentials => f.write_str("no credentials were given"),
            ConfigError::EmptyCredentials(error) => error.fmt(f),
            ConfigError::RootCertificates { problem } => {
                write!(f, "the root certificates can't be read: {problem}")
            }
            ConfigError::Proxy => f.write_str("the proxy's address can't be read"),
            ConfigError::UserAgent => f.write_str("the user agent has characters that headers don't take"),
            ConfigError::ZeroTimeout => f.write_str("a time limit is zero"),
            ConfigError::ZeroAttempts => f.write_str(
                "a request is to be tried 0 times, and the first time counts: attempts is 1 or more",
            ),
            ConfigError::NoListInNvp => f.write_str("name-value pairs can't carry a list of tickets"),
        }
    }
}

impl std::error::Error for ConfigError {}
