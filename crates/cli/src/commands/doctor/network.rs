//! The look at the network: name, connection, encryption, HTTP. No credentials are sent.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::report::{Report, Step, took};
use super::{Endpoint, certificate, http};
use crate::connect::Settings;
use crate::exit::Exit;

/// How long each step may take unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most addresses that are shown.
const SHOWN: usize = 4;

/// Something that bytes go through.
pub(super) trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// Tells why the client cannot set up an encrypted connection, and what to try.
pub(super) type Why<'a> = &'a dyn Fn() -> Option<(String, String)>;

/// Looks as far as it gets.
pub(super) fn look(report: &mut Report, endpoint: &Endpoint, settings: &Settings, why: Why<'_>) {
    let patience = settings.timeout.unwrap_or(PATIENCE).min(PATIENCE);
    let Some(addresses) = resolve(report, endpoint, patience) else { return };
    let Some(stream) = connect(report, &addresses, patience) else { return };
    if endpoint.tls {
        let ca_file = settings.ca_file.as_deref();
        if let Some(mut stream) = certificate::look(report, stream, &endpoint.host, ca_file, why) {
            http::look(report, &mut stream, endpoint);
        }
    } else {
        let loopback = addresses.iter().all(|address| address.ip().is_loopback());
        report.add(if loopback {
            Step::skipped("TLS", "plain http, to this machine alone")
        } else {
            Step::doubtful("TLS", "plain http: anyone on the way can read the credentials", "Use https.")
        });
        let mut stream = stream;
        http::look(report, &mut stream, endpoint);
    }
}

fn resolve(report: &mut Report, endpoint: &Endpoint, patience: Duration) -> Option<Vec<SocketAddr>> {
    let start = Instant::now();
    let name = (endpoint.host.clone(), endpoint.port);
    let (send, receive) = mpsc::channel();
    // The system's look-up cannot be cut short, so it is left behind where it takes too long.
    thread::spawn(move || drop(send.send(name.to_socket_addrs().map(Iterator::collect::<Vec<_>>))));
    let found = receive.recv_timeout(patience).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let todo = "Check the host in the address, and this machine's name servers.";
    match found {
        Ok(addresses) if !addresses.is_empty() => {
            let mut shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            shown.dedup();
            let more = shown.len().saturating_sub(SHOWN);
            shown.truncate(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            report.add(Step::good("DNS", format!("{}{more} ({})", shown.join(", "), took(start.elapsed()))));
            Some(addresses)
        }
        Ok(_) => {
            report.add(Step::bad("DNS", Exit::Unreached, format!("{} has no address", endpoint.host), todo));
            None
        }
        Err(error) => {
            report.add(Step::bad("DNS", Exit::Unreached, format!("{}: {error}", endpoint.host), todo));
            None
        }
    }
}

/// Tries each address in turn, as the client does.
fn connect(report: &mut Report, addresses: &[SocketAddr], patience: Duration) -> Option<TcpStream> {
    let mut refused = Vec::new();
    for address in addresses.iter().take(SHOWN) {
        let start = Instant::now();
        let stream = TcpStream::connect_timeout(address, patience).and_then(|stream| {
            stream.set_read_timeout(Some(patience))?;
            stream.set_write_timeout(Some(patience))?;
            Ok(stream)
        });
        match stream {
            Ok(stream) => {
                let seen = format!("{address} ({})", took(start.elapsed()));
                report.add(if refused.is_empty() {
                    Step::good("TCP", seen)
                } else {
                    let todo = "Every try at those costs time; have them taken out of the DNS.";
                    Step::doubtful("TCP", format!("{seen}, but not {}", refused.join(", ")), todo)
                });
                return Some(stream);
            }
            Err(error) => refused.push(format!("{address}: {error}")),
        }
    }
    let todo = "Check the host and port in the address, and that no firewall is between.";
    report.add(Step::bad("TCP", Exit::Unreached, refused.join("; "), todo));
    None
}
