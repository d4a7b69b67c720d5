//! TLS 1.3: towards the broker with a certificate of our own, and for those who look by HTTP from elsewhere ([`ServerTls`]).
//!
//! In: PEM as bytes. Out: a [`Tls`] that [`super::mqtt::Link`] connects with, or what is wrong with which file. Only TLS 1.3; the broker's
//! certificate must come from the given authority (no certificate of the system is trusted) and name the host of the URL. What rustls
//! checks it checks at every connect: dates, chain, name. Revocation lists are not looked at: certificates of devices live short.

use rumqttc::tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rumqttc::tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rumqttc::tokio_rustls::rustls::version::TLS13;
use rumqttc::tokio_rustls::rustls::{self, ClientConfig, RootCertStore, ServerConfig, crypto::ring};
use rumqttc::tokio_rustls::{TlsAcceptor, server::TlsStream};
use std::sync::Arc;
use std::{fmt, io};
use tokio::io::{AsyncRead, AsyncWrite};

/// Identity and authority, ready to connect.
#[derive(Clone)]
pub struct Tls(Arc<ClientConfig>);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

/// PEM of the three files.
#[derive(Clone, Copy)]
pub struct Pem<'a> {
    /// Authority, or several, that certificates of brokers come from.
    pub authority: &'a [u8],
    /// Own certificate, then those between it and the authority; `None` for a broker that asks for none.
    pub identity: Option<Identity<'a>>,
}

/// Who we are.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    /// Certificate, and chain.
    pub certificate: &'a [u8],
    /// Private key of the certificate: PKCS #8, SEC1 or PKCS #1.
    pub private_key: &'a [u8],
}

/// What is wrong with the files; never says what stands in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The authority.
    #[error("{0}")]
    Authority(String),
    /// The certificate.
    #[error("{0}")]
    Certificate(String),
    /// The private key, or its match with the certificate.
    #[error("{0}")]
    PrivateKey(String),
}

impl Tls {
    /// Read the PEM.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn new(pem: Pem<'_>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(pem.authority).map_err(TlsError::Authority)? {
            roots.add(certificate).map_err(|error| TlsError::Authority(error.to_string()))?;
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .expect("the provider speaks TLS 1.3")
            .with_root_certificates(roots);
        let Some(Identity { certificate, private_key }) = pem.identity else {
            return Ok(Self(Arc::new(builder.with_no_client_auth())));
        };
        let chain = certificates(certificate).map_err(TlsError::Certificate)?;
        let key = PrivateKeyDer::from_pem_slice(private_key).map_err(|error| TlsError::PrivateKey(no_key(&error)))?;
        let config = builder.with_client_auth_cert(chain, key).map_err(|error| wrong_identity(&error))?;
        Ok(Self(Arc::new(config)))
    }

    /// For the client library.
    pub(super) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

/// Identity of a server, ready to answer.
#[derive(Clone)]
pub struct ServerTls(TlsAcceptor);

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls")
    }
}

impl ServerTls {
    /// Read the PEM.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn new(identity: Identity<'_>) -> Result<Self, TlsError> {
        let chain = certificates(identity.certificate).map_err(TlsError::Certificate)?;
        let key = PrivateKeyDer::from_pem_slice(identity.private_key);
        let key = key.map_err(|error| TlsError::PrivateKey(no_key(&error)))?;
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .expect("the provider speaks TLS 1.3")
            .with_no_client_auth();
        let config = builder.with_single_cert(chain, key).map_err(|error| wrong_identity(&error))?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Shake hands with who has connected.
    ///
    /// # Errors
    /// What went wrong on the way.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<TlsStream<S>> {
        self.0.accept(stream).await
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, PemError> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => Err("no certificate in it".to_owned()),
        Ok(certificates) => Ok(certificates),
        Err(_) => Err("not PEM, or damaged".to_owned()),
    }
}

/// The parser's own words may quote the file.
fn no_key(error: &PemError) -> String {
    match error {
        PemError::NoItemsFound => "no private key in it".to_owned(),
        _ => "not PEM, or damaged".to_owned(),
    }
}

fn wrong_identity(error: &rustls::Error) -> TlsError {
    match error {
        rustls::Error::InconsistentKeys(_) => TlsError::PrivateKey("it is not the key of the certificate".to_owned()),
        rustls::Error::InvalidCertificate(_) => TlsError::Certificate(error.to_string()),
        _ => TlsError::PrivateKey(error.to_string()),
    }
}
