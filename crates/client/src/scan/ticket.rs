//! [`SharedTicket`]: a ticket of a scan.

use std::borrow::Cow;
use std::fmt;

use crate::protocol::{
    Attachments, DateTime, Priority, RelatedService, RequestorType, Status, Ticket, TicketRef, Tickets,
};

/// A ticket of a scan. It shares its page with the others on it, and keeps that page in memory.
///
/// It has the accessors of [`TicketRef`]; [`get`](SharedTicket::get) returns the ticket with all of them.
#[derive(Clone)]
pub struct SharedTicket {
    tickets: Tickets,
    index: usize,
}

macro_rules! accessors {
    ($($name:ident: $type:ty,)+) => {
        $(
            #[doc = concat!("See [`TicketRef::", stringify!($name), "`].")]
            pub fn $name(&self) -> $type {
                self.get().$name()
            }
        )+
    };
}

impl SharedTicket {
    pub(super) fn new(tickets: Tickets, index: usize) -> Option<SharedTicket> {
        (index < tickets.len()).then_some(SharedTicket { tickets, index })
    }

    /// The ticket.
    #[allow(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "the index was below the length when this was made, and neither changes"
    )]
    pub fn get(&self) -> TicketRef<'_> {
        self.tickets.get(self.index).expect("a shared ticket is on its page")
    }

    /// The tickets of its page.
    pub fn tickets(&self) -> &Tickets {
        &self.tickets
    }

    /// Its index among the tickets of its page.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The ticket, owning its values.
    pub fn to_ticket(&self) -> Ticket {
        self.get().to_ticket()
    }

    accessors! {
        id: u64,
        deptid: u64,
        userid: u64,
        flag: u64,
        tid: &str,
        name: &str,
        email: &str,
        cc: &str,
        c: &str,
        date_text: &str,
        subject: &str,
        admin: &str,
        attachment: &str,
        lastreply_text: &str,
        service: &str,
        owner_name: Option<&str>,
        requestor_name: Option<&str>,
        requestor_email: Option<&str>,
        requestor_type: Option<RequestorType<'_>>,
        status: Status<'_>,
        priority: Priority<'_>,
        date: Option<DateTime>,
        lastreply: Option<DateTime>,
        attachments: Option<Attachments<'_>>,
        attachments_removed: Option<bool>,
        related_service: Option<RelatedService<'_>>,
        subject_text: Cow<'_, str>,
    }
}

impl fmt::Debug for SharedTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
