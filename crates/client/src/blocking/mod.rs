//! The blocking client: threads, sockets and waits around the state machines.

mod client;
mod pending;
mod scan;

pub use self::client::Client;
pub use self::pending::Pending;
pub use self::scan::{Scan, ScanPages};
