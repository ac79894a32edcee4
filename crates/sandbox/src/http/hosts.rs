//! Checks the `Host` header.
//!
//! A web page can point its own host name at 127.0.0.1 (DNS rebinding) and then read, as its own origin, everything
//! that a server on loopback sends to a browser. Such a request has the page's host name in its header, so a server
//! that accepts only known names is not reachable in this way.

use std::net::IpAddr;

use hyper::http::uri::Authority;

/// The hosts that requests may name.
#[derive(Clone, Debug)]
pub(crate) struct AllowedHosts {
    /// The address that the server listens on.
    listening: IpAddr,
    /// Names and addresses that the user added.
    added: Vec<String>,
}

impl AllowedHosts {
    pub(crate) fn new(listening: IpAddr, added: &[String]) -> AllowedHosts {
        AllowedHosts { listening, added: added.iter().map(|name| normalized(name)).collect() }
    }

    /// Whether a `Host` header, with or without a port, has an allowed host: a loopback name or address, the address
    /// that the server listens on (any address if it listens on all of them), or an added one.
    pub(crate) fn accept(&self, header: &str) -> bool {
        let Ok(authority) = header.parse::<Authority>() else { return false };
        // User information is not part of a Host header.
        if authority.as_str().contains('@') {
            return false;
        }
        let host = normalized(authority.host());
        if self.added.contains(&host) {
            return true;
        }
        match host.parse::<IpAddr>() {
            Ok(address) => {
                let address = address.to_canonical();
                address.is_loopback()
                    || address == self.listening.to_canonical()
                    || self.listening.is_unspecified()
            }
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }
}

/// Lower case, without the brackets of an IPv6 address and without a final dot.
fn normalized(host: &str) -> String {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(str::to_owned);
    bare.unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(listening: &str, added: &[&str], header: &str) -> bool {
        let added: Vec<String> = added.iter().map(|name| (*name).to_owned()).collect();
        AllowedHosts::new(listening.parse().unwrap(), &added).accept(header)
    }

    #[test]
    fn loopback_names_and_addresses_are_accepted() {
        for header in [
            "localhost",
            "LOCALHOST:8080",
            "billing.localhost:1",
            "localhost.",
            "127.0.0.1",
            "127.8.9.1:80",
            "[::1]:9",
        ] {
            assert!(accepts("127.0.0.1", &[], header), "{header}");
        }
    }

    #[test]
    fn other_names_and_addresses_are_refused_unless_added() {
        for header in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "192.0.2.1",
            "[2001:db8::1]:80",
            "user@localhost",
            "",
            " ",
            "a b",
            "localhost/",
        ] {
            assert!(!accepts("127.0.0.1", &[], header), "{header:?}");
        }
        assert!(accepts("127.0.0.1", &["Tickets.Example"], "tickets.example:8080"));
        assert!(accepts("127.0.0.1", &["[2001:db8::1]"], "[2001:DB8::1]:80"));
    }

    #[test]
    fn the_listening_address_is_accepted() {
        assert!(accepts("192.0.2.7", &[], "192.0.2.7:8080"));
        assert!(!accepts("192.0.2.7", &[], "192.0.2.8:8080"));
        for listening in ["0.0.0.0", "::"] {
            assert!(accepts(listening, &[], "192.0.2.8:8080"));
            assert!(!accepts(listening, &[], "evil.example"));
        }
    }
}
