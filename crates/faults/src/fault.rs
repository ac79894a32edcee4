//! [`Fault`]: what a server does, and the expected outcome.

use std::time::Duration;

use crate::outcome::{Interface, Outcome};

/// The time limit of an attempt for faults that end by it, such as a stalled response.
const SHORT: Duration = Duration::from_secs(1);
/// The time limit for faults that end by it in some interfaces only.
const MEDIUM: Duration = Duration::from_secs(4);
/// The time limit for all other faults, long enough for a busy machine.
const LONG: Duration = Duration::from_secs(20);

/// One fault.
pub struct Fault {
    /// A stable name; members of a family share what precedes a slash.
    pub name: String,
    /// What the server does, as a sentence; for a family, what all its members do.
    pub about: String,
    /// The port of the server.
    pub port: Port,
    /// What it does with its first connection, its second, and so on; the last holds for all that follow.
    pub connections: Vec<Vec<Step>>,
    /// The proxy that requests go through.
    pub proxy: Option<Proxy>,
    /// The time limit of an attempt that clients set.
    pub timeout: Duration,
    /// How many calls to make with one client. All but the last must result in a page.
    pub calls: u32,
    /// Whether to send an admin's password rather than an API secret.
    pub admin: bool,
    /// The outcome of the last call.
    pub outcome: Outcome,
    /// The outcome in asynchronous interfaces, where their HTTP library makes a difference.
    pub asynchronous: Option<Outcome>,
}

/// The port of a server or a proxy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// Without encryption.
    Plain,
    /// With TLS.
    Tls(Identity),
    /// No socket listens on it.
    Refusing,
    /// Its queue of connections is full.
    Full,
    /// The name of its host does not exist.
    Nowhere,
}

/// The certificate of a server with TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Issued by the authority that clients trust, for localhost.
    Trusted,
    /// Expired.
    Expired,
    /// Not valid yet.
    NotYetValid,
    /// Issued for another host.
    OtherName,
    /// Issued by an authority that clients do not trust.
    UnknownIssuer,
    /// Signed with its own key.
    SelfSigned,
    /// The server uses another key.
    OtherKey,
    /// Issued by a certificate that is not an authority.
    NoAuthority,
}

/// A proxy: its scheme in addresses, its port, and what it does with each connection.
pub struct Proxy {
    pub(crate) scheme: &'static str,
    pub(crate) port: Port,
    pub(crate) steps: Vec<Step>,
}

/// A step of what a server does with a connection. After the last step the connection is closed in order.
#[derive(Clone)]
pub enum Step {
    /// Reads a whole request.
    Request,
    /// Reads the head of a request.
    Head,
    /// Reads this many bytes.
    Read(usize),
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes below TLS.
    SendRaw(Vec<u8>),
    /// Sends these bytes over and over, for as long as they are read.
    Repeat(Vec<u8>),
    /// Sends these bytes over and over, with this pause between them.
    Flood(Vec<u8>, Duration),
    /// Sends these bytes one by one, over and over, with this pause between them.
    Drip(Vec<u8>, Duration),
    /// Waits until the client closes the connection.
    Stall,
    /// Closes the connection without the end that TLS has.
    Cut,
    /// Resets the connection.
    Reset,
}

impl Fault {
    /// A fault whose server does nothing yet.
    pub(crate) fn new(name: impl Into<String>, about: impl Into<String>, outcome: Outcome) -> Fault {
        Fault {
            name: name.into(),
            about: about.into(),
            port: Port::Plain,
            connections: vec![Vec::new()],
            proxy: None,
            timeout: if outcome.code == "timeout" { SHORT } else { LONG },
            calls: 1,
            admin: false,
            outcome,
            asynchronous: None,
        }
    }

    /// Asynchronous interfaces have another outcome. Only one of both outcomes is a timeout.
    pub(crate) fn asynchronous(self, outcome: Outcome) -> Fault {
        Fault { asynchronous: Some(outcome), timeout: MEDIUM, ..self }
    }

    /// The outcome in this interface.
    pub fn outcome_in(&self, interface: Interface) -> &Outcome {
        match &self.asynchronous {
            Some(outcome) if interface.is_asynchronous() => outcome,
            _ => &self.outcome,
        }
    }

    /// Each connection takes these steps.
    pub(crate) fn steps(self, steps: impl Into<Vec<Step>>) -> Fault {
        Fault { connections: vec![steps.into()], ..self }
    }

    /// Each connection reads a request and gets these bytes.
    pub(crate) fn sends(self, bytes: impl Into<Vec<u8>>) -> Fault {
        self.steps([Step::Request, Step::Send(bytes.into())])
    }

    pub(crate) fn port(self, port: Port) -> Fault {
        Fault { port, ..self }
    }

    pub(crate) fn tls(self) -> Fault {
        self.port(Port::Tls(Identity::Trusted))
    }

    /// Requests go through a proxy that takes these steps.
    pub(crate) fn proxy(self, scheme: &'static str, steps: impl Into<Vec<Step>>) -> Fault {
        let proxy = Proxy { scheme, port: Port::Plain, steps: steps.into() };
        Fault { proxy: Some(proxy), ..self }
    }

    /// A second call follows with the same client.
    pub(crate) fn twice(self) -> Fault {
        Fault { calls: 2, ..self }
    }

    /// The family of the fault, and which of its members it is.
    pub fn family(&self) -> (&str, Option<&str>) {
        match self.name.split_once('/') {
            Some((family, member)) => (family, Some(member)),
            None => (&self.name, None),
        }
    }
}
