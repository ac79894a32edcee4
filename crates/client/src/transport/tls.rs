//! TLS: which certificates are trusted, and why a certificate was rejected.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as RustlsError, OtherError, RootCertStore,
    SignatureScheme,
};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::{Certificate, TbsCertificate, Version};

use crate::error::{ConfigError, TlsReason};

/// How many names of a certificate are shown.
const MAX_SHOWN_NAMES: usize = 8;

/// The certificates that a client trusts.
#[derive(Clone)]
pub(crate) enum Roots {
    /// The certificates that this machine trusts.
    System,
    /// These and no others. The store has those of them that can be parsed.
    Given { certificates: Vec<CertificateDer<'static>>, store: Arc<RootCertStore> },
}

impl Roots {
    /// Parses certificates in PEM; other items in it are skipped.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Roots, ConfigError> {
        let unreadable = |problem: &str| ConfigError::RootCertificates { problem: problem.to_owned() };
        let mut certificates = Vec::new();
        for item in CertificateDer::pem_slice_iter(pem) {
            // The error may quote the text, which may be a key.
            certificates.push(item.map_err(|_| unreadable("the PEM is damaged"))?);
        }
        if certificates.is_empty() {
            return Err(unreadable("there is no certificate in it"));
        }
        let mut store = RootCertStore::empty();
        match store.add_parsable_certificates(certificates.iter().cloned()) {
            (0, _) => Err(unreadable("no certificate in it can be parsed")),
            _ => Ok(Roots::Given { certificates, store: Arc::new(store) }),
        }
    }

    /// The settings of TLS with these roots.
    pub(super) fn client_config(&self) -> Result<Arc<ClientConfig>, RustlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let (verifier, given): (Arc<dyn ServerCertVerifier>, _) = match self {
            Roots::System => {
                (Arc::new(rustls_platform_verifier::Verifier::new(Arc::clone(&provider))?), Vec::new())
            }
            Roots::Given { certificates, store } => {
                let built =
                    WebPkiServerVerifier::builder_with_provider(Arc::clone(store), Arc::clone(&provider))
                        .build()
                        .map_err(|error| RustlsError::General(error.to_string()))?;
                (built, certificates.clone())
            }
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            // rustls calls every custom verifier "dangerous". This one accepts what the inner verifier accepts, and a
            // certificate that the user gave, if its names and dates are right.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier { inner: verifier, given }))
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

/// Verifies like the inner verifier, but accepts a server certificate that was given as a root itself, as curl and
/// OpenSSL do, and describes rejections.
#[derive(Debug)]
struct Verifier {
    inner: Arc<dyn ServerCertVerifier>,
    given: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, RustlsError> {
        let verified =
            self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let Err(error) = verified else { return verified };
        let Some(certificate) = Certificate::from_der(end_entity).ok() else { return Err(error) };
        let certificate = certificate.tbs_certificate();
        let refused = |reason: TlsReason| {
            RustlsError::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(reason))))
        };
        if certificate.version() == Version::V1 {
            return Err(refused(TlsReason::Version1));
        }
        if self.given.iter().any(|given| given.as_ref() == end_entity.as_ref()) {
            return match unfit(certificate, server_name, now) {
                None => Ok(ServerCertVerified::assertion()),
                Some(reason) => Err(refused(reason)),
            };
        }
        let is_unknown = TlsReason::from_rustls(&error) == TlsReason::UnknownIssuer;
        match is_unknown && certificate.issuer() == certificate.subject() {
            true => Err(refused(TlsReason::SelfSigned)),
            false => Err(error),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Why a trusted certificate is not valid for this server at this time.
fn unfit(certificate: &TbsCertificate, server_name: &ServerName<'_>, now: UnixTime) -> Option<TlsReason> {
    let now = Duration::from_secs(now.as_secs());
    let validity = certificate.validity();
    if now < validity.not_before.to_unix_duration() {
        return Some(TlsReason::NotYetValid);
    }
    if now > validity.not_after.to_unix_duration() {
        return Some(TlsReason::Expired);
    }
    let names = names(certificate);
    let fits = match server_name {
        ServerName::DnsName(name) => names.iter().any(|presented| matches(presented, name.as_ref())),
        ServerName::IpAddress(address) => {
            let address = std::net::IpAddr::from(*address);
            names.iter().any(|presented| presented.parse() == Ok(address))
        }
        _ => false,
    };
    let presented = names.into_iter().take(MAX_SHOWN_NAMES).collect();
    (!fits).then_some(TlsReason::WrongName { presented })
}

/// The names of a certificate, or its common name if it lists none, like OpenSSL.
fn names(certificate: &TbsCertificate) -> Vec<String> {
    if let Ok(Some((_, names))) = certificate.get_extension::<SubjectAltName>() {
        let name = |name: &GeneralName| match name {
            GeneralName::DnsName(name) => Some(name.as_str().to_owned()),
            GeneralName::IpAddress(bytes) => {
                let bytes = bytes.as_bytes();
                let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string());
                v4.or_else(|_| {
                    <[u8; 16]>::try_from(bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string())
                })
                .ok()
            }
            _ => None,
        };
        return names.0.iter().filter_map(name).collect();
    }
    let common_name = certificate.subject().common_name().ok().flatten();
    common_name.map(|name| name.value().into_owned()).into_iter().collect()
}

/// Whether a name of a certificate, which may begin with `*.`, is that of the host.
fn matches(presented: &str, host: &str) -> bool {
    let (presented, host) = (presented.trim_end_matches('.'), host.trim_end_matches('.'));
    match presented.strip_prefix("*.") {
        Some(parent) => {
            parent.contains('.')
                && host
                    .split_once('.')
                    .is_some_and(|(first, rest)| !first.is_empty() && rest.eq_ignore_ascii_case(parent))
        }
        None => presented.eq_ignore_ascii_case(host),
    }
}

impl TlsReason {
    /// The reason inside an I/O error, if TLS is what failed.
    pub(super) fn from_io(error: &io::Error) -> Option<TlsReason> {
        let inner = error.get_ref()?;
        if let Some(error) = inner.downcast_ref::<RustlsError>() {
            return Some(TlsReason::from_rustls(error));
        }
        // An I/O error may be wrapped in another.
        inner.downcast_ref::<io::Error>().and_then(TlsReason::from_io)
    }

    pub(super) fn from_rustls(error: &RustlsError) -> TlsReason {
        match error {
            RustlsError::InvalidCertificate(error) => TlsReason::from_certificate(error),
            RustlsError::AlertReceived(alert) => TlsReason::Refused { alert: format!("{alert:?}") },
            RustlsError::InvalidMessage(_) => TlsReason::NotTls,
            other => TlsReason::Other { problem: other.to_string() },
        }
    }

    fn from_certificate(error: &CertificateError) -> TlsReason {
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsReason::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                TlsReason::NotYetValid
            }
            CertificateError::NotValidForName => TlsReason::WrongName { presented: Vec::new() },
            CertificateError::NotValidForNameContext { presented, .. } => {
                let presented = presented.iter().take(MAX_SHOWN_NAMES).map(|name| plain_name(name)).collect();
                TlsReason::WrongName { presented }
            }
            CertificateError::UnknownIssuer => TlsReason::UnknownIssuer,
            CertificateError::Revoked => TlsReason::Revoked,
            CertificateError::Other(OtherError(cause)) => match cause.downcast_ref::<TlsReason>() {
                Some(reason) => reason.clone(),
                // A self-signed certificate is often marked as an authority, and the error does not distinguish the two.
                None if format!("{cause:?}").contains("CaUsedAsEndEntity") => TlsReason::UnknownIssuer,
                None => {
                    TlsReason::Other { problem: format!("the server's certificate is not valid ({cause})") }
                }
            },
            other => TlsReason::Other { problem: format!("the server's certificate is not valid ({other})") },
        }
    }
}

/// `example.com` from `DnsName("example.com")`.
fn plain_name(name: &str) -> String {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    inner.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `openssl req -new` and `openssl x509 -req -signkey`, for localhost.
    const VERSION_1: &str = include_str!("../../tests/it/version-1.pem");

    #[test]
    fn a_certificate_of_version_1_is_refused_with_an_explanation() {
        let Ok(Roots::Given { certificates, store }) = Roots::from_pem(VERSION_1.as_bytes()) else {
            panic!("given")
        };
        let certificate = certificates[0].clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let inner = WebPkiServerVerifier::builder_with_provider(store, provider).build().unwrap();
        for given in [Vec::new(), certificates] {
            let verifier = Verifier { inner: inner.clone(), given };
            let name = ServerName::try_from("localhost").unwrap();
            let error =
                verifier.verify_server_cert(&certificate, &[], &name, &[], UnixTime::now()).unwrap_err();
            assert_eq!(TlsReason::from_rustls(&error), TlsReason::Version1);
        }
        // It may be an authority's all the same, and the connection reports what is wrong.
        assert!(Roots::from_pem(VERSION_1.as_bytes()).unwrap().client_config().is_ok());
    }

    #[test]
    fn a_certificate_is_valid_from_its_first_to_its_last_second() {
        let Ok(Roots::Given { certificates, .. }) = Roots::from_pem(VERSION_1.as_bytes()) else {
            panic!("given")
        };
        let certificate = Certificate::from_der(&certificates[0]).unwrap();
        let certificate = certificate.tbs_certificate();
        let name = ServerName::try_from("localhost").unwrap();
        let at = |time: Duration| unfit(certificate, &name, UnixTime::since_unix_epoch(time));
        let second = Duration::from_secs(1);
        let first = certificate.validity().not_before.to_unix_duration();
        let last = certificate.validity().not_after.to_unix_duration();
        assert_eq!([at(first - second), at(first)], [Some(TlsReason::NotYetValid), None]);
        assert_eq!([at(last), at(last + second)], [None, Some(TlsReason::Expired)]);
    }

    #[test]
    fn other_rejections_of_a_certificate_keep_their_words() {
        let of = |error: CertificateError| TlsReason::from_rustls(&RustlsError::InvalidCertificate(error));
        let cause = io::Error::other("an unknown extension is critical");
        let TlsReason::Other { problem } = of(CertificateError::Other(OtherError(Arc::new(cause)))) else {
            panic!("another reason")
        };
        assert!(problem.contains("an unknown extension is critical"), "{problem}");
    }

    #[test]
    fn damaged_pem_is_an_error_that_quotes_nothing() {
        for pem in ["", "nothing", "-----BEGIN CERTIFICATE-----\nhunter2!\n-----END CERTIFICATE-----\n"] {
            let error = Roots::from_pem(pem.as_bytes()).err().unwrap();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        let nonsense = "-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n-----END CERTIFICATE-----\n";
        let error = Roots::from_pem(nonsense.as_bytes()).err().unwrap();
        assert_eq!(
            error.to_string(),
            "the root certificates can't be read: no certificate in it can be parsed"
        );
        assert!(Roots::from_pem(format!("{nonsense}{VERSION_1}").as_bytes()).is_ok(), "one of them can");
    }

    #[test]
    fn names_match_as_browsers_match_them() {
        for (presented, host, fits) in [
            ("x.example", "X.example.", true),
            ("*.x.example", "a.x.example", true),
            ("*.x.example", "x.example", false),
            ("*.x.example", "b.a.x.example", false),
            ("*.example", "x.example", false),
            ("*", "example", false),
            ("x.example", "y.example", false),
        ] {
            assert_eq!(matches(presented, host), fits, "{presented} {host}");
        }
    }
}
