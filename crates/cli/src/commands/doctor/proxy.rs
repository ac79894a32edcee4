//! The host and port of the proxy that the client uses.

/// The host and port of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proxy {
    /// The address without user name and password.
    pub(super) address: String,
    pub(super) host: String,
    pub(super) port: u16,
}

impl Proxy {
    /// Parses `scheme://host:port`, as the client writes it.
    pub(super) fn parse(address: &str) -> Option<Proxy> {
        let (_, authority) = address.split_once("://")?;
        let (host, port) = authority.rsplit_once(':')?;
        let host = host.trim_matches(['[', ']']).to_owned();
        Some(Proxy { address: address.to_owned(), host, port: port.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_parsed() {
        let parsed = |address: &str| Proxy::parse(address).map(|proxy| (proxy.host, proxy.port));
        assert_eq!(parsed("http://proxy.example.com:3128"), Some(("proxy.example.com".to_owned(), 3128)));
        assert_eq!(parsed("socks5h://[::1]:1080"), Some(("::1".to_owned(), 1080)));
        assert_eq!(parsed("proxy"), None);
    }
}
