//! The C library: its header, and where it is put.

pub(crate) mod header;
pub(crate) mod install;
pub(crate) mod peers;
mod sections;
pub(crate) mod size;
