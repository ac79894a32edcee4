//! Checks of the columns that `--columns` selects.

use crate::args::Column;
use crate::exit::{Failure, Outcome};

/// Fails if a column is selected twice.
pub(crate) fn refuse_repeated(columns: &[Column]) -> Outcome {
    match Column::repeated(columns) {
        None => Ok(()),
        Some(column) => Err(Failure::usage(format!("--columns selects {} twice", column.name()))
            .hint(format!("Name each column once; the columns are {}", names()))),
    }
}

/// The names of all columns.
fn names() -> String {
    Column::all().map(Column::name).collect::<Vec<_>>().join(", ")
}
