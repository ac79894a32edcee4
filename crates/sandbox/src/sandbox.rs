//! [`Sandbox`]: a server that starts, serves and stops.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use axum::serve::ListenerExt;
use gettickets_protocol::{DateTime, Ticket, Version};
use tokio::sync::oneshot;

use crate::generate;
use crate::http::auth::{Access, md5_hex};
use crate::http::router::{Server, router};
use crate::quirk::{Quirk, Quirks};
use crate::status::ConfiguredStatus;
use crate::store::{Store, StoreError};

/// A GetTickets endpoint on this machine, until it is dropped.
///
/// It serves on a thread of its own and listens on loopback only, unless told otherwise.
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
    /// The identifier that is let in where none is chosen.
    pub const IDENTIFIER: &'static str = "sandbox-identifier";
    /// The secret that is let in where none is chosen.
    pub const SECRET: &'static str = "sandbox-secret";

    /// Starts a sandbox with everything as [`SandboxBuilder`] has it by default.
    ///
    /// # Errors
    ///
    /// [`SandboxError`] if it cannot listen or its database fails.
    pub fn start() -> Result<Sandbox, SandboxError> {
        Sandbox::builder().start()
    }

    /// A sandbox to be.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// The install's address, below which the API lives: `http://127.0.0.1:41234/`.
    pub fn url(&self) -> String {
        let mut address = self.address;
        // Where it listens on every address, loopback reaches it.
        if address.ip().is_unspecified() {
            let loopback =
                if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
            address.set_ip(loopback);
        }
        format!("http://{address}/")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The API identifier that is let in.
    pub fn identifier(&self) -> &str {
        &self.server.access.identifier
    }

    /// The secret that goes with the identifier.
    pub fn secret(&self) -> &str {
        &self.server.access.secret
    }

    /// The version that it serves as.
    pub fn server_version(&self) -> Version {
        self.server.version
    }

    /// Its tickets, for changing them while it serves.
    pub fn store(&self) -> Store {
        self.server.store.clone()
    }

    /// How many requests the API has had, whatever it answered.
    pub fn request_count(&self) -> u64 {
        self.server.requests.load(Ordering::Relaxed)
    }

    /// Waits until the server ends, which it does only if the machine no longer lets it listen.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic there has been told on stderr.
            let _ = thread.join();
        }
    }
}

/// Stops serving; connections that are open are closed.
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

/// Where it listens; no credentials.
impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What a sandbox is to be like. Made by [`Sandbox::builder`].
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
        }
    }
}

impl SandboxBuilder {
    /// How many tickets are generated. Default: 1,000.
    pub fn tickets(mut self, tickets: u64) -> SandboxBuilder {
        self.tickets = tickets;
        self
    }

    /// The seed that tickets are generated from. Default: 1.
    pub fn seed(mut self, seed: u64) -> SandboxBuilder {
        self.seed = seed;
        self
    }

    /// When the newest generated ticket was last replied to. Default: as [`generate`](fn@crate::generate) has
    /// it, so that the same seed gives the same tickets on any day.
    pub fn newest(mut self, newest: DateTime) -> SandboxBuilder {
        self.newest = Some(newest);
        self
    }

    /// Serves these tickets instead of generated ones.
    pub fn load(mut self, tickets: Vec<Ticket>) -> SandboxBuilder {
        self.loaded = Some(tickets);
        self
    }

    /// The version that it serves as, which decides what it sends. Default: 8.13.1.
    pub fn server_version(mut self, version: Version) -> SandboxBuilder {
        self.version = version;
        self
    }

    /// The API identifier and secret that are let in, under `identifier` and `secret` or under `username`
    /// and `password`. Default: [`Sandbox::IDENTIFIER`] and [`Sandbox::SECRET`].
    pub fn api_credentials(
        mut self,
        identifier: impl Into<String>,
        secret: impl Into<String>,
    ) -> SandboxBuilder {
        self.access.identifier = identifier.into();
        self.access.secret = secret.into();
        self
    }

    /// An admin who is let in too, with the MD5 of this password. Default: none.
    pub fn admin(mut self, username: impl Into<String>, password: &str) -> SandboxBuilder {
        self.access.admin = Some((username.into(), md5_hex(password)));
        self
    }

    /// The access key that lets a request in from an address that [`allow_from`](Self::allow_from) does not
    /// name. Default: none.
    pub fn access_key(mut self, key: impl Into<String>) -> SandboxBuilder {
        self.access.access_key = Some(key.into());
        self
    }

    /// The only addresses that requests may come from. Default: every address.
    pub fn allow_from(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> SandboxBuilder {
        self.access.allowed = Some(addresses.into_iter().collect());
        self
    }

    /// The departments that the API user is a member of, and so the only ones whose tickets it gets unless
    /// `ignore_dept_assignments` is set. Default: all; generated tickets are in departments 1 to 4.
    pub fn departments(mut self, departments: impl IntoIterator<Item = u64>) -> SandboxBuilder {
        self.access.departments = Some(departments.into_iter().collect());
        self
    }

    /// The id of the admin that the API user is, whose tickets are `My Flagged Tickets`. Default: 1;
    /// generated tickets are flagged to admins 1 to 5.
    pub fn admin_id(mut self, id: u64) -> SandboxBuilder {
        self.access.admin_id = id;
        self
    }

    /// The statuses that the install is configured with. Default: [`ConfiguredStatus::defaults`].
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = ConfiguredStatus>) -> SandboxBuilder {
        self.statuses = statuses.into_iter().collect();
        self
    }

    /// Switches a quirk on.
    pub fn quirk(mut self, quirk: Quirk) -> SandboxBuilder {
        self.quirks.insert(quirk);
        self
    }

    /// Switches quirks on.
    pub fn quirks(self, quirks: impl IntoIterator<Item = Quirk>) -> SandboxBuilder {
        quirks.into_iter().fold(self, SandboxBuilder::quirk)
    }

    /// The address to listen on. Default: 127.0.0.1; any other than a loopback address lets others in.
    pub fn host(mut self, host: IpAddr) -> SandboxBuilder {
        self.host = host;
        self
    }

    /// The port to listen on. Default: 0, which is any that is free.
    pub fn port(mut self, port: u16) -> SandboxBuilder {
        self.port = port;
        self
    }

    /// Fills the sandbox and starts it. It answers once this returns.
    ///
    /// # Errors
    ///
    /// [`SandboxError`] if it cannot listen, two loaded tickets have the same id, or its database fails.
    pub fn start(self) -> Result<Sandbox, SandboxError> {
        let cannot_listen = |error| SandboxError::Listen { host: self.host, port: self.port, error };
        // Before the tickets are made, as a port that is taken should not be waited for.
        let listener = std::net::TcpListener::bind((self.host, self.port)).map_err(cannot_listen)?;
        listener.set_nonblocking(true).map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        let store = match self.loaded {
            Some(tickets) => Store::new(tickets.into_iter())?,
            None => Store::new(generate::in_order_of_opening(self.seed, self.tickets, self.newest))?,
        };
        let server = Arc::new(Server {
            store,
            version: self.version,
            access: self.access,
            statuses: self.statuses,
            quirks: self.quirks,
            requests: AtomicU64::new(0),
        });
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(SandboxError::Thread)?;
        let routes = router(Arc::clone(&server));
        let serve = move || {
            runtime.block_on(async {
                // The listener is bound and takes connections already; this only hands it over.
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                // A small reply should not wait for the client's acknowledgement.
                let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
                let service = routes.into_make_service_with_connect_info::<SocketAddr>();
                let serving = axum::serve(listener, service).into_future();
                tokio::select! {
                    _ = serving => {}
                    _ = stopped => {}
                }
            });
            // Closes what is open, and does not wait for pages that nobody will read.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("gettickets-sandbox".to_owned()).spawn(serve);
        let thread = thread.map_err(SandboxError::Thread)?;
        Ok(Sandbox { address, server, stop: Some(stop), thread: Some(thread) })
    }
}

/// What it will be like, without credentials.
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

/// Why a sandbox did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum SandboxError {
    /// It cannot listen there.
    Listen {
        /// The address.
        host: IpAddr,
        /// The port; 0 for any.
        port: u16,
        /// Why not.
        error: io::Error,
    },
    /// Its thread could not be started.
    Thread(io::Error),
    /// Its tickets could not be stored.
    Store(StoreError),
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
        }
    }
}

impl std::error::Error for SandboxError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SandboxError::Listen { error, .. } | SandboxError::Thread(error) => Some(error),
            SandboxError::Store(error) => Some(error),
        }
    }
}
