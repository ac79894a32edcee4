//! The statuses that an install has, and which of the special words each falls under.

/// A status that the install is configured with.
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
    /// A status that counts neither as active nor as awaiting a reply.
    pub fn new(title: impl Into<String>) -> ConfiguredStatus {
        ConfiguredStatus { title: title.into(), active: false, awaiting: false }
    }

    /// The same status, which `All Active Tickets` takes in.
    #[must_use]
    pub fn active(self) -> ConfiguredStatus {
        ConfiguredStatus { active: true, ..self }
    }

    /// The same status, which `Awaiting Reply` takes in.
    #[must_use]
    pub fn awaiting_reply(self) -> ConfiguredStatus {
        ConfiguredStatus { awaiting: true, ..self }
    }

    /// The six that an install starts with: all but `Closed` are active, and `Open` and `Customer-Reply`
    /// await a reply.
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
