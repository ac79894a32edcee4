//! The scan: every ticket that matches a request, over all pages.
//!
//! [`ScanMachine`](machine::ScanMachine) reads one list and does no I/O. A `Series` runs one machine after the other,
//! for several statuses. A `Delivery` hands their tickets to the consumer. [`Scan`](crate::Scan) runs a delivery on
//! threads, `AsyncScan` on tokio. The guarantee is stated at [`Scan`](crate::Scan), and DESIGN.md has the argument.
//!
//! # Terms
//!
//! - *pass*: one reading of the list, or of its *front* (its beginning, from offset 0).
//! - *trail*: the last rows that the pass accepted. *claim*: what holds for each accepted page; see `pass`.
//! - *join*: a page joins if it shares an unchanged row with the trail, or is at offset 0.
//! - *tie*: two tickets tie in an order if their keys are equal. *Group of ties*: all tickets with one key.
//! - *weak*: a page joins weakly if it shares only rows whose groups of ties may extend beyond the pages.
//! - *due*: requested at an offset at which the page overlaps the trail as required. *Ahead*: requested further down.
//! - *served*: what the pass needs next is in flight. *Kept*: a page ahead that waits for the gap before it to be read.
//! - *met* or *seen*: on an accepted page of this scan. *Fresh*: met for the first time in this pass.
//! - *mark* or *watermark*: a time no later than the server's clock when a pass began. *Region*: the rows of the pass
//!   that are no older than three hours before the mark.
//! - *unproven*: a pass that accepted a page which joined nothing. *Contradicted*: a row, or a page, disagrees with the
//!   order or the total that was relied on.
//! - *undisturbed*: every page of a pass began with exactly the rows expected, where expected, and the total stayed the
//!   same.
//! - *early*: a pass that ends before the end of the list, because the rest is too old to matter.
//! - *crossing*: stepping over unreadable tickets.
//! - *gap*: offsets that were not read, before a kept page; or offsets behind the end, where rows may be hidden.
//! - *probe*: the request for the page behind the last row. *Counted*: in `totalresults`.

mod cursor;
mod delivery;
mod fetch;
pub mod machine;
mod methods;
mod order;
mod pass;
mod report;
mod row;
mod seen;
mod series;
mod status;
mod ticket;
mod unreadable;
mod verify;
mod window;

pub use self::cursor::{Cursor, InvalidCursor};
pub(crate) use self::delivery::{Available, Delivery};
pub use self::fetch::{Fetch, FetchContext, Fetched, OnWait, RetryWait};
pub(crate) use self::methods::settings_methods;
pub use self::report::{PageSizes, ScanFinding, ScanReport, UnreadableTicket};
pub(crate) use self::status::Observed;
pub use self::status::ScanStatus;
pub use self::ticket::SharedTicket;
pub(crate) use self::window::MAX_CONCURRENCY;
