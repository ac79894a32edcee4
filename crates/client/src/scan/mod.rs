//! The scan: every ticket that matches a request, over all pages.
//!
//! [`ScanMachine`](machine::ScanMachine) decides everything and does no I/O; [`Scan`](crate::Scan) runs it on threads.
//! The guarantee is stated at [`Scan`](crate::Scan), and DESIGN.md has the argument.

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
