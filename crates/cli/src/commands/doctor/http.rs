//! Checks HTTP: the server that responds, and its clock. The request is a HEAD without credentials, written by hand so
//! that the response is seen exactly as it was sent.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use super::Endpoint;
use super::report::{Report, Step, took};
use super::stream::{Stream, words};
use super::timed::Limits;
use crate::exit::Exit;

/// The maximum size of the headers, in bytes.
const MAX_LEN: usize = 64 << 10;
/// A smaller difference between two clocks is ignored: the header has whole seconds, and transport takes time.
const AGREE: Duration = Duration::from_secs(5);
/// A larger difference between two clocks causes problems.
const APART: Duration = Duration::from_secs(60);

/// Checks, and adds the steps HTTP and clock.
pub(super) fn check(report: &mut Report, stream: &mut dyn Stream, endpoint: &Endpoint, limits: Limits) {
    stream.set_deadline(limits.deadline());
    let start = Instant::now();
    let before = SystemTime::now();
    let head = match ask(stream, endpoint) {
        Ok(head) => head,
        Err(error) => {
            let seen = format!("no response to a HEAD request: {}", words(&error));
            // Some firewalls drop HEAD requests; the API itself is checked next.
            report.add(Step::doubtful("HTTP", seen, "See below whether the API answers nevertheless."));
            return;
        }
    };
    let elapsed = start.elapsed();
    let Some(status) = status(&head) else {
        let todo = "Check the host and port in the address: this may not be a web server.";
        report.add(Step::bad("HTTP", Exit::Unreadable, "the server does not speak HTTP", todo));
        return;
    };
    let server = header(&head, "server").map(|server| format!(", {server}")).unwrap_or_default();
    report.add(Step::good(
        "HTTP",
        format!("status {status} to a HEAD request without credentials{server} ({})", took(elapsed)),
    ));
    report.add(clock(header(&head, "date"), before + elapsed / 2));
}

fn ask(stream: &mut dyn Stream, endpoint: &Endpoint) -> io::Result<String> {
    let Endpoint { host, port, path, .. } = endpoint;
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let agent = gettickets::ClientBuilder::DEFAULT_USER_AGENT;
    write!(
        stream,
        "HEAD {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: {agent}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )?;
    stream.flush()?;
    let mut head = Vec::new();
    let mut part = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < MAX_LEN {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(count) => head.extend_from_slice(part.get(..count).unwrap_or_default()),
            // Many servers close the connection after the headers.
            Err(error) if head.is_empty() || error.kind() == io::ErrorKind::TimedOut => return Err(error),
            Err(_) => break,
        }
    }
    if head.is_empty() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed"));
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn status(head: &str) -> Option<u16> {
    let mut words = head.lines().next()?.split(' ');
    words.next().filter(|protocol| protocol.starts_with("HTTP/"))?;
    words.next()?.parse().ok()
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Compares the server's clock with this machine's.
fn clock(date: Option<&str>, here: SystemTime) -> Step {
    let Some(there) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return Step::skipped("clock", "the server does not send its time");
    };
    let (apart, way) = match there.duration_since(here) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    let seen = format!("the server's clock is {} {way} this machine's", took(apart));
    if apart <= AGREE {
        Step::good("clock", "the server's clock and this machine's agree")
    } else if apart <= APART {
        Step::good("clock", seen)
    } else {
        Step::doubtful("clock", seen, "Have both clocks set by NTP: ages and certificates depend on them.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_headers_are_parsed() {
        let head = "HTTP/1.1 403 Forbidden\r\ndate: Tue, 01 Sep 2026 12:00:00 GMT\r\nServer:nginx\r\n\r\n";
        assert_eq!(status(head), Some(403));
        assert_eq!(header(head, "Server"), Some("nginx"));
        assert_eq!(header(head, "Date"), Some("Tue, 01 Sep 2026 12:00:00 GMT"));
        assert_eq!(status("SSH-2.0-OpenSSH_9.2\r\n"), None);
    }

    #[test]
    fn clocks_are_compared() {
        let here = httpdate::parse_http_date("Tue, 01 Sep 2026 12:00:00 GMT").unwrap();
        let shown = |date| format!("{:?}", clock(date, here));
        assert!(shown(Some("Tue, 01 Sep 2026 12:00:03 GMT")).contains("agree"));
        assert!(shown(Some("Tue, 01 Sep 2026 12:02:00 GMT")).contains("120.0 s ahead"));
        assert!(shown(Some("Tue, 01 Sep 2026 11:59:30 GMT")).contains("30.0 s behind"));
        assert!(shown(Some("soon")).contains("does not send"));
        assert!(shown(None).contains("does not send"));
    }
}
