//! The same histories over HTTP: through the blocking client, and through the asynchronous one.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
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
    fn check(&self, seed: u64, yielded: &[u64], error: Option<&Error>) {
        let world = self.world.lock().unwrap();
        let ids: HashSet<u64> = yielded.iter().copied().collect();
        assert_eq!(ids.len(), yielded.len(), "seed {seed}: yielded twice");
        assert!(ids.is_subset(&world.ever), "seed {seed}: never matched");
        match error {
            None => assert!(world.required.is_subset(&ids), "seed {seed}: lost in silence"),
            Some(error) => {
                assert!(matches!(error.kind(), ErrorKind::ScanIncomplete(_)), "seed {seed}: {error}");
            }
        }
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

fn request(history: &History) -> GetTickets {
    GetTickets { limitnum: Some(history.limit), ..GetTickets::default() }
}

/// Scans every history with a client that `$build` makes; `$next` takes the next ticket of `$scan`.
macro_rules! scan_histories {
    ($how:literal, $build:ident, $scan:ident => $next:expr) => {{
        let mut complete = 0;
        for history in histories() {
            let world = history.world();
            let since = (world.since > 0).then(|| time(world.since));
            let server = Server::start(world);
            let client = server.client().$build().unwrap();
            let mut $scan = client
                .scan(request(&history))
                .concurrency(history.concurrency)
                .skip_unreadable(history.skip_unreadable);
            if let Some(since) = since {
                $scan = $scan.updated_since(since);
            }
            let (mut yielded, mut error) = (Vec::new(), None);
            while let Some(ticket) = $next {
                match ticket {
                    Ok(ticket) => yielded.push(ticket.id()),
                    Err(failure) => error = Some(failure),
                }
            }
            complete += u32::from(error.is_none());
            server.check(history.seed, &yielded, error.as_ref());
        }
        println!("over HTTP, {}: {complete} of {HISTORIES} complete", $how);
        assert!(complete > 30, "{complete}");
    }};
}

#[test]
fn blocking_scans_lose_no_ticket_silently() {
    scan_histories!("blocking", build, scan => scan.next());
}

#[cfg(feature = "async")]
#[tokio::test]
async fn asynchronous_scans_lose_no_ticket_silently() {
    scan_histories!("asynchronous", build_async, scan => scan.next().await);
}
