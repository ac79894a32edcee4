//! Several installs as one source.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use gettickets::transport::{Transport, TransportError, TransportRequest, TransportResponse};
use gettickets::{Client, Credentials, GetTickets, RetryPolicy};
use gettickets_sandbox::Sandbox;
use gettickets_warehouse::{Fleet, Install, Mirror, MirrorErrorKind, Mode};

use super::{Setup, client, count, options};

fn sandboxes(counts: &[u64]) -> Vec<Sandbox> {
    let sandbox = |tickets: &u64| Sandbox::builder().tickets(*tickets).seed(*tickets).start().unwrap();
    counts.iter().map(sandbox).collect()
}

fn fleet(sandboxes: &[Sandbox]) -> Fleet {
    let install = |(index, sandbox)| Install::new(format!("install-{index}"), client(sandbox));
    Fleet::new(sandboxes.iter().enumerate().map(install)).unwrap()
}

/// A client whose credentials the sandbox rejects.
fn refused(sandbox: &Sandbox) -> Client {
    Client::builder(sandbox.url())
        .credentials(Credentials::api("nobody", "wrong"))
        .retries(RetryPolicy::none())
        .build()
        .unwrap()
}

#[test]
fn an_install_that_fails_does_not_stop_the_others() {
    let sandboxes = sandboxes(&[40, 70, 110]);
    let installs = sandboxes.iter().enumerate().map(|(index, sandbox)| {
        let client = if index == 1 { refused(sandbox) } else { client(sandbox) };
        Install::new(format!("install-{index}"), client)
    });
    let fleet = Fleet::new(installs).unwrap();
    let mut scan = fleet.scan(&GetTickets::default());
    let mut counts = [0; 3];
    let mut errors = Vec::new();
    for page in scan.by_ref() {
        match page {
            Ok(page) => counts[page.index] += page.tickets.len(),
            Err(error) => errors.push(error),
        }
    }
    assert_eq!(counts, [40, 0, 110]);
    let [error] = &errors[..] else { panic!("{errors:?}") };
    assert_eq!(error.install(), "install-1");
    assert_eq!(error.to_string(), format!("install-1: {}", error.error()));
    assert!(std::error::Error::source(error).unwrap().is::<gettickets::Error>());
    let complete: Vec<bool> = scan.reports().iter().map(|report| report.is_complete()).collect();
    assert_eq!(complete, [true, false, true]);
    assert!(scan.reports()[1].error.is_some());
    assert!(scan.next().is_none());
}

/// Does not reply until requests of all installs are in flight at the same time.
struct Rendezvous {
    inner: Client,
    waiting: Arc<(Mutex<usize>, Condvar)>,
    installs: usize,
}

impl Transport for Rendezvous {
    fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        let (waiting, changed) = &*self.waiting;
        let mut count = waiting.lock().unwrap();
        *count += 1;
        changed.notify_all();
        let arrived =
            changed.wait_timeout_while(count, Duration::from_secs(60), |count| *count < self.installs);
        assert!(!arrived.unwrap().1.timed_out(), "the installs are read one after another");
        let body = request.body.as_str();
        let limitstart = body.split('&').find_map(|pair| pair.strip_prefix("limitstart=")?.parse().ok());
        let page = GetTickets { limitstart, limitnum: Some(100), ..GetTickets::default() };
        let page = self.inner.get_tickets(&page).unwrap();
        Ok(http::Response::new(page.to_wire_json(gettickets::Version::V8_0).into_bytes()))
    }
}

#[test]
fn installs_are_read_concurrently() {
    let sandboxes = sandboxes(&[5, 6, 7, 8]);
    let waiting = Arc::new((Mutex::new(0), Condvar::new()));
    let installs = sandboxes.iter().enumerate().map(|(index, sandbox)| {
        let transport =
            Rendezvous { inner: client(sandbox), waiting: Arc::clone(&waiting), installs: sandboxes.len() };
        let client = Client::builder(sandbox.url())
            .credentials(Credentials::api("i", "s"))
            .transport(transport)
            .build()
            .unwrap();
        Install::new(index.to_string(), client)
    });
    let fleet = Fleet::new(installs).unwrap();
    // One install has at most one request in flight, so all installs are needed to reach the number.
    let scan = fleet.scan_with(|install| install.client().scan(GetTickets::default()).concurrency(1));
    let tickets: usize = scan.map(|page| page.unwrap().tickets.len()).sum();
    assert_eq!(tickets, 5 + 6 + 7 + 8);
}

#[test]
fn dropping_the_scan_cancels_all_installs() {
    let sandboxes = sandboxes(&[3000, 3000]);
    let mut scan = fleet(&sandboxes).scan(&GetTickets::default());
    scan.next().unwrap().unwrap();
    let cancellations = scan.cancellations().to_vec();
    assert_eq!(cancellations.len(), 2);
    assert!(cancellations.iter().all(|cancellation| !cancellation.is_cancelled()));
    drop(scan);
    assert!(cancellations.iter().all(|cancellation| cancellation.is_cancelled()));
}

#[test]
fn an_install_under_two_names_is_refused() {
    let sandbox = Sandbox::builder().tickets(1).start().unwrap();
    let other = Sandbox::builder().tickets(1).start().unwrap();
    let twice = Fleet::new([Install::new("a", client(&sandbox)), Install::new("b", client(&sandbox))]);
    let error = twice.unwrap_err();
    assert!(error.hint().ends_with('.'), "{}", error.hint());
    let message = error.to_string();
    assert!(message.starts_with("a and b are names of the same install, http://127.0.0.1:"), "{message}");
    let name = Fleet::new([Install::new("a", client(&sandbox)), Install::new("a", client(&other))]);
    assert_eq!(name.unwrap_err().to_string(), "two installs have the name a");
}

#[test]
fn a_mirror_of_several_installs_has_the_tickets_of_each() {
    let sandboxes = sandboxes(&[30, 50, 80]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tickets.db");
    let mut mirror = Mirror::open(file.to_str().unwrap()).unwrap();
    let reports = mirror.run_all(&fleet(&sandboxes), &options(Mode::Full), &mut |_| ()).unwrap();
    let new: Vec<u64> = reports.iter().map(|report| report.as_ref().unwrap().new).collect();
    assert_eq!(new, [30, 50, 80]);

    // The first install rejects the credentials, the second deletes a ticket, the third opens one.
    sandboxes[1].store().delete(sandboxes[1].store().ids().unwrap()[4]).unwrap();
    sandboxes[2].store().open(gettickets::Ticket { tid: "NEW-1".into(), ..Default::default() }).unwrap();
    let installs = sandboxes.iter().enumerate().map(|(index, sandbox)| {
        let client = if index == 0 { refused(sandbox) } else { client(sandbox) };
        Install::new(format!("install-{index}"), client)
    });
    let fleet = Fleet::new(installs).unwrap();
    let reports = mirror.run_all(&fleet, &options(Mode::Full), &mut |_| ()).unwrap();
    let [first, second, third] = &reports[..] else { panic!("{reports:?}") };
    let first = first.as_ref().unwrap();
    assert!(!first.complete && first.failure.is_some() && first.gone == 0, "{first:?}");
    assert_eq!(second.as_ref().unwrap().gone, 1);
    assert_eq!(third.as_ref().unwrap().new, 1);
    for (install, tickets) in [("install-0", 30), ("install-1", 49), ("install-2", 81)] {
        let sql = format!("SELECT count(*) FROM tickets WHERE install = '{install}' AND gone IS NULL");
        assert_eq!(count(&file, &sql), tickets, "{install}");
    }
    assert_eq!(count(&file, "SELECT count(*) FROM runs WHERE complete"), 5);
}

#[test]
fn an_install_that_is_stored_under_another_name_does_not_stop_the_others() {
    let setup = Setup::new(20);
    setup.run(Mode::Full);
    let other = Sandbox::builder().tickets(35).seed(3).start().unwrap();
    let fleet =
        Fleet::new([Install::new("renamed", client(&setup.sandbox)), Install::new("other", client(&other))])
            .unwrap();
    let mut mirror = Mirror::open(&setup.target()).unwrap();
    let reports = mirror.run_all(&fleet, &options(Mode::Full), &mut |_| ()).unwrap();
    assert_eq!(reports[0].as_ref().unwrap_err().kind(), MirrorErrorKind::Install);
    assert_eq!(reports[1].as_ref().unwrap().new, 35);
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM installs WHERE install = 'renamed'"), 0);
    assert_eq!(count(&setup.file(), "SELECT count(*) FROM tickets WHERE install = 'main'"), 20);
}

/// Calls a function, which may wait, before each request.
struct Gate {
    inner: Client,
    opened: Box<dyn Fn() + Send + Sync>,
}

impl Transport for Gate {
    fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        (self.opened)();
        let start =
            request.body.as_str().split('&').find_map(|pair| pair.strip_prefix("limitstart=")?.parse().ok());
        let page = GetTickets { limitstart: start, limitnum: Some(100), ..GetTickets::default() };
        let page = self.inner.get_tickets(&page).unwrap();
        Ok(http::Response::new(page.to_wire_json(gettickets::Version::V8_0).into_bytes()))
    }
}

/// An install whose requests are sent only after `opened` has returned.
fn gated(name: &str, sandbox: &Sandbox, opened: impl Fn() + Send + Sync + 'static) -> Install {
    let gate = Gate { inner: client(sandbox), opened: Box::new(opened) };
    let client = Client::builder(sandbox.url())
        .credentials(Credentials::api("i", "s"))
        .retries(RetryPolicy::none())
        .transport(gate)
        .build()
        .unwrap();
    Install::new(name, client)
}

#[test]
fn waiting_for_a_page_ends_after_the_given_time() {
    let sandboxes = sandboxes(&[5]);
    let (open, opened) = std::sync::mpsc::channel::<()>();
    let opened = Mutex::new(opened);
    let install = gated("slow", &sandboxes[0], move || {
        // The sender is dropped when the gate opens.
        let _ = opened.lock().unwrap().recv();
    });
    let mut scan = Fleet::new([install]).unwrap().scan(&GetTickets::default());
    assert!(!scan.wait_for(Duration::from_millis(20)), "the server has not replied");
    drop(open);
    assert!(scan.wait_for(Duration::from_secs(60)));
    assert_eq!(scan.next().unwrap().unwrap().tickets.len(), 5);
    while !scan.wait_for(Duration::from_secs(60)) {}
    assert!(scan.next().is_none());
    assert!(scan.wait_for(Duration::ZERO), "the end does not have to be waited for");
}

/// Waits until an install is stored.
fn wait_for(is_stored: &dyn Fn() -> bool) {
    let begin = std::time::Instant::now();
    while !is_stored() {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "the install was not stored while the other one was waiting"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Checks that one install is stored while the other waits for its server, and that no other run can start meanwhile.
pub(crate) fn check_a_slow_install_does_not_delay_the_others(
    target: &str,
    is_stored: impl Fn() -> bool + Send + Sync + 'static,
) {
    let sandboxes = sandboxes(&[1_200, 300]);
    let (second, other) = (target.to_owned(), client(&sandboxes[0]));
    let slow = gated("slow", &sandboxes[1], move || {
        wait_for(&is_stored);
        let mut mirror = Mirror::open(&second).unwrap();
        let error =
            mirror.run(&Install::new("fast", other.clone()), &options(Mode::Full), &mut |_| ()).unwrap_err();
        assert_eq!(error.kind(), MirrorErrorKind::Locked, "{error}");
    });
    let fleet = Fleet::new([Install::new("fast", client(&sandboxes[0])), slow]).unwrap();
    let mut mirror = Mirror::open(target).unwrap();
    let reports = mirror.run_all(&fleet, &options(Mode::Full), &mut |_| ()).unwrap();
    let new: Vec<(bool, u64)> = reports
        .iter()
        .map(|report| report.as_ref().unwrap())
        .map(|report| (report.complete, report.new))
        .collect();
    assert_eq!(new, [(true, 1_200), (true, 300)]);
    assert_eq!(
        mirror.run_all(&fleet_without_gate(&sandboxes), &options(Mode::Full), &mut |_| ()).unwrap().len(),
        2
    );
}

fn fleet_without_gate(sandboxes: &[Sandbox]) -> Fleet {
    Fleet::new([Install::new("fast", client(&sandboxes[0])), Install::new("slow", client(&sandboxes[1]))])
        .unwrap()
}

/// The file of a mirror, and a function that returns whether its install `fast` is stored.
fn file_and_check()
-> (tempfile::TempDir, std::path::PathBuf, impl Fn() -> bool + Clone + Send + Sync + 'static) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tickets.db");
    let path = file.clone();
    let is_stored =
        move || count(&path, "SELECT count(*) FROM runs WHERE install = 'fast' AND complete") == 1;
    (folder, file, is_stored)
}

#[test]
fn a_slow_install_does_not_delay_the_others() {
    let (_folder, file, is_stored) = file_and_check();
    check_a_slow_install_does_not_delay_the_others(file.to_str().unwrap(), is_stored);
    assert_eq!(count(&file, "SELECT count(*) FROM tickets"), 1_500);
    assert_eq!(count(&file, "SELECT count(*) FROM changes"), 0);
}

#[test]
fn a_canceled_run_keeps_the_installs_that_were_stored() {
    let sandboxes = sandboxes(&[50, 300]);
    let (_folder, file, is_stored) = file_and_check();
    let options = options(Mode::Full);
    let cancellation = options.cancellation.clone();
    let slow = gated("slow", &sandboxes[1], move || {
        wait_for(&is_stored);
        cancellation.cancel();
    });
    let fleet = Fleet::new([Install::new("fast", client(&sandboxes[0])), slow]).unwrap();
    let mut mirror = Mirror::open(file.to_str().unwrap()).unwrap();
    let error = mirror.run_all(&fleet, &options, &mut |_| ()).unwrap_err();
    assert_eq!(error.kind(), MirrorErrorKind::Cancelled);
    assert!(error.to_string().ends_with("; 1 install of the run was already stored"), "{error}");
    assert_eq!(count(&file, "SELECT count(*) FROM tickets"), 50);
    assert_eq!(count(&file, "SELECT count(*) FROM installs"), 1);
    assert_eq!(count(&file, "SELECT count(*) FROM runs"), 1);
}

#[test]
fn a_run_that_panics_keeps_the_installs_that_were_stored() {
    let sandboxes = sandboxes(&[50, 2_500]);
    let (_folder, file, is_stored) = file_and_check();
    let slow = gated("slow", &sandboxes[1], move || wait_for(&is_stored));
    let fleet = Fleet::new([Install::new("fast", client(&sandboxes[0])), slow]).unwrap();
    let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut mirror = Mirror::open(file.to_str().unwrap()).unwrap();
        mirror.run_all(&fleet, &options(Mode::Full), &mut |progress| {
            assert!(progress.install != "slow" || progress.tickets < 2_000, "the program ends here");
        })
    }));
    assert!(broken.is_err());
    assert_eq!(count(&file, "SELECT count(*) FROM tickets"), 50);
    let mut mirror = Mirror::open(file.to_str().unwrap()).unwrap();
    let reports = mirror.run_all(&fleet_without_gate(&sandboxes), &options(Mode::Full), &mut |_| ()).unwrap();
    let new: Vec<u64> = reports.iter().map(|report| report.as_ref().unwrap().new).collect();
    assert_eq!(new, [0, 2_500]);
}
