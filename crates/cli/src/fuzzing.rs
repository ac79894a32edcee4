//! Entry points of the fuzz targets: parsers of files that other programs may have written.

use crate::commands;
use crate::connect::profile;

/// Parses a configuration file and checks each of its profiles. Returns an error as it is printed, with its hint.
///
/// # Errors
///
/// If it is not a configuration, or a profile is not valid.
pub fn configuration(text: &str) -> Result<(), String> {
    profile::check_all(text).map_err(|failure| failure.paragraph())
}

/// Parses the checkpoint of an export and serializes it again; `None` if it is not a checkpoint.
pub fn checkpoint(text: &[u8]) -> Option<String> {
    commands::rewritten_checkpoint(text)
}

/// Parses the state of a watch and serializes it again.
///
/// # Errors
///
/// If it is not a state, or is not that of a watch of `https://a/` without parameters.
pub fn watch_state(text: &[u8]) -> Result<Vec<u8>, String> {
    commands::rewritten_state(text).map_err(|failure| failure.paragraph())
}
