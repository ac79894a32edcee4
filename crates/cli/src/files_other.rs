//! The operations of `files` that differ between systems, for systems other than Unix.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

pub(super) fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

pub(super) fn check_own(_: &Metadata) -> io::Result<()> {
    Ok(())
}

/// An open file cannot be renamed there.
pub(super) fn are_same(_: &Metadata, _: &Metadata) -> io::Result<bool> {
    Ok(true)
}

pub(super) fn check_link(_: &Path, _: &Metadata) -> io::Result<()> {
    Ok(())
}

pub(super) fn take_owner(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

pub(super) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() { Err(io::ErrorKind::AlreadyExists.into()) } else { fs::rename(from, to) }
}
