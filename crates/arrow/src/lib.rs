//! Pages of tickets as Arrow record batches, and scans as streams of them.
//!
//! [`record_batch`] converts a decoded page to columns directly from the memory of the page. [`TicketReader`] converts
//! page after page, as a `RecordBatchReader` for Parquet and IPC writers and the C stream interface (feature `ffi`).
//!
//! [`TableColumn`] lists the columns of every table: the fields ([`FIELDS`](gettickets_protocol::FIELDS)) in wire order
//! and `extra`, and on request `install`, `date_utc`, `lastreply_utc` and `subject_text`. All are nullable: a value is
//! null if the field is missing, null, or an unreadable date. The text of such a date is stored in `extra` under the
//! name of the field. [`TableSchema`] selects columns.
//!
//! | kind | Arrow type |
//! |---|---|
//! | integer | `Int64`; a larger number is the error [`NumberTooLarge`] |
//! | text | `Utf8` |
//! | date and time | `Timestamp(Microsecond, None)`: local time of the install, no zone |
//! | date and time in UTC | `Timestamp(Microsecond, Some("UTC"))`: with [`TableSchema::in_time_zone`] |
//! | boolean | `Boolean` |
//! | attachments | `List<element: Struct<filename: Utf8, index: Int64>>` |
//! | `extra` | `Utf8`: a JSON object of unknown fields and of unreadable dates, null if there are none |
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
//! Texts are plain `Utf8`, which every reader accepts without conversion, except pandas, which uses `LargeUtf8`
//! ([`TableSchema::large_texts`]) and would copy all offsets. `Utf8View` would let a batch point into the page, but it
//! keeps the whole body in memory as long as any column exists, and some readers convert or reject it. Dictionaries for
//! repeated words, such as `status`, would be smaller, but each page would have its own dictionary, which readers must
//! unify, and pandas would make categories of them, which compare in unexpected ways. Parquet compresses repeated
//! values itself. Times are in microseconds because Polars has no seconds. Integers are signed because databases, Spark
//! and Java have no unsigned ones, and because subtraction of unsigned integers wraps. Items of lists are named
//! `element` and everything is nullable because Spark requires it of the batches that it reads.

pub use {arrow_array, arrow_schema, arrow_schema::ArrowError};

mod attachments;
mod civil;
mod column;
mod error;
mod extra;
#[cfg(feature = "ffi")]
pub mod ffi;
mod install;
mod layout;
mod reader;
mod table_schema;
mod texts;

pub use error::{ColumnError, NumberTooLarge, signed};
pub use install::TableInstall;
pub use layout::{ColumnKind, EXTRA, INSTALL, TableColumn};
pub use reader::{TablePage, TicketReader};
pub use table_schema::{TableSchema, record_batch, schema};
