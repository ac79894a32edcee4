//! The asynchronous client: tokio and reqwest around the state machines.

mod client;

pub use self::client::AsyncClient;
