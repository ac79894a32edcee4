//! Encoding and decoding a page for a version returns the page as of that version, in every format.

use gettickets_protocol::{ApiError, Decoder, Page, Reply, ResponseType, Ticket, Tickets, Version, decode};
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::bodies::{VERSIONS, full_ticket, text, ticket, version};

fn page(tickets: &[Ticket], startnumber: u64, totalresults: u64) -> Page {
    Page::new(Tickets::new(tickets, Version::V8_0), startnumber, totalresults)
}

/// The ticket as decoded from XML: without nulls, and with every unknown value as text.
fn through_xml(ticket: &Ticket) -> Ticket {
    let is_name = |name: &str| name.starts_with(|c: char| c.is_ascii_alphabetic());
    let as_text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let extra = ticket.extra.iter().filter(|(name, _)| is_name(name));
    Ticket {
        requestor_name: Some(ticket.requestor_name.clone().unwrap_or_default()),
        extra: extra.map(|(name, value)| (name.clone(), as_text(value).into())).collect::<Map<_, _>>(),
        ..ticket.clone()
    }
}

fn assert_same(found: &Page, wanted: &Page) -> Result<(), TestCaseError> {
    // Compare JSON first: it shows the difference.
    prop_assert_eq!(found.to_json(), wanted.to_json());
    prop_assert_eq!(found, wanted);
    Ok(())
}

proptest! {
    #[test]
    fn json_round_trips_as_of_the_version(
        tickets in proptest::collection::vec(ticket(), 0..5),
        startnumber in any::<u64>(),
        totalresults in any::<u64>(),
        version in version(),
    ) {
        // An empty page where tickets are counted would be a finding.
        let totalresults = if tickets.is_empty() { totalresults.min(startnumber) } else { totalresults };
        let page = page(&tickets, startnumber, totalresults);
        let wire = page.to_wire_json(version);
        // In strict mode: only the documented format is encoded.
        let decoded = Decoder::new().strict(true).decode(wire.as_str()).unwrap().into_page().unwrap();
        assert_same(&decoded, &page.as_of_version(version))?;
        assert_same(&decoded, &Page::new(Tickets::new(&tickets, version), startnumber, totalresults))?;
        prop_assert!(decoded.detected_version().lower_bound() <= version);
        prop_assert!(decoded.missing_fields(version).is_empty());
        // Encode the decoded page again.
        prop_assert_eq!(decoded.to_wire_json(version), wire);
    }

    #[test]
    fn xml_round_trips_as_of_the_version_with_nulls_as_empty_texts(
        tickets in proptest::collection::vec(ticket(), 0..5),
        startnumber in any::<u64>(),
        totalresults in any::<u64>(),
        version in version(),
    ) {
        let wire = page(&tickets, startnumber, totalresults).to_wire_xml(version);
        let decoded = decode(wire).unwrap().into_page().unwrap();
        let tickets: Vec<_> = tickets.iter().map(through_xml).collect();
        assert_same(&decoded, &Page::new(Tickets::new(&tickets, version), startnumber, totalresults))?;
        prop_assert_eq!(decoded.detected_version().to_string(), version.to_string());
    }

    #[test]
    fn owned_tickets_round_trip(tickets in proptest::collection::vec(ticket(), 0..5)) {
        let page = page(&tickets, 0, tickets.len() as u64);
        let owned: Vec<_> = page.iter().map(|ticket| ticket.to_ticket()).collect();
        for (owned, ticket) in owned.iter().zip(&tickets) {
            prop_assert_eq!(serde_json::to_value(owned).unwrap(), serde_json::to_value(ticket).unwrap());
        }
        prop_assert_eq!(owned, tickets);
    }

    #[test]
    fn a_ticket_round_trips_through_canonical_json(ticket in ticket()) {
        let page = page(std::slice::from_ref(&ticket), 0, 1);
        let json = serde_json::to_string(&page.get(0).unwrap()).unwrap();
        let read: Ticket = serde_json::from_str(&json).unwrap();
        prop_assert!(read == ticket, "{}", json);
    }

    #[test]
    fn errors_round_trip_as_json_and_xml(message in proptest::option::of(text()), version in version()) {
        let error = message.map_or_else(ApiError::without_message, ApiError::new);
        for format in [ResponseType::Json, ResponseType::Xml] {
            let wire = error.to_wire(format, version);
            prop_assert_eq!(decode(wire.as_str()).unwrap(), Reply::Error(error.clone()), "{}", wire);
        }
    }

    /// Name-value pairs have no escapes, so a message that looks like pairs cannot be distinguished from pairs.
    #[test]
    fn plain_errors_round_trip_as_nvp(message in "[!-:<-~é]([ -:<>-~é]{0,30}[!-:<>-~é])?", version in version()) {
        let error = ApiError::new(message);
        let wire = error.to_wire(ResponseType::Nvp, version);
        prop_assert_eq!(decode(wire.as_str()).unwrap(), Reply::Error(error), "{}", wire);
    }
}

#[test]
fn canonical_json_of_every_vector_round_trips() {
    let mut count = 0;
    for vector in crate::vectors::all() {
        let Ok(Reply::Tickets(page)) = decode(vector.body.as_slice()) else { continue };
        for ticket in &page {
            let json = serde_json::to_string(&ticket).unwrap();
            let read: Ticket =
                serde_json::from_str(&json).unwrap_or_else(|error| panic!("{}: {error}", vector.name));
            assert_eq!(serde_json::to_string(&read).unwrap(), json, "{}", vector.name);
            // The same through owned tickets and a new page.
            let owned = ticket.to_ticket();
            assert_eq!(serde_json::to_string(&owned).unwrap(), json, "{}", vector.name);
            for ticket in [read, owned] {
                let again = Tickets::new(&[ticket], Version::V8_0);
                assert_eq!(serde_json::to_string(&again.get(0).unwrap()).unwrap(), json, "{}", vector.name);
            }
            count += 1;
        }
    }
    assert!(count > 100, "{count}");
}

#[test]
fn deserializing_a_ticket_invents_nothing() {
    use gettickets_protocol::Field;
    let read = |json: &str| serde_json::from_str::<Ticket>(json);
    let bare = read(r#"{"id":1}"#).unwrap();
    assert!(bare.status == "" && bare.priority == "" && bare.absent.contains(Field::Status));
    let nulls = read(r#"{"id":1,"userid":null,"subject":null,"date":"soon","status":null}"#).unwrap();
    assert!(nulls.null.contains(Field::Userid) && !nulls.absent.contains(Field::Userid));
    assert_eq!((nulls.date, nulls.date_text.as_deref()), (None, Some("soon")));
    let page = Page::from(Tickets::new(&[nulls], Version::V8_0));
    let ticket = page.get(0).unwrap();
    assert!(ticket.is_null(Field::Userid) && !ticket.has_field(Field::Cc));
    assert_eq!(ticket.date_text(), "soon");
    for refused in ["{}", r#"{"tid":"1"}"#, r#"{"id":"1"}"#, r#"{"id":1,"id":2}"#, r#"{"id":1,"cc":5}"#, "[]"]
    {
        assert!(read(refused).is_err(), "{refused}");
    }
    assert_eq!(read(r#"{"id":1,"new":[1]}"#).unwrap().extra["new"], serde_json::json!([1]));
}

#[test]
fn an_error_without_a_message_round_trips_in_every_format() {
    for format in [ResponseType::Json, ResponseType::Xml, ResponseType::Nvp] {
        let wire = ApiError::without_message().to_wire(format, Version::V8_0);
        assert_eq!(decode(wire.as_str()), Ok(Reply::Error(ApiError::without_message())), "{wire}");
    }
}

#[test]
fn each_version_sends_exactly_its_own_fields_in_both_formats() {
    use gettickets_protocol::FieldSet;
    let page = page(&[full_ticket()], 0, 1);
    for version in VERSIONS {
        for wire in [page.to_wire_json(version), page.to_wire_xml(version)] {
            let decoded = decode(wire).unwrap().into_page().unwrap();
            assert_eq!(decoded.tickets().fields_in_all(), FieldSet::known_to(version), "{version}");
        }
    }
}
