//! [`FleetError`]: why installs cannot be read together; [`InstallError`]: why one of them failed.

use std::error::Error;
use std::fmt;

/// Error for installs that cannot be read together.
#[derive(Clone, Debug)]
pub struct FleetError {
    message: String,
}

impl FleetError {
    pub(crate) fn same_name(name: &str) -> FleetError {
        FleetError { message: format!("two installs have the name {name}") }
    }

    pub(crate) fn same_endpoint(one: &str, other: &str, endpoint: &str) -> FleetError {
        FleetError { message: format!("{one} and {other} are names of the same install, {endpoint}") }
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        "Give each install once, under one name."
    }
}

impl fmt::Display for FleetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for FleetError {}

/// The error that ended the scan of one install early. The scans of the other installs continue.
#[derive(Clone, Debug)]
pub struct InstallError {
    pub(crate) install: String,
    pub(crate) error: gettickets::Error,
}

impl InstallError {
    /// The name of the install.
    pub fn install(&self) -> &str {
        &self.install
    }

    /// The error of its scan.
    pub fn error(&self) -> &gettickets::Error {
        &self.error
    }
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.install, self.error)
    }
}

impl Error for InstallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}
