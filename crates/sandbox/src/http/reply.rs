//! What the API answers to a form body.

use std::net::IpAddr;

use gettickets_protocol::{
    ApiError, ApiRequest, Field, GetTickets, Page, ResponseType, StatusFilter, Tickets, Value, Version,
};

use super::router::Server;
use crate::quirk::{Quirk, bytes, pages, refuse, spelling};
use crate::status::ConfiguredStatus;
use crate::store::{Filter, StoreError};

pub(crate) const JSON: &str = "application/json";
pub(crate) const XML: &str = "application/xml; charset=utf-8";
pub(crate) const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// An answer before it is sent.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) delivery: Delivery,
}

/// How an answer goes out.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// At once.
    Whole,
    /// A few bytes at a time.
    Dripping,
    /// The first half, and then the connection is closed.
    CutOff,
    /// Not at all: the client waits.
    Never,
    /// The body, then a piece again and again, then an end.
    Repeated { piece: Vec<u8>, times: usize, end: Vec<u8> },
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &'static str, body: String) -> Answer {
        let (headers, delivery) = (Vec::new(), Delivery::Whole);
        Answer { status, content_type, headers, body: body.into_bytes(), delivery }
    }

    pub(crate) fn error(status: u16, error: &ApiError, format: ResponseType, version: Version) -> Answer {
        Answer::new(status, content_type(format), error.to_wire(format, version))
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: String) -> Answer {
        self.headers.push((name, value));
        self
    }
}

const fn content_type(format: ResponseType) -> &'static str {
    match format {
        ResponseType::Json => JSON,
        ResponseType::Xml => XML,
        ResponseType::Nvp => TEXT,
    }
}

/// A request as it came in.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// Counted from 0.
    pub(crate) number: u64,
    pub(crate) peer: IpAddr,
    pub(crate) has_user_agent: bool,
    /// The form body; empty where the request was none.
    pub(crate) form: Vec<u8>,
}

/// The answer to a request, under the server's quirks.
pub(crate) fn answer(server: &Server, incoming: &Incoming) -> Answer {
    let Server { quirks, version, .. } = server;
    let request = ApiRequest::parse(&incoming.form);
    let format = if quirks.has_any(&[Quirk::XmlOnly, Quirk::Iso88591]) {
        ResponseType::Xml
    } else {
        request.responsetype.as_deref().and_then(|word| word.parse().ok()).unwrap_or_default()
    };
    let asked = refuse::Asked {
        number: incoming.number,
        has_user_agent: incoming.has_user_agent,
        body: &incoming.form,
    };
    let answer = refuse::answer(quirks, &asked, format, *version).unwrap_or_else(|| {
        list(server, incoming, &request, format).unwrap_or_else(|refused| {
            let Refused { status, error } = refused;
            Answer::error(status, &error, format, *version)
        })
    });
    finish(server, incoming, answer)
}

/// Quirks of the bytes and of the delivery, which apply to whatever is answered.
fn finish(server: &Server, incoming: &Incoming, mut answer: Answer) -> Answer {
    let quirks = &server.quirks;
    if matches!(answer.delivery, Delivery::Whole) && answer.headers.is_empty() {
        answer.body = bytes::surround(quirks, answer.body);
    }
    if quirks.hits(Quirk::Truncate, incoming.number, 0, 3) {
        answer.body.truncate(answer.body.len() / 2);
    }
    if matches!(answer.delivery, Delivery::Whole) {
        if quirks.hits(Quirk::Reset, incoming.number, 0, 3) {
            answer.delivery = Delivery::CutOff;
        } else if quirks.has(Quirk::Slow) {
            answer.delivery = Delivery::Dripping;
        }
    }
    if quirks.has(Quirk::HugeHeaders) {
        answer.headers.extend((0..64).map(|_| ("x-padding", "x".repeat(16 * 1024))));
    }
    answer
}

/// An error of the API and the HTTP status that it comes at.
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
    incoming: &Incoming,
    request: &ApiRequest,
    format: ResponseType,
) -> Result<Answer, Refused> {
    let Server { quirks, version, .. } = server;
    server
        .access
        .check(request, incoming.peer)
        .map_err(|error| Refused { status: refuse::refusal(quirks), error })?;
    if let Some(message) = unknown_action(request, *version) {
        return Err(Refused { status: 200, error: ApiError::new(message) });
    }
    if quirks.has(Quirk::Shifting) {
        server.store.churn(incoming.number)?;
    }
    let (start, limit) = bounds(&request.parameters);
    let (start, limit) = pages::stretch(quirks, incoming.number, start, limit);
    let filter = filter(server, &request.parameters);
    let mut slice = server.store.slice(&filter, start, limit)?;
    if *version < Version::V7_10 {
        // Some version between 7.7 and 7.10 began to tell; which, is not documented.
        slice.tickets.iter_mut().for_each(|ticket| ticket.attachments_removed = None);
    }
    let malformed = pages::holds_malformed(quirks, &slice.tickets);
    if malformed && (format != ResponseType::Xml || quirks.has(Quirk::MalformedUtf8Deep)) {
        let message = "Error generating JSON encoded response: \
            Malformed UTF-8 characters, possibly incorrectly encoded";
        return Err(Refused { status: 200, error: ApiError::new(message) });
    }
    pages::bend(quirks, &mut slice.tickets);
    let page = Page::new(Tickets::new(&slice.tickets, *version), start, slice.total);
    Ok(encoded(server, &page, format))
}

fn encoded(server: &Server, page: &Page, format: ResponseType) -> Answer {
    let Server { quirks, version, .. } = server;
    match format {
        ResponseType::Json => Answer::new(200, JSON, spelling::json(quirks, page, *version)),
        ResponseType::Nvp => Answer::new(200, TEXT, pairs(page)),
        ResponseType::Xml => {
            let mut xml = page.to_wire_xml(*version);
            if quirks.has(Quirk::CountMismatch) {
                let element = |count: u64| format!("<numreturned>{count}</numreturned>");
                let claimed = spelling::claimed(quirks, page);
                xml = xml.replacen(&element(page.len() as u64), &element(claimed), 1);
            }
            if quirks.has(Quirk::Iso88591) {
                let body = bytes::in_iso_8859_1(&xml);
                return Answer { body, ..Answer::new(200, "application/xml", String::new()) };
            }
            Answer { body: bytes::with_bad_bytes(xml), ..Answer::new(200, XML, String::new()) }
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

/// Where the page starts and how many tickets it has. A zero is no number of records to ask for, and gets
/// the default as none does.
fn bounds(asked: &GetTickets) -> (u64, u64) {
    let limit = asked.limitnum.filter(|limit| *limit > 0).unwrap_or(GetTickets::DEFAULT_LIMITNUM);
    (asked.limitstart.unwrap_or(0), limit)
}

/// What the parameters mean on this install. As to PHP, a zero and an empty text are as good as none.
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

/// A page as name-value pairs with flat keys. The format is deprecated, has no escape, and is not
/// documented for lists.
fn pairs(page: &Page) -> String {
    let mut pairs = format!(
        "result=success;totalresults={};startnumber={};numreturned={};",
        page.totalresults().unwrap_or(0),
        page.startnumber().unwrap_or(0),
        page.len()
    );
    for (index, ticket) in page.iter().enumerate() {
        let mut pair = |name: &str, value: &str| {
            pairs.push_str(&format!("tickets[ticket][{index}][{name}]={value};"));
        };
        for field in ticket.carried().iter() {
            match ticket.value(field) {
                None | Some(Value::Null) => pair(field.name(), ""),
                Some(Value::Integer(value)) => pair(field.name(), &value.to_string()),
                Some(Value::Boolean(value)) => pair(field.name(), if value { "1" } else { "" }),
                Some(Value::Attachments(list)) => {
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
