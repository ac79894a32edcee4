//! The client does not show credentials that a server echoes.

use gettickets::transport::{
    Transport, TransportError, TransportErrorKind, TransportRequest, TransportResponse,
};
use gettickets::{Client, Credentials, GetTickets};

use crate::logged::{listen, logged};
use crate::server::{FakeClock, Server, json, raw, reply};

#[test]
fn secrets_in_an_echoed_request_are_redacted_everywhere() {
    listen();
    let secret = "s3cr3t+/&value";
    let echo = "identifier=ident1fier&secret=s3cr3t%2B%2F%26value raw s3cr3t+/&value";
    let credentials = || Credentials::api("ident1fier", secret).with_access_key("acc3sskey").unwrap();
    let long = format!("{}{}", "x".repeat(60), "s3cr3t+/&value and more of it");
    for (what, answer) in [
        ("message", json(&format!(r#"{{"result":"error","message":"Bad request: {echo} acc3sskey"}}"#))),
        ("title", reply("403 Forbidden", "", format!("<html><title>{echo}</title>"))),
        ("plain page", reply("200 OK", "content-type: text/plain\r\n", format!("You sent {echo}"))),
        ("cut excerpt", reply("200 OK", "content-type: text/plain\r\n", long)),
        ("broken JSON", json(&format!(r#"{{"result":"success","tickets":{{"x" {echo}"#))),
        ("unknown result", json(&format!(r#"{{"result":"{echo}"}}"#))),
        ("content type", reply("200 OK", "content-type: text/s3cr3t+/&value\r\n", "<html>")),
        ("location", reply("302 Found", "location: https://x.example/ident1fier/s3cr3t+/&value\r\n", "")),
        ("status line", raw(format!("HTTP/1.1 {echo}\r\n\r\n"))),
        ("header", raw(format!("HTTP/1.1 200 OK\r\n{echo}\r\n\r\n"))),
    ] {
        let server = Server::start(vec![answer]);
        let client = Client::builder(&server.address)
            .credentials(credentials())
            .clock(FakeClock::default())
            .build()
            .unwrap();
        let error = client.get_tickets(&GetTickets::default()).unwrap_err();
        let shown = format!("{error} {error:?} {error:#?} {:?} {client:?}", error.hint());
        let logged = logged();
        for text in [shown, logged] {
            for part in ["s3cr3t", "ident1fier", "acc3sskey"] {
                assert!(!text.contains(part), "{what}: {text}");
            }
        }
    }
}

#[test]
fn secrets_in_an_error_of_a_transport_are_redacted() {
    struct Echo;
    impl Transport for Echo {
        fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
            let detail = format!("could not parse {}", *request.body);
            Err(TransportError::new(TransportErrorKind::Other).with_detail(detail))
        }
    }
    let client = Client::builder("https://billing.example.com")
        .credentials(Credentials::api("ident1fier", "hunter2hunter2"))
        .transport(Echo)
        .build()
        .unwrap();
    let error = client.get_tickets(&GetTickets::default()).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("could not parse action=GetTickets"), "{shown}");
    assert!(!shown.contains("ident1fier") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_finding_does_not_show_a_notice_with_the_request() {
    let page =
        r#"{"result":"success","totalresults":"0","startnumber":0,"numreturned":0,"tickets":{"ticket":[]}}"#;
    let large = format!("{page}{}", " ".repeat(5 << 20));
    let cut = format!("Notice: {} secret=hunter2hunter2\n{page}", "x".repeat(180));
    for body in [
        format!("Notice: secret=hunter2hunter2\n{page}"),
        format!("Notice: secret=hunter2%68unter2\n{page}"),
        format!("Notice: secret=hunter2hunter2\n{large}"),
        cut,
    ] {
        let server = Server::start(vec![json(&body)]);
        let client = Client::builder(&server.address)
            .credentials(Credentials::api("ident1fier", "hunter2hunter2"))
            .build()
            .unwrap();
        let page = client.get_tickets(&GetTickets::default()).unwrap();
        assert_eq!(page.findings().len(), 1);
        assert!(!format!("{page:?} {:?}", page.findings()).contains("hun"), "{page:?}");
    }
}

#[test]
fn the_md5_of_an_admins_password_is_redacted() {
    let answer = json(r#"{"result":"error","message":"no: 5F4DCC3B 5f4dcc3b5aa765d61d8327deb882cf99"}"#);
    let server = Server::start(vec![answer]);
    let client = Client::builder(&server.address)
        .credentials(Credentials::admin("admin", "password"))
        .build()
        .unwrap();
    let error = client.get_tickets(&GetTickets::default()).unwrap_err();
    assert!(!error.to_string().contains("5aa765"), "{error}");
}

#[test]
fn no_secret_is_shown_while_a_client_is_built() {
    let builder = Client::builder("https://user:hunter2@example.com")
        .proxy(Some("http://user:hunter2@proxy:xx"))
        .credentials(Credentials::api("ident1fier", "hunter2"));
    assert!(!format!("{builder:?}").contains("hunter2"));
    let error = builder.build().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    let error = Client::builder("https://example.com")
        .proxy(Some("http://user:hunter2@pro xy"))
        .credentials(Credentials::api("a", "b"))
        .build()
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}

#[test]
fn debug_of_a_request_does_not_show_its_body() {
    struct Shown(std::sync::Mutex<String>);
    impl Transport for Shown {
        fn send(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
            assert!(request.body.contains("hunter2hunter2"));
            *self.0.lock().unwrap() = format!("{request:?} {request:#?}");
            Err(TransportError::new(TransportErrorKind::Other))
        }
    }
    let transport = std::sync::Arc::new(Shown(std::sync::Mutex::default()));
    let client = Client::builder("https://billing.example.com")
        .credentials(Credentials::api("ident1fier", "hunter2hunter2"))
        .transport(transport.clone())
        .build()
        .unwrap();
    assert!(client.get_tickets(&GetTickets::default()).is_err());
    let shown = transport.0.lock().unwrap();
    assert!(shown.contains("https://billing.example.com/includes/api.php"), "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains("ident1fier"), "{shown}");
}
