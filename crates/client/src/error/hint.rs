//! What to try: one sentence or two for each way to fail. What a reply itself tells has its hint in the protocol.

use std::borrow::Cow;

use super::{ConfigError, Error, ErrorKind};
use crate::address::InvalidAddress;
use crate::transport::{TimeoutPhase, TlsReason, TransportErrorKind};

pub(super) fn of(error: &Error) -> Option<Cow<'static, str>> {
    let hint = match error.kind() {
        ErrorKind::Api(error) => return Some(error.hint()),
        ErrorKind::NotTheApi { status, title, .. } => not_the_api(status.as_u16(), title.as_deref()),
        ErrorKind::RateLimited { retry_after: Some(_), .. } => {
            "Ask again once the time that it names has passed, and less often from then on; larger pages (limitnum) \
             take fewer requests."
        }
        ErrorKind::RateLimited { .. } => {
            "Ask again later, and less often from then on; larger pages (limitnum) take fewer requests."
        }
        ErrorKind::Decode(error) => error.hint(),
        ErrorKind::TooLarge { .. } => "Ask for fewer tickets a page (limitnum), or allow larger replies.",
        ErrorKind::Transport(error) => transport(error.kind()),
        ErrorKind::Redirect { .. } => "If you trust that address, use it as the install's address.",
        ErrorKind::Config(error) => config(error),
        ErrorKind::ScanIncomplete(error) => return error.hint(),
        ErrorKind::Local(error) => return error.hint(),
        ErrorKind::Cancelled => return None,
    };
    Some(Cow::Borrowed(hint))
}

fn not_the_api(status: u16, title: Option<&str>) -> &'static str {
    let title = title.unwrap_or_default().to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| title.contains(word));
    match status {
        404 | 410 => "Check the address: the API is at includes/api.php below the install.",
        _ if says(&["maintenance", "down for"]) => "The install is in maintenance; try later.",
        _ if says(&["login", "log in", "sign in"]) => "A login stands before the API; let its path past it.",
        401 | 403 | 406 | 503
            if says(&["bot", "just a moment", "attention", "denied", "challenge", "forbidden"]) =>
        {
            "A firewall or CDN stands before the API; have it let this client's address or user agent through."
        }
        401 => "The web server asks for a password of its own before the API; let the API's path past it.",
        403 | 406 => {
            "A firewall may stand before the API; have it let this client's address or user agent through."
        }
        500..=599 => "The server is in trouble; try later, and look at its error log.",
        _ => "Check that the address is the install's and that nothing stands before includes/api.php.",
    }
}

fn transport(kind: &TransportErrorKind) -> &'static str {
    match kind {
        TransportErrorKind::Dns => "Check the host in the address, and this machine's name servers.",
        TransportErrorKind::Connect => {
            "Check the host and port in the address, and that no firewall is between."
        }
        TransportErrorKind::Proxy => "Check the proxy's address and what it allows.",
        TransportErrorKind::Tls(reason) => match reason {
            TlsReason::Expired => "Renew the server's certificate.",
            TlsReason::NotYetValid => "Check this machine's clock.",
            TlsReason::WrongName { .. } => "Use a host name that the certificate is for.",
            TlsReason::UnknownIssuer => {
                "Have the server send its whole chain of certificates, or add its authority as a root certificate."
            }
            TlsReason::NotTls => "Check the port in the address; this one may speak plain http.",
            _ => "Check the server's certificate and which versions of TLS it speaks.",
        },
        TransportErrorKind::Timeout(TimeoutPhase::Resolve) => "Check this machine's name servers.",
        TransportErrorKind::Timeout(TimeoutPhase::Connect) => {
            "Check the host and port in the address, and that no firewall drops the connection."
        }
        TransportErrorKind::Timeout(_) => "Allow more time, or ask for fewer tickets a page (limitnum).",
        TransportErrorKind::Interrupted => {
            "Try again; a firewall that resets connections looks like this too."
        }
        TransportErrorKind::Truncated => {
            "Try again; if it stays so, ask for fewer tickets a page (limitnum)."
        }
        TransportErrorKind::Protocol => "Check the host and port in the address; this may be no web server.",
        TransportErrorKind::HeadersTooLarge => "Check that the address is the install's.",
        TransportErrorKind::TooLarge { .. } => {
            "Ask for fewer tickets a page (limitnum), or allow larger replies."
        }
        TransportErrorKind::Other => "Check the address and this machine's network.",
    }
}

fn config(error: &ConfigError) -> &'static str {
    match error {
        ConfigError::Address(error) => match error {
            InvalidAddress::HasCredentials => "Give the address without them, and the credentials beside it.",
            InvalidAddress::HasQuery => "Give the address up to the question mark.",
            InvalidAddress::NotAscii => "Write the host in its ASCII form, which begins with xn--.",
            InvalidAddress::IsAPage { .. } => "Give the address of the install, without the page's name.",
            InvalidAddress::PlainHttp { .. } => "Use https, or allow plain http if the way there is trusted.",
            _ => "Give an address such as https://billing.example.com/.",
        },
        ConfigError::NoCredentials => {
            "Make an API credential in the install, under Manage API Credentials, and give its identifier and secret."
        }
        ConfigError::EmptyCredentials(error) => error.hint(),
        ConfigError::RootCertificates { .. } => "Give certificates in PEM.",
        ConfigError::Proxy => "Give an address such as http://proxy.example.com:3128.",
        ConfigError::UserAgent => "Use printable ASCII.",
        ConfigError::ZeroTimeout => "Give it at least a second.",
        ConfigError::ZeroAttempts => "Give 1 for a request that is not tried again.",
        ConfigError::NoListInNvp => "Ask for json or xml.",
    }
}
