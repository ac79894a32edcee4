//! [`Fleet`]: several installs as one source of tickets.

pub(crate) mod error;
pub(crate) mod scan;

use gettickets::{GetTickets, Scan};

use self::error::FleetError;
use self::scan::FleetScan;
use crate::install::Install;

/// Several installs that are read concurrently, each with its own client, retries and report.
///
/// ```no_run
/// use gettickets::{Client, Credentials, GetTickets};
/// use gettickets_warehouse::{Fleet, Install};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = |url: &str| Client::builder(url).credentials(Credentials::api("IDENTIFIER", "SECRET")).build();
/// let fleet = Fleet::new([
///     Install::new("eu", client("https://eu.example.com")?),
///     Install::new("us", client("https://us.example.com")?),
/// ])?;
/// let mut scan = fleet.scan(&GetTickets::default());
/// for page in scan.by_ref() {
///     match page {
///         Ok(page) => println!("{}: {} tickets", page.install, page.tickets.len()),
///         Err(error) => eprintln!("{error}"),
///     }
/// }
/// for report in scan.reports() {
///     println!("{}: {} requests", report.install, report.scan.requests);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    installs: Vec<Install>,
}

impl Fleet {
    /// Creates a fleet of installs with unique names.
    ///
    /// # Errors
    ///
    /// [`FleetError`] if two installs have the same name, or if two names refer to the same endpoint, whose tickets
    /// would be read twice.
    pub fn new(installs: impl IntoIterator<Item = Install>) -> Result<Fleet, FleetError> {
        let installs: Vec<Install> = installs.into_iter().collect();
        for (index, install) in installs.iter().enumerate() {
            for earlier in installs.iter().take(index) {
                if earlier.name == install.name {
                    return Err(FleetError::same_name(&install.name));
                }
                let endpoint = install.client.endpoint();
                if earlier.client.endpoint() == endpoint {
                    return Err(FleetError::same_endpoint(&earlier.name, &install.name, &endpoint));
                }
            }
        }
        Ok(Fleet { installs })
    }

    /// The installs, in the given order.
    pub fn installs(&self) -> &[Install] {
        &self.installs
    }

    /// Reads every ticket that matches a request from all installs.
    pub fn scan(&self, request: &GetTickets) -> FleetScan {
        self.scan_with(|install| install.client.scan(request.clone()))
    }

    /// Reads all installs. `scan` creates the scan of each install, so requests and settings may differ.
    pub fn scan_with(&self, mut scan: impl FnMut(&Install) -> Scan) -> FleetScan {
        FleetScan::start(self.installs.iter().map(|install| (install.name.clone(), scan(install))))
    }
}
