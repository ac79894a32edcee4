//! The scan: every ticket that matches a request, over all pages.
//!
//! [`ScanMachine`](machine::ScanMachine) decides everything and does no I/O; [`Scan`](crate::Scan) runs it on threads. The
//! promise is stated at [`Scan`](crate::Scan), and DESIGN.md has the argument for it.

mod cursor;
mod fetch;
pub mod machine;
mod order;
mod pass;
mod report;
mod row;
mod seen;
mod unreadable;
mod verify;
mod window;

pub use self::cursor::{Cursor, InvalidCursor};
pub use self::fetch::{Fetch, FetchContext, Fetched, RetryWait};
pub use self::report::{PageSizes, ScanFinding, ScanReport, UnreadableTicket};
