//! `POST includes/api.php`, `action=GetTickets`: lists the support tickets of a WHMCS install.
//!
//! This crate defines the call as types, without I/O: the request ([`GetTickets`], [`Credentials`]), the reply
//! ([`Reply`], [`Page`], [`ApiError`]), the fields of each server version ([`FIELDS`], [`Version`]), and the conversion
//! between bytes and types ([`decode`], [`Page::to_wire_json`]). Use it with any HTTP library: send the form body that
//! [`GetTickets::encode`] returns, and pass the body of the response to [`decode`].
//!
//! ```
//! use gettickets_protocol::{Credentials, GetTickets, ResponseType, StatusFilter, Version, decode};
//!
//! let request = GetTickets { status: Some(StatusFilter::AwaitingReply), ..GetTickets::default() };
//! let body = request.encode(&Credentials::api("IDENTIFIER", "SECRET"), ResponseType::Json);
//! # let _ = body;
//! // … send it; with the body of the response:
//! let reply = r#"{"result":"success","totalresults":"1","startnumber":0,"numreturned":1,
//!     "tickets":{"ticket":[{"id":"1","tid":"516757","subject":"Tom &amp; Jerry","status":"Answered",
//!     "owner_name":"Cynthia Reilly","lastreply":"2016-01-01 06:30:16"}]}}"#;
//! let page = decode(reply)?.into_page()?;
//! for ticket in &page {
//!     assert_eq!(ticket.id(), 1);
//!     assert_eq!(ticket.subject_text(), "Tom & Jerry");
//! }
//! assert_eq!(page.detected_version().lower_bound(), Version::V8_0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The documented format
//!
//! The *documented format* is what WHMCS's documentation shows of a reply: which fields each version sends, in which
//! order and in which notation. Servers deviate from it in known ways, which are accepted and reported as
//! [findings](Page::findings).
//!
//! # JSON
//!
//! - *Wire JSON* is the format of WHMCS: what servers send and [`Page::to_wire_json`] writes. Integers are usually text
//!   (`"id":"7"`), tickets are under `"tickets":{"ticket":[…]}`, and dates are `2016-01-01 06:26:29`.
//! - *Canonical JSON* is this project's own format, the same in every language binding: what [`Page::to_json`] and
//!   serde write, and what `Ticket` reads. Integers and booleans are JSON numbers and booleans, `tickets` is a plain
//!   list, a date is `2016-01-01T06:26:29` or null, missing fields are left out, and unknown fields are under `extra`,
//!   sorted by name.

mod credentials;
mod decode;
mod encode;
mod entities;
mod error;
mod extra;
mod field;
mod finding;
mod form;
mod hash;
mod hint;
mod page;
mod page_kind;
mod redact;
mod reply;
mod request;
pub mod text;
mod ticket;
mod tickets;
mod time;
mod version;
mod vocabulary;

pub use credentials::{Credentials, InvalidCredentials};
pub use decode::{Decoder, decode};
pub use error::{DecodeError, DecodeErrorKind};
pub use field::{FIELD_COUNT, FIELDS, Field, FieldKind, FieldSet, FieldSpec};
pub use finding::{Finding, FindingKind};
#[doc(hidden)]
pub use hint::{HINT_SETTINGS, spell_settings};
pub use jiff::civil::DateTime;
pub use page::Page;
pub use page_kind::{PageKind, cloudflare_status};
pub use redact::Redactor;
pub use reply::{ApiError, ApiErrorClass, Reply};
pub use request::{ApiRequest, GetTickets, ResponseType, StatusFilter, UnknownResponseType};
pub use ticket::{Attachment, Ticket};
pub use tickets::{AttachmentRef, Attachments, FieldValue, TicketIter, TicketRef, Tickets};
pub use time::DateTimeParts;
pub use version::{DetectedVersion, InvalidVersion, Version};
pub use vocabulary::{Priority, RelatedService, RequestorType, Status};
