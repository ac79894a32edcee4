//! A client of the WHMCS `GetTickets` call that loses nothing.
//!
//! [`Client::get_tickets`] sends one request and returns one [`Page`]; [`Client::scan`] returns every ticket;
//! [`Client::local`] uses an install on this machine through PHP. Types, decoding and encoding are those of the
//! [`protocol`], re-exported here.
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
//!
//! # Features
//!
//! - `async`: `AsyncClient` and `AsyncScan`, on tokio and reqwest.

#[cfg(feature = "async")]
mod asynchronous;
mod blocking;
mod builder;
mod cancellation;
mod clock;
mod endpoint;
mod error;
mod exchange;
pub mod local;
pub mod scan;
pub mod secret;
#[cfg(not(gettickets_model))]
mod sync;
/// Locks, threads and time of a model checker.
#[cfg(gettickets_model)]
#[path = "../../models/src/sync.rs"]
pub mod sync;
pub mod transport;

#[doc(inline)]
pub use gettickets_protocol as protocol;
pub use gettickets_protocol::{
    ApiError, ApiErrorClass, ApiRequest, Attachment, AttachmentRef, Attachments, Credentials, DateTime,
    DateTimeParts, DecodeError, DecodeErrorKind, Decoder, DetectedVersion, FIELD_COUNT, FIELDS, Field,
    FieldKind, FieldSet, FieldSpec, FieldValue, Finding, FindingKind, GetTickets, InvalidCredentials,
    InvalidVersion, Page, PageKind, Priority, RelatedService, Reply, RequestorType, ResponseType, Status,
    StatusFilter, Ticket, TicketIter, TicketRef, Tickets, UnknownResponseType, Version, decode,
};

#[cfg(feature = "async")]
pub use crate::asynchronous::{AsyncClient, AsyncScan};
pub use crate::blocking::{Client, Pending, Scan, ScanPages};
pub use crate::builder::{ClientBuilder, LocalBuilder};
pub use crate::cancellation::{Cancellation, Cancelled};
pub use crate::clock::Clock;
#[doc(hidden)]
pub use crate::error::error_examples;
pub use crate::error::{ConfigError, Error, ErrorKind, InvalidAddress, InvalidProxy, ScanIncomplete};
pub use crate::exchange::RetryPolicy;
pub use crate::scan::{ScanReport, ScanStatus};

/// The README's example, compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
