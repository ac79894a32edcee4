//! Unknown fields are kept as they were sent, especially numbers.

use gettickets_protocol::{FindingKind, Reply, Version, decode};
use serde_json::json;

use crate::bodies::page_with;

fn page(body: impl Into<Vec<u8>>) -> gettickets_protocol::Page {
    match decode(body).unwrap() {
        Reply::Tickets(page) => page,
        Reply::Error(error) => panic!("{error:?}"),
    }
}

#[test]
fn numbers_of_any_size_are_accepted_and_unchanged() {
    for number in ["123456789012345678901234567890", "1e999", "-0.10", "[1e999]", "{\"a\":[1E400,2]}"] {
        let page = page(page_with("deptname", number));
        let canonical: &str = &page.to_json();
        assert!(canonical.contains(&format!(r#""extra":{{"deptname":{number}}}"#)), "{canonical}");
        let wire = page.to_wire_json(Version::V8_0);
        assert!(wire.contains(&format!(r#""deptname":{number}"#)), "{wire}");
    }
    let top = page(r#"{"result":"success","tickets":[],"load":1e999,"n":123456789012345678901234567890}"#);
    let extra = r#""extra":{"load":1e999,"n":123456789012345678901234567890}"#;
    assert!(top.to_json().contains(extra), "{}", top.to_json());
    assert_eq!(top.extra()["load"], json!("1e999"));
    assert!(top.to_wire_json(Version::V8_0).ends_with(r#""load":1e999,"n":123456789012345678901234567890}"#));
    assert!(top.to_wire_xml(Version::V8_0).contains("<load>1e999</load>"));
}

#[test]
fn a_null_in_an_attachment_is_a_finding() {
    let list = r#"[{"filename":"a","index":0},{"filename":null,"index":null}]"#;
    let page = page(page_with("attachments", list));
    let ticket = page.get(0).unwrap();
    let attachments: Vec<_> =
        ticket.attachments().unwrap().map(|one| (one.filename.to_owned(), one.index)).collect();
    assert_eq!(attachments, [("a".to_owned(), 0)]);
    let found: Vec<_> = page.findings().iter().map(|finding| (finding.kind, finding.count)).collect();
    assert_eq!(found, [(FindingKind::NullField, 2), (FindingKind::MissingField, 1)]);
}

/// A finding per key that is not read: the ticket is read nevertheless.
#[test]
fn keys_beside_a_nested_list_are_reported() {
    for (body, codes) in [
        (
            r#"{"result":"success","tickets":{"ticket":{"ticket":[{"id":1}],"other":1}}}"#,
            &["nested-list", "unread-key"][..],
        ),
        (
            r#"{"result":"success","tickets":{"ticket":[{"id":1,"attachments":{"attachment":[{"filename":"a","index":0}],"other":1}}]}}"#,
            &["nested-list", "unread-key"],
        ),
        (
            r#"{"result":"success","tickets":{"ticket":[{"id":1,"attachments":[[{"filename":"a","index":0}]]}]}}"#,
            &["nested-list"],
        ),
        (
            "result=success;tickets[ticket][0][id]=1;tickets[ticket][0][attachments][0][filename]=a;tickets[ticket][0][attachments][0][other]=1;",
            &["unread-key"],
        ),
        ("result=success;tickets[ticket][0][id]=1;tickets[ticket][0][a][b][c]=2;", &["unread-key"]),
    ] {
        let page = decode(body).unwrap().into_page().unwrap();
        assert_eq!(page.get(0).map(|ticket| ticket.id()), Some(1), "{body}");
        let found: Vec<_> = page.findings().iter().map(|finding| finding.kind.code()).collect();
        for code in codes {
            assert!(found.contains(code), "{body}: {found:?}");
        }
    }
}

#[test]
fn messages_of_other_types_and_of_pages_are_kept() {
    let Reply::Error(error) = decode(r#"{"result":"error","message":{"a":1}}"#).unwrap() else {
        panic!("an error")
    };
    assert_eq!(error.message(), Some(r#"{"a":1}"#));
    let body = "<whmcsapi><result>success</result><message>m</message><tickets></tickets></whmcsapi>";
    let page = decode(body).unwrap().into_page().unwrap();
    assert_eq!(page.extra().get("message").and_then(|message| message.as_str()), Some("m"));
    let error = decode(r#"{"result":"success","totalresults":[1],"tickets":[]}"#).unwrap_err();
    assert_eq!(error.path(), Some("totalresults"));
}
