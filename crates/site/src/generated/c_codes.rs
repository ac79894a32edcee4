//! Generates the table of the C library's result codes from the constants in its sources.

use crate::markdown::{code, table as markdown_table};
use crate::repository::Result;
use crate::source;

const SOURCE: &str = "bindings/c/src/result.rs";

/// Every result code: its number, its name and its meaning.
pub(super) fn table() -> Result<String> {
    let mut rows = Vec::new();
    for constant in source::constants(SOURCE, "GETTICKETS_")? {
        let number = constant.rest.split_once("= ").map_or("", |(_, number)| number).trim_end_matches(';');
        if number.parse::<i32>().is_err() {
            return Err(format!("{SOURCE}: {} has no number", constant.name));
        }
        rows.push([number.to_owned(), code(&constant.name), constant.text]);
    }
    Ok(markdown_table(["code", "constant", "meaning"], rows))
}
