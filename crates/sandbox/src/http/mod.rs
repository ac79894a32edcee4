//! The HTTP side: connections, requests, access and responses.

mod auth;
mod connection;
mod deliver;
mod hosts;
mod parameters;
mod respond;
mod server;

pub(crate) use self::auth::{Access, md5_hex};
pub(crate) use self::connection::serve;
pub(crate) use self::hosts::AllowedHosts;
pub(crate) use self::server::Server;
