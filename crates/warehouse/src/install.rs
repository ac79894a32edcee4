//! [`Install`]: a named source of tickets.

use gettickets::{Client, GetTickets, Scan};
use jiff::tz::TimeZone;

/// The number of tickets on the first page, which is read alone if little has changed.
const FRONT: u64 = 250;

/// An install whose tickets are read.
#[derive(Clone, Debug)]
pub struct Install {
    pub(crate) name: String,
    pub(crate) client: Client,
    pub(crate) time_zone: Option<TimeZone>,
    pub(crate) ignore_departments: bool,
    pub(crate) access_keys: bool,
}

impl Install {
    /// Creates an install with this name, under which the tables store it.
    pub fn new(name: impl Into<String>, client: Client) -> Install {
        Install { name: name.into(), client, time_zone: None, ignore_departments: false, access_keys: false }
    }

    /// The time zone of the install's clock, for the columns `date_utc` and `lastreply_utc`. Default: unknown, and
    /// these columns are null.
    #[must_use]
    pub fn time_zone(self, zone: TimeZone) -> Install {
        Install { time_zone: Some(zone), ..self }
    }

    /// Whether to read tickets of departments that the API user is not a member of. Default: `false`.
    #[must_use]
    pub fn ignore_departments(self, ignore: bool) -> Install {
        Install { ignore_departments: ignore, ..self }
    }

    /// Whether to store the tickets' access keys (`c`), which open a ticket together with its number. Default: `false`.
    #[must_use]
    pub fn access_keys(self, store: bool) -> Install {
        Install { access_keys: store, ..self }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The request for the first page of the list of every ticket.
    pub(crate) fn front(&self) -> GetTickets {
        GetTickets { limitnum: Some(FRONT), ..self.request() }
    }

    fn request(&self) -> GetTickets {
        let ignore = self.ignore_departments.then_some(true);
        GetTickets { ignore_dept_assignments: ignore, ..GetTickets::default() }
    }

    /// A scan of every ticket. It skips tickets that the server cannot send; its report lists them.
    pub(crate) fn scan(&self) -> Scan {
        self.client.scan(self.request()).skip_unreadable(true)
    }
}
