//! [`TableOptions`]: the options of a table.

use crate::args;
use crate::output::clock::Clock;
use crate::output::names::Names;

/// Options of a table.
#[derive(Clone, Debug)]
pub(crate) struct TableOptions {
    /// The width in cells; `None` for unlimited width, with times in full.
    pub(crate) width: Option<usize>,
    /// The install's clock, for ages and for times in UTC.
    pub(crate) clock: Clock,
    /// The columns to show, in this order; empty for as many as fit.
    pub(crate) columns: Vec<args::Column>,
    /// Names of departments and admins.
    pub(crate) names: Names,
    /// Whether to show times in UTC.
    pub(crate) utc: bool,
}

impl TableOptions {
    /// A table of this width without further options.
    pub(crate) fn new(width: Option<usize>, clock: Clock) -> TableOptions {
        TableOptions { width, clock, columns: Vec::new(), names: Names::default(), utc: false }
    }
}
