//! The columns that `--columns` selects, and those of a profile's names.

use crate::args::Column;
use crate::exit::{Failure, Outcome};
use crate::output::names::Names;

/// The columns of CSV in which the profiles' names of departments and admins stand, where there are any.
pub(crate) fn of_names<'n>(names: impl Iterator<Item = &'n Names> + Clone) -> Vec<Column> {
    let mut columns = Vec::new();
    if names.clone().any(Names::has_departments) {
        columns.push(Column::Department);
    }
    if names.clone().any(Names::has_admins) {
        columns.push(Column::FlaggedTo);
    }
    columns
}

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
