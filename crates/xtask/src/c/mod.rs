//! The C library: its header and its installation.

pub(crate) mod header;
pub(crate) mod install;
pub(crate) mod peers;
mod sections;
pub(crate) mod size;
