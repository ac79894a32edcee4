//! [`Sandbox`]: a server that starts, serves and stops.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use gettickets_protocol::{DateTime, Ticket, Version};
use tokio::sync::oneshot;

use crate::generate;
use crate::http::{self, Access, AllowedHosts, Server, md5_hex};
use crate::quirk::{Quirk, Quirks, pages};
use crate::status::ConfiguredStatus;
use crate::store::{Store, StoreError};

/// A year, which is effectively forever. Longer durations could overflow the clock.
const MAX_DURATION: Duration = Duration::from_secs(365 * 86_400);
/// How long dropping a sandbox waits for threads that compute a response.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// A GetTickets endpoint on this machine, until it is dropped.
///
/// It serves on its own thread and listens only on loopback, unless configured otherwise.
///
/// ```
/// let sandbox = gettickets_sandbox::Sandbox::start()?;
/// assert!(sandbox.url().starts_with("http://127.0.0.1:"));
/// assert_eq!(sandbox.store().len()?, 1_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sandbox {
    address: SocketAddr,
    server: Arc<Server>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// The default API identifier.
    pub const IDENTIFIER: &'static str = "sandbox-identifier";
    /// The default API secret.
    pub const SECRET: &'static str = "sandbox-secret";

    /// Starts a sandbox with the defaults of [`SandboxBuilder`].
    ///
    /// # Errors
    ///
    /// [`SandboxError`] if it cannot listen or its database fails.
    pub fn start() -> Result<Sandbox, SandboxError> {
        Sandbox::builder().start()
    }

    /// Returns a builder with the defaults.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// Returns the URL of the install, below which the API is: `http://127.0.0.1:41234/`.
    pub fn url(&self) -> String {
        let mut address = self.address;
        // A sandbox that listens on every address is reachable on loopback.
        if address.ip().is_unspecified() {
            let loopback =
                if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
            address.set_ip(loopback);
        }
        format!("http://{address}/")
    }

    /// Returns the address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the API identifier.
    pub fn identifier(&self) -> &str {
        &self.server.access.identifier
    }

    /// Returns the API secret.
    pub fn secret(&self) -> &str {
        &self.server.access.secret
    }

    /// Returns the server version that it imitates.
    pub fn server_version(&self) -> Version {
        self.server.version
    }

    /// Returns a handle to its tickets, to change them while it is running.
    pub fn store(&self) -> Store {
        self.server.store.clone()
    }

    /// Returns the number of requests that the API has received, including failed ones.
    pub fn request_count(&self) -> u64 {
        self.server.requests.load(Ordering::Relaxed)
    }

    /// Blocks until the server ends.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic has been printed to stderr.
            let _ = thread.join();
        }
    }
}

/// Stops the server and closes its connections.
impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may have ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Shows the address and no credentials.
impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Settings of a sandbox. Created by [`Sandbox::builder`].
///
/// ```
/// use gettickets_sandbox::{Quirk, Sandbox};
/// let sandbox = Sandbox::builder()
///     .tickets(100)
///     .server_version("7.10".parse()?)
///     .api_credentials("me", "hunter2")
///     .quirk(Quirk::PhpNotice)
///     .start()?;
/// assert_eq!(sandbox.identifier(), "me");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `start`"]
pub struct SandboxBuilder {
    tickets: u64,
    seed: u64,
    newest: Option<DateTime>,
    loaded: Option<Vec<Ticket>>,
    version: Version,
    access: Access,
    statuses: Vec<ConfiguredStatus>,
    quirks: Quirks,
    host: IpAddr,
    port: u16,
    allowed_hosts: Vec<String>,
    latency: Duration,
    request_timeout: Duration,
}

impl Default for SandboxBuilder {
    fn default() -> SandboxBuilder {
        SandboxBuilder {
            tickets: 1_000,
            seed: 1,
            newest: None,
            loaded: None,
            version: Version::new(8, 13, 1),
            access: Access {
                identifier: Sandbox::IDENTIFIER.to_owned(),
                secret: Sandbox::SECRET.to_owned(),
                admin: None,
                access_key: None,
                allowed: None,
                admin_id: 1,
                departments: None,
            },
            statuses: ConfiguredStatus::defaults(),
            quirks: Quirks::default(),
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            allowed_hosts: Vec::new(),
            latency: Duration::ZERO,
            request_timeout: Duration::from_secs(10),
        }
    }
}

impl SandboxBuilder {
    /// The largest number of tickets to generate: 4,294,967,295, more than the database of an install can hold.
    pub const MAX_TICKETS: u64 = u32::MAX as u64;

    /// Sets the number of tickets to generate, at most [`MAX_TICKETS`](Self::MAX_TICKETS). Default: 1,000.
    pub fn tickets(mut self, tickets: u64) -> SandboxBuilder {
        self.tickets = tickets;
        self
    }

    /// Sets the seed from which tickets are generated. Default: 1.
    pub fn seed(mut self, seed: u64) -> SandboxBuilder {
        self.seed = seed;
        self
    }

    /// Sets when the newest generated ticket was last replied to. Default: the fixed time of
    /// [`generate`](fn@crate::generate), so that the same seed always gives the same tickets.
    pub fn newest(mut self, newest: DateTime) -> SandboxBuilder {
        self.newest = Some(newest);
        self
    }

    /// Serves these tickets instead of generated ones.
    pub fn load(mut self, tickets: Vec<Ticket>) -> SandboxBuilder {
        self.loaded = Some(tickets);
        self
    }

    /// Sets the server version to imitate, which determines the fields that are sent. Default: 8.13.1.
    pub fn server_version(mut self, version: Version) -> SandboxBuilder {
        self.version = version;
        self
    }

    /// Sets the API identifier and secret, which are accepted under `identifier` and `secret` and under
    /// `username` and `password`. Default: [`Sandbox::IDENTIFIER`] and [`Sandbox::SECRET`].
    pub fn api_credentials(
        mut self,
        identifier: impl Into<String>,
        secret: impl Into<String>,
    ) -> SandboxBuilder {
        self.access.identifier = identifier.into();
        self.access.secret = secret.into();
        self
    }

    /// Adds an admin, whose password is accepted as its MD5. Default: none.
    pub fn admin(mut self, username: impl Into<String>, password: &str) -> SandboxBuilder {
        self.access.admin = Some((username.into(), md5_hex(password)));
        self
    }

    /// Sets the access key that permits requests from addresses which are not in [`allow_from`](Self::allow_from).
    /// Default: none.
    pub fn access_key(mut self, key: impl Into<String>) -> SandboxBuilder {
        self.access.access_key = Some(key.into());
        self
    }

    /// Sets the addresses that requests may come from. Default: every address.
    pub fn allow_from(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> SandboxBuilder {
        self.access.allowed = Some(addresses.into_iter().collect());
        self
    }

    /// Sets the departments that the API user is a member of. Tickets of other departments are sent only if
    /// `ignore_dept_assignments` is set. Default: all; generated tickets are in departments 1 to 4.
    pub fn departments(mut self, departments: impl IntoIterator<Item = u64>) -> SandboxBuilder {
        self.access.departments = Some(departments.into_iter().collect());
        self
    }

    /// Sets the API user's id as an admin, to whom `My Flagged Tickets` are flagged. Default: 1; generated
    /// tickets are flagged to admins 1 to 5.
    pub fn admin_id(mut self, id: u64) -> SandboxBuilder {
        self.access.admin_id = id;
        self
    }

    /// Sets the configured statuses of the install. Default: [`ConfiguredStatus::defaults`].
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = ConfiguredStatus>) -> SandboxBuilder {
        self.statuses = statuses.into_iter().collect();
        self
    }

    /// Adds a quirk.
    pub fn quirk(mut self, quirk: Quirk) -> SandboxBuilder {
        self.quirks.insert(quirk);
        self
    }

    /// Adds quirks.
    pub fn quirks(self, quirks: impl IntoIterator<Item = Quirk>) -> SandboxBuilder {
        quirks.into_iter().fold(self, SandboxBuilder::quirk)
    }

    /// Sets the address to listen on. Default: 127.0.0.1; on an address other than loopback, other machines can
    /// connect.
    pub fn host(mut self, host: IpAddr) -> SandboxBuilder {
        self.host = host;
        self
    }

    /// Sets the port to listen on. Default: 0, which selects a free port.
    pub fn port(mut self, port: u16) -> SandboxBuilder {
        self.port = port;
        self
    }

    /// Accepts requests whose `Host` header has this name or address. Default: only `localhost`, names below it,
    /// loopback addresses, and the address that the sandbox listens on, so that a web page with its own host name
    /// cannot read the sandbox through a browser (DNS rebinding).
    pub fn allow_host(mut self, host: impl Into<String>) -> SandboxBuilder {
        self.allowed_hosts.push(host.into());
        self
    }

    /// Delays every response of the API by this long, like a distant server. Requests on different connections wait at
    /// the same time. Default: zero.
    pub fn latency(mut self, latency: Duration) -> SandboxBuilder {
        self.latency = latency;
        self
    }

    /// Sets how long a client may take to send a request's headers, and then again for its body, before it is
    /// disconnected. An idle connection is closed after the same time. Default: 10 seconds.
    pub fn request_timeout(mut self, timeout: Duration) -> SandboxBuilder {
        self.request_timeout = timeout;
        self
    }

    /// Generates the tickets and starts the server. It accepts connections when this returns.
    ///
    /// # Errors
    ///
    /// [`SandboxError`] if it cannot listen, more tickets than [`MAX_TICKETS`](Self::MAX_TICKETS) are to be generated, two
    /// loaded tickets have the same id, or its database fails.
    pub fn start(self) -> Result<Sandbox, SandboxError> {
        if self.loaded.is_none() && self.tickets > SandboxBuilder::MAX_TICKETS {
            return Err(SandboxError::TooManyTickets { tickets: self.tickets });
        }
        let cannot_listen = |error| SandboxError::Listen { host: self.host, port: self.port, error };
        // Done before the tickets are generated, so that an error about the port is reported without delay.
        let listener = std::net::TcpListener::bind((self.host, self.port)).map_err(cannot_listen)?;
        listener.set_nonblocking(true).map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        let behavior = pages::behavior(&self.quirks);
        let store = match self.loaded {
            Some(tickets) => Store::new(tickets.into_iter(), behavior)?,
            None => {
                Store::new(generate::in_order_of_opening(self.seed, self.tickets, self.newest), behavior)?
            }
        };
        let server = Arc::new(Server {
            store,
            version: self.version,
            access: self.access,
            hosts: AllowedHosts::new(address.ip(), &self.allowed_hosts),
            statuses: self.statuses,
            quirks: self.quirks,
            latency: self.latency.min(MAX_DURATION),
            request_timeout: self.request_timeout.min(MAX_DURATION),
            requests: AtomicU64::new(0),
        });
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(SandboxError::Thread)?;
        let serving = Arc::clone(&server);
        let serve = move || {
            runtime.block_on(async {
                // The listener is already bound and queues connections.
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                tokio::select! {
                    () = http::serve(listener, serving) => {}
                    _ = stopped => {}
                }
            });
            // Closes the connections without waiting for responses. Threads that compute one get a short time to end,
            // so that none of them outlives the sandbox.
            runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
        };
        let thread = thread::Builder::new().name("gettickets-sandbox".to_owned()).spawn(serve);
        let thread = thread.map_err(SandboxError::Thread)?;
        Ok(Sandbox { address, server, stop: Some(stop), thread: Some(thread) })
    }
}

/// Shows the settings without credentials.
impl fmt::Debug for SandboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxBuilder")
            .field("tickets", &self.loaded.as_ref().map_or(self.tickets, |loaded| loaded.len() as u64))
            .field("seed", &self.seed)
            .field("version", &self.version)
            .field("quirks", &self.quirks)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// Error for a sandbox that could not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum SandboxError {
    /// It cannot listen on the address.
    Listen {
        /// The address.
        host: IpAddr,
        /// The port; 0 for any.
        port: u16,
        /// The cause.
        error: io::Error,
    },
    /// Its thread could not be started.
    Thread(io::Error),
    /// Its tickets could not be stored.
    Store(StoreError),
    /// More tickets than [`SandboxBuilder::MAX_TICKETS`] were to be generated.
    TooManyTickets {
        /// The number of tickets.
        tickets: u64,
    },
}

impl From<StoreError> for SandboxError {
    fn from(error: StoreError) -> SandboxError {
        SandboxError::Store(error)
    }
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SandboxError::Listen { host, port, error } => {
                write!(f, "the sandbox cannot listen on {}: {error}", SocketAddr::new(*host, *port))
            }
            SandboxError::Thread(error) => write!(f, "the sandbox's thread could not be started: {error}"),
            SandboxError::Store(error) => write!(f, "the sandbox's tickets could not be stored: {error}"),
            SandboxError::TooManyTickets { tickets } => {
                let most = SandboxBuilder::MAX_TICKETS;
                write!(f, "the sandbox generates at most {most} tickets, not {tickets}")
            }
        }
    }
}

impl std::error::Error for SandboxError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SandboxError::Listen { error, .. } | SandboxError::Thread(error) => Some(error),
            SandboxError::Store(error) => Some(error),
            SandboxError::TooManyTickets { .. } => None,
        }
    }
}
