//! [`TableOptions`]: the options of a table.

use crate::args;
use crate::output::InstallContext;
use crate::output::clock::Clock;
use crate::output::names::Names;

/// Options of a table.
#[derive(Clone, Debug)]
pub(crate) struct TableOptions {
    /// The width in cells; `None` for unlimited width, with full times.
    pub(crate) width: Option<usize>,
    /// The install of the tickets; its clock determines ages and times in UTC.
    pub(crate) install: InstallContext,
    /// The names of the tickets' installs; empty for a table without a column for them.
    pub(crate) installs: Vec<String>,
    /// The columns to show, in this order; empty for as many as fit.
    pub(crate) columns: Vec<args::Column>,
    /// Whether to show times in UTC.
    pub(crate) utc: bool,
}

impl TableOptions {
    /// A table of this width without further options.
    pub(crate) fn new(width: Option<usize>, clock: Clock) -> TableOptions {
        let install = InstallContext { name: None, clock, zone_is_known: false, names: Names::default() };
        TableOptions { width, install, installs: Vec::new(), columns: Vec::new(), utc: false }
    }
}
