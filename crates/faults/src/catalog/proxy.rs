//! Proxies that are absent, refuse, or die. Requests are for an address with https.

use super::reply::{HTML, ONE, ok, response};
use crate::fault::{Fault, Port, Proxy, Step};
use crate::mark;
use crate::outcome::Outcome;

pub(super) fn faults() -> Vec<Fault> {
    // Nothing of a request is sent before there is a connection to the server.
    let proxy = || Outcome::error("proxy");
    let unreached = || proxy().retryable();
    let timeout = || Outcome::error("timeout").retryable();
    let fault =
        |name: &str, about: &str, outcome: Outcome| Fault::new(name, about, outcome).sends(ok(ONE)).tls();
    let replying = |name: &str, about: &str, reply: Vec<u8>| {
        fault(name, about, proxy()).proxy("http", [Step::Head, Step::Send(reply)])
    };
    let absent = |name: &str, about: &str, scheme, port| Fault {
        proxy: Some(Proxy { scheme, port, steps: Vec::new() }),
        ..fault(name, about, unreached())
    };
    let echo = format!("proxy-user:{}", mark::PROXY_PASSWORD);
    let established = || Step::Send(b"HTTP/1.1 200 Connection established\r\n\r\n".to_vec());
    // The greeting of SOCKS 5 with a password, and the reply to it.
    let socks_login = || vec![Step::Read(3), Step::Send(vec![5, 2])];
    let socks = |name: &str, about: &str, outcome: Outcome, steps: Vec<Step>| {
        fault(name, about, outcome).proxy("socks5h", steps)
    };
    vec![
        absent("proxy-refused", "No server listens on the port of the proxy.", "http", Port::Refusing),
        absent("proxy-no-such-host", "The name of the proxy does not exist.", "http", Port::Nowhere),
        replying(
            "proxy-407",
            "The proxy refuses the password.",
            response("407 Proxy Authentication Required", "", ""),
        ),
        replying("proxy-403", "The proxy does not allow the host.", response("403 Forbidden", "", HTML)),
        replying("proxy-502", "The proxy does not reach the host.", response("502 Bad Gateway", "", HTML)),
        replying(
            "proxy-302",
            "The proxy redirects.",
            response("302 Found", "location: http://login.example/\r\n", ""),
        ),
        replying("proxy-garbage", "The proxy does not speak HTTP.", b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec()),
        replying(
            "proxy-echo",
            "The proxy refuses, and echoes the password in its status and its page.",
            response(&format!("407 {echo}"), &format!("x-echo: {}\r\n", mark::form(&echo)), &echo),
        ),
        fault("proxy-closes", "The proxy closes the connection without a reply.", proxy())
            .proxy("http", [Step::Head]),
        fault("proxy-stalls", "The proxy does not reply.", timeout())
            .proxy("http", [Step::Head, Step::Stall]),
        fault(
            "proxy-dies-in-handshake",
            "The proxy connects, and closes the connection in the handshake of TLS.",
            proxy().retryable(),
        )
        .proxy("http", [Step::Head, established(), Step::Read(1), Step::Cut]),
        fault("proxy-stalls-in-handshake", "The proxy connects, and then forwards nothing.", timeout())
            .proxy("http", [Step::Head, established(), Step::Stall]),
        absent(
            "socks-refused",
            "No server listens on the port of the SOCKS proxy.",
            "socks5h",
            Port::Refusing,
        ),
        socks(
            "socks-login-refused",
            "The SOCKS proxy refuses the password.",
            proxy(),
            // The reply to a login comes after its user name and its password.
            [
                socks_login(),
                vec![
                    Step::Read(2 + mark::PROXY_USER.len() + 1 + mark::PROXY_PASSWORD.len()),
                    Step::Send(vec![1, 1]),
                ],
            ]
            .concat(),
        ),
        socks(
            "socks-no-method",
            "The SOCKS proxy accepts no method of authentication.",
            proxy(),
            vec![Step::Read(3), Step::Send(vec![5, 0xff])],
        ),
        socks(
            "socks-garbage",
            "The SOCKS proxy does not speak SOCKS.",
            proxy(),
            vec![Step::Read(3), Step::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())],
        ),
        socks("socks-stalls", "The SOCKS proxy does not reply.", timeout(), vec![Step::Read(3), Step::Stall]),
    ]
}
