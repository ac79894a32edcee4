//! Tickets of WHMCS installs in a database, kept up to date.
//!
//! [`Mirror`] copies the tickets of one or more installs into SQLite or PostgreSQL and records what changed between two
//! runs: new tickets, other statuses, departments, priorities, flags, subjects, replies, and tickets that are gone. It
//! marks a ticket as gone only after a scan that was proved complete, so an interrupted or filtered run never looks
//! like a deletion.
//!
//! [`Fleet`] reads several installs concurrently. [`singer::Tap`] writes their tickets as Singer messages.
//!
//! ```no_run
//! use gettickets::{Client, Credentials};
//! use gettickets_warehouse::{Install, Mirror, RunOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("https://billing.example.com")
//!     .credentials(Credentials::api("IDENTIFIER", "SECRET"))
//!     .build()?;
//! let mut mirror = Mirror::open("tickets.db")?;
//! let report = mirror.run(&Install::new("main", client), &RunOptions::default(), &mut |_| ())?;
//! println!("{} new, {} changed, {} gone", report.new, report.changed, report.gone);
//! # Ok(())
//! # }
//! ```

mod fleet;
mod install;
mod mirror;
mod row;
pub mod singer;
mod threads;

pub use crate::fleet::Fleet;
pub use crate::fleet::error::{FleetError, InstallError};
pub use crate::fleet::scan::{FleetPage, FleetScan, InstallReport};
pub use crate::install::Install;
pub use crate::mirror::error::{MirrorError, MirrorErrorKind};
pub use crate::mirror::report::{Mode, Progress, RunOptions, RunReport};
pub use crate::mirror::run::Mirror;
pub use crate::threads::side_by_side;
