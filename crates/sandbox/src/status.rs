//! The statuses of an install, and the special filters that match them.

/// A configured status of an install.
///
/// ```
/// use gettickets_sandbox::ConfiguredStatus;
/// let waiting = ConfiguredStatus::new("Waiting on vendor").active();
/// let sandbox = gettickets_sandbox::Sandbox::builder()
///     .statuses(ConfiguredStatus::defaults().into_iter().chain([waiting]))
///     .start()?;
/// # drop(sandbox);
/// # Ok::<(), gettickets_sandbox::SandboxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredStatus {
    pub(crate) title: String,
    pub(crate) active: bool,
    pub(crate) awaiting: bool,
}

impl ConfiguredStatus {
    /// Creates a status that counts neither as active nor as awaiting a reply.
    pub fn new(title: impl Into<String>) -> ConfiguredStatus {
        ConfiguredStatus { title: title.into(), active: false, awaiting: false }
    }

    /// Makes the status active: `All Active Tickets` matches it.
    #[must_use]
    pub fn active(self) -> ConfiguredStatus {
        ConfiguredStatus { active: true, ..self }
    }

    /// Makes the status await a reply: `Awaiting Reply` matches it.
    #[must_use]
    pub fn awaiting_reply(self) -> ConfiguredStatus {
        ConfiguredStatus { awaiting: true, ..self }
    }

    /// Returns the six statuses of a new install: all but `Closed` are active, and `Open` and
    /// `Customer-Reply` await a reply.
    pub fn defaults() -> Vec<ConfiguredStatus> {
        let status = ConfiguredStatus::new;
        vec![
            status("Open").active().awaiting_reply(),
            status("Answered").active(),
            status("Customer-Reply").active().awaiting_reply(),
            status("Closed"),
            status("On Hold").active(),
            status("In Progress").active(),
        ]
    }
}
