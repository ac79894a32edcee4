//! Generates the table of the Python package's exceptions from the sources of their classes.

use crate::markdown::{code, table as markdown_table};
use crate::repository::{self, Result};

pub(super) const SOURCE: &str = "bindings/python/python/gettickets/_errors.py";

/// An exception.
pub(super) struct Exception {
    pub(super) name: String,
    bases: String,
    /// The first paragraph of the docstring.
    meaning: String,
}

/// Every exception, in the order of the file.
pub(super) fn all() -> Result<Vec<Exception>> {
    let source = repository::read(SOURCE)?;
    let mut found = Vec::new();
    for class in source.split("\nclass ").skip(1) {
        let parts = class.split_once("(").and_then(|(name, rest)| {
            let (bases, body) = rest.split_once("):\n    \"\"\"")?;
            let (text, _) = body.split_once("\"\"\"")?;
            Some((name, bases, text.split("\n\n").next()?))
        });
        let Some((name, bases, meaning)) = parts else {
            return Err(format!(
                "{SOURCE}: a class has no base or no documentation: {}",
                class.lines().next().unwrap_or("")
            ));
        };
        found.push(Exception { name: name.to_owned(), bases: bases.to_owned(), meaning: meaning.to_owned() });
    }
    Ok(found)
}

/// Every exception: its name, the classes that it derives from, and its meaning.
pub(super) fn table() -> Result<String> {
    let rows = all()?.into_iter().map(|exception| {
        let bases: Vec<String> = exception.bases.split(", ").map(code).collect();
        [code(&exception.name), bases.join(", "), exception.meaning]
    });
    Ok(markdown_table(["exception", "derives from", "meaning"], rows))
}
