//! Servers whose certificates are rejected, and why.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use gettickets::transport::{TlsReason, TransportErrorKind};
use gettickets::{Error, ErrorKind, GetTickets};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
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

/// Serves one TLS connection on loopback with this certificate. Returns its address, with a host name. Whether the key
/// belongs to the certificate is not checked.
fn serve(certificate: CertificateDer<'static>, key: &KeyPair) -> String {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = provider.key_provider.load_private_key(key).unwrap();
    let resolver = SingleCertAndKey::from(CertifiedKey::new(vec![certificate], key));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
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

#[test]
fn a_port_that_does_not_speak_tls_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // Kept open, so that the client reads everything before the end.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let error = builder(&address).build().unwrap().get_tickets(&GetTickets::default()).unwrap_err();
    assert_eq!(reason(&error), TlsReason::NotTls);
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
