//! [`Ticket`]: a ticket that owns its values, for creating and storing tickets.

use std::fmt;

use jiff::civil::DateTime;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::time::{self, WireTime};
use crate::{Field, FieldKind, FieldSet, Priority, RequestorType, Status, Version};

/// A ticket that owns its values.
///
/// Fields that every version sends have plain types. Fields of later versions are `Option`: `None` if the field is
/// missing or null. `date` and `lastreply` are `None` for a zero date, and for an unreadable one, whose text is then in
/// `date_text` or `lastreply_text`.
///
/// [`TicketRef::to_ticket`](crate::TicketRef::to_ticket) returns it; a page itself stores its tickets more compactly,
/// as [`Tickets`](crate::Tickets). Serde reads and writes canonical JSON. Reading invents nothing: a missing field is
/// in [`absent`](Ticket::absent), a null field in [`null`](Ticket::null), and both are written as they were read.
///
/// ```
/// use gettickets_protocol::{Field, Status, Ticket};
/// let ticket = Ticket { id: 1, subject: "Hello".into(), status: Status::Open, ..Ticket::default() };
/// assert!(serde_json::to_string(&ticket)?.contains(r#""subject":"Hello","status":"Open""#));
///
/// let ticket: Ticket = serde_json::from_str(r#"{"id":1,"userid":null}"#)?;
/// assert!(ticket.absent.contains(Field::Status) && ticket.status == "");
/// assert!(ticket.null.contains(Field::Userid));
/// assert_eq!(serde_json::to_string(&ticket)?, r#"{"id":1,"userid":null}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Ticket {
    /// Internal id of the ticket, unique in its install.
    pub id: u64,
    /// Public ticket number; mostly six digits, but masks give `TST01` or `ABC-12345`.
    pub tid: String,
    /// Id of the department the ticket is in.
    pub deptid: u64,
    /// Id of the client the ticket belongs to; 0 for a non-client.
    pub userid: u64,
    /// Name of the person who opened the ticket.
    pub name: String,
    /// Name of the client that owns the ticket. Since 8.0.
    pub owner_name: Option<String>,
    /// Email address of the person who opened the ticket.
    pub email: String,
    /// Name of the requestor; `None` on tickets older than the field. Since 8.0.
    pub requestor_name: Option<String>,
    /// Email address of the requestor. Since 8.0.
    pub requestor_email: Option<String>,
    /// Type of the requestor. Since 8.0.
    pub requestor_type: Option<RequestorType<'static>>,
    /// Addresses that get copies, separated by commas.
    pub cc: String,
    /// Access key of the ticket: anyone who has `tid` and `c` can open the ticket. `Debug` does not show it.
    pub c: String,
    /// When the ticket was opened, in the install's own time zone.
    pub date: Option<DateTime>,
    /// The text of `date` as it was sent, if `date` does not contain all of it: an unreadable date, or one with a zone
    /// or fractional seconds.
    pub date_text: Option<String>,
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
    pub attachments: Option<Vec<Attachment>>,
    /// Whether the attachments were removed. Servers of any version may leave it out.
    pub attachments_removed: Option<bool>,
    /// When the ticket was last replied to, in the install's own time zone.
    pub lastreply: Option<DateTime>,
    /// The text of `lastreply` as it was sent, as for `date_text`.
    pub lastreply_text: Option<String>,
    /// Id of the admin the ticket is flagged to; 0 for none.
    pub flag: u64,
    /// Related service: `S` and its id, `D` and a domain's id, or empty.
    pub service: String,
    /// Unknown fields, as they were sent.
    pub extra: Map<String, Value>,
    /// Fields that are missing, whatever the value of their member. Only used for fields that every version sends and
    /// `requestor_name`; other fields are missing if they are `None`.
    pub absent: FieldSet,
    /// Fields that are null, whatever the value of their member. `requestor_name`, which is null on older tickets, is
    /// null if it is `None`.
    pub null: FieldSet,
}

/// An open ticket of medium priority with everything else empty, for tickets that are created in code. Deserializing
/// does not use it.
impl Default for Ticket {
    fn default() -> Ticket {
        Ticket { status: Status::Open, priority: Priority::Medium, ..Ticket::empty() }
    }
}

impl Ticket {
    /// Creates a ticket without any value, not even a status.
    fn empty() -> Ticket {
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
            date_text: None,
            subject: String::new(),
            status: Status::from_word(""),
            priority: Priority::from_word(""),
            admin: String::new(),
            attachment: String::new(),
            attachments: None,
            attachments_removed: None,
            lastreply: None,
            lastreply_text: None,
            flag: 0,
            service: String::new(),
            extra: Map::new(),
            absent: FieldSet::EMPTY,
            null: FieldSet::EMPTY,
        }
    }

    /// Returns the fields that [`absent`](Ticket::absent) applies to.
    pub(crate) fn always_sent() -> FieldSet {
        let mut fields = FieldSet::documented_for(Version::V1_0);
        fields.insert(Field::RequestorName);
        fields
    }

    /// Returns the value of an integer field.
    pub(crate) fn integer(&self, field: Field) -> Option<u64> {
        match field {
            Field::Id => Some(self.id),
            Field::Deptid => Some(self.deptid),
            Field::Userid => Some(self.userid),
            Field::Flag => Some(self.flag),
            _ => None,
        }
    }

    /// Returns the value of a text field. Dates are not text fields.
    pub(crate) fn text(&self, field: Field) -> Option<&str> {
        match field {
            Field::Tid => Some(&self.tid),
            Field::Name => Some(&self.name),
            Field::OwnerName => self.owner_name.as_deref(),
            Field::Email => Some(&self.email),
            Field::RequestorName => self.requestor_name.as_deref(),
            Field::RequestorEmail => self.requestor_email.as_deref(),
            Field::RequestorType => self.requestor_type.as_ref().map(|kind| kind.as_str()),
            Field::Cc => Some(&self.cc),
            Field::C => Some(&self.c),
            Field::Subject => Some(&self.subject),
            Field::Status => Some(self.status.as_str()),
            Field::Priority => Some(self.priority.as_str()),
            Field::Admin => Some(&self.admin),
            Field::Attachment => Some(&self.attachment),
            Field::Service => Some(&self.service),
            _ => None,
        }
    }

    fn set_text(&mut self, field: Field, text: String) {
        match field {
            Field::Tid => self.tid = text,
            Field::Name => self.name = text,
            Field::OwnerName => self.owner_name = Some(text),
            Field::Email => self.email = text,
            Field::RequestorName => self.requestor_name = Some(text),
            Field::RequestorEmail => self.requestor_email = Some(text),
            Field::RequestorType => self.requestor_type = Some(text.into()),
            Field::Cc => self.cc = text,
            Field::C => self.c = text,
            Field::Subject => self.subject = text,
            Field::Status => self.status = text.into(),
            Field::Priority => self.priority = text.into(),
            Field::Admin => self.admin = text,
            Field::Attachment => self.attachment = text,
            Field::Service => self.service = text,
            _ => {}
        }
    }

    /// Returns the value of a date field: the date, and the text if the date does not contain all of it.
    pub(crate) fn date_of(&self, field: Field) -> (Option<DateTime>, Option<&str>) {
        match field {
            Field::Date => (self.date, self.date_text.as_deref()),
            Field::Lastreply => (self.lastreply, self.lastreply_text.as_deref()),
            _ => (None, None),
        }
    }

    pub(crate) fn set_date(&mut self, field: Field, text: &str) {
        let time = time::read(text);
        let at = if let WireTime::At(at) = time { Some(at) } else { None };
        // The spelling of canonical JSON, with a `T`, is fully contained in the date.
        let is_plain = at.is_some_and(|at| text == at.to_string()) || time::is_documented_spelling(text);
        let text = (!is_plain).then(|| text.to_owned());
        match field {
            Field::Date => (self.date, self.date_text) = (at, text),
            Field::Lastreply => (self.lastreply, self.lastreply_text) = (at, text),
            _ => {}
        }
    }
}

/// Canonical JSON: wire names in wire order, missing fields left out, unknown fields under `extra`.
impl Serialize for Ticket {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in Field::all().filter(|field| !self.absent.contains(*field)) {
            let name = field.name();
            if self.null.contains(field) {
                map.serialize_entry(name, &())?;
                continue;
            }
            match field.kind() {
                FieldKind::Integer => map.serialize_entry(name, &self.integer(field))?,
                FieldKind::DateTime => match self.date_of(field) {
                    (None, Some(text)) if time::read(text) == WireTime::Unreadable => {
                        map.serialize_entry(name, text)?;
                    }
                    (date, _) => map.serialize_entry(name, &date)?,
                },
                FieldKind::Text => {
                    let text = self.text(field);
                    // `requestor_name` is written as null if it is `None`.
                    if text.is_some() || field == Field::RequestorName {
                        map.serialize_entry(name, &text)?;
                    }
                }
                FieldKind::Boolean => {
                    if let Some(removed) = self.attachments_removed {
                        map.serialize_entry(name, &removed)?;
                    }
                }
                FieldKind::Attachments => {
                    if let Some(list) = &self.attachments {
                        map.serialize_entry(name, list)?;
                    }
                }
            }
        }
        if !self.extra.is_empty() {
            map.serialize_entry("extra", &self.extra)?;
        }
        map.end()
    }
}

/// Reads canonical JSON. `id` is required; unknown keys are added to `extra`.
impl<'de> Deserialize<'de> for Ticket {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ticket, D::Error> {
        struct TicketVisitor;
        impl<'de> Visitor<'de> for TicketVisitor {
            type Value = Ticket;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a ticket")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ticket, A::Error> {
                let (mut ticket, mut present) = (Ticket::empty(), FieldSet::EMPTY);
                while let Some(key) = map.next_key::<String>()? {
                    match Field::from_name(&key) {
                        Some(field) if present.contains(field) => {
                            return Err(A::Error::custom(format_args!("duplicate field `{field}`")));
                        }
                        Some(field) => {
                            present.insert(field);
                            ticket.read(field, &mut map)?;
                        }
                        None if key == "extra" => {
                            ticket.extra.extend(map.next_value::<Map<String, Value>>()?)
                        }
                        None => drop(ticket.extra.insert(key, map.next_value()?)),
                    }
                }
                if !present.contains(Field::Id) {
                    return Err(A::Error::missing_field("id"));
                }
                ticket.absent = Ticket::always_sent().difference(present);
                Ok(ticket)
            }
        }
        deserializer.deserialize_map(TicketVisitor)
    }
}

impl Ticket {
    /// Reads the value of a field.
    fn read<'de, A: MapAccess<'de>>(&mut self, field: Field, map: &mut A) -> Result<(), A::Error> {
        let is_null = match field.kind() {
            FieldKind::Integer if field == Field::Id => {
                self.id = map.next_value()?;
                false
            }
            FieldKind::Integer => {
                let value: Option<u64> = map.next_value()?;
                let number = value.unwrap_or_default();
                match field {
                    Field::Deptid => self.deptid = number,
                    Field::Userid => self.userid = number,
                    _ => self.flag = number,
                }
                value.is_none()
            }
            FieldKind::Text => match map.next_value::<Option<String>>()? {
                Some(text) => {
                    self.set_text(field, text);
                    false
                }
                // Null is normal for `requestor_name`, so it is not recorded.
                None => field != Field::RequestorName,
            },
            // Canonical JSON writes a zero date as null.
            FieldKind::DateTime => {
                if let Some(text) = map.next_value::<Option<String>>()? {
                    self.set_date(field, &text);
                }
                false
            }
            FieldKind::Boolean => {
                self.attachments_removed = map.next_value()?;
                self.attachments_removed.is_none()
            }
            FieldKind::Attachments => {
                self.attachments = map.next_value()?;
                self.attachments.is_none()
            }
        };
        if is_null {
            self.null.insert(field);
        }
        Ok(())
    }
}

/// A short form, without the access key and email addresses.
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
