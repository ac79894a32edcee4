//! The threads of a scan: when they are started, and what a scan does without them.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use gettickets::scan::{Fetch, FetchContext, Fetched};
use gettickets::{Cancellation, Error, GetTickets, Scan, decode};

#[cfg(target_os = "linux")]
use crate::machine::{again, is_child};

const LONG: Duration = Duration::from_secs(60);

/// A page of a list of this many tickets.
fn page(count: u64, request: &GetTickets) -> Result<Fetched, Error> {
    let start = request.limitstart.unwrap_or(0);
    let end = count.min(start + request.limitnum.unwrap_or(25));
    let tickets: Vec<_> = (start..end).map(|index| format!(r#"{{"id":{}}}"#, count - index)).collect();
    let body = format!(
        r#"{{"result":"success","totalresults":{count},"startnumber":{start},"numreturned":{},"tickets":{{"ticket":[{}]}}}}"#,
        tickets.len(),
        tickets.join(",")
    );
    let page = decode(body)?.into_page()?;
    Ok(Fetched { page, requests: 1, elapsed: Duration::from_millis(1) })
}

fn request() -> GetTickets {
    GetTickets { limitnum: Some(20), ..GetTickets::default() }
}

/// A source that reports every request.
struct Reports(Mutex<Sender<()>>);

impl Fetch for Reports {
    fn fetch(&self, request: &GetTickets, _: &FetchContext) -> Result<Fetched, Error> {
        let _ = self.0.lock().unwrap().send(());
        page(100, request)
    }
}

#[test]
fn taking_a_ticket_of_a_scan_that_has_not_begun_sends_nothing() {
    let (sender, requests) = channel();
    let mut scan = Scan::new(Reports(Mutex::new(sender)), request());
    scan.commit();
    scan.commit_page();
    assert!(requests.recv_timeout(Duration::from_millis(200)).is_err());
    assert_eq!((scan.yielded(), scan.report().requests), (0, 0));
    assert_eq!(scan.by_ref().filter(Result::is_ok).count(), 100);
    assert!(requests.try_recv().is_ok());
}

/// A source that reports a request, and ignores its cancellation until it is released.
struct Stuck {
    begun: Mutex<Sender<()>>,
    released: Mutex<Receiver<()>>,
}

impl Fetch for Stuck {
    fn fetch(&self, request: &GetTickets, _: &FetchContext) -> Result<Fetched, Error> {
        self.begun.lock().unwrap().send(()).unwrap();
        let _ = self.released.lock().unwrap().recv();
        page(100, request)
    }
}

#[test]
fn dropping_a_scan_does_not_wait_for_a_source_that_ignores_its_cancellation() {
    let (begun, has_begun) = channel();
    let (release, released) = channel();
    let source = Stuck { begun: Mutex::new(begun), released: Mutex::new(released) };
    let mut scan = Scan::new(source, request());
    let cancellation: Cancellation = scan.cancellation();
    let (dropped, was_dropped) = channel();
    let consumer = thread::spawn(move || {
        let error = scan.next().unwrap().unwrap_err();
        drop(scan);
        dropped.send(error.code()).unwrap();
    });
    has_begun.recv_timeout(LONG).unwrap();
    cancellation.cancel();
    assert_eq!(was_dropped.recv_timeout(LONG), Ok("cancelled"));
    drop(release);
    consumer.join().unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn a_scan_without_threads_is_an_error() {
    if !is_child() {
        // A stack as large as the address space, for every thread of the child.
        let stack = (1_u64 << 47).to_string();
        again("threads::a_scan_without_threads_is_an_error", &[("RUST_MIN_STACK", &stack)]);
        return;
    }
    let (sender, requests) = channel();
    let mut scan = Scan::new(Reports(Mutex::new(sender)), request());
    assert!(scan.wait_for(LONG), "the scan has ended");
    let error = scan.next().unwrap().unwrap_err();
    assert_eq!((error.code(), error.may_have_been_sent()), ("thread", false), "{error}");
    assert!(error.hint().unwrap().contains("the server is not the cause"), "{error}");
    assert!(scan.next().is_none() && requests.try_recv().is_err());
}

#[test]
#[cfg(target_os = "linux")]
fn a_scan_reads_with_as_many_threads_as_can_be_started() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const STACK: u64 = 1 << 29;
    if !is_child() {
        let stack = STACK.to_string();
        let test = "threads::a_scan_reads_with_as_many_threads_as_can_be_started";
        again(test, &[("RUST_MIN_STACK", &stack)]);
        return;
    }
    crate::logged::listen();
    let mut scan = Scan::new(Reports(Mutex::new(channel().0)), request());
    // Address space for one more stack, and for what is allocated besides.
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    let size: u64 = size.trim().trim_end_matches(" kB").parse().unwrap();
    let limit = getrlimit(Resource::As);
    setrlimit(Resource::As, Rlimit { current: Some((size << 10) + STACK + STACK / 2), ..limit }).unwrap();
    let yielded = scan.by_ref().filter(Result::is_ok).count();
    setrlimit(Resource::As, limit).unwrap();
    assert_eq!(yielded, 100, "{:?}", scan.failure());
    assert!(scan.failure().is_none());
    assert!(crate::logged::logged().contains("a scan reads with fewer threads"));
}
