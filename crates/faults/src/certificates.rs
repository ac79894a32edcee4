//! The certificates of the fault server.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::fault::Identity;

/// An authority that clients trust, and one that they do not.
pub(crate) struct Authorities {
    trusted: CertifiedIssuer<'static, KeyPair>,
    unknown: CertifiedIssuer<'static, KeyPair>,
}

impl Authorities {
    pub(crate) fn new() -> Authorities {
        Authorities {
            trusted: issuer("Authority of the fault server", IsCa::Ca(BasicConstraints::Unconstrained)),
            unknown: issuer("Unknown authority", IsCa::Ca(BasicConstraints::Unconstrained)),
        }
    }

    /// The certificate that clients trust.
    pub(crate) fn pem(&self) -> String {
        self.trusted.pem()
    }

    /// The settings of a server with a certificate of this kind.
    pub(crate) fn config(&self, identity: Identity) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let name = if identity == Identity::OtherName { "billing.example.com" } else { "localhost" };
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        match identity {
            Identity::Expired => params.not_after = date_time_ymd(2001, 1, 1),
            Identity::NotYetValid => params.not_before = date_time_ymd(4001, 1, 1),
            _ => {}
        }
        let mut chain = Vec::new();
        let certificate = match identity {
            Identity::SelfSigned => params.self_signed(&key).unwrap(),
            Identity::UnknownIssuer => params.signed_by(&key, &self.unknown).unwrap(),
            Identity::NoAuthority => {
                let between = KeyPair::generate().unwrap();
                let own = CertificateParams::new(vec!["between.example.com".to_owned()]).unwrap();
                chain.push(own.signed_by(&between, &self.trusted).unwrap().der().clone());
                let issuer = rcgen::Issuer::new(own, between);
                params.signed_by(&key, &issuer).unwrap()
            }
            _ => params.signed_by(&key, &self.trusted).unwrap(),
        };
        chain.insert(0, certificate.der().clone());
        let key = if identity == Identity::OtherKey { KeyPair::generate().unwrap() } else { key };
        config(chain, &key)
    }
}

fn issuer(name: &str, is_ca: IsCa) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = is_ca;
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Whether the key belongs to the certificate is not checked.
fn config(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = provider.key_provider.load_private_key(key).unwrap();
    let resolver = SingleCertAndKey::from(CertifiedKey::new(chain, key));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    Arc::new(config)
}
