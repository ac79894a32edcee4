//! Generates parts of pages from the code, and whole pages for commands.

mod c_codes;
mod commands;
mod environment;
mod errors;
mod exceptions;
mod fields;
mod findings;
mod page;
mod quirks;

use self::page::Page;
use crate::repository::Result;

/// The pages that are generated as a whole.
pub(crate) fn pages() -> Vec<Page> {
    commands::pages()
}

/// Returns the part with this name, which a page includes with `{{#generated NAME}}`.
pub(crate) fn part(name: &str) -> Result<String> {
    match name {
        "c-codes" => c_codes::table(),
        "commands" => Ok(commands::table()),
        "configuration-file" => Ok(environment::configuration_file()),
        "environment" => Ok(environment::table()),
        "exceptions" => exceptions::table(),
        "exit-codes" => Ok(environment::exit_codes()),
        "fields" => Ok(fields::table()),
        "fields-by-version" => Ok(fields::by_version()),
        "findings" => findings::table(),
        "hint-settings" => Ok(errors::settings()),
        "quirks" => Ok(quirks::table()),
        name => match name.strip_prefix("errors-") {
            Some(kind) => errors::of_kind(kind),
            None => Err(format!("unknown generated part {name:?}; see crates/site/src/generated/mod.rs")),
        },
    }
}
