//! The blocking client: threads, sockets and waits around the state machines.

mod client;
mod pending;

pub use self::client::Client;
pub use self::pending::Pending;
