//! Checks the network: name resolution, connection, encryption, HTTP. No credentials are sent.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use super::proxy::Proxy;
use super::report::{Report, Step, took};
use super::stream::{Why, words};
use super::timed::{Limits, Timed, left};
use super::{Endpoint, certificate, http};
use crate::connect::Settings;
use crate::exit::Exit;

/// The maximum number of addresses to try and to show.
const MAX_SHOWN: usize = 4;

/// Runs the checks until one fails.
pub(super) fn check(
    report: &mut Report,
    endpoint: &Endpoint,
    settings: &Settings,
    limits: Limits,
    why: Why<'_>,
) {
    let todo = "Check the host in the address, and this machine's name servers.";
    let Some(addresses) = resolve(report, "DNS", &endpoint.host, endpoint.port, limits, todo) else { return };
    let todo = "Check the host and port in the address, and that no firewall blocks the connection.";
    let Some(stream) = connect(report, "TCP", &addresses, limits, todo) else { return };
    if endpoint.tls {
        let ca_file = settings.ca_file.as_deref();
        let deadline = limits.deadline();
        if let Some(mut stream) =
            certificate::check(report, Timed::new(stream, deadline), &endpoint.host, ca_file, why)
        {
            http::check(report, &mut stream, endpoint, limits);
        }
    } else {
        let loopback = addresses.iter().all(|address| address.ip().is_loopback());
        report.add(if loopback {
            Step::skipped("TLS", "plain http, to this machine only")
        } else {
            Step::doubtful("TLS", "plain http: anyone on the network can read the credentials", "Use https.")
        });
        http::check(report, &mut Timed::new(stream, limits.deadline()), endpoint, limits);
    }
}

/// Checks the connection to the proxy. Only the client's own requests show whether the proxy reaches the server.
pub(super) fn check_proxy(report: &mut Report, proxy: &Proxy, settings: &Settings, limits: Limits) {
    let source = if settings.proxy.is_some() { "--proxy or the profile" } else { "the environment" };
    report.add(Step::good("proxy", format!("{}, from {source}", proxy.address)));
    let todo = "Check the proxy's host, or exempt the server with NO_PROXY.";
    if let Some(addresses) = resolve(report, "proxy DNS", &proxy.host, proxy.port, limits, todo) {
        let todo = "Check the proxy's host and port, and that it runs.";
        connect(report, "proxy TCP", &addresses, limits, todo);
    }
}

fn resolve(
    report: &mut Report,
    step: &'static str,
    host: &str,
    port: u16,
    limits: Limits,
    todo: &str,
) -> Option<Vec<SocketAddr>> {
    let start = Instant::now();
    let deadline = limits.deadline();
    let name = (host.to_owned(), port);
    let (send, receive) = mpsc::channel();
    // The system's name resolution cannot be interrupted, so its thread is abandoned if it takes too long.
    thread::spawn(move || drop(send.send(name.to_socket_addrs().map(Iterator::collect::<Vec<_>>))));
    let found = left(deadline)
        .and_then(|left| receive.recv_timeout(left).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())));
    match found {
        Ok(addresses) if !addresses.is_empty() => {
            let mut shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            shown.dedup();
            let more = shown.len().saturating_sub(MAX_SHOWN);
            shown.truncate(MAX_SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            report.add(Step::good(step, format!("{}{more} ({})", shown.join(", "), took(start.elapsed()))));
            Some(addresses)
        }
        Ok(_) => {
            report.add(Step::bad(step, Exit::Unreached, format!("{host} has no address"), todo));
            None
        }
        Err(error) => {
            report.add(Step::bad(step, Exit::Unreached, format!("{host}: {}", words(&error)), todo));
            None
        }
    }
}

/// Tries each address in turn, as the client does.
fn connect(
    report: &mut Report,
    step: &'static str,
    addresses: &[SocketAddr],
    limits: Limits,
    todo: &str,
) -> Option<TcpStream> {
    let mut refused = Vec::new();
    let deadline = limits.deadline();
    for address in addresses.iter().take(MAX_SHOWN) {
        let start = Instant::now();
        match left(deadline).and_then(|left| TcpStream::connect_timeout(address, left)) {
            Ok(stream) => {
                let seen = format!("{address} ({})", took(start.elapsed()));
                report.add(if refused.is_empty() {
                    Step::good(step, seen)
                } else {
                    let todo = "Connecting to those addresses wastes time; remove them from the DNS.";
                    Step::doubtful(step, format!("{seen}, but not {}", refused.join(", ")), todo)
                });
                return Some(stream);
            }
            Err(error) => refused.push(format!("{address}: {}", words(&error))),
        }
    }
    report.add(Step::bad(step, Exit::Unreached, refused.join("; "), todo));
    None
}
