//! Servers whose certificates are rejected, and why.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use gettickets::transport::{TimeoutPhase, TlsReason, TransportErrorKind};
use gettickets::{Client, Error, ErrorKind, GetTickets};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::server::{builder, kept_alive, read_request};

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

    /// Serves one TLS connection on loopback with a certificate of this kind. Returns its address, with a host name.
    fn serve(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> String {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        serve(certificate.der().clone(), &key)
    }
}

/// A self-signed certificate that is marked as an authority, as `openssl req -x509` makes it.
fn self_signed(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> (Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    (params.self_signed(&key).unwrap(), key)
}

type TlsStream = StreamOwned<ServerConnection, TcpStream>;

/// What a connection with TLS does, before it is closed.
type TlsAnswer = Box<dyn FnOnce(&mut TlsStream) + Send>;

/// Serves one TLS connection on loopback with this certificate. Returns its address, with a host name. Whether the key
/// belongs to the certificate is not checked.
fn serve(certificate: CertificateDer<'static>, key: &KeyPair) -> String {
    let answer: TlsAnswer = Box::new(|stream| {
        if !read_request(stream).is_empty() {
            stream.write_all(kept_alive().as_bytes()).unwrap();
        }
    });
    serve_each(certificate, key, vec![answer]).0
}

/// As [`serve`], with one connection for each of these answers. Also returns a message for each that was closed.
fn serve_each(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    answers: Vec<TlsAnswer>,
) -> (String, Receiver<()>) {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = provider.key_provider.load_private_key(key).unwrap();
    let resolver = SingleCertAndKey::from(CertifiedKey::new(vec![certificate], key));
    let config = Arc::new(
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver)),
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, closed) = channel();
    thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            answer(&mut stream);
            drop(stream);
            let _ = sender.send(());
        }
    });
    (format!("https://localhost:{port}"), closed)
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
fn a_trusted_server_is_used() {
    let authority = Authority::new("An authority");
    let address = authority.serve("localhost", |_| {});
    let client = builder(&address).root_certificates(authority.pem()).build().unwrap();
    assert!(client.get_tickets(&GetTickets::default()).unwrap().is_empty());
}

#[cfg(feature = "async")]
#[test]
fn the_asynchronous_client_makes_the_same_checks() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let authority = Authority::new("An authority");
    let get = |address: &str, roots: String| {
        let client = builder(address).root_certificates(roots).build_async().unwrap();
        runtime.block_on(client.get_tickets(&GetTickets::default()))
    };
    assert!(get(&authority.serve("localhost", |_| {}), authority.pem()).unwrap().is_empty());
    let expired = authority.serve("localhost", |params| params.not_after = date_time_ymd(2001, 1, 1));
    assert_eq!(reason(&get(&expired, authority.pem()).unwrap_err()), TlsReason::Expired);
    let elsewhere = authority.serve("billing.example.com", |_| {});
    let presented = vec!["billing.example.com".to_owned()];
    assert_eq!(reason(&get(&elsewhere, authority.pem()).unwrap_err()), TlsReason::WrongName { presented });
    let other = Authority::new("Another authority");
    let unknown = authority.serve("localhost", |_| {});
    assert_eq!(reason(&get(&unknown, other.pem()).unwrap_err()), TlsReason::UnknownIssuer);
    let (certificate, key) = self_signed(&["localhost"], |_| {});
    let own_root = serve(certificate.der().clone(), &key);
    assert!(get(&own_root, certificate.pem()).unwrap().is_empty());
    let untrusted = serve(certificate.der().clone(), &key);
    assert_eq!(reason(&get(&untrusted, other.pem()).unwrap_err()), TlsReason::SelfSigned);
}

#[test]
fn each_certificate_problem_is_reported_and_nothing_is_sent() {
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
fn a_private_authority_is_not_among_this_machines_own() {
    let address = Authority::new("An authority").serve("localhost", |_| {});
    let error = builder(&address).build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
    assert_eq!(reason(&error), TlsReason::UnknownIssuer);
}

/// Serves the first connection to a port, whose URL is returned.
fn on_a_port(serve: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || serve(listener.accept().unwrap().0));
    address
}

#[test]
fn a_port_that_does_not_speak_tls_is_named() {
    let address = on_a_port(|mut stream| {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // Kept open, so that the client reads everything before the end.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let error = builder(&address).build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
    assert_eq!(reason(&error), TlsReason::NotTls);
}

#[test]
fn a_server_that_does_not_answer_the_handshake_is_disconnected() {
    let address = on_a_port(|mut stream| {
        // A client without a limit is disconnected, which is another error.
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let client = builder(&address).timeout(Duration::from_millis(200)).no_retries().build().unwrap();
    let error = client.get_tickets(&GetTickets::default()).unwrap_err();
    let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
    assert_eq!(transport.kind(), &TransportErrorKind::Timeout(TimeoutPhase::Connect), "{error}");
}

#[test]
fn a_self_signed_certificate_given_as_its_own_root_is_accepted() {
    let by_common_name = |params: &mut CertificateParams| {
        params.distinguished_name.push(DnType::CommonName, "localhost");
    };
    for (certificate, key) in [
        self_signed(&["localhost"], |_| {}),
        self_signed(&["elsewhere.example", "*.example", "localhost"], |_| {}),
        // OpenSSL and curl use it if no names are listed.
        self_signed(&[], by_common_name),
    ] {
        let address = serve(certificate.der().clone(), &key);
        let client = builder(&address).root_certificates(certificate.pem()).build().unwrap();
        assert!(client.get_tickets(&GetTickets::default()).unwrap().is_empty());
    }
}

#[test]
fn a_certificate_for_an_address_counts_only_for_that_address() {
    for (name, given, fits) in [
        ("127.0.0.1", "127.0.0.1", true),
        ("127.0.0.2", "127.0.0.2", false),
        ("::1", "::1", false),
        ("127.0.0.1.example.com", "127.0.0.1.example.com", false),
    ] {
        let (certificate, key) = self_signed(&[name], |_| {});
        let address = serve(certificate.der().clone(), &key).replace("localhost", "127.0.0.1");
        let client = builder(&address).root_certificates(certificate.pem()).build().unwrap();
        match client.get_tickets(&GetTickets::default()) {
            Ok(page) => assert!(fits && page.is_empty(), "{name}"),
            Err(error) => {
                let presented = vec![given.to_owned()];
                assert!(!fits, "{name}: {error}");
                assert_eq!(reason(&error), TlsReason::WrongName { presented });
            }
        }
    }
}

#[test]
fn a_given_certificate_counts_only_for_its_names_dates_and_key() {
    let ask = |certificate: &Certificate, key: &KeyPair, roots: String| {
        let address = serve(certificate.der().clone(), key);
        let client = builder(&address).root_certificates(roots).build().unwrap();
        reason(&client.get_tickets(&GetTickets::default()).unwrap_err())
    };
    let (expired, key) = self_signed(&["localhost"], |params| params.not_after = date_time_ymd(2001, 1, 1));
    assert_eq!(ask(&expired, &key, expired.pem()), TlsReason::Expired);
    let (early, key) = self_signed(&["localhost"], |params| params.not_before = date_time_ymd(4001, 1, 1));
    assert_eq!(ask(&early, &key, early.pem()), TlsReason::NotYetValid);
    let (elsewhere, key) = self_signed(&["billing.example.com"], |params| {
        params.distinguished_name.push(DnType::CommonName, "localhost");
    });
    let presented = vec!["billing.example.com".to_owned()];
    assert_eq!(ask(&elsewhere, &key, elsewhere.pem()), TlsReason::WrongName { presented });
    let (certificate, key) = self_signed(&["localhost"], |_| {});
    let (other, other_key) = self_signed(&["localhost"], |_| {});
    assert_eq!(ask(&certificate, &key, other.pem()), TlsReason::SelfSigned);
    // A server that has the certificate but not its key.
    assert!(matches!(ask(&certificate, &other_key, certificate.pem()), TlsReason::Other { .. }));
}

#[test]
fn a_self_signed_certificate_is_reported_as_such() {
    let (certificate, key) = self_signed(&["localhost"], |_| {});
    let address = serve(certificate.der().clone(), &key);
    let error = builder(&address).build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
    assert_eq!(reason(&error), TlsReason::SelfSigned);
    assert!(error.to_string().contains("self-signed"), "{error}");
    assert!(error.hint().unwrap().contains("root certificate"), "{error}");
}

/// Serves these answers with a certificate that the returned client trusts.
fn trusted(answers: Vec<TlsAnswer>) -> (Client, Receiver<()>) {
    let (certificate, key) = self_signed(&["localhost"], |_| {});
    let (address, closed) = serve_each(certificate.der().clone(), &key, answers);
    let client = builder(&address).root_certificates(certificate.pem()).no_retries().build().unwrap();
    (client, closed)
}

#[test]
fn connections_with_tls_are_reused() {
    // The server accepts one connection.
    let (client, _closed) = trusted(vec![Box::new(|stream| {
        for _ in 0..3 {
            read_request(stream);
            stream.write_all(kept_alive().as_bytes()).unwrap();
        }
    })]);
    for _ in 0..3 {
        client.get_tickets(&GetTickets::default()).unwrap();
    }
}

#[test]
fn a_connection_with_tls_that_the_server_has_closed_is_not_used_again() {
    let answer = || -> TlsAnswer {
        Box::new(|stream| {
            read_request(stream);
            stream.write_all(kept_alive().as_bytes()).unwrap();
        })
    };
    let (client, closed) = trusted(vec![answer(), answer()]);
    for _ in 0..2 {
        client.get_tickets(&GetTickets::default()).unwrap();
        closed.recv_timeout(Duration::from_secs(60)).unwrap();
    }
}

#[test]
fn headers_may_arrive_in_several_records() {
    // A record has at most 16 KiB.
    let (client, _closed) = trusted(vec![Box::new(|stream| {
        read_request(stream);
        let padding = "x".repeat(40 << 10);
        let reply = kept_alive().replacen("\r\n", &format!("\r\nx-padding: {padding}\r\n"), 1);
        stream.write_all(reply.as_bytes()).unwrap();
    })]);
    assert!(client.get_tickets(&GetTickets::default()).unwrap().is_empty());
}

#[test]
fn a_connection_with_tls_that_ends_within_the_headers_is_interrupted() {
    for begin in ["", "HTTP/1.1 200 OK\r\ncontent-le"] {
        let (client, _closed) = trusted(vec![Box::new(move |stream| {
            read_request(stream);
            stream.write_all(begin.as_bytes()).unwrap();
            stream.conn.send_close_notify();
            stream.flush().unwrap();
        })]);
        let error = client.get_tickets(&GetTickets::default()).unwrap_err();
        let ErrorKind::Transport(transport) = error.kind() else { panic!("{error}") };
        assert_eq!(transport.kind(), &TransportErrorKind::Interrupted, "{error}");
    }
}

#[test]
fn a_server_whose_certificate_is_of_version_1_is_refused_with_an_explanation() {
    let pem = include_str!("version-1.pem");
    let ask = |address: &str| {
        let client = builder(address).root_certificates(pem).build().unwrap();
        reason(&client.get_tickets(&GetTickets::default()).unwrap_err())
    };
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    assert_eq!(ask(&serve(certificate, &KeyPair::generate().unwrap())), TlsReason::Version1);
    let other = Authority::new("An authority").serve("localhost", |_| {});
    assert_eq!(ask(&other), TlsReason::UnknownIssuer);
}
