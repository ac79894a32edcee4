//! The asynchronous client: tokio and reqwest around the state machines.

mod client;
mod scan;

pub use self::client::AsyncClient;
pub use self::scan::AsyncScan;
