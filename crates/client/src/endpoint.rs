//! [`Endpoint`]: the address of `api.php`, from the address of an install as a user writes it.
//!
//! An address with a password in it is rejected, and not shown in errors or logs.

use std::fmt;
use std::net::IpAddr;

use gettickets_protocol::GetTickets;
use http::Uri;
use http::uri::Scheme;

use crate::error::InvalidAddress;

/// The full address of `api.php`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    uri: Uri,
}

impl Endpoint {
    /// Parses the address of an install, with or without a path, or the full address of `api.php`. The default
    /// scheme is https.
    pub(crate) fn parse(address: &str, allow_plain_http: bool) -> Result<Endpoint, InvalidAddress> {
        let address = address.trim();
        if address.is_empty() {
            return Err(InvalidAddress::Empty);
        }
        // Searched everywhere: if a password contains a slash, the @ is in what looks like the path.
        if address.contains('@') {
            return Err(InvalidAddress::HasCredentials);
        }
        if address.contains(['?', '#']) {
            return Err(InvalidAddress::HasQuery);
        }
        if !address.is_ascii() {
            return Err(InvalidAddress::NotAscii);
        }
        let (scheme, rest) = match address.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => ("https".to_owned(), address.trim_start_matches('/')),
        };
        if scheme != "https" && scheme != "http" {
            return Err(InvalidAddress::scheme(&scheme));
        }
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, path),
            None => (rest, ""),
        };
        let path = api_path(path)?;
        let uri = Uri::try_from(format!("{scheme}://{authority}/{path}"))
            .map_err(|error| InvalidAddress::Malformed { problem: error.to_string() })?;
        let endpoint = Endpoint { uri };
        if endpoint.host().is_empty() {
            return Err(InvalidAddress::Malformed { problem: "the host is missing".to_owned() });
        }
        // `Uri` accepts any text as a port, and returns none if it is not a number.
        let after_host = endpoint.authority().rsplit_once(':').map(|(_, port)| port);
        if after_host.is_some_and(|port| !port.ends_with(']')) && endpoint.uri.port_u16().is_none() {
            return Err(InvalidAddress::Malformed {
                problem: "the port is not a number up to 65535".to_owned(),
            });
        }
        if !allow_plain_http && !endpoint.is_https() && !endpoint.is_loopback() {
            return Err(InvalidAddress::PlainHttp { host: endpoint.host().to_owned() });
        }
        Ok(endpoint)
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    fn authority(&self) -> &str {
        self.uri.authority().map(http::uri::Authority::as_str).unwrap_or_default()
    }

    /// The host; an IPv6 address is in brackets.
    pub(crate) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    pub(crate) fn is_https(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }

    /// Whether requests stay on this machine. A name other than `localhost` is not looked up: its address may
    /// change between this check and the request.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host().trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

/// The path of `api.php`, without the first slash, from the path of an install or of `api.php`.
fn api_path(path: &str) -> Result<String, InvalidAddress> {
    let path = path.trim_matches('/');
    let (folder, last) = path.rsplit_once('/').unwrap_or(("", path));
    let last = last.to_ascii_lowercase();
    if last == "api.php" {
        return Ok(path.to_owned());
    }
    if last.ends_with(".php") {
        return Err(InvalidAddress::IsAPage { page: last });
    }
    let install = if last == "includes" { folder } else { path };
    let slash = if install.is_empty() { "" } else { "/" };
    Ok(format!("{install}{slash}{}", GetTickets::PATH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_install_leads_to_its_api() {
        for (address, endpoint) in [
            ("https://example.com", "https://example.com/includes/api.php"),
            ("https://example.com/", "https://example.com/includes/api.php"),
            ("HTTPS://example.com//", "https://example.com/includes/api.php"),
            ("example.com", "https://example.com/includes/api.php"),
            ("example.com/billing", "https://example.com/billing/includes/api.php"),
            (" https://example.com/a/b/ ", "https://example.com/a/b/includes/api.php"),
            ("https://example.com/billing/includes", "https://example.com/billing/includes/api.php"),
            ("https://example.com/billing/includes/api.php", "https://example.com/billing/includes/api.php"),
            ("https://example.com:8443/x/API.php", "https://example.com:8443/x/API.php"),
            ("http://127.0.0.1:4123/", "http://127.0.0.1:4123/includes/api.php"),
            ("http://localhost/whmcs", "http://localhost/whmcs/includes/api.php"),
            ("http://[::1]:8080", "http://[::1]:8080/includes/api.php"),
        ] {
            let parsed = Endpoint::parse(address, false);
            assert_eq!(parsed.map(|parsed| parsed.to_string()), Ok(endpoint.to_owned()), "{address}");
        }
    }

    #[test]
    fn unclear_or_unsafe_addresses_are_refused() {
        use InvalidAddress::*;
        for (address, refusal) in [
            ("", Empty),
            ("  ", Empty),
            ("https://user:hunter2@example.com", HasCredentials),
            ("https://user:hun/ter2@example.com", HasCredentials),
            ("https://user@example.com", HasCredentials),
            ("https://example.com/?secret=hunter2", HasQuery),
            ("https://example.com/#x", HasQuery),
            ("ftp://example.com", Scheme { scheme: "ftp".into() }),
            ("hunter2hunter2://example.com", Scheme { scheme: String::new() }),
            ("https://bücher.example", NotAscii),
            ("https://example.com/clientarea.php", IsAPage { page: "clientarea.php".into() }),
            ("http://example.com", PlainHttp { host: "example.com".into() }),
            ("http://127.0.0.1.example.com", PlainHttp { host: "127.0.0.1.example.com".into() }),
            ("http://10.0.0.1", PlainHttp { host: "10.0.0.1".into() }),
        ] {
            let error = Endpoint::parse(address, false).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("ter2"), "{error}");
            assert_eq!(error, refusal, "{address}");
        }
        for address in [
            "https://",
            "https:///billing",
            "https://exa mple.com",
            "https://example.com:port/",
            "https://[::1",
        ] {
            let error = Endpoint::parse(address, false).unwrap_err();
            assert!(matches!(error, Malformed { .. }), "{address}: {error}");
        }
        assert!(Endpoint::parse("http://example.com", true).is_ok());
    }
}
