//! The same histories over HTTP: through the blocking client, and through the asynchronous one.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use gettickets::{Client, ClientBuilder, Credentials, Error, ErrorKind, GetTickets, RetryPolicy};

use crate::blocking::spell;
use crate::drive::REFUSAL;
use crate::history::{History, time};
use crate::world::{Reply, World};

const HISTORIES: usize = 150;

/// A server whose list is a [`World`].
struct Server {
    world: Arc<Mutex<World>>,
    url: String,
}

impl Server {
    fn start(world: World) -> Server {
        let world = Arc::new(Mutex::new(world));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let served = Arc::clone(&world);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let world = Arc::clone(&served);
                thread::spawn(move || serve(&connection.unwrap(), &world));
            }
        });
        Server { world, url }
    }

    fn client(&self) -> ClientBuilder {
        let retries = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
        Client::builder(&self.url).credentials(Credentials::api("i", "s")).retries(retries)
    }

    /// Checks what a scan yielded and how it ended.
    fn check(&self, seed: u64, yielded: &[u64], error: Option<&str>) {
        let world = self.world.lock().unwrap();
        let ids: HashSet<u64> = yielded.iter().copied().collect();
        assert_eq!(ids.len(), yielded.len(), "seed {seed}: yielded twice");
        assert!(ids.is_subset(&world.ever), "seed {seed}: never matched");
        match error {
            None => {
                let keeps_promise = world.required.is_subset(&ids) || world.broken_assumption(&[]).is_some();
                assert!(keeps_promise, "seed {seed}: lost in silence");
            }
            Some(error) => assert_eq!(error, "scan-incomplete", "seed {seed}"),
        }
    }
}

/// The class of an error, as the C interface names it.
fn class(error: &Error) -> &str {
    match error.kind() {
        ErrorKind::ScanIncomplete(_) => "scan-incomplete",
        _ => "another error",
    }
}

/// Serves the requests of one connection until it is closed.
fn serve(connection: &TcpStream, world: &Mutex<World>) -> Option<()> {
    let mut reader = BufReader::new(connection);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let form = String::from_utf8(body).ok()?;
        let parameter = |name: &str| {
            form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok())
        };
        let reply = world
            .lock()
            .unwrap()
            .serve(parameter("limitstart").unwrap_or(0), parameter("limitnum").unwrap_or(25));
        let (status, body) = match reply {
            Reply::Rows(rows, total) => ("200 OK", spell(&rows, total)),
            Reply::Unreadable => ("200 OK", format!(r#"{{"result":"error","message":"{REFUSAL}"}}"#)),
            Reply::TooLarge => (
                "500 Internal Server Error",
                "Fatal error: Allowed memory size of 134217728 bytes exhausted".to_owned(),
            ),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut writer = connection;
        writer.write_all([head, body].concat().as_bytes()).ok()?;
    }
}

/// Histories that meet the assumptions.
fn histories() -> impl Iterator<Item = History> {
    (1..).map(History::draw).filter(History::is_within_assumptions).take(HISTORIES)
}

/// Scans every history with a client that `$build` makes; `$next` takes the next ticket of `$scan`.
macro_rules! scan_histories {
    ($how:literal, $build:ident, $scan:ident => $next:expr) => {{
        let (mut complete, mut resumed) = (0, 0);
        for history in histories() {
            let world = history.world();
            let since = (world.since > 0).then(|| time(world.since));
            let server = Server::start(world);
            let client = server.client().$build().unwrap();
            let begin = |limit, concurrency| {
                let request = GetTickets { limitnum: Some(limit), ..GetTickets::default() };
                let scan = client.scan(request).concurrency(concurrency);
                let scan = scan.skip_unreadable(history.skip_unreadable);
                match since {
                    Some(since) => scan.updated_since(since),
                    None => scan,
                }
            };
            let mut $scan = begin(history.limit, history.concurrency);
            let mut breaks = history.breaks.iter();
            let (mut yielded, mut error) = (Vec::new(), None);
            let (mut stop, mut from) = (breaks.next(), 0);
            while let Some(ticket) = $next {
                match ticket {
                    Ok(ticket) => yielded.push(ticket.id()),
                    Err(failure) => error = Some(failure),
                }
                // Dropped with requests in flight, and continued by another scan.
                if let Some((after, limit, concurrency)) = stop
                    && yielded.len() >= from + *after
                    && error.is_none()
                {
                    let cursor = $scan.cursor().to_string().parse().unwrap();
                    $scan = begin(*limit, *concurrency).resume(&cursor).unwrap();
                    (stop, from) = (breaks.next(), yielded.len());
                    resumed += 1;
                }
            }
            complete += u32::from(error.is_none());
            server.check(history.seed, &yielded, error.as_ref().map(class));
        }
        println!("over HTTP, {}: {complete} of {HISTORIES} complete, {resumed} times resumed", $how);
        assert!(complete > 30 && resumed > 10, "{complete}, {resumed}");
    }};
}

#[test]
fn blocking_scans_lose_no_ticket_silently() {
    scan_histories!("blocking", build, scan => scan.next());
}

/// Scans by a program in another language, which `SCAN_PROGRAM` names. For each line of its input (the address, the most
/// tickets per request, the most requests in flight, the earliest reply, and whether to skip unreadable tickets) it writes a
/// line: the ids that it got, and `end` or the class of the error.
#[test]
#[ignore = "cargo xtask test runs it with a program in C"]
fn scans_of_another_program_lose_nothing_in_silence() {
    let mut program = Command::new(std::env::var_os("SCAN_PROGRAM").expect("SCAN_PROGRAM names a program"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = program.stdin.take().unwrap();
    let mut output = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut complete = 0;
    for history in histories() {
        let world = history.world();
        let since = match world.since {
            0 => "- -".to_owned(),
            since => time(since).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        };
        let server = Server::start(world);
        let (limit, concurrency) = (history.limit, history.concurrency);
        let skip = i32::from(history.skip_unreadable);
        writeln!(input, "{} {limit} {concurrency} {since} {skip}", server.url).unwrap();
        let line = output.next().expect("the program ended early").unwrap();
        let (ids, result) = line.rsplit_once(' ').unwrap_or(("", &line));
        let yielded: Vec<u64> = ids.split_whitespace().map(|id| id.parse().unwrap()).collect();
        complete += u32::from(result == "end");
        server.check(history.seed, &yielded, (result != "end").then_some(result));
    }
    drop(input);
    assert!(program.wait().unwrap().success());
    println!("over HTTP, another program: {complete} of {HISTORIES} complete");
    assert!(complete > 30, "{complete}");
}

#[cfg(feature = "async")]
#[tokio::test]
async fn asynchronous_scans_lose_no_ticket_silently() {
    scan_histories!("asynchronous", build_async, scan => scan.next().await);
}
