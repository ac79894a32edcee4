//! An embedded WHMCS GetTickets endpoint on loopback, filled with believable tickets, for trying, testing
//! and demos.
//!
//! A [`Sandbox`] answers `POST includes/api.php`, below any prefix, as an install of the version that it is
//! told to be: all eight parameters, the three kinds of credentials, JSON, XML and name-value pairs, and
//! refusals at HTTP 403. Switch on a [`Quirk`] and it misbehaves as real servers do, so that an integration
//! can be tested against that. Its [`Store`] lets a test change tickets while it serves.
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
//! What the documentation leaves open is done as follows. A request without `responsetype` gets JSON.
//! Tickets with the same last reply come highest id first. `email` is compared without regard to case, and
//! finds no tickets of clients; `subject` finds what contains it, without regard to case, accents and HTML
//! encoding. A `limitnum` of 0 is the default. API credentials are taken at every version, and
//! `attachments_removed` is sent from 7.10 on.
//!
//! A million tickets are no burden: `cargo run --release -p gettickets-sandbox --example million` prints what
//! each kind of page takes, which is less than 10 ms. What takes longest is the first page of a search for a
//! subject, whose matches are counted by reading every subject, however many match; the pages after it take
//! less than one. Subjects are kept in memory for it, some 70 bytes a ticket.

mod generate;
mod http;
mod quirk;
mod sandbox;
mod status;
mod store;

pub use generate::{generate, generate_until};
pub use quirk::pages::is_malformed;
pub use quirk::{Quirk, UnknownQuirk};
pub use sandbox::{Sandbox, SandboxBuilder, SandboxError};
pub use status::ConfiguredStatus;
pub use store::{Store, StoreError};
