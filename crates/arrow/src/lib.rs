//! Pages of tickets as Arrow record batches, and scans as streams of them.
//!
//! [`record_batch`] turns a decoded page into columns, straight from the page's memory: no ticket and no
//! text is built on the way. [`TicketReader`] does so page after page, as a `RecordBatchReader`, which is
//! what Parquet and IPC writers and the C stream interface (feature `ffi`) take.
//!
//! Columns are those of the field history, [`FIELDS`](gettickets_protocol::FIELDS), in wire order, and one
//! more, `extra`. All can be null: a value is null where the reply has no such field, has it as null, or where it is
//! a date that can't be read. The text of such a date is kept in `extra`, under the field's name.
//!
//! | kind | Arrow type |
//! |---|---|
//! | integer | `UInt64` |
//! | text | `Utf8` |
//! | date and time | `Timestamp(Microsecond, None)`: the install's own wall clock, no zone; instants with [`Layout::in_time_zone`] |
//! | truth value | `Boolean` |
//! | attachments | `List<Struct<filename: Utf8, index: UInt64>>` |
//! | `extra` | `Utf8`: a JSON object of undocumented fields and of dates that can't be read, null if there are none |
//!
//! ```
//! use gettickets_arrow::arrow_array::cast::AsArray;
//! use gettickets_protocol::{Ticket, Tickets, Version};
//!
//! let tickets = [Ticket { id: 7, subject: "Hello".into(), ..Ticket::default() }];
//! let batch = gettickets_arrow::record_batch(&Tickets::new(&tickets, Version::V7_10))?;
//! assert_eq!(batch["subject"].as_string::<i32>().value(0), "Hello");
//! assert!(batch["owner_name"].is_null(0), "7.10 does not send it");
//! # Ok::<(), gettickets_arrow::ArrowError>(())
//! ```
//!
//! # Why these types
//!
//! Text is plain `Utf8` because every reader takes it without a conversion, but for pandas, which has
//! `LargeUtf8` ([`Layout::large_texts`]) and would copy all offsets. `Utf8View` would let a batch
//! point into the page, but holds the whole body in memory for as long as one short column of it lives,
//! and readers still convert or refuse it. Dictionaries for words that repeat, such as `status`, would be
//! smaller; but each page would bring a dictionary of its own, which readers then unify, and pandas makes
//! categories of them that compare by surprise. Parquet finds the repeats by itself. Microseconds because
//! Polars has no seconds.

pub use {arrow_array, arrow_schema, arrow_schema::ArrowError};

mod attachments;
mod civil;
mod column;
mod extra;
#[cfg(feature = "ffi")]
pub mod ffi;
mod layout;
mod reader;

pub use layout::{EXTRA, Layout, record_batch, schema};
pub use reader::TicketReader;
