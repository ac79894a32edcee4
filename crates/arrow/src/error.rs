//! The errors of tables: a column that cannot be selected, and a number that is too large.

use std::error::Error;
use std::fmt;

use gettickets_protocol::TicketRef;

use crate::layout::TableColumn;

/// Error for a selection of columns.
///
/// ```
/// use gettickets_arrow::TableSchema;
/// let error = TableSchema::default().select(["id", "titel"]).unwrap_err().to_string();
/// assert!(error.starts_with("unknown column \"titel\"; the columns are id, tid, "), "{error}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnError {
    kind: ColumnErrorKind,
    /// The columns that can be selected.
    available: Vec<TableColumn>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ColumnErrorKind {
    Unknown(String),
    Repeated(TableColumn),
    /// A column that only tables with an install or a time zone have.
    Absent(TableColumn),
    NoColumn,
}

impl ColumnError {
    pub(crate) fn unknown(name: &str, available: Vec<TableColumn>) -> ColumnError {
        ColumnError { kind: ColumnErrorKind::Unknown(name.to_owned()), available }
    }

    pub(crate) fn repeated(column: TableColumn, available: Vec<TableColumn>) -> ColumnError {
        ColumnError { kind: ColumnErrorKind::Repeated(column), available }
    }

    pub(crate) fn absent(column: TableColumn, available: Vec<TableColumn>) -> ColumnError {
        ColumnError { kind: ColumnErrorKind::Absent(column), available }
    }

    pub(crate) fn no_column(available: Vec<TableColumn>) -> ColumnError {
        ColumnError { kind: ColumnErrorKind::NoColumn, available }
    }

    /// Returns whether the column needs the time zone of the install, which the table does not have.
    pub fn needs_time_zone(&self) -> bool {
        let utc = [TableColumn::DateUtc, TableColumn::LastreplyUtc];
        matches!(self.kind, ColumnErrorKind::Absent(column) if utc.contains(&column))
    }

    /// The columns that can be selected.
    pub fn available(&self) -> &[TableColumn] {
        &self.available
    }
}

impl fmt::Display for ColumnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ColumnErrorKind::Unknown(name) => write!(f, "unknown column {name:?}")?,
            ColumnErrorKind::Repeated(column) => write!(f, "the column \"{column}\" is selected twice")?,
            ColumnErrorKind::Absent(TableColumn::Install) => {
                f.write_str("the column \"install\" needs the name of the install, which is not set")?;
            }
            ColumnErrorKind::Absent(column) => match column {
                TableColumn::DateUtc | TableColumn::LastreplyUtc => {
                    write!(
                        f,
                        "the column \"{column}\" needs the time zone of the install, which is not set"
                    )?;
                }
                column => write!(f, "the table has no column \"{column}\"")?,
            },
            ColumnErrorKind::NoColumn => f.write_str("no column is selected")?,
        }
        let names: Vec<&str> = self.available.iter().map(|column| column.name()).collect();
        write!(f, "; the columns are {}", names.join(", "))
    }
}

impl Error for ColumnError {}

/// Error for a number that a signed integer of 64 bits cannot hold. Tables have no unsigned integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberTooLarge {
    ticket: u64,
    column: &'static str,
    number: u64,
}

impl NumberTooLarge {
    /// The id of the ticket.
    pub fn ticket(&self) -> u64 {
        self.ticket
    }

    /// The name of the column.
    pub fn column(&self) -> &'static str {
        self.column
    }

    /// The number as the server sent it.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl fmt::Display for NumberTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NumberTooLarge { ticket, column, number } = self;
        write!(
            f,
            "ticket {ticket}: {column} {number} is larger than the largest integer of a table ({})",
            i64::MAX
        )
    }
}

impl Error for NumberTooLarge {}

/// Returns a number of a ticket as an integer of a table.
///
/// # Errors
///
/// [`NumberTooLarge`], with the ticket and the name of the column.
pub fn signed(ticket: &TicketRef<'_>, column: &'static str, number: u64) -> Result<i64, NumberTooLarge> {
    i64::try_from(number).map_err(|_| NumberTooLarge { ticket: ticket.id(), column, number })
}
