//! An embedded WHMCS GetTickets endpoint on loopback with realistic tickets, for experiments, tests and demos.
//!
//! A [`Sandbox`] answers `includes/api.php`, below any prefix, like an install of a chosen version: all eight
//! parameters, the three kinds of credentials, JSON, XML and name-value pairs, and refusals with HTTP 403. A [`Quirk`]
//! makes it misbehave like real servers, so that an integration can be tested against that. Its [`Store`] lets a test
//! change tickets while it is running.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//!
//! use gettickets_protocol::{Credentials, GetTickets, ResponseType, decode};
//! use gettickets_sandbox::Sandbox;
//!
//! let sandbox = Sandbox::start()?;
//! let credentials = Credentials::api(sandbox.identifier(), sandbox.secret());
//! let body = GetTickets::default().encode(&credentials, ResponseType::Json);
//! let mut stream = TcpStream::connect(sandbox.address())?;
//! write!(
//!     stream,
//!     "POST /includes/api.php HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
//!      Content-Type: {}\r\nContent-Length: {}\r\n\r\n{}",
//!     GetTickets::CONTENT_TYPE,
//!     body.len(),
//!     *body
//! )?;
//! let mut reply = String::new();
//! stream.read_to_string(&mut reply)?;
//! let (_, body) = reply.split_once("\r\n\r\n").unwrap();
//! let page = decode(body)?.into_page()?;
//! assert_eq!((page.len(), page.totalresults()), (25, Some(1_000)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where the documentation is silent, the sandbox behaves as follows. A request without `responsetype` gets JSON.
//! Parameters are read from the query string and from a body of either form type, as in PHP. Tickets with the same last
//! reply are listed by id, highest first. `email` is case-insensitive and matches no tickets of clients; `subject`
//! matches subjects that contain it, ignoring case, accents and HTML encoding. A `limitnum` of 0 means the default. API
//! credentials are accepted at every version, and `attachments_removed` is sent from 7.10 on.
//!
//! Only requests for loopback hosts are accepted ([`SandboxBuilder::allow_host`]), and clients that send slowly
//! are disconnected ([`SandboxBuilder::request_timeout`]).
//!
//! `cargo run --release -p gettickets-sandbox --example million` measures the time of each kind of page among a million
//! tickets. A list is read once, as ids, and cached until a ticket changes, so that pages far down the list take no
//! longer than the first.

mod answer;
mod generate;
mod http;
mod quirk;
mod sandbox;
mod status;
mod store;
mod wire;

pub use generate::{generate, generate_until};
pub use quirk::pages::is_malformed;
pub use quirk::{Quirk, UnknownQuirk};
pub use sandbox::{Sandbox, SandboxBuilder, SandboxError};
pub use status::ConfiguredStatus;
pub use store::{Store, StoreError};
