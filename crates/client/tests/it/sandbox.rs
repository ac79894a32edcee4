//! The client and the sandbox, end to end over HTTP.

use gettickets::scan::ScanFinding;
use gettickets::{ApiErrorClass, Client, Credentials, Field, FindingKind, GetTickets, ResponseType, Version};
use gettickets_sandbox::{Quirk, Sandbox};

#[test]
fn findings_of_a_scan_are_counted_once_and_name_their_field() {
    let sandbox = Sandbox::builder().tickets(250).quirk(Quirk::DatesUnreadable).start().unwrap();
    let credentials = Credentials::api(sandbox.identifier(), sandbox.secret());
    let client = Client::builder(sandbox.url()).credentials(credentials).build().unwrap();
    // Pages that share rows, each with more findings than the number of places listed.
    let mut scan = client.scan(GetTickets { limitnum: Some(60), ..GetTickets::default() });
    let tickets: Vec<_> = scan.by_ref().map(|ticket| ticket.unwrap().to_ticket()).collect();
    let mut ids: Vec<u64> = tickets.iter().map(|ticket| ticket.id).collect();
    ids.truncate(16);
    let report = scan.report();
    let of = |field| {
        let is_it = |one: &&ScanFinding| one.kind == FindingKind::UnreadableDate && one.field == Some(field);
        report.findings.iter().find(is_it).unwrap()
    };
    assert_eq!((of(Field::Date).count, &of(Field::Date).ids), (250, &ids));
    assert_eq!(of(Field::Lastreply).count, 250);
}

#[test]
fn both_formats_have_the_same_tickets() {
    let sandbox = Sandbox::start().unwrap();
    let ask = |response_type| {
        Client::builder(sandbox.url())
            .credentials(Credentials::api(sandbox.identifier(), sandbox.secret()))
            .response_type(response_type)
            .build()
            .unwrap()
            .get_tickets(&GetTickets { ignore_dept_assignments: Some(true), ..GetTickets::default() })
            .unwrap()
    };
    let json = ask(ResponseType::Json);
    assert_eq!((json.len(), json.totalresults()), (25, Some(1000)));
    assert!(json.findings().is_empty(), "{:?}", json.findings());
    assert!(json.missing_fields(Version::V8_0).is_empty());
    let ids = |page: &gettickets::Page| page.iter().map(|ticket| ticket.id()).collect::<Vec<_>>();
    assert_eq!(ids(&json), ids(&ask(ResponseType::Xml)));
}

#[test]
fn wrong_credentials_are_an_authentication_error() {
    let sandbox = Sandbox::start().unwrap();
    let credentials = Credentials::api(sandbox.identifier(), "another secret");
    let client = Client::builder(sandbox.url()).credentials(credentials).build().unwrap();
    let error = client.get_tickets(&GetTickets::default()).unwrap_err();
    assert_eq!((error.api_class(), error.http_status()), (Some(ApiErrorClass::Authentication), Some(403)));
    assert_eq!(error.attempts(), 1);
}
