//! [`Ticket`]: a ticket that owns its values, for creating and storing tickets.

use std::fmt;

use jiff::civil::DateTime;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::time::{self, WireTime};
use crate::{Field, FieldSet, Priority, RequestorType, Status, Version};

/// A ticket that owns its values.
///
/// Fields that every version sends have plain types. Fields of later versions are `Option`: `None` if the field is
/// missing or null. `date` and `lastreply` are `None` for a zero date, and for an unreadable one, whose text is then in
/// `date_text` or `lastreply_text`.
///
/// [`TicketRef::to_ticket`](crate::TicketRef::to_ticket) returns it; a page itself stores its tickets more compactly,
/// as [`Tickets`](crate::Tickets). Serde reads and writes [canonical JSON](crate#json). Reading invents nothing: a
/// missing field is in [`absent`](Ticket::absent), a null field in [`null`](Ticket::null), and both are written as they
/// were read.
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
    /// Whether the attachments were removed. Optional in every version.
    pub attachments_removed: Option<bool>,
    /// When the ticket was last replied to, in the install's own time zone.
    pub lastreply: Option<DateTime>,
    /// The text of `lastreply` as it was sent, as for `date_text`.
    pub lastreply_text: Option<String>,
    /// Id of the admin the ticket is flagged to; 0 for none.
    pub flag: u64,
    /// Related service: `S` and its id, `D` and a domain's id, or empty.
    pub service: String,
    /// Unknown fields. A number that does not fit 64 bits is the nearest float, as in
    /// [`TicketRef::extra`](crate::TicketRef::extra); [`TicketRef::extra_json`](crate::TicketRef::extra_json) has
    /// numbers as they were sent.
    pub extra: Map<String, Value>,
    /// Fields to leave out when the ticket is written, even if the struct has a value for them. Only used for fields
    /// that every version sends and `requestor_name`; other fields are left out if they are `None`.
    pub absent: FieldSet,
    /// Fields to write as null, even if the struct has a value for them. `requestor_name`, which is null on older
    /// tickets, is also written as null if it is `None`.
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

    /// Returns the value of a field. A new field does not compile until it is here.
    pub(crate) fn value(&self, field: Field) -> OwnedValue<'_> {
        use OwnedValue::{Attachments, Boolean, DateTime, Integer, Text};
        match field {
            Field::Id => Integer(self.id),
            Field::Tid => Text(Some(&self.tid)),
            Field::Deptid => Integer(self.deptid),
            Field::Userid => Integer(self.userid),
            Field::Name => Text(Some(&self.name)),
            Field::OwnerName => Text(self.owner_name.as_deref()),
            Field::Email => Text(Some(&self.email)),
            Field::RequestorName => Text(self.requestor_name.as_deref()),
            Field::RequestorEmail => Text(self.requestor_email.as_deref()),
            Field::RequestorType => Text(self.requestor_type.as_ref().map(RequestorType::as_str)),
            Field::Cc => Text(Some(&self.cc)),
            Field::C => Text(Some(&self.c)),
            Field::Date => DateTime(self.date, self.date_text.as_deref()),
            Field::Subject => Text(Some(&self.subject)),
            Field::Status => Text(Some(self.status.as_str())),
            Field::Priority => Text(Some(self.priority.as_str())),
            Field::Admin => Text(Some(&self.admin)),
            Field::Attachment => Text(Some(&self.attachment)),
            Field::Attachments => Attachments(self.attachments.as_deref()),
            Field::AttachmentsRemoved => Boolean(self.attachments_removed),
            Field::Lastreply => DateTime(self.lastreply, self.lastreply_text.as_deref()),
            Field::Flag => Integer(self.flag),
            Field::Service => Text(Some(&self.service)),
        }
    }

    /// Returns the member that holds the value of a field. A new field does not compile until it is here.
    fn member(&mut self, field: Field) -> Member<'_> {
        use Member::{Attachments, Boolean, DateTime, Integer, LaterText, Text};
        match field {
            Field::Id => Integer(&mut self.id),
            Field::Tid => Text(&mut self.tid),
            Field::Deptid => Integer(&mut self.deptid),
            Field::Userid => Integer(&mut self.userid),
            Field::Name => Text(&mut self.name),
            Field::OwnerName => LaterText(&mut self.owner_name),
            Field::Email => Text(&mut self.email),
            Field::RequestorName => LaterText(&mut self.requestor_name),
            Field::RequestorEmail => LaterText(&mut self.requestor_email),
            Field::RequestorType => Member::RequestorType(&mut self.requestor_type),
            Field::Cc => Text(&mut self.cc),
            Field::C => Text(&mut self.c),
            Field::Date => DateTime(&mut self.date, &mut self.date_text),
            Field::Subject => Text(&mut self.subject),
            Field::Status => Member::Status(&mut self.status),
            Field::Priority => Member::Priority(&mut self.priority),
            Field::Admin => Text(&mut self.admin),
            Field::Attachment => Text(&mut self.attachment),
            Field::Attachments => Attachments(&mut self.attachments),
            Field::AttachmentsRemoved => Boolean(&mut self.attachments_removed),
            Field::Lastreply => DateTime(&mut self.lastreply, &mut self.lastreply_text),
            Field::Flag => Integer(&mut self.flag),
            Field::Service => Text(&mut self.service),
        }
    }

    /// Sets a date field from its text on the wire or in canonical JSON. Does nothing for other fields.
    pub(crate) fn set_date(&mut self, field: Field, text: &str) {
        if let Member::DateTime(date, kept) = self.member(field) {
            (*date, *kept) = read_date(text);
        }
    }
}

/// Returns the date in a text, and the text if the date does not contain all of it.
fn read_date(text: &str) -> (Option<DateTime>, Option<String>) {
    let date = time::date_in(text);
    // The notation of canonical JSON, with a `T`, is fully contained in the date.
    let is_plain = date.is_some_and(|date| text == date.to_string()) || time::is_documented_notation(text);
    (date, (!is_plain).then(|| text.to_owned()))
}

/// The value of a field of a [`Ticket`]. `None` if the member is `None`.
pub(crate) enum OwnedValue<'a> {
    Integer(u64),
    Text(Option<&'a str>),
    /// A date, and its text if the date does not contain all of it.
    DateTime(Option<DateTime>, Option<&'a str>),
    Boolean(Option<bool>),
    Attachments(Option<&'a [Attachment]>),
}

/// The member of a [`Ticket`] that holds the value of a field.
enum Member<'a> {
    Integer(&'a mut u64),
    Text(&'a mut String),
    /// A text that some versions do not send.
    LaterText(&'a mut Option<String>),
    Status(&'a mut Status<'static>),
    Priority(&'a mut Priority<'static>),
    RequestorType(&'a mut Option<RequestorType<'static>>),
    /// A date, and its text if the date does not contain all of it.
    DateTime(&'a mut Option<DateTime>, &'a mut Option<String>),
    Boolean(&'a mut Option<bool>),
    Attachments(&'a mut Option<Vec<Attachment>>),
}

/// Writes [canonical JSON](crate#json): wire names in wire order, missing fields left out, unknown fields under
/// `extra`.
impl Serialize for Ticket {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in Field::all().filter(|field| !self.absent.contains(*field)) {
            let name = field.name();
            if self.null.contains(field) {
                map.serialize_entry(name, &())?;
                continue;
            }
            match self.value(field) {
                OwnedValue::Integer(number) => map.serialize_entry(name, &number)?,
                OwnedValue::DateTime(None, Some(text)) if time::read(text) == WireTime::Unreadable => {
                    map.serialize_entry(name, text)?;
                }
                OwnedValue::DateTime(date, _) => map.serialize_entry(name, &date)?,
                // `requestor_name` is written as null if it is `None`.
                OwnedValue::Text(text) if text.is_some() || field == Field::RequestorName => {
                    map.serialize_entry(name, &text)?;
                }
                OwnedValue::Boolean(Some(value)) => map.serialize_entry(name, &value)?,
                OwnedValue::Attachments(Some(list)) => map.serialize_entry(name, list)?,
                OwnedValue::Text(_) | OwnedValue::Boolean(None) | OwnedValue::Attachments(None) => {}
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
    /// Reads the value of a field from canonical JSON.
    fn read<'de, A: MapAccess<'de>>(&mut self, field: Field, map: &mut A) -> Result<(), A::Error> {
        let is_null = match self.member(field) {
            Member::Integer(member) if field == Field::Id => {
                *member = map.next_value()?;
                false
            }
            Member::Integer(member) => {
                let value: Option<u64> = map.next_value()?;
                *member = value.unwrap_or_default();
                value.is_none()
            }
            Member::Text(member) => read_text(map, |text| *member = text)?,
            Member::Status(member) => read_text(map, |text| *member = text.into())?,
            Member::Priority(member) => read_text(map, |text| *member = text.into())?,
            Member::RequestorType(member) => read_text(map, |text| *member = Some(text.into()))?,
            // Null is normal for `requestor_name`, so it is not recorded.
            Member::LaterText(member) => {
                read_text(map, |text| *member = Some(text))? && field != Field::RequestorName
            }
            // Canonical JSON writes a zero date as null.
            Member::DateTime(date, kept) => {
                if let Some(text) = map.next_value::<Option<String>>()? {
                    (*date, *kept) = read_date(&text);
                }
                false
            }
            Member::Boolean(member) => {
                *member = map.next_value()?;
                member.is_none()
            }
            Member::Attachments(member) => {
                *member = map.next_value()?;
                member.is_none()
            }
        };
        if is_null {
            self.null.insert(field);
        }
        Ok(())
    }
}

/// Reads a text or null. Returns whether it is null.
fn read_text<'de, A: MapAccess<'de>>(map: &mut A, set: impl FnOnce(String)) -> Result<bool, A::Error> {
    let text: Option<String> = map.next_value()?;
    let is_null = text.is_none();
    if let Some(text) = text {
        set(text);
    }
    Ok(is_null)
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
