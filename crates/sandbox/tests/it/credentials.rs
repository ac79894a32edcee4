//! Credentials of the three kinds, and the errors for those that are missing or wrong.

use gettickets_protocol::{ApiErrorClass, Credentials, GetTickets, ResponseType};
use gettickets_sandbox::{Quirk, Sandbox};

use crate::client::post;

/// A sandbox with an admin and an access key that accepts requests only from another address.
fn guarded() -> Sandbox {
    Sandbox::builder()
        .tickets(3)
        .admin("root", "password")
        .access_key("k3y(1)")
        .allow_from(["203.0.113.9".parse().unwrap()])
        .start()
        .unwrap()
}

fn open() -> Sandbox {
    Sandbox::builder().tickets(3).api_credentials("id 1", "s&cret").admin("root", "password").start().unwrap()
}

#[test]
fn each_kind_of_credentials_is_accepted() {
    let sandbox = open();
    for credentials in [
        "identifier=id+1&secret=s%26cret",
        "username=id+1&password=s%26cret",
        "username=root&password=5f4dcc3b5aa765d61d8327deb882cf99",
        "username=root&password=5F4DCC3B5AA765D61D8327DEB882CF99",
        "identifier=id+1&secret=s%26cret&accesskey=any",
    ] {
        let response = post(&sandbox, &format!("action=GetTickets&{credentials}&responsetype=json"));
        assert_eq!(response.page().len(), 3, "{credentials}");
    }
    for credentials in [Credentials::api("id 1", "s&cret"), Credentials::admin("root", "password")] {
        let form = GetTickets::default().encode(&credentials, ResponseType::Json);
        assert_eq!(post(&sandbox, &form).page().len(), 3);
    }
}

#[test]
fn wrong_credentials_are_refused_with_403_and_the_documented_message() {
    let sandbox = open();
    for (credentials, message) in [
        ("", "Invalid or missing credentials"),
        ("identifier=id+1", "Invalid or missing credentials"),
        ("secret=s%26cret", "Invalid or missing credentials"),
        ("identifier=id+1&secret=wrong", "Authentication Failed"),
        ("identifier=other&secret=s%26cret", "Authentication Failed"),
        ("username=root&password=password", "Authentication Failed"),
        ("username=id+1&password=5f4dcc3b5aa765d61d8327deb882cf99", "Authentication Failed"),
    ] {
        let response = post(&sandbox, &format!("action=GetTickets&{credentials}&responsetype=json"));
        assert_eq!(response.status, 403, "{credentials}");
        assert_eq!(
            response.text(),
            format!(r#"{{"result":"error","message":"{message}"}}"#),
            "{credentials}"
        );
        assert_eq!(response.error().class(), ApiErrorClass::Authentication);
    }
}

#[test]
fn the_access_key_permits_an_address_that_is_not_allowed() {
    let sandbox = guarded();
    let api = "identifier=sandbox-identifier&secret=sandbox-secret";
    let admin = "username=root&password=5f4dcc3b5aa765d61d8327deb882cf99";
    for credentials in [api, admin] {
        let with =
            |key: &str| post(&sandbox, &format!("action=GetTickets&{credentials}{key}&responsetype=json"));
        assert_eq!(with("&accesskey=k3y%281%29").page().len(), 3);
        for key in ["", "&accesskey=wrong", "&accesskey="] {
            let refused = with(key);
            assert_eq!(refused.status, 403);
            assert_eq!(refused.error().seen_address(), Some("127.0.0.1".parse().unwrap()));
        }
    }
    let stranger = post(&sandbox, "action=GetTickets&identifier=x&secret=y&accesskey=k3y(1)");
    assert_eq!(stranger.error().message(), Some("Authentication Failed"));
}

#[test]
fn a_refusal_can_have_status_200() {
    let sandbox = Sandbox::builder().tickets(3).quirk(Quirk::Status200).start().unwrap();
    let response = post(&sandbox, "action=GetTickets&identifier=x&secret=y");
    assert_eq!((response.status, response.error().class()), (200, ApiErrorClass::Authentication));
}

#[test]
fn debug_output_shows_no_secret() {
    let builder = Sandbox::builder()
        .tickets(1)
        .api_credentials("who", "s3cr3t")
        .admin("root", "passw0rd")
        .access_key("k3y");
    let shown = format!("{builder:?} {:?}", builder.clone().start().unwrap());
    for secret in ["who", "s3cr3t", "root", "passw0rd", "k3y"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
