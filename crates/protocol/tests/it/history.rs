//! Everything that handles fields handles every row of the field history. A new row fails here until it is handled
//! everywhere.

use std::collections::BTreeSet;

use gettickets_protocol::{
    FIELDS, Field, FieldKind, FieldSet, FieldValue, Page, Ticket, TicketRef, Tickets, Version, decode,
};
use serde_json::{Value as Json, json};

use crate::bodies::{VERSIONS, documented_entries, full_ticket};

fn page() -> Page {
    Page::new(Tickets::new(&[full_ticket()], Version::LATEST), 0, 1)
}

#[test]
fn both_encoders_write_every_field_that_the_version_knows_and_no_other() {
    let page = page();
    for version in VERSIONS {
        let known = FieldSet::known_to(version);
        let (json, xml) = (page.to_wire_json(version), page.to_wire_xml(version));
        for row in &FIELDS {
            let wanted = known.contains(row.field);
            assert_eq!(
                json.contains(&format!("\"{}\":", row.name)),
                wanted,
                "{} at {version} as JSON",
                row.name
            );
            assert_eq!(xml.contains(&format!("<{}>", row.name)), wanted, "{} at {version} as XML", row.name);
        }
    }
}

#[test]
fn every_decoder_reads_every_field() {
    for wire in [page().to_wire_json(Version::LATEST), page().to_wire_xml(Version::LATEST)] {
        let decoded = decode(wire).unwrap().into_page().unwrap();
        assert_eq!(decoded.tickets().fields_in_all(), FieldSet::ALL);
    }
}

#[test]
fn canonical_json_has_the_fields_under_their_names_in_their_order() {
    let json = serde_json::to_string(&page().get(0).unwrap()).unwrap();
    let mut last = 0;
    for field in Field::all() {
        let at = json.find(&format!("\"{field}\":")).unwrap_or_else(|| panic!("{field} is not in {json}"));
        assert!(at > last, "{field} is out of order in {json}");
        last = at;
    }
}

#[test]
fn the_owned_ticket_has_exactly_the_fields_of_the_history_and_extra() {
    let Json::Object(map) = serde_json::to_value(full_ticket()).unwrap() else { panic!("an object") };
    let names: BTreeSet<_> = map.keys().map(String::as_str).collect();
    let wanted: BTreeSet<_> = FIELDS.iter().map(|row| row.name).chain(["extra"]).collect();
    assert_eq!(names, wanted);
    assert_eq!(serde_json::from_value::<Ticket>(Json::Object(map)).unwrap(), full_ticket());
}

#[test]
fn the_full_ticket_of_these_tests_has_no_default_value() {
    let (full, plain) = (json!(full_ticket()), json!(Ticket::default()));
    for row in &FIELDS {
        assert_ne!(full[row.name], plain.get(row.name).cloned().unwrap_or_default(), "{}", row.name);
    }
}

/// Returns the value of a field by its own getter, as canonical JSON.
fn by_getter(ticket: &TicketRef<'_>, field: Field) -> Json {
    match field {
        Field::Id => json!(ticket.id()),
        Field::Tid => json!(ticket.tid()),
        Field::Deptid => json!(ticket.deptid()),
        Field::Userid => json!(ticket.userid()),
        Field::Name => json!(ticket.name()),
        Field::OwnerName => json!(ticket.owner_name()),
        Field::Email => json!(ticket.email()),
        Field::RequestorName => json!(ticket.requestor_name()),
        Field::RequestorEmail => json!(ticket.requestor_email()),
        Field::RequestorType => json!(ticket.requestor_type()),
        Field::Cc => json!(ticket.cc()),
        Field::C => json!(ticket.c()),
        Field::Date => json!(ticket.date()),
        Field::Subject => json!(ticket.subject()),
        Field::Status => json!(ticket.status()),
        Field::Priority => json!(ticket.priority()),
        Field::Admin => json!(ticket.admin()),
        Field::Attachment => json!(ticket.attachment()),
        Field::Attachments => json!(ticket.attachments().map(Iterator::collect::<Vec<_>>)),
        Field::AttachmentsRemoved => json!(ticket.attachments_removed()),
        Field::Lastreply => json!(ticket.lastreply()),
        Field::Flag => json!(ticket.flag()),
        Field::Service => json!(ticket.service()),
        field => panic!("{field} has no getter"),
    }
}

#[test]
fn every_field_has_a_getter_that_agrees_with_value_struct_and_json() {
    let page = page();
    let ticket = page.get(0).unwrap();
    let (canonical, owned) = (json!(ticket), json!(ticket.to_ticket()));
    for field in Field::all() {
        let value = by_getter(&ticket, field);
        assert_eq!(value, json!(ticket.value(field).unwrap()), "{field}");
        assert_eq!(value, canonical[field.name()], "{field}");
        assert_eq!(value, owned[field.name()], "{field}");
    }
}

#[test]
fn a_value_has_the_type_of_its_field() {
    let page = page();
    for row in &FIELDS {
        let value = page.get(0).unwrap().value(row.field).unwrap();
        let is_right = match row.kind {
            FieldKind::Integer => matches!(value, FieldValue::Integer(_)),
            FieldKind::Text => matches!(value, FieldValue::Text(_)),
            FieldKind::DateTime => matches!(value, FieldValue::DateTime(Some(_))),
            FieldKind::Boolean => matches!(value, FieldValue::Boolean(_)),
            FieldKind::Attachments => matches!(value, FieldValue::Attachments(_)),
            kind => panic!("{kind:?} is new"),
        };
        assert!(is_right, "{}: {value:?}", row.name);
    }
}

#[test]
fn fields_that_a_version_lacks_are_none() {
    let page = page().as_of_version(Version::V1_0);
    let ticket = page.get(0).unwrap();
    for row in FIELDS.iter().filter(|row| row.since > Version::V1_0) {
        assert_eq!(by_getter(&ticket, row.field), Json::Null, "{}", row.name);
        assert_eq!(ticket.value(row.field), None, "{}", row.name);
        assert!(!ticket.has_field(row.field), "{}", row.name);
    }
    assert_eq!(page.missing_fields(Version::V7_10).to_string(), "attachments");
    assert_eq!(
        page.missing_fields(Version::V8_0).to_string(),
        "owner_name, requestor_name, requestor_email, requestor_type, attachments"
    );
    assert!(page.missing_fields(Version::V1_0).is_empty());
}

#[test]
fn a_null_replaces_the_value_of_a_duplicate_key() {
    let (full, plain) = (page(), Page::new(Tickets::new(&[Ticket::default()], Version::V1_0), 0, 1));
    let wire = full.to_wire_json(Version::LATEST);
    for field in Field::all().filter(|field| *field != Field::Id) {
        let body = wire.replace(r#","deptname""#, &format!(r#","{field}":null,"deptname""#));
        let decoded = decode(body).unwrap().into_page().unwrap();
        let (ticket, empty) = (decoded.get(0).unwrap(), plain.get(0).unwrap());
        assert_eq!(ticket.value(field), Some(FieldValue::Null), "{field}");
        let nothing = match field {
            Field::Status | Field::Priority => json!(""),
            field => by_getter(&empty, field),
        };
        assert_eq!(by_getter(&ticket, field), nothing, "{field}");
    }
}

#[test]
fn the_history_is_the_documented_example_in_its_order() {
    let names: Vec<_> = documented_entries().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, FIELDS.iter().map(|row| row.name).collect::<Vec<_>>());
}

#[test]
fn debug_does_not_show_the_sensitive_field() {
    let (page, ticket) = (page(), full_ticket());
    let shown = format!("{page:?} {:?} {:?} {ticket:?}", page.get(0).unwrap(), page.tickets());
    assert!(!shown.contains("KPqH7yG3"), "{shown}");
}
