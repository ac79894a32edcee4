//! [`Server`]: everything that responses depend on.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use gettickets_protocol::Version;

use super::auth::Access;
use super::hosts::AllowedHosts;
use crate::quirk::Quirks;
use crate::status::ConfiguredStatus;
use crate::store::Store;

/// Everything that responses depend on.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) store: Store,
    pub(crate) version: Version,
    pub(crate) access: Access,
    pub(crate) hosts: AllowedHosts,
    pub(crate) statuses: Vec<ConfiguredStatus>,
    pub(crate) quirks: Quirks,
    /// The delay of every API response.
    pub(crate) latency: Duration,
    /// How long a client may take to send a request's headers, and again for its body.
    pub(crate) request_timeout: Duration,
    /// The number of requests that the API has received.
    pub(crate) requests: AtomicU64,
}
