//! Checks TLS: the server's certificate, and whether it is trusted.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned,
};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::report::{Report, Step};
use super::stream::{Stream, Why, words};
use super::timed::Timed;
use crate::exit::Exit;

/// A certificate that expires sooner than this should have been renewed.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);
/// The maximum number of names to show.
const MAX_SHOWN: usize = 4;

/// An encrypted connection.
pub(super) type Encrypted = StreamOwned<ClientConnection, Timed>;

impl Stream for Encrypted {
    fn set_deadline(&mut self, deadline: Instant) {
        self.sock.set_deadline(deadline);
    }
}

/// Checks the certificate. Returns the connection if it is trusted.
pub(super) fn check(
    report: &mut Report,
    stream: Timed,
    host: &str,
    ca_file: Option<&Path>,
    why: Why<'_>,
) -> Option<Encrypted> {
    let seen = Arc::new(Mutex::new(None));
    let mut encrypted = match begin(stream, host, ca_file, &seen) {
        Ok(encrypted) => encrypted,
        Err(problem) => {
            report.add(Step::bad(
                "TLS",
                Exit::Usage,
                problem,
                "Check the host in the address, and --ca-file.",
            ));
            return None;
        }
    };
    let mut outcome = Ok(());
    while outcome.is_ok() && encrypted.conn.is_handshaking() {
        outcome = encrypted.conn.complete_io(&mut encrypted.sock).map(|_| ());
    }
    let certificate = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    let shown = certificate.as_ref().map(|certificate: &Summary| certificate.to_string());
    match outcome {
        Ok(()) => {
            let version = match encrypted.conn.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
                Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
                _ => "TLS",
            };
            let shown = shown.unwrap_or_else(|| "a certificate that cannot be shown".to_owned());
            let seen = format!("{version}; {shown}");
            let soon = certificate.is_some_and(|certificate| certificate.ends < SystemTime::now() + SOON);
            report.add(if soon {
                Step::doubtful("TLS", seen, "Renew the certificate, and check the job that should renew it.")
            } else {
                Step::good("TLS", seen)
            });
            Some(encrypted)
        }
        Err(error) => {
            // The client would fail in the same way with a more detailed error, after waiting as long again.
            let in_time = error.kind() != io::ErrorKind::TimedOut;
            let todo = "Check that the port speaks TLS, and why the server is slow.".to_owned();
            let (reason, todo) = in_time.then(why).flatten().unwrap_or_else(|| (words(&error), todo));
            let seen = shown.map_or(reason.clone(), |shown| format!("{reason}; {shown}"));
            report.add(Step::bad("TLS", Exit::Unreached, seen, todo));
            None
        }
    }
}

fn begin(
    stream: Timed,
    host: &str,
    ca_file: Option<&Path>,
    seen: &Arc<Mutex<Option<Summary>>>,
) -> Result<Encrypted, String> {
    let provider = Arc::new(ring::default_provider());
    let inner = verifier(ca_file, &provider)?;
    let verifier = Recorder { inner, seen: Arc::clone(seen) };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        // The recorder accepts nothing by itself; the inner verifier decides.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("{host:?} is not a server name"))?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
    Ok(StreamOwned::new(connection, stream))
}

/// The client's verifier: trusts this machine's authorities, or only those of the file.
fn verifier(
    ca_file: Option<&Path>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let Some(file) = ca_file else {
        let platform = rustls_platform_verifier::Verifier::new(Arc::clone(provider));
        return Ok(Arc::new(
            platform.map_err(|error| format!("this machine's authorities cannot be read: {error}"))?,
        ));
    };
    let unreadable = |error: String| format!("{}: {error}", file.display());
    let pem = fs::read(file).map_err(|error| unreadable(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    Ok(built.map_err(|error| unreadable(error.to_string()))?)
}

/// The properties of a certificate that are shown.
#[derive(Debug)]
struct Summary {
    names: String,
    issuer: String,
    begins: SystemTime,
    ends: SystemTime,
}

impl Summary {
    fn of(certificate: &CertificateDer<'_>) -> Option<Summary> {
        let certificate = Certificate::from_der(certificate).ok()?;
        let certificate = certificate.tbs_certificate();
        let validity = certificate.validity();
        Some(Summary {
            names: names(certificate),
            issuer: common_name(&certificate.issuer().to_string()),
            begins: validity.not_before.to_system_time(),
            ends: validity.not_after.to_system_time(),
        })
    }
}

/// The names that a certificate is valid for; the subject, if the certificate is so old that it lists none.
fn names(certificate: &x509_cert::TbsCertificate) -> String {
    let alternative = certificate.get_extension::<SubjectAltName>().ok().flatten();
    let names: Vec<String> =
        alternative.iter().flat_map(|(_, names)| &names.0).filter_map(dns_name).collect();
    match names.len() {
        0 => common_name(&certificate.subject().to_string()),
        count if count > MAX_SHOWN => {
            let shown: Vec<&str> = names.iter().take(MAX_SHOWN).map(String::as_str).collect();
            format!("{} and {} more", shown.join(", "), count - MAX_SHOWN)
        }
        _ => names.join(", "),
    }
}

fn dns_name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(address) => match address.as_bytes() {
            bytes if bytes.len() == 4 => {
                <[u8; 4]>::try_from(bytes).ok().map(|ip| std::net::Ipv4Addr::from(ip).to_string())
            }
            bytes => <[u8; 16]>::try_from(bytes).ok().map(|ip| std::net::Ipv6Addr::from(ip).to_string()),
        },
        _ => None,
    }
}

/// The organization and the common name in a distinguished name; the whole name if it has neither.
fn common_name(name: &str) -> String {
    let part = |key: &str| name.split(',').find_map(|part| part.trim().strip_prefix(key)).map(str::to_owned);
    match (part("O="), part("CN=")) {
        (Some(organization), Some(common)) => format!("{organization} ({common})"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) if name.is_empty() => "nobody".to_owned(),
        (None, None) => name.to_owned(),
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Summary { names, issuer, begins, ends } = self;
        write!(f, "a certificate for {names}, issued by {issuer}, ")?;
        let now = SystemTime::now();
        let day = |time: SystemTime| {
            jiff::Timestamp::try_from(time)
                .map_or("a time out of range".to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
        };
        let days = |time: Duration| time.as_secs() / 86_400;
        match (begins.duration_since(now), ends.duration_since(now), now.duration_since(*ends)) {
            (Ok(_), _, _) => write!(f, "valid from {} on", day(*begins)),
            (_, Ok(left), _) => write!(f, "until {} ({} d)", day(*ends), days(left)),
            (_, _, Ok(over)) => write!(f, "expired on {} ({} d ago)", day(*ends), days(over)),
            _ => write!(f, "until {}", day(*ends)),
        }
    }
}

/// Records the server's certificate, and leaves the decision to the inner verifier.
#[derive(Debug)]
struct Recorder {
    inner: Arc<dyn ServerCertVerifier>,
    seen: Arc<Mutex<Option<Summary>>>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Summary::of(end_entity);
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
