//! Connections for ureq: TLS by our own settings, look-ups that can be canceled, and sockets that are closed at once
//! when the call that uses them is canceled.
//!
//! ureq runs a call on the caller's thread, so the call in progress is kept in a thread-local variable. Each connection
//! reports its socket to it; setting the cancellation shuts the socket down, and the read or write that waits for it
//! returns.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::pin;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use http::Uri;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use ureq::Error as UreqError;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, ShutdownHandle, Transport,
    TransportAdapter, time,
};

use super::io_error;
use super::tls::Roots;
use crate::cancellation::Cancellation;

/// How often a look-up that is in progress checks whether it was canceled.
const LOOKUP_SLICE: Duration = Duration::from_millis(50);

thread_local! {
    /// The call in progress on this thread.
    static CURRENT: RefCell<Option<Arc<OpenSockets>>> = const { RefCell::new(None) };
    /// Whether the server ended the connection of the call in progress.
    static HAS_ENDED: Cell<bool> = const { Cell::new(false) };
}

/// The sockets of the call in progress. Waking it shuts them down.
#[derive(Default)]
struct OpenSockets(Mutex<(bool, Vec<Weak<dyn ShutdownHandle>>)>);

impl OpenSockets {
    fn add(&self, handle: Weak<dyn ShutdownHandle>) {
        let mut sockets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match sockets.0 {
            true => shut_down(&handle),
            false => sockets.1.push(handle),
        }
    }

    fn is_shut_down(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Wake for OpenSockets {
    fn wake(self: Arc<OpenSockets>) {
        let mut sockets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sockets.0 = true;
        sockets.1.drain(..).for_each(|handle| shut_down(&handle));
    }
}

fn shut_down(handle: &Weak<dyn ShutdownHandle>) {
    if let Some(socket) = handle.upgrade() {
        socket.shutdown();
    }
}

/// Runs a call of ureq on this thread, whose sockets are shut down once the flag is set.
pub(super) fn run<T>(cancellation: &Cancellation, call: impl FnOnce() -> T) -> T {
    /// Takes the call out of the thread-local variable, in a panic too.
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            CURRENT.with_borrow_mut(|current| *current = None);
        }
    }

    let sockets = Arc::new(OpenSockets::default());
    let waker = Waker::from(Arc::clone(&sockets));
    let mut cancelled = pin!(cancellation.cancelled());
    if cancelled.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
        waker.wake();
    }
    CURRENT.with_borrow_mut(|current| *current = Some(sockets));
    HAS_ENDED.set(false);
    let _reset = Reset;
    call()
}

/// Whether the server ended the connection of the last call on this thread, in order.
pub(super) fn has_ended() -> bool {
    HAS_ENDED.get()
}

fn current() -> Option<Arc<OpenSockets>> {
    CURRENT.with_borrow(Option::clone)
}

/// Why a connection was not set up, as a cause within ureq's error.
#[derive(Debug)]
pub(super) enum SetupError {
    /// The name of the server, or of the proxy, could not be looked up.
    Lookup { of_proxy: bool, error: io::Error },
    /// A thread for the look-up could not be started.
    Thread(io::Error),
    /// The call was canceled.
    Cancelled,
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetupError::Lookup { error, .. } | SetupError::Thread(error) => error.fmt(f),
            SetupError::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl std::error::Error for SetupError {}

impl From<SetupError> for UreqError {
    fn from(error: SetupError) -> UreqError {
        UreqError::Other(Box::new(error))
    }
}

/// Looks names up on a thread, and stops waiting for it when the call is canceled.
#[derive(Debug)]
pub(super) struct CancellableResolver {
    /// Host and port of the proxy, to say whose name could not be looked up.
    pub(super) proxy: Option<(String, u16)>,
}

impl Resolver for CancellableResolver {
    fn resolve(&self, uri: &Uri, _: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, UreqError> {
        let name = uri.scheme().zip(uri.authority());
        let name = name.and_then(|(scheme, authority)| DefaultResolver::host_and_port(scheme, authority));
        let name = name.ok_or(UreqError::HostNotFound)?;
        let addresses = match name.parse::<SocketAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.look_up(name, timeout)?,
        };
        let mut found = self.empty();
        // As many as there is room for.
        addresses.into_iter().take(16).for_each(|address| found.push(address));
        match found.is_empty() {
            true => Err(UreqError::HostNotFound),
            false => Ok(found),
        }
    }
}

impl CancellableResolver {
    fn look_up(&self, name: String, timeout: NextTimeout) -> Result<Vec<SocketAddr>, UreqError> {
        let of_proxy = self.proxy.as_ref().is_some_and(|(host, port)| name == format!("{host}:{port}"));
        let current = current();
        let deadline = match timeout.after {
            time::Duration::Exact(after) => Instant::now().checked_add(after),
            time::Duration::NotHappening => None,
        };
        let (sender, receiver) = sync_channel(1);
        let look_up = move || {
            // Nobody waits any more if the time was up.
            let _ = sender.send(name.to_socket_addrs().map(Vec::from_iter));
        };
        thread::Builder::new()
            .name("gettickets-lookup".to_owned())
            .spawn(look_up)
            .map_err(SetupError::Thread)?;
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            match receiver.recv_timeout(left.unwrap_or(LOOKUP_SLICE).min(LOOKUP_SLICE)) {
                Ok(Ok(addresses)) => return Ok(addresses),
                Ok(Err(error)) => {
                    let error = io_error::no_socket_left().unwrap_or(error);
                    return Err(SetupError::Lookup { of_proxy, error }.into());
                }
                Err(RecvTimeoutError::Disconnected) => return Err(UreqError::HostNotFound),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if current.as_ref().is_some_and(|current| current.is_shut_down()) {
                return Err(SetupError::Cancelled.into());
            }
            if left.is_some_and(|left| left.is_zero()) {
                return Err(UreqError::Timeout(timeout.reason));
            }
        }
    }
}

/// Runs a chain of connectors, and reports the sockets that they open.
#[derive(Debug)]
pub(super) struct Cancellable<C>(pub(super) C);

impl<C: Connector<()>> Connector<()> for Cancellable<C> {
    type Out = CancellableTransport<C::Out>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, UreqError> {
        let opened: Arc<Mutex<Vec<Weak<dyn ShutdownHandle>>>> = Arc::default();
        let (register, kept) = (Arc::clone(&details.register_shutdown), Arc::clone(&opened));
        let details = ConnectionDetails {
            uri: details.uri,
            addrs: details.addrs.clone(),
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::clone(&details.run_connector),
            register_shutdown: Arc::new(move |handle| {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(handle.clone());
                if let Some(current) = current() {
                    current.add(handle.clone());
                }
                register(handle)
            }),
        };
        let inner = self.0.connect(&details, chained)?;
        let sockets = std::mem::take(&mut *opened.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(inner.map(|inner| CancellableTransport { inner, sockets }))
    }
}

/// A connection that belongs to whichever call uses it.
#[derive(Debug)]
pub(super) struct CancellableTransport<T> {
    inner: T,
    sockets: Vec<Weak<dyn ShutdownHandle>>,
}

impl<T: Transport> Transport for CancellableTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), UreqError> {
        // The first thing that a call does with a connection, which may have been another call's before.
        if let Some(current) = current() {
            self.sockets.iter().for_each(|socket| current.add(socket.clone()));
        }
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, UreqError> {
        let has_room = !self.inner.buffers().input_append_buf().is_empty();
        match self.inner.await_input(timeout) {
            Ok(made_progress) => {
                HAS_ENDED.set(!made_progress && has_room);
                Ok(made_progress)
            }
            // ureq takes these for the regular end of a body that lasts until the connection is closed. A reset, and a
            // connection with TLS that lacks its end, may have lost a part of the body.
            Err(UreqError::Io(error)) if is_broken_off(&error) => {
                Err(UreqError::Io(io::Error::new(io::ErrorKind::BrokenPipe, error)))
            }
            Err(error) => Err(error),
        }
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

fn is_broken_off(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | UnexpectedEof)
}

/// Encrypts connections by our own settings of TLS, which ureq has no option for.
pub(super) struct TlsConnector {
    roots: Roots,
    /// Made for the first connection: to read this machine's certificates takes milliseconds.
    config: OnceLock<Arc<ClientConfig>>,
}

impl TlsConnector {
    pub(super) fn new(roots: Roots) -> TlsConnector {
        TlsConnector { roots, config: OnceLock::new() }
    }

    fn config(&self) -> Result<Arc<ClientConfig>, UreqError> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let config = self.roots.client_config().map_err(UreqError::Rustls)?;
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector").finish_non_exhaustive()
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, UreqError> {
        let transport = chained.ok_or(UreqError::ConnectionFailed)?;
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(|_| UreqError::Tls("the host's name is not valid"))?;
        let mut connection = ClientConnection::new(self.config()?, name)?;
        let mut socket = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        socket.set_timeout(left(details));
        connection.complete_io(&mut socket)?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        let stream = StreamOwned { conn: connection, sock: socket };
        Ok(Some(Either::B(TlsTransport { buffers, stream })))
    }
}

/// The time limit of a connection, less what was spent on it so far.
fn left(details: &ConnectionDetails<'_>) -> NextTimeout {
    let mut timeout = details.timeout;
    let now = (details.current_time)();
    if let (time::Duration::Exact(after), time::Instant::Exact(began), time::Instant::Exact(now)) =
        (timeout.after, details.now, now)
    {
        timeout.after = time::Duration::Exact(after.saturating_sub(now.saturating_duration_since(began)));
    }
    timeout
}

/// An encrypted connection.
pub(super) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), UreqError> {
        self.stream.sock.set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        io::Write::write_all(&mut self.stream, output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, UreqError> {
        self.stream.sock.set_timeout(timeout);
        let input = self.buffers.input_append_buf();
        let amount = io::Read::read(&mut self.stream, input)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTransport").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    use super::*;

    /// A connection whose next input is this error, or the end.
    #[derive(Debug)]
    struct Fake {
        buffers: LazyBuffers,
        error: Option<io::ErrorKind>,
        is_open: bool,
        is_tls: bool,
    }

    impl Transport for Fake {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }

        fn transmit_output(&mut self, _: usize, _: NextTimeout) -> Result<(), UreqError> {
            Ok(())
        }

        fn await_input(&mut self, _: NextTimeout) -> Result<bool, UreqError> {
            self.error.map_or(Ok(false), |error| Err(UreqError::Io(error.into())))
        }

        fn is_open(&mut self) -> bool {
            self.is_open
        }

        fn is_tls(&self) -> bool {
            self.is_tls
        }
    }

    fn fake(error: Option<io::ErrorKind>, is_open: bool, is_tls: bool) -> CancellableTransport<Fake> {
        let inner = Fake { buffers: LazyBuffers::new(64, 64), error, is_open, is_tls };
        CancellableTransport { inner, sockets: Vec::new() }
    }

    #[test]
    fn only_a_connection_that_broke_off_has_another_error() {
        use io::ErrorKind::*;
        for (error, reported) in [
            (ConnectionReset, BrokenPipe),
            (ConnectionAborted, BrokenPipe),
            (UnexpectedEof, BrokenPipe),
            (TimedOut, TimedOut),
            (OutOfMemory, OutOfMemory),
            (InvalidData, InvalidData),
        ] {
            let outcome = fake(Some(error), true, false).await_input(NextTimeout::default());
            assert!(matches!(&outcome, Err(UreqError::Io(found)) if found.kind() == reported), "{outcome:?}");
        }
    }

    #[test]
    fn a_connection_has_the_state_of_the_one_inside() {
        for state in [false, true] {
            assert_eq!(fake(None, state, false).is_open(), state);
            assert_eq!(fake(None, false, state).is_tls(), state);
        }
    }

    #[test]
    fn a_call_belongs_to_its_thread_until_it_ends() {
        let cancellation = Cancellation::new();
        run(&cancellation, || {
            let call = current().unwrap();
            assert!(!call.is_shut_down());
            cancellation.cancel();
            assert!(call.is_shut_down());
        });
        assert!(current().is_none());
        run(&cancellation, || assert!(current().unwrap().is_shut_down(), "it was canceled before it began"));
        let panicked = AssertUnwindSafe(|| run(&Cancellation::new(), || resume_unwind(Box::new(()))));
        assert!(catch_unwind(panicked).is_err() && current().is_none());
    }

    #[test]
    fn a_failed_setup_has_the_words_of_its_cause() {
        let error = || io::Error::other("no such host");
        for (failed, words) in [
            (SetupError::Lookup { of_proxy: false, error: error() }, "no such host"),
            (SetupError::Thread(error()), "no such host"),
            (SetupError::Cancelled, "cancelled"),
        ] {
            assert_eq!(failed.to_string(), words);
        }
    }
}
