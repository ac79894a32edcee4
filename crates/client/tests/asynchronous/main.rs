//! The asynchronous client against servers that misbehave, with the same checks as for the blocking client.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed unwrap is the failure report, in what the tests share as well"
)]

mod scan;

#[path = "../it/server.rs"]
#[allow(dead_code, reason = "shared with the tests of the blocking client")]
mod server;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use gettickets::scan::FetchContext;
use gettickets::transport::{TimeoutPhase, TransportErrorKind};
use gettickets::{AsyncClient, Cancellation, ConfigError, Error, ErrorKind, GetTickets, RetryPolicy};
use gettickets_sandbox::Sandbox;

use crate::server::{Answer, EMPTY, Server, builder, json, raw, reply};

const LONG: Duration = Duration::from_secs(60);

fn client(server: &Server) -> AsyncClient {
    server.client().no_retries().build_async().unwrap()
}

async fn failure(answer: Answer) -> Error {
    let server = Server::start(vec![answer]);
    client(&server).get_tickets(&GetTickets::default()).await.unwrap_err()
}

fn kind(error: &Error) -> TransportErrorKind {
    match error.kind() {
        ErrorKind::Transport(error) => error.kind().clone(),
        other => panic!("{other:?}"),
    }
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// An answer that sends these bytes, reports that it did, and then reports when the client closes the connection.
fn hanging(begin: &'static str) -> (Answer, Receiver<&'static str>) {
    let (sender, receiver) = channel();
    let answer: Answer = Box::new(move |stream| {
        stream.write_all(begin.as_bytes()).unwrap();
        sender.send("waiting").unwrap();
        while matches!(stream.read(&mut [0; 64]), Ok(1..)) {}
        sender.send("closed").unwrap();
    });
    (answer, receiver)
}

/// Waits for an event without blocking the runtime.
async fn event(events: &Arc<std::sync::Mutex<Receiver<&'static str>>>) -> &'static str {
    let events = Arc::clone(events);
    tokio::task::spawn_blocking(move || events.lock().unwrap().recv_timeout(LONG).unwrap()).await.unwrap()
}

#[test]
fn futures_and_clients_can_be_sent_between_threads() {
    fn sendable<T: Send>(_: &T) {}
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<AsyncClient>();
    let client = builder("https://billing.example.com").build_async().unwrap();
    let request = GetTickets::default();
    sendable(&client.get_tickets(&request));
}

#[tokio::test]
async fn it_returns_the_pages_that_the_blocking_client_returns() {
    let sandbox = Sandbox::start().unwrap();
    let settings = || {
        gettickets::Client::builder(sandbox.url())
            .credentials(gettickets::Credentials::api(sandbox.identifier(), sandbox.secret()))
    };
    let request =
        GetTickets { ignore_dept_assignments: Some(true), limitnum: Some(7), ..GetTickets::default() };
    let page = settings().build_async().unwrap().get_tickets(&request).await.unwrap();
    let blocking = tokio::task::spawn_blocking({
        let client = settings().build().unwrap();
        move || client.get_tickets(&request).unwrap()
    });
    assert_eq!(page.len(), 7);
    assert_eq!(page, blocking.await.unwrap());
}

#[tokio::test]
async fn a_request_is_one_form_and_its_reply_may_be_compressed() {
    let server = Server::start(vec![reply("200 OK", "content-encoding: gzip\r\n", gzip(EMPTY.as_bytes()))]);
    assert!(client(&server).get_tickets(&GetTickets::default()).await.unwrap().is_empty());
    let sent = server.requests().remove(0);
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /includes/api.php http/1.1"), "{head}");
    for line in [
        format!("content-length: {}", body.len()),
        "content-type: application/x-www-form-urlencoded".into(),
        "accept-encoding: gzip".into(),
        format!("user-agent: gettickets/{}", env!("CARGO_PKG_VERSION")),
    ] {
        assert_eq!(head.lines().filter(|other| **other == line).count(), 1, "{line}: {head}");
    }
    assert_eq!(body, "action=GetTickets&identifier=my-identifier&secret=my-secret&responsetype=json");
}

#[tokio::test]
async fn each_way_to_break_a_response_has_the_kind_of_the_blocking_client() {
    for (what, answer, expected) in [
        ("closed at once", raw(""), TransportErrorKind::Interrupted),
        ("closed in the headers", raw("HTTP/1.1 200 OK\r\ncontent-le"), TransportErrorKind::Interrupted),
        (
            "cut body",
            raw("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"result\":"),
            TransportErrorKind::Truncated,
        ),
        (
            "cut between chunks",
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{\"result\"\r\n"),
            TransportErrorKind::Truncated,
        ),
        (
            "bad gzip",
            reply("200 OK", "content-encoding: gzip\r\n", "this is not gzip, although the header says so"),
            TransportErrorKind::Protocol,
        ),
        ("no http", raw("SSH-2.0-OpenSSH_9.2\r\n\r\n"), TransportErrorKind::Protocol),
    ] {
        let error = failure(answer).await;
        assert_eq!(kind(&error), expected, "{what}: {error}");
        assert!(error.hint().is_some() && error.may_have_been_sent(), "{what}: {error}");
    }
}

#[tokio::test]
async fn sizes_are_bounded() {
    let bomb = gzip(&vec![b' '; 20 << 20]);
    for (body, limit) in [(bomb.clone(), 1 << 20), (bomb, 64 << 20)] {
        let server = Server::start(vec![reply("200 OK", "content-encoding: gzip\r\n", body)]);
        let client = server.client().max_response_len(limit).build_async().unwrap();
        let error = client.get_tickets(&GetTickets::default()).await.unwrap_err();
        let code = if limit == 1 << 20 { "too-large" } else { "compression-ratio" };
        assert_eq!((error.code(), error.attempts()), (code, 1), "{error}");
    }
}

#[tokio::test]
async fn a_slow_server_is_cut_off_and_the_error_says_at_what() {
    let (silent, _events) = hanging("");
    let (dripping, _more) = hanging("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{");
    for (answer, phase) in [(silent, TimeoutPhase::Response), (dripping, TimeoutPhase::Body)] {
        let server = Server::start(vec![answer]);
        let client = server.client().timeout(Duration::from_millis(200)).no_retries().build_async().unwrap();
        let error = client.get_tickets(&GetTickets::default()).await.unwrap_err();
        assert_eq!(kind(&error), TransportErrorKind::Timeout(phase), "{error}");
    }
}

#[tokio::test]
async fn an_unreachable_server_received_nothing() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (address, expected) in [
        (format!("http://{address}"), TransportErrorKind::Connect),
        ("https://nowhere.invalid".to_owned(), TransportErrorKind::Dns),
    ] {
        let client = builder(&address).proxy(None).no_retries().build_async().unwrap();
        let error = client.get_tickets(&GetTickets::default()).await.unwrap_err();
        assert_eq!(kind(&error), expected, "{error}");
        assert!(!error.may_have_been_sent() && error.is_retryable(), "{error}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["http", "socks5h"] {
        let proxy = format!("{scheme}://user:hunter2@{dead}");
        let client = builder("https://billing.example.com").proxy(Some(&proxy)).no_retries();
        let error = client.build_async().unwrap().get_tickets(&GetTickets::default()).await.unwrap_err();
        assert_eq!(kind(&error), TransportErrorKind::Proxy, "{error}");
        assert!(error.to_string().contains(&format!("the proxy {scheme}://{dead}")), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2") && !error.may_have_been_sent(), "{error}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = Server::start(vec![
        reply("302 Found", "location: https://elsewhere.example/x?secret=1\r\n", ""),
        json(EMPTY),
    ]);
    let error = server.client().build_async().unwrap().get_tickets(&GetTickets::default()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Redirect { .. }), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn failures_are_retried_and_waits_are_reported() {
    let server = Server::start(vec![reply("503 Service Unavailable", "", ""), json(EMPTY)]);
    let policy = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
    let client = server.client().retries(policy).build_async().unwrap();
    let (sender, waits) = channel();
    let mut context = FetchContext::default();
    context.on_wait = Some(Arc::new(move |wait| sender.send(wait).unwrap()));
    let fetched = client.fetch(&GetTickets::default(), &context).await.unwrap();
    assert_eq!((fetched.requests, waits.try_iter().count()), (2, 1));
}

#[tokio::test]
async fn a_scan_counts_retries_and_waits() {
    let retried = reply("503 Service Unavailable", "", "");
    let server = Server::start(vec![retried, json(EMPTY), json(EMPTY), json(EMPTY), json(EMPTY)]);
    let policy = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
    let client = server.client().retries(policy).build_async().unwrap();
    let mut scan = client.scan(GetTickets::default());
    assert!(scan.next().await.is_none());
    let report = scan.report();
    assert_eq!((report.retries, report.waits), (1, 1), "{report:?}");
    assert_eq!(report.requests, server.requests().len() as u64);
}

#[tokio::test]
async fn a_scan_that_is_dropped_closes_its_connection() {
    let (answer, events) = hanging("");
    let events = Arc::new(std::sync::Mutex::new(events));
    let server = Server::start(vec![answer, json(EMPTY)]);
    let mut scan = client(&server).scan(GetTickets::default());
    let (status, cancellation) = (scan.status(), scan.cancellation());
    tokio::select! {
        _ = scan.next() => unreachable!("there is no reply"),
        begun = event(&events) => assert_eq!(begun, "waiting"),
    }
    drop(scan);
    assert!(status.is_closed() && cancellation.is_cancelled());
    assert_eq!(event(&events).await, "closed");
}

#[tokio::test]
async fn dropping_a_future_closes_the_connection() {
    for begin in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let (answer, events) = hanging(begin);
        let events = Arc::new(std::sync::Mutex::new(events));
        let server = Server::start(vec![answer, json(EMPTY)]);
        let client = client(&server);
        let call = tokio::spawn(async move { client.get_tickets(&GetTickets::default()).await });
        assert_eq!(event(&events).await, "waiting");
        call.abort();
        assert_eq!(event(&events).await, "closed");
        assert!(call.await.unwrap_err().is_cancelled());
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_cancellation_ends_requests_and_waits() {
    let (answer, events) = hanging("");
    let events = Arc::new(std::sync::Mutex::new(events));
    let server = Server::start(vec![answer, json(EMPTY)]);
    let (client, cancellation) = (client(&server), Cancellation::new());
    let context = FetchContext::new(cancellation.clone());
    let call = tokio::spawn(async move { client.fetch(&GetTickets::default(), &context).await });
    assert_eq!(event(&events).await, "waiting");
    cancellation.cancel();
    assert_eq!(event(&events).await, "closed");
    let error = call.await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.attempts()), ("cancelled", 1));

    let server =
        Server::start(vec![reply("503 Service Unavailable", "retry-after: 10\r\n", ""), json(EMPTY)]);
    let cancellation = Cancellation::new();
    let mut context = FetchContext::new(cancellation.clone());
    context.on_wait = Some(Arc::new(move |_| cancellation.cancel()));
    let client = server.client().build_async().unwrap();
    let error = client.fetch(&GetTickets::default(), &context).await.unwrap_err();
    assert_eq!((error.code(), server.requests().len()), ("cancelled", 1));
}

#[tokio::test]
async fn many_calls_run_at_once_on_one_thread() {
    let sandbox = Sandbox::builder().tickets(20).start().unwrap();
    let client = gettickets::Client::builder(sandbox.url())
        .credentials(gettickets::Credentials::api(sandbox.identifier(), sandbox.secret()))
        .build_async()
        .unwrap();
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let request = GetTickets { ignore_dept_assignments: Some(true), ..GetTickets::default() };
                client.get_tickets(&request).await.unwrap().len()
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 20);
    }
}

#[tokio::test]
async fn the_local_api_is_a_backend_too() {
    let folder = tempfile::TempDir::new().unwrap();
    let init = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/install/init.php");
    std::fs::copy(init, folder.path().join("init.php")).unwrap();
    std::fs::write(folder.path().join("behavior"), "").unwrap();
    let client = gettickets::Client::local(folder.path()).build_async().unwrap();
    assert_eq!(client.get_tickets(&GetTickets::default()).await.unwrap().len(), 1);
    let cancellation = Cancellation::new();
    let context = FetchContext::new(cancellation.clone());
    let slow = GetTickets { subject: Some("slow".into()), ..GetTickets::default() };
    let call = tokio::spawn(async move { client.fetch(&slow, &context).await });
    while !folder.path().join("started").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    cancellation.cancel();
    assert_eq!(call.await.unwrap().unwrap_err().code(), "cancelled");
}

/// Whether a process runs in this folder.
#[cfg(target_os = "linux")]
fn is_in_use(folder: &std::path::Path) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|entry| std::fs::read_link(entry.path().join("cwd")).ok()).any(|path| path == folder)
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn dropping_a_future_ends_php() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().canonicalize().unwrap();
    let init = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/install/init.php");
    std::fs::copy(init, path.join("init.php")).unwrap();
    std::fs::write(path.join("behavior"), "").unwrap();
    let client = gettickets::Client::local(&path).timeout(LONG * 3).build_async().unwrap();
    let slow = GetTickets { subject: Some("slow".into()), ..GetTickets::default() };
    let call = tokio::spawn(async move { client.get_tickets(&slow).await });
    while !path.join("started").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(is_in_use(&path));
    call.abort();
    let began = std::time::Instant::now();
    while is_in_use(&path) {
        assert!(began.elapsed() < LONG, "PHP still runs");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(call.await.unwrap_err().is_cancelled());
}

#[test]
fn a_transport_of_ones_own_is_for_the_blocking_client() {
    struct Never;
    impl gettickets::transport::Transport for Never {
        fn send(
            &self,
            _: &gettickets::transport::TransportRequest,
        ) -> Result<gettickets::transport::TransportResponse, gettickets::transport::TransportError> {
            unreachable!()
        }
    }
    let error = builder("https://billing.example.com").transport(Never).build_async().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Config(ConfigError::BlockingTransport)), "{error}");
}

#[test]
#[cfg(unix)]
fn a_client_that_is_built_without_free_descriptors_names_them() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // In a process of its own, as the limit holds for all threads.
    if std::env::var_os("TASK_OF_A_TEST").is_none() {
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "a_client_that_is_built_without_free_descriptors_names_them"]);
        let output = again.env("TASK_OF_A_TEST", "child").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(3), ..limit }).unwrap();
    let built = builder("https://billing.example.com").proxy(None).build_async();
    setrlimit(Resource::Nofile, limit).unwrap();
    let error = built.unwrap_err();
    let ErrorKind::Config(ConfigError::LocalResources { problem }) = error.kind() else {
        panic!("{error:?}")
    };
    assert_eq!(problem, "Too many open files");
    assert!(error.hint().unwrap().contains("ulimit -n"), "{error}");
}

#[test]
fn a_local_client_shows_the_path_of_its_install() {
    let folder = tempfile::TempDir::new().unwrap();
    let client = gettickets::Client::local(folder.path()).build_async().unwrap();
    let path = folder.path().display().to_string();
    assert!(format!("{client:?}").contains(&path), "{client:?}");
    assert_eq!(client.endpoint(), path);
}
