//! `--http` and what belongs to it: who is let in, and how it is kept secret on the way.
//!
//! Tokens and keys come from files of mode 0600 or credentials of systemd ([`super::secret_file`]), never from an argument. Addresses beyond
//! the loopback want all of it: tokens, a certificate with its key, and the name under which browsers come.

use super::secret_file::{Readers, read};
use crate::config::Place;
use crate::network::Problems;
use crate::service::tls::{Identity, ServerTls, TlsError};
use crate::web::access::Access;
use crate::web::{Door, is_allowed};
use std::net::SocketAddr;
use std::path::Path;

/// Where it can be looked at, and by whom.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct HttpArgs {
    /// Show the engine by HTTP at this address: page, health, metrics, commands. 127.0.0.1:8087 for this machine; any other address wants
    /// the four options below
    #[arg(long, value_name = "ADDR:PORT")]
    pub http: Option<SocketAddr>,
    /// File of tokens, lines of NAME viewer|operator TOKEN, mode 0600 or 0400, or credential:NAME; without it this machine may look and nobody
    /// may command
    #[arg(long, value_name = "FILE", requires = "http")]
    http_tokens: Option<String>,
    /// Certificate for TLS 1.3 (PEM, with those between it and the authority), or credential:NAME
    #[arg(long, value_name = "FILE", requires = "http", requires = "http_private_key")]
    http_certificate: Option<String>,
    /// Its private key (PEM, mode 0600 or 0400), or credential:NAME
    #[arg(long, value_name = "FILE", requires = "http", requires = "http_certificate")]
    http_private_key: Option<String>,
    /// Name by which browsers come, besides localhost
    #[arg(long, value_name = "HOST", requires = "http")]
    http_name: Option<String>,
}

impl HttpArgs {
    /// The address with its door; `None` where nobody looks.
    ///
    /// # Errors
    /// What is wrong, for the operator.
    pub(super) fn door(&self) -> Result<Option<(SocketAddr, Door)>, String> {
        let Some(address) = self.http else { return Ok(None) };
        let mut problems = Problems::default();
        let mut file = |name: &Option<String>, what: &str, readers| {
            let place = Place::parse(name.as_deref()?)?;
            read(&place, Path::new(""), what, readers, &mut problems)
        };
        let tokens = file(&self.http_tokens, "--http-tokens", Readers::Owner);
        let certificate = file(&self.http_certificate, "--http-certificate", Readers::All);
        let private_key = file(&self.http_private_key, "--http-private-key", Readers::Owner);
        problems.into_result(()).map_err(|problems| problems.to_string())?;
        let access = match tokens {
            None => Access::look_only(),
            Some(bytes) => {
                let text = std::str::from_utf8(&bytes).map_err(|_| "--http-tokens: not UTF-8".to_owned())?;
                Access::with_tokens(text).map_err(|why| format!("--http-tokens: {why}"))?
            }
        };
        let identity = certificate.as_ref().zip(private_key.as_ref());
        let identity = identity.map(|(certificate, private_key)| Identity { certificate, private_key });
        let tls = identity.map(ServerTls::new).transpose().map_err(|error| match &error {
            TlsError::PrivateKey(_) => format!("--http-private-key: {error}"),
            _ => format!("--http-certificate: {error}"),
        })?;
        let door = Door { access, tls, host: self.http_name.clone() };
        is_allowed(address, &door)?;
        Ok(Some((address, door)))
    }
}
