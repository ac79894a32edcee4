//! Requests through real proxies, and through unreachable ones.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use gettickets::transport::TransportErrorKind;
use gettickets::{ClientBuilder, ConfigError, Error, ErrorKind, GetTickets, InvalidProxy, Page};

use crate::server::{EMPTY, Server, builder, json, raw};

/// Starts a proxy that serves one connection. Returns its address, and the target of the connection.
fn proxy(serve: fn(TcpStream, Sender<String>)) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = channel();
    thread::spawn(move || serve(listener.accept().unwrap().0, sender));
    (address, receiver)
}

/// Sends the start of a request, and then copies bytes in both directions until either end closes.
fn relay(mut client: TcpStream, target: &str, start: &[u8]) {
    let mut server = TcpStream::connect(target).unwrap();
    server.write_all(start).unwrap();
    let (mut from_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    thread::spawn(move || std::io::copy(&mut from_server, &mut to_client));
    let _ = std::io::copy(&mut client, &mut server);
}

fn take<const N: usize>(stream: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

/// SOCKS5 with or without a login.
fn socks5(mut stream: TcpStream, asked: Sender<String>) {
    let [version, methods] = take(&mut stream);
    assert_eq!(version, 5);
    let mut offered = vec![0; methods.into()];
    stream.read_exact(&mut offered).unwrap();
    if offered.contains(&2) {
        stream.write_all(&[5, 2]).unwrap();
        let [_, len] = take(&mut stream);
        let mut user = vec![0; len.into()];
        stream.read_exact(&mut user).unwrap();
        let [len] = take(&mut stream);
        let mut password = vec![0; len.into()];
        stream.read_exact(&mut password).unwrap();
        asked.send(String::from_utf8([&user[..], b":", &password].concat()).unwrap()).unwrap();
        stream.write_all(&[1, 0]).unwrap();
    } else {
        stream.write_all(&[5, 0]).unwrap();
    }
    let [_, command, _, kind] = take(&mut stream);
    assert_eq!(command, 1);
    let host = match kind {
        1 => std::net::Ipv4Addr::from(take::<4>(&mut stream)).to_string(),
        4 => format!("[{}]", std::net::Ipv6Addr::from(take::<16>(&mut stream))),
        _ => {
            let [len] = take(&mut stream);
            let mut name = vec![0; len.into()];
            stream.read_exact(&mut name).unwrap();
            String::from_utf8(name).unwrap()
        }
    };
    let target = format!("{host}:{}", u16::from_be_bytes(take(&mut stream)));
    asked.send(target.clone()).unwrap();
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
    relay(stream, &target, b"");
}

/// An HTTP proxy: a tunnel by CONNECT, or a request with an absolute address, which is forwarded.
fn connect(mut stream: TcpStream, asked: Sender<String>) {
    let (head, target) = read_head(&mut stream, &asked);
    if head.starts_with("CONNECT ") {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        relay(stream, &target, b"");
    } else {
        relay(stream, &target, head.as_bytes());
    }
}

fn refusing(mut stream: TcpStream, asked: Sender<String>) {
    read_head(&mut stream, &asked);
    stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").unwrap();
}

/// Reads the head of a request, and reports its login and its target. Returns the head and the target.
fn read_head(stream: &mut TcpStream, asked: &Sender<String>) -> (String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(take::<1>(stream));
    }
    let head = String::from_utf8(head).unwrap();
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    for (_, login) in headers.filter(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization")) {
        asked.send(login.to_owned()).unwrap();
    }
    let target = head.split(' ').nth(1).unwrap().trim_start_matches("http://");
    let target = target.split('/').next().unwrap().to_owned();
    asked.send(target.clone()).unwrap();
    (head, target)
}

#[test]
fn requests_go_through_the_configured_proxy() {
    through_each_proxy(|builder| builder.build().unwrap().get_tickets(&GetTickets::default()));
}

#[cfg(feature = "async")]
#[test]
fn requests_of_the_asynchronous_client_go_through_the_configured_proxy() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    through_each_proxy(|builder| {
        let client = builder.build_async().unwrap();
        runtime.block_on(client.get_tickets(&GetTickets::default()))
    });
}

fn through_each_proxy(get: impl Fn(ClientBuilder) -> Result<Page, Error>) {
    type Serve = fn(TcpStream, Sender<String>);
    for (scheme, login, serve, host) in [
        ("socks5", "", socks5 as Serve, "127.0.0.1"),
        ("socks5", "us%40er:hunter2@", socks5, "127.0.0.1"),
        ("socks5h", "", socks5, "localhost"),
        ("http", "", connect, "localhost"),
        ("http", "user:hunter2@", connect, "localhost"),
    ] {
        let server = Server::start(vec![json(EMPTY)]);
        let port = server.address.rsplit_once(':').unwrap().1.trim_end_matches('/').to_owned();
        let (address, asked) = proxy(serve);
        // With `socks5` the client resolves the name, with the others the proxy does.
        let host_here = if scheme == "socks5" { "127.0.0.1" } else { "localhost" };
        let builder = builder(&format!("http://{host_here}:{port}"))
            .proxy(Some(&format!("{scheme}://{login}{address}")));
        assert!(get(builder).unwrap().is_empty(), "{scheme}");
        let asked: Vec<_> = asked.try_iter().collect();
        if !login.is_empty() {
            assert!(asked[0] == "us@er:hunter2" || asked[0] == "Basic dXNlcjpodW50ZXIy", "{asked:?}");
        }
        assert_eq!(asked.last(), Some(&format!("{host}:{port}")), "{scheme}");
    }
}

/// The error of a call through a proxy at this address. It must not contain the proxy's credentials.
fn failure(proxy: &str) -> Error {
    let client = builder("https://billing.example.com").proxy(Some(proxy)).no_retries().build().unwrap();
    let error = client.get_tickets(&GetTickets::default()).unwrap_err();
    let shown = format!("{error} {error:?} {:?}", error.hint());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!error.may_have_been_sent(), "{error}");
    error
}

fn kind(error: &Error) -> TransportErrorKind {
    match error.kind() {
        ErrorKind::Transport(error) => error.kind().clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unreachable_proxy_is_reported_instead_of_the_server() {
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for scheme in ["http", "socks5h", "socks4a"] {
        let error = failure(&format!("{scheme}://user:hunter2@{dead}"));
        assert_eq!(kind(&error), TransportErrorKind::Proxy, "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("the proxy {scheme}://{dead}")) && text.contains("refused"), "{text}");
        assert!(error.hint().unwrap().contains("proxy") && error.is_retryable(), "{error}");
    }
}

#[test]
fn a_proxy_whose_name_does_not_resolve_is_named() {
    for scheme in ["http", "socks5h"] {
        let error = failure(&format!("{scheme}://nowhere.invalid:3128"));
        assert_eq!(kind(&error), TransportErrorKind::Proxy, "{error}");
        assert!(error.to_string().contains(&format!("the proxy {scheme}://nowhere.invalid:3128")), "{error}");
    }
}

#[test]
fn a_refusal_by_a_proxy_is_not_retried() {
    let (address, _asked) = proxy(refusing);
    let client = builder("https://billing.example.com").proxy(Some(&format!("http://{address}")));
    let error = client.build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
    assert_eq!(kind(&error), TransportErrorKind::Proxy, "{error}");
    assert!(error.to_string().contains("407") && !error.is_retryable(), "{error}");
    assert_eq!(error.attempts(), 1);
}

/// Replies to a request with what is not HTTP.
fn other_protocol(mut stream: TcpStream, asked: Sender<String>) {
    read_head(&mut stream, &asked);
    stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n").unwrap();
}

/// A SOCKS5 proxy that allows no connection.
fn forbidding(mut stream: TcpStream, _: Sender<String>) {
    let [_, methods] = take(&mut stream);
    stream.read_exact(&mut vec![0; methods.into()]).unwrap();
    stream.write_all(&[5, 0]).unwrap();
    let [_, _, _, _, len] = take(&mut stream);
    stream.read_exact(&mut vec![0; usize::from(len) + 2]).unwrap();
    stream.write_all(&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
}

#[test]
fn a_refusal_by_a_socks_proxy_is_not_retried() {
    let (address, _asked) = proxy(forbidding);
    let error = failure(&format!("socks5h://{address}"));
    assert_eq!(kind(&error), TransportErrorKind::Proxy, "{error}");
    assert!(error.to_string().contains("not allowed by ruleset") && !error.is_retryable(), "{error}");
}

#[test]
fn a_reply_that_is_not_http_is_reported_as_that_of_the_proxy_or_of_the_server() {
    let (address, _asked) = proxy(other_protocol);
    let error = failure(&format!("http://{address}"));
    assert_eq!(kind(&error), TransportErrorKind::Proxy, "{error}");
    assert!(!error.is_retryable(), "{error}");

    let server = Server::start(vec![raw("SSH-2.0-OpenSSH_9.2\r\n\r\n")]);
    let (address, _asked) = proxy(connect);
    let client = server.client().proxy(Some(&format!("http://{address}"))).no_retries().build().unwrap();
    let error = client.get_tickets(&GetTickets::default()).unwrap_err();
    assert_eq!(kind(&error), TransportErrorKind::Protocol, "{error}");
    assert!(error.may_have_been_sent(), "{error}");
}

#[test]
fn a_proxy_of_another_scheme_is_refused_before_anything_is_sent() {
    for (address, problem) in [
        ("gopher://user:hunter2@proxy.example.com", InvalidProxy::Scheme),
        ("socks6://proxy.example.com", InvalidProxy::Scheme),
        ("not a proxy", InvalidProxy::Malformed),
        ("", InvalidProxy::Malformed),
    ] {
        let error = builder("https://billing.example.com").proxy(Some(address)).build().unwrap_err();
        let ErrorKind::Config(ConfigError::Proxy { variable: None, problem: found, .. }) = error.kind()
        else {
            panic!("{error:?}")
        };
        assert_eq!(*found, problem, "{address}");
        assert!(!format!("{error} {error:?}").contains("hunter2") && error.hint().is_some(), "{error}");
    }
}

#[test]
fn the_proxy_of_requests_is_returned_without_its_credentials() {
    let of = |builder: ClientBuilder| builder.effective_proxy();
    let with = |proxy: &str| builder("https://billing.example.com").proxy(Some(proxy));
    let shown = of(with("http://user:hunter2@proxy.example.com:3128")).unwrap().unwrap();
    assert_eq!(shown, "http://proxy.example.com:3128");
    assert_eq!(of(builder("https://billing.example.com").proxy(None)).unwrap(), None);
    assert!(of(with("ftp://proxy.example.com")).is_err());
    assert!(of(builder("https://user@billing.example.com")).is_err());
}
