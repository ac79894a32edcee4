//! Decoders, encoders, structs and getters of this crate handle every field of the field history: for a new entry,
//! these tests fail until each of them handles it. CONTRIBUTING.md lists the files to change, also outside this crate.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use gettickets_protocol::{
    FIELDS, Field, FieldKind, FieldSet, FieldValue, Page, Ticket, TicketRef, Tickets, Version, decode,
};
use serde_json::{Value as Json, json};

use crate::bodies::{VERSIONS, documented_entries, full_ticket};

fn page() -> Page {
    Page::new(Tickets::new(&[full_ticket()], Version::LATEST), 0, 1)
}

#[test]
fn these_tests_run_with_every_version_that_added_fields() {
    for version in Version::MILESTONES {
        assert!(VERSIONS.contains(&version), "add {version} to VERSIONS in bodies.rs");
    }
    let newest = FIELDS.iter().map(|entry| entry.since).max();
    assert_eq!(newest, Some(Version::LATEST));
    assert!(VERSIONS.iter().any(|version| *version > Version::LATEST));
}

/// Files outside this crate that name each field, and the text in which they do: `@` is the wire name, `^` the same in
/// capitals.
const OTHER_FILES: [(&str, &str); 9] = [
    ("crates/client/src/scan/ticket.rs", "        @: "),
    ("crates/sandbox/src/generate/tickets.rs", "        @"),
    ("bindings/c/src/ticket.rs", "fn gettickets_ticket_@("),
    ("bindings/c/src/values.rs", "    pub @: "),
    ("bindings/c/include/gettickets.h", "#define GETTICKETS_FIELD_^ "),
    ("bindings/c/include/gettickets/types.hpp", "    @ = GETTICKETS_FIELD_^,"),
    ("bindings/c/include/gettickets/page.hpp", " @() const"),
    ("bindings/python/src/ticket.rs", "    pub(crate) @: Py<PyAny>,"),
    ("README.md", "`@`"),
];

#[test]
fn the_files_outside_this_crate_name_every_field() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (file, pattern) in OTHER_FILES {
        let text = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        for entry in &FIELDS {
            // In C, the attachments of a ticket are read one by one.
            let is_counted = file.starts_with("bindings/c/src/") && entry.field == Field::Attachments;
            let name = if is_counted { "attachment_count" } else { entry.name };
            let wanted = pattern.replace('@', name).replace('^', &entry.name.to_uppercase());
            assert!(
                text.contains(&wanted),
                "{file} lacks `{wanted}`; CONTRIBUTING.md has the list of places"
            );
        }
    }
}

#[test]
fn both_encoders_write_the_fields_that_the_version_sends_and_no_others() {
    let page = page();
    for version in VERSIONS {
        let known = FieldSet::known_to(version);
        let (json, xml) = (page.to_wire_json(version), page.to_wire_xml(version));
        for entry in &FIELDS {
            let wanted = known.contains(entry.field);
            assert_eq!(
                json.contains(&format!("\"{}\":", entry.name)),
                wanted,
                "{} at {version} as JSON",
                entry.name
            );
            assert_eq!(
                xml.contains(&format!("<{}>", entry.name)),
                wanted,
                "{} at {version} as XML",
                entry.name
            );
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
    let wanted: BTreeSet<_> = FIELDS.iter().map(|entry| entry.name).chain(["extra"]).collect();
    assert_eq!(names, wanted);
    assert_eq!(serde_json::from_value::<Ticket>(Json::Object(map)).unwrap(), full_ticket());
}

#[test]
fn the_full_ticket_of_these_tests_has_no_default_value() {
    let (full, plain) = (json!(full_ticket()), json!(Ticket::default()));
    for entry in &FIELDS {
        assert_ne!(full[entry.name], plain.get(entry.name).cloned().unwrap_or_default(), "{}", entry.name);
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
    for entry in &FIELDS {
        let value = page.get(0).unwrap().value(entry.field).unwrap();
        let is_right = match entry.kind {
            FieldKind::Integer => matches!(value, FieldValue::Integer(_)),
            FieldKind::Text => matches!(value, FieldValue::Text(_)),
            FieldKind::DateTime => matches!(value, FieldValue::DateTime(Some(_))),
            FieldKind::Boolean => matches!(value, FieldValue::Boolean(_)),
            FieldKind::Attachments => matches!(value, FieldValue::Attachments(_)),
            kind => panic!("{kind:?} is new"),
        };
        assert!(is_right, "{}: {value:?}", entry.name);
    }
}

#[test]
fn fields_that_a_version_lacks_are_none() {
    let page = page().as_of_version(Version::V1_0);
    let ticket = page.get(0).unwrap();
    for entry in FIELDS.iter().filter(|entry| entry.since > Version::V1_0) {
        assert_eq!(by_getter(&ticket, entry.field), Json::Null, "{}", entry.name);
        assert_eq!(ticket.value(entry.field), None, "{}", entry.name);
        assert!(!ticket.has_field(entry.field), "{}", entry.name);
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
    assert_eq!(names, FIELDS.iter().map(|entry| entry.name).collect::<Vec<_>>());
}

#[test]
fn debug_does_not_show_the_sensitive_field() {
    let (page, ticket) = (page(), full_ticket());
    let shown = format!("{page:?} {:?} {:?} {ticket:?}", page.get(0).unwrap(), page.tickets());
    assert!(!shown.contains("KPqH7yG3"), "{shown}");
}
