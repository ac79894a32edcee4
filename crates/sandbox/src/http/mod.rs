//! The HTTP side: who may ask, what is answered, and how it goes out.

pub(crate) mod auth;
mod deliver;
pub(crate) mod reply;
pub(crate) mod router;
