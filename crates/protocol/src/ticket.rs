//! [`Ticket`]: a ticket that owns its values, for building and storing.

use std::fmt;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Priority, RequestorType, Status};

/// A ticket that owns its values.
///
/// Fields that every version sends are plain; those of later versions are `Option`, and `None` where the
/// reply had none or null. `date` and `lastreply` are `None` where the server has a zero date.
///
/// A page holds its tickets more tightly, as [`Tickets`](crate::Tickets); this is what
/// [`TicketRef::to_ticket`](crate::TicketRef::to_ticket) gives. Serde reads and writes canonical JSON.
///
/// ```
/// use gettickets_protocol::{Status, Ticket};
/// let ticket = Ticket { id: 1, subject: "Hello".into(), status: Status::Open, ..Ticket::default() };
/// assert!(serde_json::to_string(&ticket)?.contains(r#""subject":"Hello","status":"Open""#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ticket {
    /// Internal id of the ticket, unique in its install.
    pub id: u64,
    /// Public ticket number; mostly six digits, but masks give `TST01` or `ABC-12345`.
    pub tid: String,
    /// Id of the department the ticket is in.
    pub deptid: u64,
    /// Id of the client the ticket belongs to; 0 for a non-client.
    pub userid: u64,
    /// Name of who opened the ticket.
    pub name: String,
    /// Name of the client that owns the ticket. Since 8.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_name: Option<String>,
    /// E-mail address of who opened the ticket.
    pub email: String,
    /// Name of the requestor; none on tickets older than the field. Since 8.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requestor_name: Option<String>,
    /// E-mail address of the requestor. Since 8.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requestor_email: Option<String>,
    /// What the requestor is. Since 8.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requestor_type: Option<RequestorType<'static>>,
    /// Addresses that get copies, separated by commas.
    pub cc: String,
    /// Access key of the ticket: who has `tid` and `c` can open it. `Debug` does not show it.
    pub c: String,
    /// When the ticket was opened, in the install's own time zone.
    pub date: Option<DateTime>,
    /// Subject line, HTML-encoded as the server stores it.
    pub subject: String,
    /// Status.
    pub status: Status<'static>,
    /// Priority.
    pub priority: Priority<'static>,
    /// Name of the admin who opened the ticket, or empty.
    pub admin: String,
    /// Stored names of the attachments, separated by vertical bars.
    pub attachment: String,
    /// Attachments of the opening message. Since 7.10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<Attachment>>,
    /// Whether the attachments were removed; any version may leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments_removed: Option<bool>,
    /// When the ticket was last replied to, in the install's own time zone.
    pub lastreply: Option<DateTime>,
    /// Id of the admin the ticket is flagged to; 0 for none.
    pub flag: u64,
    /// Related service: `S` and its id, `D` and a domain's id, or empty.
    pub service: String,
    /// Fields that are in no version's documentation, as they were sent.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

/// An open ticket of medium priority, with everything else empty.
impl Default for Ticket {
    fn default() -> Ticket {
        Ticket {
            id: 0,
            tid: String::new(),
            deptid: 0,
            userid: 0,
            name: String::new(),
            owner_name: None,
            email: String::new(),
            requestor_name: None,
            requestor_email: None,
            requestor_type: None,
            cc: String::new(),
            c: String::new(),
            date: None,
            subject: String::new(),
            status: Status::Open,
            priority: Priority::Medium,
            admin: String::new(),
            attachment: String::new(),
            attachments: None,
            attachments_removed: None,
            lastreply: None,
            flag: 0,
            service: String::new(),
            extra: Map::new(),
        }
    }
}

/// Short, and without the access key or the people's addresses.
impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("id", &self.id)
            .field("tid", &self.tid)
            .field("subject", &self.subject)
            .field("status", &self.status.as_str())
            .field("lastreply", &self.lastreply)
            .finish_non_exhaustive()
    }
}

/// An attachment of a ticket's opening message. Since server version 7.10.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attachment {
    /// Its file name.
    pub filename: String,
    /// Its number, counted from 0.
    pub index: u64,
}
