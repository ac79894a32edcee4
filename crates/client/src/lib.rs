//! A client of the WHMCS `GetTickets` call that loses nothing.
//!
//! [`Client::get_tickets`] is one request and one [`Page`]; [`Client::local`] asks an install on this
//! machine through PHP. Types, decoding and encoding are those of the [`protocol`], re-exported here.
//!
//! ```no_run
//! use gettickets::{Client, Credentials, GetTickets};
//!
//! let client = Client::builder("https://billing.example.com")
//!     .credentials(Credentials::api("IDENTIFIER", "SECRET"))
//!     .build()?;
//! for ticket in &client.get_tickets(&GetTickets::default())? {
//!     println!("{} {}", ticket.tid(), ticket.subject_text());
//! }
//! # Ok::<(), gettickets::Error>(())
//! ```

mod address;
mod asked;
pub mod blocking;
mod builder;
mod cancellation;
mod client;
mod clock;
mod error;
mod judge;
pub mod local;
mod pending;
mod retry;
pub mod scan;
pub mod transport;

#[doc(inline)]
pub use gettickets_protocol as protocol;
pub use gettickets_protocol::{
    ApiError, ApiErrorClass, ApiRequest, Attachment, AttachmentRef, Attachments, Credentials, DateTime,
    DateTimeParts, DecodeError, DecodeErrorKind, Decoder, FIELD_COUNT, FIELDS, Field, FieldSet, FieldSpec,
    Finding, FindingKind, GetTickets, InvalidCredentials, InvalidVersion, Iter, Kind, Page, Priority,
    RelatedService, Reply, RequestorType, ResponseType, ShownVersion, Status, StatusFilter, Ticket,
    TicketRef, Tickets, UnknownResponseType, Value, Version, decode,
};

pub use crate::address::InvalidAddress;
pub use crate::blocking::{Scan, ScanStatus};
pub use crate::builder::ClientBuilder;
pub use crate::cancellation::{Cancellation, Cancelled};
pub use crate::client::Client;
pub use crate::clock::Clock;
pub use crate::error::{ConfigError, Error, ErrorKind, ScanIncomplete};
pub use crate::pending::Pending;
pub use crate::retry::RetryPolicy;

/// The README's example, compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
