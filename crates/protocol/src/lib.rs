//! `POST includes/api.php`, `action=GetTickets`: lists the support tickets of a WHMCS install.
//!
//! This crate has everything about the call as types, without any I/O: the request ([`GetTickets`], [`Credentials`]), the
//! reply ([`Reply`], [`Page`], [`ApiError`]), which server version sends what ([`FIELDS`], [`Version`]), and the way between
//! bytes and types ([`decode`], [`Page::to_wire_json`]). Bring any HTTP library: send the form body of
//! [`GetTickets::encode`], and pass the response's body to [`decode`].
//!
//! ```
//! use gettickets_protocol::{Credentials, GetTickets, ResponseType, StatusFilter, Version, decode};
//!
//! let request = GetTickets { status: Some(StatusFilter::AwaitingReply), ..GetTickets::default() };
//! let body = request.encode(&Credentials::api("IDENTIFIER", "SECRET"), ResponseType::Json);
//! # let _ = body;
//! // … send it, and with the response's body:
//! let reply = r#"{"result":"success","totalresults":"1","startnumber":0,"numreturned":1,
//!     "tickets":{"ticket":[{"id":"1","tid":"516757","subject":"Tom &amp; Jerry","status":"Answered",
//!     "owner_name":"Cynthia Reilly","lastreply":"2016-01-01 06:30:16"}]}}"#;
//! let page = decode(reply)?.into_page()?;
//! for ticket in &page {
//!     assert_eq!(ticket.id(), 1);
//!     assert_eq!(ticket.subject_text(), "Tom & Jerry");
//! }
//! assert_eq!(page.shows_version().lower_bound(), Version::V8_0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod credentials;
mod decode;
mod encode;
mod entities;
mod error;
mod extra;
mod field;
mod finding;
mod form;
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
pub use field::{FIELD_COUNT, FIELDS, Field, FieldSet, FieldSpec, Kind};
pub use finding::{Finding, FindingKind};
pub use jiff::civil::DateTime;
pub use page::Page;
pub use page_kind::{PageKind, cloudflare_status};
pub use redact::Redactor;
pub use reply::{ApiError, ApiErrorClass, Reply};
pub use request::{ApiRequest, GetTickets, ResponseType, StatusFilter, UnknownResponseType};
pub use ticket::{Attachment, Ticket};
pub use tickets::{AttachmentRef, Attachments, Iter, TicketRef, Tickets, Value};
pub use time::DateTimeParts;
pub use version::{InvalidVersion, ShownVersion, Version};
pub use vocabulary::{Priority, RelatedService, RequestorType, Status};
