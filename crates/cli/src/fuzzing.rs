//! What the fuzz targets call of this crate: the parsers of files that others may have written.

use crate::commands;
use crate::connect::profile;

/// Parses a configuration file and checks each of its profiles. An error is as it is printed, with its hint.
///
/// # Errors
///
/// If it is not a configuration, or a profile is not valid.
pub fn configuration(text: &str) -> Result<(), String> {
    profile::check_all(text).map_err(|failure| failure.paragraph())
}

/// Parses the checkpoint of an export and returns what the program writes of it; `None` if it is not one.
pub fn checkpoint(text: &[u8]) -> Option<String> {
    commands::rewritten_checkpoint(text)
}

/// Parses the state of a watch and returns what the program writes of it.
///
/// # Errors
///
/// If it is not a state, or one of another watch than that of `https://a/` without parameters.
pub fn watch_state(text: &[u8]) -> Result<Vec<u8>, String> {
    commands::rewritten_state(text).map_err(|failure| failure.paragraph())
}
