//! The asynchronous scan over HTTP: it yields the same tickets as the blocking scan, and sends nothing after it is
//! stopped.

use std::collections::HashSet;
use std::time::Duration;

use gettickets::{AsyncClient, Client, ClientBuilder, Credentials, ErrorKind, GetTickets};
use gettickets_sandbox::Sandbox;

fn builder(sandbox: &Sandbox) -> ClientBuilder {
    Client::builder(sandbox.url()).credentials(Credentials::api(sandbox.identifier(), sandbox.secret()))
}

fn client(sandbox: &Sandbox) -> AsyncClient {
    builder(sandbox).build_async().unwrap()
}

fn request(limit: u64) -> GetTickets {
    GetTickets { limitnum: Some(limit), ignore_dept_assignments: Some(true), ..GetTickets::default() }
}

#[tokio::test]
async fn it_yields_what_the_blocking_scan_yields_and_in_the_same_order() {
    let sandbox = Sandbox::start().unwrap();
    let blocking: Vec<_> = {
        let client = builder(&sandbox).build().unwrap();
        let scan = move || client.scan(request(100)).map(|ticket| ticket.unwrap().id()).collect();
        tokio::task::spawn_blocking(scan).await.unwrap()
    };
    let mut scan = client(&sandbox).scan(request(100));
    let mut ids = Vec::new();
    while let Some(ticket) = scan.next().await {
        ids.push(ticket.unwrap().id());
    }
    assert_eq!((ids.len(), &ids), (1_000, &blocking));
    assert!(scan.next().await.is_none() && scan.failure().is_none());
    let report = scan.report();
    assert_eq!((report.tickets, report.total), (1_000, Some(1_000)));
    assert!(report.concurrency > 1, "{report:?}");
    assert!(report.requests <= 16, "{report:?}");
}

#[tokio::test]
async fn a_cursor_passes_between_both_kinds_of_scan() {
    let sandbox = Sandbox::start().unwrap();
    let mut scan = client(&sandbox).scan(request(70));
    let mut ids = HashSet::new();
    for _ in 0..333 {
        assert!(ids.insert(scan.next().await.unwrap().unwrap().id()));
    }
    let page = scan.next_page().await.unwrap().unwrap();
    ids.extend(page.iter().map(|ticket| ticket.id()));
    let cursor = scan.cursor();
    assert_eq!(cursor.tickets(), ids.len() as u64);
    drop(scan);
    let rest = {
        let client = builder(&sandbox).build().unwrap();
        let scan = move || -> Vec<u64> {
            client.scan(request(200)).resume(&cursor).unwrap().map(|ticket| ticket.unwrap().id()).collect()
        };
        tokio::task::spawn_blocking(scan).await.unwrap()
    };
    assert!(rest.iter().all(|id| ids.insert(*id)), "yielded twice");
    assert_eq!(ids.len(), 1_000);
}

#[tokio::test]
async fn a_closed_scan_is_at_its_end_and_a_cancelled_one_ends_in_an_error() {
    let sandbox = Sandbox::start().unwrap();
    let mut scan = client(&sandbox).scan(request(50));
    assert!(scan.next().await.is_some());
    let status = scan.status();
    scan.close();
    assert!(scan.next().await.is_none() && scan.next_page().await.is_none());
    drop(scan);
    assert!(status.is_closed());
    assert_eq!((status.yielded(), status.cursor().tickets(), status.total()), (1, 1, Some(1_000)));
    let mut scan = client(&sandbox).scan(request(50));
    scan.cancellation().cancel();
    let error = scan.next().await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error}");
    assert!(scan.next().await.is_none());
    assert_eq!(scan.report().requests, 0, "nothing was sent");
}

#[tokio::test]
async fn a_future_that_is_dropped_loses_no_ticket() {
    let sandbox = Sandbox::start().unwrap();
    let mut scan = client(&sandbox).scan(request(40));
    let mut ids = HashSet::new();
    loop {
        match tokio::time::timeout(Duration::from_micros(200), scan.next()).await {
            Err(_) => {}
            Ok(Some(ticket)) => assert!(ids.insert(ticket.unwrap().id())),
            Ok(None) => break,
        }
    }
    assert_eq!(ids.len(), 1_000);
}

#[tokio::test]
async fn a_page_can_be_looked_at_before_it_is_taken() {
    let sandbox = Sandbox::builder().tickets(70).start().unwrap();
    let mut scan = client(&sandbox).scan(request(40));
    assert!(scan.peek_page().is_none() && scan.total().is_none(), "nothing was requested");
    let mut ids = Vec::new();
    while let Some(ready) = std::future::poll_fn(|context| scan.poll_ready(context)).await {
        ready.unwrap();
        assert_eq!(scan.total(), Some(70));
        let page = scan.peek_page().unwrap();
        assert_eq!(scan.yielded(), ids.len() as u64, "it is not taken");
        ids.extend(page.iter().map(|ticket| ticket.id()));
        match scan.yielded() {
            0 => scan.commit_page(),
            _ => (0..page.len()).for_each(|_| scan.commit()),
        }
        assert_eq!(scan.yielded(), ids.len() as u64);
    }
    assert_eq!(ids.len(), 70);
    assert!(scan.peek_page().is_none());

    let mut scan = client(&sandbox).scan(request(40));
    scan.cancellation().cancel();
    let error = std::future::poll_fn(|context| scan.poll_ready(context)).await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Cancelled), "{error}");
    assert!(std::future::poll_fn(|context| scan.poll_ready(context)).await.is_none(), "it is returned once");
    assert!(matches!(scan.failure().unwrap().kind(), ErrorKind::Cancelled));
}

#[test]
fn outside_of_a_runtime_it_says_so() {
    use std::task::{Context, Poll, Waker};
    let sandbox = Sandbox::start().unwrap();
    let mut scan = client(&sandbox).scan(request(40));
    let mut context = Context::from_waker(Waker::noop());
    let next = std::pin::pin!(scan.next()).poll(&mut context);
    match next {
        Poll::Ready(Some(Err(error))) => assert!(error.to_string().contains("tokio runtime"), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_scan_is_a_stream() {
    use futures_core::Stream;
    let sandbox = Sandbox::builder().tickets(70).start().unwrap();
    let mut stream = std::pin::pin!(client(&sandbox).scan(request(40)));
    let mut ids = HashSet::new();
    while let Some(ticket) = std::future::poll_fn(|context| stream.as_mut().poll_next(context)).await {
        assert!(ids.insert(ticket.unwrap().id()));
    }
    assert_eq!(ids.len(), 70);
}

#[tokio::test]
async fn settings_have_an_effect_until_the_scan_begins() {
    let sandbox = Sandbox::start().unwrap();
    let mut scan = client(&sandbox).scan(request(100)).max_tickets(150);
    let mut yielded = 0;
    let error = loop {
        match scan.next().await.unwrap() {
            Ok(_) => yielded += 1,
            Err(error) => break error,
        }
    };
    assert!(yielded <= 150 && error.code() == "scan-incomplete", "{yielded}: {error}");

    let mut scan = client(&sandbox).scan(request(100));
    let first = scan.next().await.unwrap().unwrap().id();
    let mut scan = scan.max_tickets(150);
    let mut ids = HashSet::from([first]);
    while let Some(ticket) = scan.next().await {
        assert!(ids.insert(ticket.unwrap().id()));
    }
    assert_eq!(ids.len(), 1_000);
}

/// A runtime on this thread. Its tasks run while something is awaited in it.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_scan_whose_runtime_has_ended_is_incomplete() {
    let sandbox = Sandbox::start().unwrap();
    let mut scan = client(&sandbox).scan(request(40));
    // The first poll starts a task, which the end of the runtime aborts.
    let first = runtime();
    first.block_on(std::future::poll_fn(|context| {
        assert!(scan.poll_ready(context).is_pending());
        std::task::Poll::Ready(())
    }));
    drop(first);
    let error = runtime().block_on(scan.next()).unwrap().unwrap_err();
    assert_eq!(error.code(), "scan-incomplete");
    assert!(error.to_string().contains("a task that read a page ended early"), "{error}");
    assert!(runtime().block_on(scan.next()).is_none());
}

#[tokio::test]
async fn debug_shows_the_progress_of_a_scan() {
    let sandbox = Sandbox::builder().tickets(70).start().unwrap();
    let mut scan = client(&sandbox).scan(request(100));
    while let Some(ticket) = scan.next().await {
        ticket.unwrap();
    }
    let shown = format!("{scan:?}");
    assert!(
        shown.starts_with("AsyncScan { report: ScanReport {") && shown.contains("tickets: 70"),
        "{shown}"
    );
}
