//! [`TicketRef`]: one ticket of a page, with a getter for each field.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::arena::{Arena, AttachmentRow};
use super::rows::RowRef;
use super::slots::{TEXT_COUNT, is_text};
use crate::extra::Canonical;
use crate::{
    Attachment, DateTimeParts, Field, FieldKind, FieldSet, Priority, RelatedService, RequestorType, Status,
    Ticket, entities,
    time::{self, WireTime},
};

/// One ticket of a page. It borrows from the page and is cheap to copy.
///
/// Getters of fields that every version sends return 0 or an empty text if the field is missing or null. Both cases are
/// findings of the page, and [`has_field`](TicketRef::has_field) and [`is_null`](TicketRef::is_null) distinguish them.
/// Getters of later fields return `None` if the field is missing or null. [`value`](TicketRef::value) returns the value
/// of any field.
#[derive(Clone, Copy)]
pub struct TicketRef<'a> {
    pub(super) arena: &'a Arena,
    pub(super) row: RowRef<'a>,
    /// The index of the row in the arena.
    pub(super) index: usize,
    /// The fields that are not hidden.
    pub(super) shown: FieldSet,
}

/// The value of any field.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum FieldValue<'a> {
    /// The field is null.
    Null,
    /// An integer.
    Integer(u64),
    /// A text.
    Text(&'a str),
    /// A date; `None` for a zero date or an empty text.
    DateTime(Option<DateTime>),
    /// The text of a date field that cannot be read as a date.
    UnreadableDate(&'a str),
    /// A boolean.
    Boolean(bool),
    /// A list of attachments.
    Attachments(Attachments<'a>),
}

macro_rules! getters {
    (text: $($(#[$doc:meta])+ $name:ident $field:ident;)+) => {
        $($(#[$doc])+ #[inline] pub fn $name(&self) -> &'a str { self.text(Field::$field) })+
    };
    (integer: $($(#[$doc:meta])+ $name:ident $field:ident;)+) => {
        $($(#[$doc])+ #[inline] pub fn $name(&self) -> u64 { self.integer(Field::$field) })+
    };
    (later text: $($(#[$doc:meta])+ $name:ident $field:ident;)+) => {
        $($(#[$doc])+ #[inline] pub fn $name(&self) -> Option<&'a str> {
            self.has_value(Field::$field).then(|| self.text(Field::$field))
        })+
    };
}

impl<'a> TicketRef<'a> {
    getters! { integer:
        /// Internal id of the ticket, unique in its install.
        id Id;
        /// Id of the department the ticket is in.
        deptid Deptid;
        /// Id of the client the ticket belongs to; 0 for a non-client.
        userid Userid;
        /// Id of the admin the ticket is flagged to; 0 for none.
        flag Flag;
    }

    getters! { text:
        /// Public ticket number; mostly six digits, but masks give `TST01` or `ABC-12345`.
        tid Tid;
        /// Name of the person who opened the ticket, as it was sent; [`decoded_text`](TicketRef::decoded_text) decodes
        /// its entities.
        name Name;
        /// Email address of the person who opened the ticket.
        email Email;
        /// Addresses that get copies, separated by commas; [`cc_addresses`](TicketRef::cc_addresses) splits them.
        cc Cc;
        /// Access key of the ticket: anyone who has `tid` and `c` can open the ticket. Do not log it.
        c C;
        /// When the ticket was opened, as it was sent.
        date_text Date;
        /// Subject line, HTML-encoded as the server stores it; [`subject_text`](TicketRef::subject_text) decodes it.
        subject Subject;
        /// Name of the admin who opened the ticket, or empty.
        admin Admin;
        /// Stored names of the attachments, separated by vertical bars.
        attachment Attachment;
        /// When the ticket was last replied to, as it was sent.
        lastreply_text Lastreply;
        /// Related service as it was sent; [`related_service`](TicketRef::related_service) parses it.
        service Service;
    }

    getters! { later text:
        /// Name of the client that owns the ticket. Since 8.0.
        owner_name OwnerName;
        /// Name of the requestor; `None` on tickets older than the field. Since 8.0.
        requestor_name RequestorName;
        /// Email address of the requestor. Since 8.0.
        requestor_email RequestorEmail;
    }

    /// What the requestor is. Since 8.0.
    pub fn requestor_type(&self) -> Option<RequestorType<'a>> {
        self.has_value(Field::RequestorType).then(|| self.text(Field::RequestorType).into())
    }

    /// Status.
    pub fn status(&self) -> Status<'a> {
        self.text(Field::Status).into()
    }

    /// Priority.
    pub fn priority(&self) -> Priority<'a> {
        self.text(Field::Priority).into()
    }

    /// When the ticket was opened, in the install's time zone. `None` if the field is missing, null, a zero date or
    /// unreadable; [`value`](TicketRef::value) distinguishes them, and [`date_text`](TicketRef::date_text) returns the
    /// text of an unreadable date.
    pub fn date(&self) -> Option<DateTime> {
        time::date_in(self.date_text())
    }

    /// When the ticket was last replied to, in the install's time zone. `None` as for [`date`](TicketRef::date).
    pub fn lastreply(&self) -> Option<DateTime> {
        time::date_in(self.lastreply_text())
    }

    /// The time zone in the text of a date field, such as `+02:00` or `Europe/Berlin`. The documented notation has no
    /// zone: the date is in the install's time zone. If there is a zone, the date is the local time in that zone.
    ///
    /// ```
    /// use gettickets_protocol::{Field, decode};
    /// let body = r#"{"result":"success","tickets":{"ticket":[{"id":1,"lastreply":"2025-03-05T06:07:08+02:00"}]}}"#;
    /// let page = decode(body)?.into_page()?;
    /// let ticket = page.get(0).unwrap();
    /// assert_eq!(ticket.lastreply().unwrap().to_string(), "2025-03-05T06:07:08");
    /// assert_eq!(ticket.zone(Field::Lastreply), Some("+02:00"));
    /// assert_eq!(ticket.lastreply_text(), "2025-03-05T06:07:08+02:00");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn zone(&self, field: Field) -> Option<&'a str> {
        time::zone(self.text(field)).filter(|_| field.kind() == FieldKind::DateTime)
    }

    /// The time zone of a date field: the zone in its text, or else the install's. `None` if neither is known, and for a zone
    /// in the text that only its server could resolve.
    ///
    /// An abbreviation such as `CEST` is ambiguous and is taken for the install's zone.
    ///
    /// ```
    /// use gettickets_protocol::{Field, decode};
    /// use jiff::tz::{Offset, TimeZone};
    /// let body = r#"{"result":"success","tickets":{"ticket":[{"id":1,"lastreply":"2025-03-05T06:07:08+02:00"}]}}"#;
    /// let page = decode(body)?.into_page()?;
    /// let zone = page.get(0).unwrap().time_zone(Field::Lastreply, Some(&TimeZone::UTC));
    /// assert_eq!(zone, Some(TimeZone::fixed(Offset::constant(2))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn time_zone(&self, field: Field, install: Option<&TimeZone>) -> Option<TimeZone> {
        match self.zone(field) {
            None => install.cloned(),
            Some(stated) => time::resolve_zone(stated, install),
        }
    }

    /// The parts of a field's date. `None` where [`date`](TicketRef::date) or [`lastreply`](TicketRef::lastreply)
    /// returns `None`, and for a field that is not a date.
    pub fn date_time_parts(&self, field: Field) -> Option<DateTimeParts> {
        DateTimeParts::from_wire(self.text_bytes(field)).filter(|_| field.kind() == FieldKind::DateTime)
    }

    /// Attachments of the opening message. Since 7.10.
    pub fn attachments(&self) -> Option<Attachments<'a>> {
        self.has_value(Field::Attachments).then(|| self.attachment_rows())
    }

    /// Whether the attachments were removed. Optional in every version.
    pub fn attachments_removed(&self) -> Option<bool> {
        self.has_value(Field::AttachmentsRemoved).then_some(self.row.head().attachments_removed())
    }

    /// The addresses in `cc`, trimmed.
    pub fn cc_addresses(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.cc().split(',').map(str::trim).filter(|address| !address.is_empty())
    }

    /// The stored names in `attachment`.
    pub fn attachment_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.attachment().split('|').filter(|name| !name.is_empty())
    }

    /// The service or domain that the ticket is about.
    pub fn related_service(&self) -> Option<RelatedService<'a>> {
        RelatedService::from_wire(self.service())
    }

    /// The subject with its HTML entities decoded: `Tom &amp; Jerry` becomes `Tom & Jerry`. Escape it again before
    /// putting it into HTML.
    pub fn subject_text(&self) -> Cow<'a, str> {
        entities::decoded(self.subject())
    }

    /// The text of any text field with its HTML entities decoded. `None` for a field that is missing, null or not a
    /// text.
    pub fn decoded_text(&self, field: Field) -> Option<Cow<'a, str>> {
        match self.value(field)? {
            FieldValue::Text(text) => Some(entities::decoded(text)),
            _ => None,
        }
    }

    /// Returns whether the reply has this field, null or not.
    #[inline]
    pub fn has_field(&self, field: Field) -> bool {
        self.fields().contains(field)
    }

    /// The fields that the reply has, null or not.
    #[inline]
    pub fn fields(&self) -> FieldSet {
        self.row.head().present.intersection(self.shown)
    }

    /// Returns whether the reply has this field as null.
    #[inline]
    pub fn is_null(&self, field: Field) -> bool {
        self.null_fields().contains(field)
    }

    /// The fields that the reply has as null.
    pub fn null_fields(&self) -> FieldSet {
        self.row.head().null.intersection(self.shown)
    }

    /// The integers and booleans that the reply has as text, which is how servers usually send integers.
    pub fn quoted_fields(&self) -> FieldSet {
        self.row.head().quoted.intersection(self.shown)
    }

    /// The value of any field; `None` if the reply does not have it.
    pub fn value(&self, field: Field) -> Option<FieldValue<'a>> {
        if !self.has_field(field) {
            return None;
        }
        if self.row.head().null.contains(field) {
            return Some(FieldValue::Null);
        }
        Some(match field.kind() {
            FieldKind::Integer => FieldValue::Integer(self.integer(field)),
            FieldKind::Text => FieldValue::Text(self.text(field)),
            FieldKind::DateTime => match time::read(self.text(field)) {
                WireTime::At(at) => FieldValue::DateTime(Some(at)),
                WireTime::None => FieldValue::DateTime(None),
                WireTime::Unreadable => FieldValue::UnreadableDate(self.text(field)),
            },
            FieldKind::Boolean => FieldValue::Boolean(self.row.head().attachments_removed()),
            FieldKind::Attachments => FieldValue::Attachments(self.attachment_rows()),
        })
    }

    /// The text of a text or date field as it was sent; empty if the field is missing or null.
    #[inline]
    pub fn text(&self, field: Field) -> &'a str {
        match field.kind() {
            FieldKind::Text | FieldKind::DateTime if self.shown.contains(field) => {
                self.arena.text(self.row.text(field))
            }
            _ => "",
        }
    }

    /// As [`text`](TicketRef::text), as UTF-8 bytes. The bytes themselves are not read, so that locating the texts of a
    /// large page does not load all of it into the cache.
    #[inline]
    pub fn text_bytes(&self, field: Field) -> &'a [u8] {
        match field.kind() {
            FieldKind::Text | FieldKind::DateTime if self.shown.contains(field) => {
                self.arena.text_bytes(self.row.text(field))
            }
            _ => &[],
        }
    }

    /// The number of texts of a ticket, including dates.
    pub const TEXT_COUNT: usize = TEXT_COUNT;

    /// Calls `visit` with all texts and dates ([`TEXT_COUNT`](TicketRef::TEXT_COUNT) of them), in the order in which
    /// servers write them, each as [`text_bytes`](TicketRef::text_bytes) returns it. Faster than reading them one by
    /// one.
    ///
    /// ```
    /// use gettickets_protocol::{Ticket, TicketRef, Tickets, Version};
    /// let ticket = Ticket { id: 7, subject: "Hello".to_owned(), ..Ticket::default() };
    /// let tickets = Tickets::new(&[ticket], Version::V8_0);
    /// let mut texts = Vec::new();
    /// tickets.get(0).unwrap().for_each_text(|text| texts.push(text));
    /// assert_eq!((texts.len(), TicketRef::TEXT_COUNT), (17, 17));
    /// assert_eq!(texts[10], b"Hello");
    /// ```
    #[inline(always)]
    pub fn for_each_text(&self, mut visit: impl FnMut(&'a [u8])) {
        if self.shown == FieldSet::ALL {
            self.arena.for_each_text(self.row, visit);
        } else {
            let texts = Field::all().filter(|field| is_text(field.kind()));
            texts.for_each(|field| visit(self.text_bytes(field)));
        }
    }

    /// The unknown fields: those that are not in the field history ([`FIELDS`](crate::FIELDS)).
    ///
    /// A [`serde_json::Value`] holds 64-bit integers and floats: a longer integer or fraction becomes the nearest
    /// float, and a number outside the range of floats, such as `1e999`, becomes a string.
    /// [`extra_json`](TicketRef::extra_json) and [canonical JSON](crate#json) have every number as it was sent.
    pub fn extra(&self) -> Map<String, Json> {
        self.extra_json().map(|(name, json)| (name.to_owned(), Canonical::of(json).to_value())).collect()
    }

    /// The unknown fields, each with its value as JSON text, as it was sent.
    pub fn extra_json(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let arena = self.arena;
        arena.extras(self.index).iter().filter_map(|extra| {
            let name = arena.extra_names().get(extra.name as usize)?;
            Some((&**name, arena.text(extra.json)))
        })
    }

    /// Copies the ticket into one that owns its values.
    pub fn to_ticket(&self) -> Ticket {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let mut null = self.null_fields();
        null.remove(Field::RequestorName);
        let mut ticket = Ticket {
            id: self.id(),
            tid: self.tid().to_owned(),
            deptid: self.deptid(),
            userid: self.userid(),
            name: self.name().to_owned(),
            owner_name: owned(self.owner_name()),
            email: self.email().to_owned(),
            requestor_name: owned(self.requestor_name()),
            requestor_email: owned(self.requestor_email()),
            requestor_type: self.requestor_type().map(RequestorType::into_owned),
            cc: self.cc().to_owned(),
            c: self.c().to_owned(),
            date: None,
            date_text: None,
            subject: self.subject().to_owned(),
            status: self.status().into_owned(),
            priority: self.priority().into_owned(),
            admin: self.admin().to_owned(),
            attachment: self.attachment().to_owned(),
            attachments: self.attachments().map(|list| list.map(|one| one.to_attachment()).collect()),
            attachments_removed: self.attachments_removed(),
            lastreply: None,
            lastreply_text: None,
            flag: self.flag(),
            service: self.service().to_owned(),
            extra: self.extra(),
            absent: Ticket::always_sent().difference(self.fields()),
            null,
        };
        ticket.set_date(Field::Date, self.date_text());
        ticket.set_date(Field::Lastreply, self.lastreply_text());
        ticket
    }

    /// The unknown fields as in canonical JSON: sorted by name.
    fn extra_canonical(&self) -> BTreeMap<&'a str, Canonical<'a>> {
        self.extra_json().map(|(name, json)| (name, Canonical::of(json))).collect()
    }

    #[inline]
    fn has_value(&self, field: Field) -> bool {
        self.has_field(field) && !self.row.head().null.contains(field)
    }

    #[inline]
    fn integer(&self, field: Field) -> u64 {
        if self.shown.contains(field) { self.row.integer(field) } else { 0 }
    }

    fn attachment_rows(&self) -> Attachments<'a> {
        Attachments { arena: self.arena, rows: self.row.head().attachments(&self.arena.attachments) }
    }
}

/// Two tickets are equal if they have the same fields with the same values, whatever the notation of the values.
impl PartialEq for TicketRef<'_> {
    fn eq(&self, other: &TicketRef<'_>) -> bool {
        let same = |field| self.value(field) == other.value(field) && self.zone(field) == other.zone(field);
        Field::all().all(same) && self.extra_canonical() == other.extra_canonical()
    }
}

/// A short form, without the access key and email addresses.
impl fmt::Debug for TicketRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketRef")
            .field("id", &self.id())
            .field("tid", &self.tid())
            .field("subject", &self.subject())
            .field("status", &self.status().as_str())
            .field("lastreply", &self.lastreply())
            .finish_non_exhaustive()
    }
}

/// Writes [canonical JSON](crate#json): wire names in wire order, missing fields left out, unknown fields under
/// `extra`.
impl Serialize for TicketRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in self.fields().iter() {
            if let Some(value) = self.value(field) {
                map.serialize_entry(field.name(), &value)?;
            }
        }
        let extra = self.extra_canonical();
        if !extra.is_empty() {
            map.serialize_entry("extra", &extra)?;
        }
        map.end()
    }
}

impl Serialize for FieldValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            FieldValue::Null => serializer.serialize_none(),
            FieldValue::Integer(value) => serializer.serialize_u64(*value),
            FieldValue::Text(text) => serializer.serialize_str(text),
            FieldValue::DateTime(time) => time.serialize(serializer),
            FieldValue::UnreadableDate(text) => serializer.serialize_str(text),
            FieldValue::Boolean(value) => serializer.serialize_bool(*value),
            FieldValue::Attachments(list) => {
                let mut seq = serializer.serialize_seq(Some(list.len()))?;
                { *list }.try_for_each(|attachment| seq.serialize_element(&attachment))?;
                seq.end()
            }
        }
    }
}

/// The attachments of a ticket, as an iterator.
#[derive(Clone, Copy)]
pub struct Attachments<'a> {
    arena: &'a Arena,
    rows: &'a [AttachmentRow],
}

impl<'a> Iterator for Attachments<'a> {
    type Item = AttachmentRef<'a>;

    fn next(&mut self) -> Option<AttachmentRef<'a>> {
        let (row, rest) = self.rows.split_first()?;
        self.rows = rest;
        Some(AttachmentRef { filename: self.arena.text(row.filename), index: row.index })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.rows.len(), Some(self.rows.len()))
    }
}

impl ExactSizeIterator for Attachments<'_> {}

impl PartialEq for Attachments<'_> {
    fn eq(&self, other: &Attachments<'_>) -> bool {
        Iterator::eq(*self, *other)
    }
}

impl fmt::Debug for Attachments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

/// One attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct AttachmentRef<'a> {
    /// Its file name.
    pub filename: &'a str,
    /// Its number, counted from 0.
    pub index: u64,
}

impl AttachmentRef<'_> {
    /// Copies the attachment into one that owns its name.
    pub fn to_attachment(&self) -> Attachment {
        Attachment { filename: self.filename.to_owned(), index: self.index }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::{Offset, TimeZone};

    use crate::{Field, RelatedService, decode};

    #[test]
    fn tickets_are_equal_if_all_values_are() {
        let page = |ticket: &str| {
            let body = format!(
                r#"{{"result":"success","totalresults":1,"startnumber":0,"numreturned":1,"tickets":{{"ticket":[{ticket}]}}}}"#
            );
            decode(body).unwrap().into_page().unwrap()
        };
        let one = page(r#"{"id":1,"flag":"0","date":"2025-03-05 06:07:08","x":[1]}"#);
        for (other, equal) in [
            (r#"{"id":"1","flag":0,"date":"2025-03-05 06:07:08","x":[ 1 ]}"#, true),
            (r#"{"id":2,"flag":"0","date":"2025-03-05 06:07:08","x":[1]}"#, false),
            (r#"{"id":1,"flag":"0","date":"2025-03-05 06:07:09","x":[1]}"#, false),
            (r#"{"id":1,"flag":"0","date":"2025-03-05T06:07:08Z","x":[1]}"#, false),
            (r#"{"id":1,"date":"2025-03-05 06:07:08","x":[1]}"#, false),
            (r#"{"id":1,"flag":"0","date":"2025-03-05 06:07:08","x":[2]}"#, false),
        ] {
            assert_eq!(one.get(0) == page(other).get(0), equal, "{other}");
        }
    }

    #[test]
    fn lists_in_texts_are_split_and_entities_decoded() {
        let body = r#"{"result":"success","tickets":{"ticket":[{"id":1,"cc":"a@example.com, b@example.com,,",
            "attachment":"1_a.png||2_b.png","service":"D7","subject":"Tom &amp; Jerry","name":"&lt;","deptid":2}]}}"#;
        let page = decode(body).unwrap().into_page().unwrap();
        let ticket = page.get(0).unwrap();
        assert_eq!(ticket.cc_addresses().collect::<Vec<_>>(), ["a@example.com", "b@example.com"]);
        assert_eq!(ticket.attachment_names().collect::<Vec<_>>(), ["1_a.png", "2_b.png"]);
        assert_eq!(ticket.related_service(), Some(RelatedService::Domain(7)));
        assert_eq!(ticket.subject_text(), "Tom & Jerry");
        assert_eq!(ticket.decoded_text(Field::Name).as_deref(), Some("<"));
        assert_eq!(ticket.decoded_text(Field::Deptid), None);
        assert_eq!(ticket.decoded_text(Field::Email), None);
    }

    #[test]
    fn a_date_without_a_zone_is_in_that_of_the_install() {
        let body = r#"{"result":"success","tickets":{"ticket":[{"id":1,"date":"2025-03-05 06:07:08",
            "lastreply":"2025-03-05T06:07:08+02:00"}]}}"#;
        let page = decode(body).unwrap().into_page().unwrap();
        let ticket = page.get(0).unwrap();
        let install = TimeZone::fixed(Offset::constant(1));
        assert_eq!(ticket.time_zone(Field::Date, Some(&install)), Some(install.clone()));
        assert_eq!(ticket.time_zone(Field::Date, None), None);
        let stated = Some(TimeZone::fixed(Offset::constant(2)));
        assert_eq!(ticket.time_zone(Field::Lastreply, Some(&install)), stated);
    }

    #[test]
    fn only_dates_have_parts() {
        let body = r#"{"result":"success","tickets":{"ticket":[{"id":1,"date":"2025-03-05 06:07:08","subject":"2025-03-05 06:07:08"}]}}"#;
        let page = decode(body).unwrap().into_page().unwrap();
        let ticket = page.get(0).unwrap();
        let parts = ticket.date_time_parts(Field::Date).unwrap();
        assert_eq!((parts.year, parts.month, parts.day), (2025, 3, 5));
        assert_eq!(ticket.date_time_parts(Field::Subject), None);
        assert_eq!(ticket.date_time_parts(Field::Lastreply), None);
    }
}
