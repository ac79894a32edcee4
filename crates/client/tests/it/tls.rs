//! Servers that are not to be trusted, and why.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use gettickets::transport::{TlsReason, TransportErrorKind};
use gettickets::{Error, ErrorKind, GetTickets};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::server::{EMPTY, builder, read_request};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// Serves one TLS connection on loopback with a certificate of this kind; its address by name.
    fn serve(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> String {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream);
            if !read_request(&mut stream).is_empty() {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{EMPTY}", EMPTY.len());
                stream.write_all(head.as_bytes()).unwrap();
            }
        });
        format!("https://localhost:{port}")
    }
}

fn reason(error: &Error) -> TlsReason {
    assert!(!error.is_retryable() && !error.may_have_been_sent() && error.attempts() == 1, "{error}");
    assert!(error.hint().is_some());
    match error.kind() {
        ErrorKind::Transport(error) => match error.kind() {
            TransportErrorKind::Tls(reason) => reason.clone(),
            other => panic!("{other:?}: {error}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_trusted_server_is_asked() {
    let authority = Authority::new("An authority");
    let address = authority.serve("localhost", |_| {});
    let client = builder(&address).root_certificates(authority.pem()).build().unwrap();
    assert!(client.get_tickets(&GetTickets::default()).unwrap().is_empty());
}

#[test]
fn each_reason_for_mistrust_is_told_and_nothing_was_sent() {
    let authority = Authority::new("An authority");
    let other = Authority::new("Another authority");
    let ask = |address: &str, roots: String| {
        let client = builder(address).root_certificates(roots).build().unwrap();
        reason(&client.get_tickets(&GetTickets::default()).unwrap_err())
    };
    let expired = authority.serve("localhost", |params| params.not_after = date_time_ymd(2001, 1, 1));
    assert_eq!(ask(&expired, authority.pem()), TlsReason::Expired);
    let early = authority.serve("localhost", |params| params.not_before = date_time_ymd(4001, 1, 1));
    assert_eq!(ask(&early, authority.pem()), TlsReason::NotYetValid);
    let elsewhere = authority.serve("billing.example.com", |_| {});
    let presented = vec!["billing.example.com".to_owned()];
    assert_eq!(ask(&elsewhere, authority.pem()), TlsReason::WrongName { presented });
    let unknown = authority.serve("localhost", |_| {});
    assert_eq!(ask(&unknown, other.pem()), TlsReason::UnknownIssuer);
}

#[test]
fn this_machines_own_authorities_do_not_know_a_private_one() {
    let address = Authority::new("An authority").serve("localhost", |_| {});
    let error = builder(&address).build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
    assert_eq!(reason(&error), TlsReason::UnknownIssuer);
}

#[test]
fn a_port_that_does_not_speak_tls_is_told_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // Held open, so that what was written is read before the end.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let error = builder(&address).build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
    assert_eq!(reason(&error), TlsReason::NotTls);
}
