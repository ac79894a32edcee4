//! [`ConfigError`]: why a client can't be built. It never holds a secret.

use std::fmt;

use gettickets_protocol::InvalidCredentials;

use super::address::InvalidAddress;

/// A setting that a client can't be built from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The address of the install can't be used.
    Address(InvalidAddress),
    /// No credentials were given.
    NoCredentials,
    /// The credentials contain an empty text.
    EmptyCredentials(InvalidCredentials),
    /// The root certificates can't be read.
    RootCertificates {
        /// Why.
        problem: String,
    },
    /// The address of the proxy can't be used. It is not shown, as it may hold a password.
    #[non_exhaustive]
    Proxy {
        /// The environment variable that holds the address; `None` if it was given as a setting.
        variable: Option<&'static str>,
        /// What is wrong with it.
        problem: InvalidProxy,
    },
    /// The user agent has characters that an HTTP header can't hold.
    UserAgent,
    /// A time limit is zero.
    ZeroTimeout,
    /// The maximum number of attempts is zero.
    ZeroAttempts,
    /// Name-value pairs can't represent a list of tickets.
    NoListInNvp,
    /// A filter of the request is blank or the id 0. Servers ignore such a filter and list every ticket.
    #[non_exhaustive]
    IgnoredFilter {
        /// The name of the parameter.
        parameter: &'static str,
    },
    /// A transport of the user's own is for the blocking client alone.
    BlockingTransport,
    /// This machine or process is out of something, such as file descriptors.
    LocalResources {
        /// What the operating system reports.
        problem: String,
    },
    /// The TLS library could not be set up.
    TlsSetup {
        /// Why.
        problem: String,
    },
}

/// What is wrong with the address of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidProxy {
    /// The address can't be parsed.
    Malformed,
    /// The scheme is not one of `http`, `https`, `socks4`, `socks4a`, `socks5` and `socks5h`.
    Scheme,
}

impl ConfigError {
    /// A stable name for programs, such as `no-credentials`.
    pub const fn code(&self) -> &'static str {
        match self {
            ConfigError::Address(_) => "address",
            ConfigError::NoCredentials => "no-credentials",
            ConfigError::EmptyCredentials(_) => "empty-credentials",
            ConfigError::RootCertificates { .. } => "root-certificates",
            ConfigError::Proxy { .. } => "proxy",
            ConfigError::UserAgent => "user-agent",
            ConfigError::ZeroTimeout => "zero-timeout",
            ConfigError::ZeroAttempts => "zero-attempts",
            ConfigError::NoListInNvp => "no-list-in-nvp",
            ConfigError::IgnoredFilter { .. } => "ignored-filter",
            ConfigError::BlockingTransport => "blocking-transport",
            ConfigError::LocalResources { .. } => "local-resources",
            ConfigError::TlsSetup { .. } => "tls-setup",
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
            ConfigError::Proxy { variable, problem } => {
                f.write_str("the proxy address")?;
                if let Some(variable) = variable {
                    write!(f, " in the environment variable {variable}")?;
                }
                f.write_str(match problem {
                    InvalidProxy::Malformed => " can't be parsed",
                    InvalidProxy::Scheme => " has a scheme that is not supported",
                })
            }
            ConfigError::UserAgent => {
                f.write_str("the user agent has characters that an HTTP header can't hold")
            }
            ConfigError::ZeroTimeout => f.write_str("a time limit is zero"),
            ConfigError::ZeroAttempts => f.write_str("the number of attempts must be at least 1"),
            ConfigError::NoListInNvp => f.write_str("name-value pairs can't represent a list of tickets"),
            ConfigError::IgnoredFilter { parameter } => {
                write!(f, "{parameter} is blank or 0, and servers ignore such a filter and list every ticket")
            }
            ConfigError::BlockingTransport => {
                f.write_str("a custom transport cannot be used by an asynchronous client")
            }
            ConfigError::LocalResources { problem } => {
                write!(f, "this machine is out of resources: {problem}")
            }
            ConfigError::TlsSetup { problem } => write!(f, "TLS could not be set up: {problem}"),
        }
    }
}

impl std::error::Error for ConfigError {}
