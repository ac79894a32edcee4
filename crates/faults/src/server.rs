//! [`Server`]: serves every fault on loopback, each on a port of its own.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::{Domain, SockRef, Socket, Type};

use crate::certificates::Authorities;
use crate::fault::{Fault, Identity, Port, Step};
use crate::mark;

/// The longest wait for a client, so that threads end.
const LONGEST: Duration = Duration::from_secs(120);
/// Every thread holds a buffer and a TLS connection at most.
const STACK: usize = 256 << 10;

/// Where a fault is served, and how to request it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The name of the fault.
    pub name: String,
    /// The address of the install.
    pub url: String,
    /// The address of the proxy, with its password.
    pub proxy: Option<String>,
    /// Whether to send [`mark::USERNAME`] and [`mark::PASSWORD`] rather than an identifier, a secret and an access key.
    pub admin: bool,
    /// The time limit of an attempt.
    pub timeout: Duration,
    /// How many calls to make with one client.
    pub calls: u32,
}

/// The servers of all faults. Their threads end with the process.
pub struct Server {
    /// A row for each fault, in the order of the faults.
    pub rows: Vec<Row>,
    authorities: Authorities,
    /// Sockets that keep ports closed or full.
    reserved: Vec<Socket>,
}

impl Server {
    /// Starts the servers of these faults.
    pub fn start(faults: &[Fault]) -> Server {
        let mut server = Server { rows: Vec::new(), authorities: Authorities::new(), reserved: Vec::new() };
        let mut configs = HashMap::new();
        for fault in faults {
            let proxy = fault.proxy.as_ref().map(|proxy| {
                let address = server.open(proxy.port, std::slice::from_ref(&proxy.steps), &mut configs);
                let (user, password) = (mark::PROXY_USER, mark::form(mark::PROXY_PASSWORD));
                format!("{}://{user}:{password}@{address}", proxy.scheme)
            });
            let address = server.open(fault.port, &fault.connections, &mut configs);
            let url = match fault.port {
                Port::Tls(_) | Port::Nowhere => format!("https://{address}/"),
                _ => format!("http://{address}/"),
            };
            server.rows.push(Row {
                name: fault.name.clone(),
                url,
                proxy,
                admin: fault.admin,
                timeout: fault.timeout,
                calls: fault.calls,
            });
        }
        server
    }

    /// The certificate of the authority that clients are to trust.
    pub fn roots(&self) -> String {
        self.authorities.pem()
    }

    /// Opens a port, and returns its host and number.
    fn open(
        &mut self,
        port: Port,
        connections: &[Vec<Step>],
        configs: &mut HashMap<u8, Arc<ServerConfig>>,
    ) -> String {
        let (host, config) = match port {
            Port::Nowhere => return "nowhere.invalid".to_owned(),
            Port::Refusing | Port::Full => {
                let socket = bound();
                let address = socket.local_addr().unwrap().as_socket().unwrap();
                if port == Port::Full {
                    self.fill(&socket, address);
                }
                self.reserved.push(socket);
                return address.to_string();
            }
            Port::Plain => ("127.0.0.1", None),
            Port::Tls(identity) => {
                let config = configs.entry(identity as u8);
                let config = config.or_insert_with(|| self.authorities.config(identity));
                ("localhost", Some(Arc::clone(config)))
            }
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections: Arc<[Vec<Step>]> = connections.into();
        spawn(move || {
            let number = Arc::new(AtomicUsize::new(0));
            for stream in listener.incoming() {
                // The client has closed the connection before it was accepted.
                let Ok(stream) = stream else { continue };
                let number = number.fetch_add(1, Ordering::Relaxed).min(connections.len() - 1);
                let (connections, config) = (Arc::clone(&connections), config.clone());
                // A write or read fails if the client has closed the connection.
                spawn(move || drop(serve(stream, config, &connections[number])));
            }
        });
        format!("{host}:{port}")
    }

    /// Fills the queue of a socket, so that further connections wait forever.
    fn fill(&mut self, socket: &Socket, address: SocketAddr) {
        socket.listen(0).unwrap();
        for _ in 0..4 {
            let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            client.set_nonblocking(true).unwrap();
            // It is in progress.
            let _ = client.connect(&address.into());
            self.reserved.push(client);
        }
    }
}

fn bound() -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    socket
}

fn spawn(run: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(STACK).spawn(run).unwrap();
}

/// A connection.
enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => &tls.sock,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.read(buffer),
            Stream::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.write(bytes),
            Stream::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(tcp) => tcp.flush(),
            Stream::Tls(tls) => tls.flush(),
        }
    }
}

fn serve(stream: TcpStream, config: Option<Arc<ServerConfig>>, steps: &[Step]) -> io::Result<()> {
    stream.set_read_timeout(Some(LONGEST))?;
    stream.set_write_timeout(Some(LONGEST))?;
    stream.set_nodelay(true)?;
    let mut stream = match config {
        None => Stream::Plain(stream),
        Some(config) => {
            let connection = ServerConnection::new(config).map_err(io::Error::other)?;
            Stream::Tls(Box::new(StreamOwned::new(connection, stream)))
        }
    };
    for step in steps {
        match step {
            Step::Request => request(&mut stream)?,
            Step::Head => drop(head(&mut stream)?),
            Step::Read(len) => stream.read_exact(&mut vec![0; *len])?,
            Step::Send(bytes) => {
                stream.write_all(bytes)?;
                stream.flush()?;
            }
            Step::SendRaw(bytes) => stream.tcp().write_all(bytes)?,
            Step::Repeat(bytes) => loop {
                stream.write_all(bytes)?;
            },
            Step::Flood(bytes, pause) => loop {
                stream.write_all(bytes)?;
                stream.flush()?;
                thread::sleep(*pause);
            },
            Step::Drip(bytes, pause) => {
                for byte in bytes.iter().cycle() {
                    stream.write_all(&[*byte])?;
                    stream.flush()?;
                    thread::sleep(*pause);
                }
            }
            Step::Stall => drop(io::copy(&mut stream.tcp(), &mut io::sink())),
            Step::Cut => return stream.tcp().shutdown(Shutdown::Both),
            Step::Reset => {
                SockRef::from(stream.tcp()).set_linger(Some(Duration::ZERO))?;
                return Ok(());
            }
        }
    }
    if let Stream::Tls(tls) = &mut stream {
        tls.conn.send_close_notify();
        tls.conn.write_tls(&mut tls.sock)?;
    }
    stream.tcp().shutdown(Shutdown::Write)?;
    // Closing with bytes unread would reset the connection.
    io::copy(&mut stream.tcp(), &mut io::sink()).map(drop)
}

/// Reads the head of a request.
fn head(stream: &mut Stream) -> io::Result<Vec<u8>> {
    let (mut head, mut byte) = (Vec::new(), [0; 1]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(head)
}

/// Reads a whole request.
fn request(stream: &mut Stream) -> io::Result<()> {
    let head = String::from_utf8_lossy(&head(stream)?).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).expect("a length");
    stream.read_exact(&mut vec![0; length.trim().parse().expect("a number")])
}

/// Every identity is a key of the map of settings.
const _: () = assert!(size_of::<Identity>() == 1);
