//! A server on loopback that answers each connection with given bytes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use gettickets::{Cancellation, Client, ClientBuilder, Clock, Credentials};

pub(crate) const EMPTY: &str =
    r#"{"result":"success","totalresults":"0","startnumber":0,"numreturned":0,"tickets":{"ticket":[]}}"#;

/// What a connection gets after its request was read. Then it is closed.
pub(crate) type Answer = Box<dyn FnOnce(&mut TcpStream) + Send>;

/// The server; it ends with the test.
pub(crate) struct Server {
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers one connection after the other. After the last answer, connections are refused.
    pub(crate) fn start(answers: Vec<Answer>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                seen.lock().unwrap().push(read_request(&mut stream));
                answer(&mut stream);
            }
        });
        Server { address, requests }
    }

    /// The requests so far, head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn client(&self) -> ClientBuilder {
        builder(&self.address)
    }
}

pub(crate) fn builder(address: &str) -> ClientBuilder {
    Client::builder(address)
        .credentials(Credentials::api("my-identifier", "my-secret"))
        .timeout(Duration::from_secs(20))
        .clock(FakeClock::default())
}

pub(crate) fn read_request(stream: &mut impl Read) -> String {
    let mut request = Vec::new();
    let mut byte = [0; 1];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return String::from_utf8_lossy(&request).into_owned();
        }
        request.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    let mut body = vec![0; length.trim().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    request.extend_from_slice(&body);
    String::from_utf8(request).unwrap()
}

/// Sends these bytes and closes the connection.
pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Answer {
    let bytes = bytes.into();
    // The client may close the connection first.
    Box::new(move |stream| drop(stream.write_all(&bytes)))
}

/// A complete response.
pub(crate) fn reply(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Answer {
    let body = body.as_ref();
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    raw([head.as_bytes(), body].concat())
}

/// A response without tickets, after which the connection may be used again.
pub(crate) fn kept_alive() -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{EMPTY}", EMPTY.len())
}

pub(crate) fn json(body: &str) -> Answer {
    reply("200 OK", "content-type: application/json\r\n", body)
}

/// A clock whose sleeps take no time but are counted, and whose jitter is always the full wait.
#[derive(Clone, Default)]
pub(crate) struct FakeClock {
    pub(crate) slept: Arc<Mutex<Vec<Duration>>>,
    /// How much every reading advances the clock.
    pub(crate) tick: Duration,
    looks: Arc<Mutex<u32>>,
    start: Arc<Mutex<Option<Instant>>>,
}

impl FakeClock {
    pub(crate) fn ticking(tick: Duration) -> FakeClock {
        FakeClock { tick, ..FakeClock::default() }
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Instant {
        let start = *self.start.lock().unwrap().get_or_insert_with(Instant::now);
        let mut looks = self.looks.lock().unwrap();
        *looks += 1;
        start + self.slept.lock().unwrap().iter().sum::<Duration>() + self.tick * *looks
    }

    fn time_of_day(&self) -> SystemTime {
        // Tue, 24 Nov 2026 13:00:00 GMT
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_525_200)
    }

    fn sleep(&self, duration: Duration, _: &Cancellation) {
        self.slept.lock().unwrap().push(duration);
    }

    fn random(&self) -> f64 {
        1.0
    }
}
