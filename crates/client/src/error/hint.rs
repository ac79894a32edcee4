//! [`Error::hint`]: what to do, one sentence or two for each way to fail.

use std::borrow::Cow;

use gettickets_protocol::PageKind;

use super::address::InvalidAddress;
use super::config::{ConfigError, InvalidProxy};
use super::details::Error;
use super::kind::{ErrorKind, is_blank};
use super::local::LocalErrorKind;
use super::tls::TlsReason;
use super::transport::{TimeoutPhase, TransportErrorKind};

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self.kind() {
            ErrorKind::Api(error) => return Some(error.hint()),
            ErrorKind::UnexpectedResponse { status, title, excerpt, .. }
                if status.is_success() && is_blank(title.as_deref(), excerpt.as_deref()) =>
            {
                "Check the server's error log: a page that is too large for the server can end like this. Request fewer \
                 tickets per page (limitnum), and check that the address is the install's."
            }
            ErrorKind::UnexpectedResponse { status, page_kind, .. } => {
                unexpected_response(status.as_u16(), *page_kind)
            }
            ErrorKind::RateLimited { retry_after: Some(_), .. } => {
                "Retry after that time, and send requests less often; larger pages (limitnum) take fewer requests."
            }
            ErrorKind::RateLimited { .. } => {
                "Retry later, and send requests less often; larger pages (limitnum) take fewer requests."
            }
            ErrorKind::Decode(error) => error.hint(),
            ErrorKind::TooLarge { .. } => {
                "Request fewer tickets per page (limitnum), or raise the limit (max_response_len)."
            }
            ErrorKind::Transport(error) => transport(error.kind(), error.proxy().is_some()),
            ErrorKind::Redirect { .. } => "If you trust that address, use it as the install's address.",
            ErrorKind::Config(error) => config(error),
            ErrorKind::ScanIncomplete(error) => return error.hint(),
            ErrorKind::Local(error) => local(error.kind()),
            ErrorKind::Cancelled => return None,
        };
        Some(Cow::Borrowed(hint))
    }
}

fn unexpected_response(status: u16, kind: PageKind) -> &'static str {
    match (kind, status) {
        (PageKind::Other, 404 | 410) => {
            "Check the address: the API is at includes/api.php below the install."
        }
        (PageKind::Other, 401) => "The web server itself requires a password; exempt the API's path from it.",
        (PageKind::Other, 408) => "Retry later, or request fewer tickets per page (limitnum).",
        (PageKind::Other, 500 | 504) => {
            "Request fewer tickets per page (limitnum), and look at the server's error log; it may be out of memory or time."
        }
        (PageKind::Other, 500..=599) => "The server has a problem; retry later, and look at its error log.",
        (kind, _) => kind.hint(),
    }
}

fn transport(kind: &TransportErrorKind, by_proxy: bool) -> &'static str {
    match kind {
        TransportErrorKind::Dns => "Check the host in the address, and this machine's name servers.",
        TransportErrorKind::Connect => {
            "Check the host and port in the address, and that no firewall blocks the connection."
        }
        TransportErrorKind::Proxy => {
            "Check the proxy's address, which is a setting (proxy) or the environment's HTTPS_PROXY, HTTP_PROXY or \
             ALL_PROXY, and what the proxy allows."
        }
        TransportErrorKind::Tls(reason) => match reason {
            TlsReason::Expired => "Renew the server's certificate.",
            TlsReason::NotYetValid => "Check this machine's clock.",
            TlsReason::WrongName { .. } => "Use a host name that the certificate is for.",
            TlsReason::SelfSigned => {
                "If it is the server's own certificate, give that certificate as a root certificate (root_certificates)."
            }
            TlsReason::UnknownIssuer => {
                "Have the server send its whole chain of certificates, or give its authority's as a root certificate \
                 (root_certificates)."
            }
            TlsReason::Version1 => "Make a certificate of version 3, as openssl req -x509 does.",
            TlsReason::NotTls => "Check the port in the address; this one may be for plain http.",
            _ => "Check the server's certificate and which versions of TLS the server supports.",
        },
        TransportErrorKind::Timeout(TimeoutPhase::Resolve) => "Check this machine's name servers.",
        TransportErrorKind::Timeout(TimeoutPhase::Connect) if by_proxy => {
            "Check the proxy's address, and that no firewall drops the connection."
        }
        TransportErrorKind::Timeout(TimeoutPhase::Connect) => {
            "Check the host and port in the address, and that no firewall drops the connection."
        }
        TransportErrorKind::Timeout(_) => {
            "Allow more time (timeout), or request fewer tickets per page (limitnum)."
        }
        TransportErrorKind::Interrupted => "Retry; a firewall that resets connections looks the same.",
        TransportErrorKind::Truncated => {
            "Retry; if it happens again, request fewer tickets per page (limitnum)."
        }
        TransportErrorKind::Protocol => {
            "Check the host and port in the address; this may not be a web server."
        }
        TransportErrorKind::HeadersTooLarge => "Check that the address is the install's.",
        TransportErrorKind::TooLarge { .. } => {
            "Request fewer tickets per page (limitnum), or raise the limit (max_response_len)."
        }
        TransportErrorKind::CompressionRatio => "Check that the address is the install's.",
        TransportErrorKind::LocalResources => {
            "Close files and connections, or raise this process's limits (ulimit -n); the server is not the cause."
        }
        TransportErrorKind::Thread => {
            "Run fewer threads, or raise this process's limits (ulimit -u); the server is not the cause."
        }
        TransportErrorKind::Other => "Check the address and this machine's network.",
    }
}

fn config(error: &ConfigError) -> &'static str {
    match error {
        ConfigError::Address(error) => match error {
            InvalidAddress::HasCredentials => {
                "Give the address without them, and the credentials separately."
            }
            InvalidAddress::HasQuery => "Give the address up to the question mark.",
            InvalidAddress::NotAscii => "Write the host in its ASCII form, which begins with xn--.",
            InvalidAddress::IsAPage { .. } => "Give the address of the install, without the page's name.",
            InvalidAddress::PlainHttp { .. } => {
                "Use https, or allow plain http (allow_plain_http) if the network is trusted."
            }
            _ => "Give an address such as https://billing.example.com/.",
        },
        ConfigError::NoCredentials => {
            "Make an API credential in the install, under Manage API Credentials, and give its identifier and secret."
        }
        ConfigError::EmptyCredentials(error) => error.hint(),
        ConfigError::RootCertificates { .. } => "Give certificates in PEM (root_certificates).",
        ConfigError::Proxy { problem: InvalidProxy::Scheme, .. } => {
            "Give the proxy (proxy), or the environment's HTTPS_PROXY or ALL_PROXY, an address of the scheme http, https, socks4, \
             socks4a, socks5 or socks5h, as in socks5://proxy.example.com:1080."
        }
        ConfigError::Proxy { .. } => {
            "Give the proxy (proxy) an address such as http://proxy.example.com:3128 or socks5://proxy.example.com:1080."
        }
        ConfigError::UserAgent => "Use printable ASCII.",
        ConfigError::ZeroTimeout => "Give it at least a second.",
        ConfigError::ZeroAttempts => "Give 1 for a request that is not retried.",
        ConfigError::NoListInNvp => "Use json or xml.",
        ConfigError::IgnoredFilter { .. } => "Leave the filter out to list every ticket.",
        ConfigError::BlockingTransport => "Build a blocking client, or leave the transport out.",
        ConfigError::LocalResources { .. } => {
            "Close files and connections, or raise this process's limits (ulimit -n)."
        }
        ConfigError::TlsSetup { .. } => {
            "Check this machine's root certificates (the package ca-certificates)."
        }
    }
}

fn local(kind: &LocalErrorKind) -> &'static str {
    match kind {
        LocalErrorKind::NoPhp { .. } => "Install PHP's command line program, or name the one to run (php).",
        LocalErrorKind::PhpNotRun { .. } => "Check that this user may run the program.",
        LocalErrorKind::NoInstall | LocalErrorKind::PathNotUtf8 | LocalErrorKind::NoInit => {
            "Give the folder of the install, which contains init.php, and check that this user may read it."
        }
        LocalErrorKind::NoLocalApi => "Check that this init.php is that of a WHMCS install.",
        LocalErrorKind::Fatal | LocalErrorKind::Exception => {
            "Run the same PHP as the web server does, with the extensions that the install needs (ionCube among them)."
        }
        LocalErrorKind::Exited => "Look at what it printed, and at the install's hooks and license.",
        LocalErrorKind::NotAnArray | LocalErrorKind::Encoding => "A hook may change the install's replies.",
        LocalErrorKind::Died => "Look at PHP's and the system's logs; it may have run out of memory.",
        LocalErrorKind::TimedOut { .. } => {
            "Allow more time (timeout), or request fewer tickets per page (limitnum)."
        }
        LocalErrorKind::LocalResources => {
            "Close files and processes, or raise this process's limits (ulimit -n, ulimit -u)."
        }
        LocalErrorKind::Unsupported => "Use the API over HTTP.",
    }
}
