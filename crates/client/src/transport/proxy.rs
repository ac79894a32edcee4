//! [`Proxy`]: the proxy of a client's requests.
//!
//! A client has one endpoint and follows no redirect, so this is decided once, when the client is built. An address
//! that can't be used is an error: a request is never sent directly if a proxy is configured.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::endpoint::Endpoint;
use crate::error::{ConfigError, InvalidProxy};

/// The setting of the proxy.
#[derive(Clone, Default)]
pub(crate) enum ProxySetting {
    /// That of the environment variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    #[default]
    Environment,
    /// None, whatever the environment variables are.
    Direct,
    /// The proxy at this address, which may contain a password.
    Address(Zeroizing<String>),
}

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyScheme {
    Http,
    Https,
    Socks4,
    Socks4a,
    Socks5,
    Socks5h,
}

impl ProxyScheme {
    const ALL: [ProxyScheme; 6] = [
        ProxyScheme::Http,
        ProxyScheme::Https,
        ProxyScheme::Socks4,
        ProxyScheme::Socks4a,
        ProxyScheme::Socks5,
        ProxyScheme::Socks5h,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            ProxyScheme::Http => "http",
            ProxyScheme::Https => "https",
            ProxyScheme::Socks4 => "socks4",
            ProxyScheme::Socks4a => "socks4a",
            ProxyScheme::Socks5 => "socks5",
            ProxyScheme::Socks5h => "socks5h",
        }
    }

    fn parse(text: &str) -> Option<ProxyScheme> {
        let text = text.to_ascii_lowercase();
        // curl's name for it.
        let text = if text == "socks" { "socks5" } else { &text };
        ProxyScheme::ALL.into_iter().find(|scheme| scheme.as_str() == text)
    }

    fn default_port(self) -> u16 {
        match self {
            ProxyScheme::Http => 80,
            ProxyScheme::Https => 443,
            _ => 1080,
        }
    }
}

/// A proxy. `Display` and `Debug` show no credentials.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(super) scheme: ProxyScheme,
    /// The host; an IPv6 address is in brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// User name and password, decoded.
    pub(super) login: Option<(Zeroizing<String>, Zeroizing<String>)>,
}

impl Proxy {
    /// The proxy for requests to this endpoint, if there is one.
    pub(crate) fn resolve(
        setting: &ProxySetting,
        endpoint: &Endpoint,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Proxy>, ConfigError> {
        let environment = |name: &str| environment(name).filter(|value| !value.trim().is_empty());
        match setting {
            ProxySetting::Direct => Ok(None),
            ProxySetting::Address(address) => Proxy::parse(address)
                .map(Some)
                .map_err(|problem| ConfigError::Proxy { variable: None, problem }),
            // A web server's CGI turns a visitor's `Proxy:` header into HTTP_PROXY, so nothing is taken from its
            // environment. Requests to this machine itself need no proxy.
            ProxySetting::Environment
                if endpoint.is_loopback() || environment("REQUEST_METHOD").is_some() =>
            {
                Ok(None)
            }
            ProxySetting::Environment => {
                let no_proxy = environment("no_proxy").or_else(|| environment("NO_PROXY"));
                if no_proxy.is_some_and(|list| is_excepted(&list, endpoint.host())) {
                    return Ok(None);
                }
                let names: &[&'static str] = match endpoint.is_https() {
                    true => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
                    false => &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
                };
                let found = names.iter().find_map(|name| Some((*name, Zeroizing::new(environment(name)?))));
                let Some((name, address)) = found else { return Ok(None) };
                Proxy::parse(&address)
                    .map(Some)
                    .map_err(|problem| ConfigError::Proxy { variable: Some(name), problem })
            }
        }
    }

    /// Parses `scheme://user:password@host:port`. All but the host is optional; the default scheme is http.
    fn parse(address: &str) -> Result<Proxy, InvalidProxy> {
        let address = address.trim();
        let (scheme, rest) = match address.split_once("://") {
            Some((scheme, rest)) => (ProxyScheme::parse(scheme).ok_or(InvalidProxy::Scheme)?, rest),
            None => (ProxyScheme::Http, address),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (Some(login), host),
            None => (None, authority),
        };
        let uri = Uri::try_from(format!("http://{host}/")).map_err(|_| InvalidProxy::Malformed)?;
        let name = uri.host().filter(|name| !name.is_empty()).ok_or(InvalidProxy::Malformed)?;
        let port = match host.strip_prefix(name).unwrap_or_default() {
            "" => scheme.default_port(),
            _ => uri.port_u16().ok_or(InvalidProxy::Malformed)?,
        };
        let decoded = |text: &str| {
            percent_decode_str(text)
                .decode_utf8()
                .map(|text| Zeroizing::new(text.into_owned()))
                .map_err(|_| InvalidProxy::Malformed)
        };
        let login = match login {
            None => None,
            Some(login) => {
                let (user, password) = login.split_once(':').unwrap_or((login, ""));
                Some((decoded(user)?, decoded(password)?))
            }
        };
        Ok(Proxy { scheme, host: name.to_owned(), port, login })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.as_str(), self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// Whether a host is on a `NO_PROXY` list: `*`, names with everything below them, addresses, and networks such as
/// `10.0.0.0/8`. A port after a name is ignored.
fn is_excepted(list: &str, host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
    let address = host.parse::<IpAddr>().ok();
    list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.to_ascii_lowercase();
        if entry == "*" {
            return true;
        }
        if let Some(address) = address {
            if let Some((network, bits)) = entry.split_once('/') {
                let network = network.trim_matches(['[', ']']).parse().ok();
                return network
                    .zip(bits.parse().ok())
                    .is_some_and(|(network, bits)| in_network(address, network, bits));
            }
            let bare = entry.trim_matches(['[', ']']).parse().ok();
            let with_port = entry.parse::<std::net::SocketAddr>().ok().map(|entry| entry.ip());
            return bare.or(with_port) == Some(address);
        }
        let name = entry.rsplit_once(':').map_or(entry.as_str(), |(name, _)| name);
        let name = name.trim_start_matches('*').trim_start_matches('.').trim_end_matches('.');
        let rest = host.strip_suffix(name);
        !name.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// Whether the first `bits` bits of two addresses are the same.
fn in_network(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(endpoint: &str, variables: &[(&str, &str)]) -> Result<Option<String>, ConfigError> {
        let endpoint = Endpoint::parse(endpoint, true).unwrap();
        let environment = |name: &str| {
            variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
        };
        let proxy = Proxy::resolve(&ProxySetting::Environment, &endpoint, environment)?;
        Ok(proxy.map(|proxy| proxy.to_string()))
    }

    #[test]
    fn the_environment_names_the_proxy() {
        for (endpoint, variables, proxy) in [
            ("https://x.example", &[][..], None),
            ("https://x.example", &[("ALL_PROXY", "socks5://p.example")], Some("socks5://p.example:1080")),
            (
                "https://x.example",
                &[("all_proxy", "socks5h://u:p@p.example:9")],
                Some("socks5h://p.example:9"),
            ),
            (
                "https://x.example",
                &[("HTTPS_PROXY", "p.example:3128"), ("ALL_PROXY", "socks5://q")],
                Some("http://p.example:3128"),
            ),
            (
                "https://x.example",
                &[("HTTPS_PROXY", "  "), ("ALL_PROXY", "socks4a://q")],
                Some("socks4a://q:1080"),
            ),
            ("https://x.example", &[("HTTP_PROXY", "http://p.example")], None),
            ("http://x.example", &[("HTTP_PROXY", "http://p.example")], Some("http://p.example:80")),
            ("http://x.example", &[("HTTPS_PROXY", "http://p.example")], None),
            ("https://x.example", &[("HTTPS_PROXY", "https://[::1]:8")], Some("https://[::1]:8")),
            ("https://x.example", &[("HTTPS_PROXY", "http://p"), ("NO_PROXY", "other, .example")], None),
            ("https://x.example", &[("HTTPS_PROXY", "http://p"), ("REQUEST_METHOD", "POST")], None),
            ("https://localhost", &[("HTTPS_PROXY", "http://p")], None),
            ("https://x.example", &[("HTTPS_PROXY", "https://p.example")], Some("https://p.example:443")),
        ] {
            assert_eq!(
                resolve(endpoint, variables),
                Ok(proxy.map(str::to_owned)),
                "{endpoint} {variables:?}"
            );
        }
    }

    #[test]
    fn an_invalid_proxy_is_an_error_and_never_a_direct_connection() {
        for (variable, address, problem) in [
            ("HTTPS_PROXY", "gopher://user:hunter2@p.example", InvalidProxy::Scheme),
            ("ALL_PROXY", "socks6://p.example", InvalidProxy::Scheme),
            ("all_proxy", "http://user:hunter2@pro xy", InvalidProxy::Malformed),
            ("https_proxy", "http://", InvalidProxy::Malformed),
            ("HTTPS_PROXY", "http://p.example:port", InvalidProxy::Malformed),
            ("HTTPS_PROXY", "http://p.example:99999", InvalidProxy::Malformed),
            ("HTTPS_PROXY", "http://%ff:x@p.example", InvalidProxy::Malformed),
        ] {
            let error = resolve("https://x.example", &[(variable, address)]).unwrap_err();
            assert_eq!(error, ConfigError::Proxy { variable: Some(variable), problem }, "{address}");
            assert!(
                error.to_string().contains(variable) && !error.to_string().contains("hunter2"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_login_is_decoded_and_never_shown() {
        let proxy = Proxy::parse("socks5://us%40er:hunt%3Aer2@p.example").unwrap();
        let (user, password) = proxy.login.clone().unwrap();
        assert_eq!((user.as_str(), password.as_str()), ("us@er", "hunt:er2"));
        assert!(!format!("{proxy} {proxy:?}").contains("hunt"));
    }

    #[test]
    fn no_proxy_lists_names_addresses_and_networks() {
        for (list, host, excepted) in [
            ("*", "x.example", true),
            ("x.example", "x.example", true),
            ("example", "x.example", true),
            (".example:443", "x.example", true),
            ("*.example", "x.example", true),
            ("ample", "x.example", false),
            ("y.example,x.example.", "X.EXAMPLE", true),
            ("", "x.example", false),
            ("..", "x.example", false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("0.0.0.0/0", "11.1.2.3", true),
            ("10.0.0.0/99", "10.1.2.3", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1:8080", "192.0.2.1", true),
            ("2001:db8::/32", "[2001:db8::7]", true),
            ("2001:db8::/32", "[2001:db8:1::7]", true),
            ("2001:db8::/32", "[2001:db9::7]", false),
            ("2001:db8::7/128", "[2001:db8::7]", true),
            ("2001:db8::7/128", "[2001:db8::6]", false),
            ("2001:db8::/129", "[2001:db8::7]", false),
            ("::/0", "[2001:db8::7]", true),
            ("[2001:db8::7]", "[2001:db8::7]", true),
        ] {
            assert_eq!(is_excepted(list, host), excepted, "{list} {host}");
        }
    }
}
