//! The proxy that the client uses for an endpoint.

use crate::connect::environment::Environment;

/// A proxy, without the user name and password that its address may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proxy {
    pub(super) scheme: String,
    pub(super) host: String,
    pub(super) port: u16,
    /// The setting that names it.
    pub(super) source: String,
}

impl std::fmt::Display for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Proxy { scheme, host, port, .. } = self;
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}

/// The variables that name a proxy, in the order in which the client reads them.
const VARIABLES: [&str; 6] =
    ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

/// The proxy for this host: the one given, else the environment's. `None` for a direct connection.
pub(super) fn of(given: Option<&str>, host: &str, environment: &Environment) -> Option<Proxy> {
    if let Some(address) = given {
        return parse(address, "the setting proxy");
    }
    let is_loopback = host == "localhost"
        || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    // The client ignores the environment in a CGI program, whose visitors write part of it.
    if is_loopback || environment.get("REQUEST_METHOD").is_some() || is_exempt(host, environment) {
        return None;
    }
    VARIABLES.iter().find_map(|name| parse(&environment.get(name)?, name))
}

/// Whether NO_PROXY exempts this host: `*`, the host itself, or a domain such as `.example.com` above it.
fn is_exempt(host: &str, environment: &Environment) -> bool {
    let Some(list) = environment.get("NO_PROXY").or_else(|| environment.get("no_proxy")) else {
        return false;
    };
    let host = host.to_ascii_lowercase();
    list.split(',').map(|entry| entry.trim().to_ascii_lowercase()).any(|entry| {
        let suffix = entry.strip_prefix('*').unwrap_or(&entry);
        entry == "*" || host == entry || (suffix.starts_with('.') && host.ends_with(suffix))
    })
}

/// Parses `http://user:password@host:port`.
fn parse(address: &str, source: &str) -> Option<Proxy> {
    let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, authority)| authority);
    let scheme = scheme.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => 1080,
    };
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => authority.rsplit_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Ok(usual), str::parse).ok()?;
    (!host.is_empty()).then(|| Proxy { scheme, host: host.to_owned(), port, source: source.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_is_named_without_its_password_and_no_proxy_is_honored() {
        let proxy = |given, host: &str, pairs: &[(&str, &str)]| {
            of(given, host, &Environment::of(pairs.iter().copied())).map(|proxy| proxy.to_string())
        };
        let env = ("HTTPS_PROXY", "http://me:hunter2@proxy.example.com:3128");
        let shown = Some("http://proxy.example.com:3128".to_owned());
        assert_eq!(proxy(None, "billing.example.com", &[env]), shown);
        assert_eq!(proxy(None, "billing.example.com", &[]), None);
        assert_eq!(proxy(None, "127.0.0.1", &[env]), None);
        assert_eq!(proxy(Some("socks5://s"), "127.0.0.1", &[env]), Some("socks5://s:1080".to_owned()));
        assert_eq!(
            proxy(None, "x.org", &[("ALL_PROXY", "[::1]:8080"), env]),
            Some("http://[::1]:8080".to_owned())
        );
        assert_eq!(proxy(None, "x.org", &[env, ("REQUEST_METHOD", "GET")]), None);
        for (list, exempt) in [
            ("billing.example.com", true),
            ("other.org, billing.example.com", true),
            (".example.com", true),
            ("*.example.com", true),
            ("*", true),
            ("example.com", false),
            ("g.example.com", false),
            ("other.org", false),
        ] {
            let found = proxy(None, "billing.example.com", &[env, ("NO_PROXY", list)]);
            assert_eq!(found.is_none(), exempt, "{list}");
        }
    }
}
