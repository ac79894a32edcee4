//! Computes the API's answer to a request.

use std::net::IpAddr;

use gettickets_protocol::{
    ApiError, ApiRequest, Field, FieldValue, GetTickets, Page, ResponseType, StatusFilter, Ticket, Tickets,
    Version,
};

use super::server::Server;
use crate::answer::{Answer, JSON, TEXT, XML};
use crate::quirk::{Quirk, Quirks, bytes, pages, replace, spelling};
use crate::status::ConfiguredStatus;
use crate::store::{Filter, Slice, StoreError};
use crate::wire::{self, STORED_VERSION};

/// A request as it was received.
#[derive(Debug)]
pub(super) struct Received {
    /// Counted from 0.
    pub(super) number: u64,
    pub(super) peer: IpAddr,
    pub(super) has_user_agent: bool,
    /// The parameters in form encoding.
    pub(super) form: Vec<u8>,
}

/// The answer to a request, with the server's quirks.
pub(super) fn answer(server: &Server, received: &Received) -> Answer {
    let Server { quirks, version, .. } = server;
    let request = ApiRequest::parse(&received.form);
    let format = if quirks.has_any(&[Quirk::XmlOnly, Quirk::Iso88591]) {
        ResponseType::Xml
    } else {
        request.responsetype.as_deref().and_then(|word| word.parse().ok()).unwrap_or_default()
    };
    let seen = replace::Seen {
        number: received.number,
        has_user_agent: received.has_user_agent,
        form: &received.form,
    };
    let answer = replace::answer(quirks, &seen, format, *version).unwrap_or_else(|| {
        list(server, received, &request, format).unwrap_or_else(|refused| {
            let Refused { status, error } = refused;
            Answer::error(status, &error, format, *version)
        })
    });
    bytes::finish(quirks, received.number, answer)
}

/// An error of the API, and its HTTP status.
struct Refused {
    status: u16,
    error: ApiError,
}

impl From<StoreError> for Refused {
    fn from(_: StoreError) -> Refused {
        Refused { status: 500, error: ApiError::new("An error occurred while querying the database.") }
    }
}

fn list(
    server: &Server,
    received: &Received,
    request: &ApiRequest,
    format: ResponseType,
) -> Result<Answer, Refused> {
    let Server { quirks, version, .. } = server;
    let checked = server.access.check(request, received.peer);
    checked.map_err(|error| Refused { status: replace::refusal_status(quirks), error })?;
    if let Some(message) = unknown_action(request, *version) {
        return Err(Refused { status: 200, error: ApiError::new(message) });
    }
    if quirks.has(Quirk::Shifting) {
        server.store.churn(received.number)?;
    }
    if quirks.has(Quirk::ClockSetBack) {
        server.store.answer_some(received.number)?;
    }
    let (start, limit) = bounds(&request.parameters);
    let (start, limit) = pages::range(quirks, received.number, start, limit);
    let slice = server.store.slice(&filter(server, &request.parameters), start, limit)?;
    if let Some(page) = replace::exhausted(quirks, slice.objects.len()) {
        return Ok(page);
    }
    let malformed = pages::holds_malformed(quirks, &slice.ids);
    if malformed && (format != ResponseType::Xml || quirks.has(Quirk::MalformedUtf8Deep)) {
        let message = "Error generating JSON encoded response: \
            Malformed UTF-8 characters, possibly incorrectly encoded";
        return Err(Refused { status: 200, error: ApiError::new(message) });
    }
    let counts = pages::counts(quirks, start, &slice);
    if format == ResponseType::Json && *version >= STORED_VERSION && !pages::alters_tickets(quirks) {
        return Ok(Answer::new(200, JSON, spelling::page(quirks, slice.objects, &counts)));
    }
    let tickets = tickets(quirks, &slice, *version)?;
    Ok(encoded(server, tickets, &counts, format))
}

/// The tickets of a slice as a server of this version sends them, with its quirks.
fn tickets(quirks: &Quirks, slice: &Slice, version: Version) -> Result<Tickets, StoreError> {
    let stored = wire::parse(&slice.objects).ok_or(StoreError::unreadable())?;
    let mut tickets: Vec<Ticket> = stored.iter().map(|ticket| ticket.to_ticket()).collect();
    if version < Version::V7_10 {
        // Added by a version between 7.7 and 7.10; which one is not documented.
        tickets.iter_mut().for_each(|ticket| ticket.attachments_removed = None);
    }
    pages::alter(quirks, &mut tickets);
    Ok(Tickets::new(&tickets, version))
}

fn encoded(server: &Server, tickets: Tickets, counts: &pages::Counts, format: ResponseType) -> Answer {
    let Server { quirks, version, .. } = server;
    match format {
        ResponseType::Json => {
            let objects = (0..tickets.len()).map(|index| wire::object_json(&tickets, index, *version));
            Answer::new(200, JSON, spelling::page(quirks, objects.collect(), counts))
        }
        ResponseType::Nvp => Answer::new(200, TEXT, pairs(&tickets, counts)),
        ResponseType::Xml => {
            let actual = tickets.len() as u64;
            let mut xml = Page::new(tickets, counts.start, counts.total).to_wire_xml(*version);
            if counts.returned != actual {
                let element = |count: u64| format!("<numreturned>{count}</numreturned>");
                xml = xml.replacen(&element(actual), &element(counts.returned), 1);
            }
            if quirks.has(Quirk::Iso88591) {
                return Answer::new(200, "application/xml", bytes::in_iso_8859_1(&xml));
            }
            Answer::new(200, XML, bytes::with_bad_bytes(xml))
        }
    }
}

/// The message for an action that is not this call, if it is not.
fn unknown_action(request: &ApiRequest, version: Version) -> Option<&'static str> {
    let action = request.action.as_deref().unwrap_or_default();
    if action.is_empty() {
        Some("Empty action request")
    } else if request.is_get_tickets() {
        None
    } else if version < Version::V8_0 {
        Some("Action not found")
    } else {
        Some("The requested API Action could not be found.")
    }
}

/// The offset of the page and its number of tickets. As an absent one, a `limitnum` of 0 means the default.
fn bounds(asked: &GetTickets) -> (u64, u64) {
    let limit = asked.limitnum.filter(|limit| *limit > 0).unwrap_or(GetTickets::DEFAULT_LIMITNUM);
    (asked.limitstart.unwrap_or(0), limit)
}

/// The filter of the parameters on this install. As in PHP, zero and an empty text count as absent.
fn filter(server: &Server, asked: &GetTickets) -> Filter {
    let number = |value: Option<u64>| value.filter(|value| *value > 0);
    let text = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
    let ignores = asked.ignore_dept_assignments.unwrap_or(false);
    let membership = server.access.departments.clone().filter(|_| !ignores);
    let departments = match (number(asked.deptid), membership) {
        (Some(department), Some(members)) if !members.contains(&department) => Some(Vec::new()),
        (Some(department), _) => Some(vec![department]),
        (None, membership) => membership,
    };
    let mut filter = Filter {
        departments,
        client: number(asked.clientid),
        address: text(&asked.email),
        subject: text(&asked.subject),
        ..Filter::default()
    };
    let configured = |counts: fn(&ConfiguredStatus) -> bool| {
        Some(
            server
                .statuses
                .iter()
                .filter(|status| counts(status))
                .map(|status| status.title.clone())
                .collect(),
        )
    };
    match &asked.status {
        None => {}
        Some(StatusFilter::AwaitingReply) => filter.statuses = configured(|status| status.awaiting),
        Some(StatusFilter::AllActive) => filter.statuses = configured(|status| status.active),
        Some(StatusFilter::MyFlagged) => filter.flag = Some(server.access.admin_id),
        Some(status) if status.as_str().is_empty() => {}
        Some(status) => filter.statuses = Some(vec![status.as_str().to_owned()]),
    }
    filter
}

/// A page as name-value pairs with flat keys. The format is deprecated, has no escapes, and is not
/// documented for lists.
fn pairs(tickets: &Tickets, counts: &pages::Counts) -> String {
    let pages::Counts { total, start, returned } = counts;
    let mut pairs =
        format!("result=success;totalresults={total};startnumber={start};numreturned={returned};");
    for (index, ticket) in tickets.iter().enumerate() {
        let mut pair = |name: &str, value: &str| {
            pairs.push_str(&format!("tickets[ticket][{index}][{name}]={value};"));
        };
        for field in ticket.fields().iter() {
            match ticket.value(field) {
                None | Some(FieldValue::Null) => pair(field.name(), ""),
                Some(FieldValue::Integer(value)) => pair(field.name(), &value.to_string()),
                Some(FieldValue::Boolean(value)) => pair(field.name(), if value { "1" } else { "" }),
                Some(FieldValue::Attachments(list)) => {
                    for (place, attachment) in list.enumerate() {
                        let key = Field::Attachments.name();
                        pair(&format!("{key}][{place}][filename"), attachment.filename);
                        pair(&format!("{key}][{place}][index"), &attachment.index.to_string());
                    }
                }
                Some(_) => pair(field.name(), ticket.text(field)),
            }
        }
    }
    pairs
}
