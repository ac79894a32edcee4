//! The fields and formats of each version.

use gettickets_protocol::{
    ApiErrorClass, DetectedVersion, Field, FieldSet, GetTickets, ResponseType, Version,
};
use gettickets_sandbox::Sandbox;

use crate::client::{ask_for, ids, post};

const VERSIONS: [Version; 7] = [
    Version::V1_0,
    Version::new(7, 9, 3),
    Version::V7_10,
    Version::new(7, 11, 0),
    Version::V8_0,
    Version::new(8, 13, 1),
    Version::new(9, 0, 0),
];

#[test]
fn each_version_sends_exactly_its_fields() {
    for version in VERSIONS {
        let sandbox = Sandbox::builder().tickets(100).server_version(version).start().unwrap();
        let known = FieldSet::known_to(version);
        let optional = if version < Version::V7_10 {
            FieldSet::from_iter([Field::AttachmentsRemoved])
        } else {
            FieldSet::EMPTY
        };
        for format in [ResponseType::Json, ResponseType::Xml] {
            let page = ask_for(&sandbox, &GetTickets::default(), format).page();
            assert_eq!(page.tickets().fields_in_all(), known.difference(optional), "{version} {format}");
            assert_eq!(page.tickets().fields_in_any(), known.difference(optional), "{version} {format}");
            assert!(page.missing_fields(version).is_empty());
        }
    }
}

#[test]
fn json_has_the_documented_notation() {
    let sandbox = Sandbox::builder().tickets(100).start().unwrap();
    let response =
        ask_for(&sandbox, &GetTickets { limitnum: Some(1), ..GetTickets::default() }, ResponseType::Json);
    assert_eq!(response.header("content-type"), Some("application/json"));
    let start = r#"{"result":"success","totalresults":"100","startnumber":0,"numreturned":1,"tickets":{"ticket":[{"id":""#;
    assert!(response.text().starts_with(start), "{}", response.text());
}

#[test]
fn xml_states_the_version_and_has_the_same_tickets() {
    let sandbox = Sandbox::builder().tickets(100).start().unwrap();
    let request = GetTickets { limitnum: Some(100), ..GetTickets::default() };
    let xml = ask_for(&sandbox, &request, ResponseType::Xml);
    assert_eq!(xml.header("content-type"), Some("application/xml; charset=utf-8"));
    assert!(
        xml.text().starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<whmcsapi version=\"8.13.1\">")
    );
    let xml = xml.page();
    assert_eq!(xml.detected_version(), DetectedVersion::Exact(Version::new(8, 13, 1)));
    let json = ask_for(&sandbox, &request, ResponseType::Json).page();
    assert_eq!(ids(&xml), ids(&json));
    for (xml, json) in xml.iter().zip(json.iter()) {
        assert_eq!((xml.subject(), xml.attachments_removed()), (json.subject(), json.attachments_removed()));
    }
}

#[test]
fn name_value_pairs_have_errors_and_flat_lists() {
    let sandbox = Sandbox::builder().tickets(100).start().unwrap();
    let refused = post(&sandbox, "action=GetTickets&identifier=x&secret=y&responsetype=nvp");
    assert_eq!((refused.status, refused.text()), (403, "result=error;message=Authentication Failed;"));
    let listed = ask_for(&sandbox, &GetTickets::default(), ResponseType::Nvp);
    assert!(
        listed.text().starts_with(
            "result=success;totalresults=100;startnumber=0;numreturned=25;tickets[ticket][0][id]="
        )
    );
    assert_eq!(listed.page().len(), 25);
}

#[test]
fn errors_are_in_the_requested_format() {
    let sandbox = Sandbox::builder().tickets(1).start().unwrap();
    let refused = post(&sandbox, "action=GetTickets&responsetype=XML");
    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("<result>error</result>\n<message>Invalid or missing credentials</message>")
    );
    assert_eq!(refused.error().class(), ApiErrorClass::Authentication);
}

#[test]
fn actions_are_case_insensitive_and_unknown_ones_are_refused() {
    let credentials = "identifier=sandbox-identifier&secret=sandbox-secret&responsetype=json";
    for (version, action, message) in [
        ("8.13.1", "action=gettickets", None),
        ("8.13.1", "action=GETTICKETS", None),
        ("8.13.1", "action=GetTicket", Some("The requested API Action could not be found.")),
        ("7.10", "action=GetTicket", Some("Action not found")),
        ("8.13.1", "action=", Some("Empty action request")),
        ("8.13.1", "x=y", Some("Empty action request")),
    ] {
        let sandbox = Sandbox::builder().tickets(1).server_version(version.parse().unwrap()).start().unwrap();
        let response = post(&sandbox, &format!("{action}&{credentials}"));
        assert_eq!(response.status, 200, "{action}");
        match message {
            None => assert_eq!(response.page().len(), 1, "{action}"),
            Some(message) => {
                assert_eq!(response.error().message(), Some(message), "{action}");
                assert_eq!(response.error().class(), ApiErrorClass::UnknownAction);
            }
        }
    }
}
