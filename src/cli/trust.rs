//! Identity and keys of a service, read from the files that its configuration and its command line name.

use super::secret_file::{Readers, read};
use crate::config::{Place, Settings, TlsFiles};
use crate::ids::IntersectionId;
use crate::network::{Network, Problems};
use crate::service::tls::{Identity, Pem, Tls, TlsError};
use crate::service::trust::{Keys, Trust};
use crate::wire::{KeyRing, key_file};
use std::path::{Path, PathBuf};

/// Files of identity and keys on the command line; they go before those of the configuration.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct TrustArgs {
    /// With TLS (`mqtts`): authority that the broker's certificate comes from (PEM)
    #[arg(long, value_name = "FILE")]
    ca: Option<String>,
    /// With TLS (`mqtts`): own certificate and its chain (PEM)
    #[arg(long, value_name = "FILE", requires = "private_key")]
    certificate: Option<String>,
    /// With TLS (`mqtts`): private key of the certificate (PEM, mode 0600), or credential:NAME for one of systemd
    #[arg(long, value_name = "FILE", requires = "certificate")]
    private_key: Option<String>,
    /// Keys of messages (TOML, mode 0600), or credential:NAME; read again on SIGHUP
    #[arg(long, value_name = "FILE")]
    keys: Option<String>,
}

/// Where everything is read from, and for whom.
#[derive(Debug, Clone)]
pub(super) struct Sources {
    tls: Option<TlsFiles>,
    keys: Option<Place>,
    /// Intersections that must have a key.
    own: Vec<IntersectionId>,
}

impl Sources {
    /// Of a configuration (in its folder), a command line, or both; `tls` is whether the broker wants TLS.
    pub(super) fn new(
        args: &TrustArgs,
        configured: Option<(&Settings, &Path)>,
        tls: bool,
        own: Vec<IntersectionId>,
    ) -> Result<Self, String> {
        let beside = |place: &Place| match (place, configured) {
            (Place::File(path), Some((_, config))) => Place::File(folder(config).join(path)),
            _ => place.clone(),
        };
        let said = |text: &Option<String>| text.as_deref().and_then(Place::parse);
        let files = configured.and_then(|(settings, _)| settings.tls.clone()).unwrap_or_default();
        let or = |text: &Option<String>, place: Option<Place>| said(text).or_else(|| place.as_ref().map(beside));
        let files = TlsFiles {
            ca: or(&args.ca, files.ca),
            certificate: or(&args.certificate, files.certificate),
            private_key: or(&args.private_key, files.private_key),
        };
        if tls && files.ca.is_none() {
            return Err("mqtts:// needs --ca FILE, the authority of the broker's certificate".to_owned());
        }
        if !tls && (args.ca.is_some() || args.certificate.is_some()) {
            return Err("--ca, --certificate and --private-key are for mqtts:// only".to_owned());
        }
        let keys = or(&args.keys, configured.and_then(|(settings, _)| settings.keys.clone()));
        Ok(Self { tls: tls.then_some(files), keys, own })
    }

    /// Read everything.
    ///
    /// # Errors
    /// All problems at once; none says what stands in a file.
    pub(super) fn trust(&self, network: &Network) -> Result<Trust, Problems> {
        let mut problems = Problems::default();
        let tls = self.tls.as_ref().and_then(|files| tls(files, &mut problems));
        let keys = self.keys(network).unwrap_or_else(|found| {
            problems.extend(found);
            KeyRing::default()
        });
        problems.into_result(Trust { tls, keys: Keys::new(keys), audit: None })
    }

    /// Read the keys, again when they were read before.
    ///
    /// # Errors
    /// All problems at once.
    pub(super) fn keys(&self, network: &Network) -> Result<KeyRing, Problems> {
        let Some(place) = &self.keys else { return Ok(KeyRing::default()) };
        let mut problems = Problems::default();
        let Some(bytes) = read(place, Path::new(""), "keys.file", Readers::Owner, &mut problems) else {
            return Err(problems);
        };
        let source = name(place);
        let Ok(text) = std::str::from_utf8(&bytes) else {
            problems.say(source, "not UTF-8");
            return Err(problems);
        };
        key_file::parse(text, &source, network, &self.own)
    }

    /// Put the keys as they are now in the place of those in use; those stay when the new ones are wrong.
    pub(super) fn reload(&self, keys: &Keys, network: &Network) {
        match self.keys(network) {
            Ok(ring) => {
                let ids: Vec<&str> = ring.uses().map(|(id, _)| id).collect();
                tracing::info!(keys = ids.len(), ids = %ids.join(" "), "keys were read again");
                keys.replace(ring);
            }
            Err(problems) => tracing::error!(%problems, "the new keys are wrong; the old ones stay in use"),
        }
    }
}

/// The folder that paths of a configuration are relative to.
fn folder(config: &Path) -> PathBuf {
    config.parent().unwrap_or(Path::new("")).to_owned()
}

fn name(place: &Place) -> String {
    match place {
        Place::File(path) => path.display().to_string(),
        Place::Credential(name) => format!("credential:{name}"),
    }
}

fn tls(files: &TlsFiles, problems: &mut Problems) -> Option<Tls> {
    let mut pem = |place: &Option<Place>, what: &str, readers| {
        place.as_ref().map(|place| read(place, Path::new(""), what, readers, problems).unwrap_or_default())
    };
    let authority = pem(&files.ca, "broker.ca", Readers::All)?;
    let certificate = pem(&files.certificate, "broker.certificate", Readers::All);
    let private_key = pem(&files.private_key, "broker.private_key", Readers::Owner);
    if !problems.is_empty() {
        return None;
    }
    let identity = certificate.as_ref().zip(private_key.as_ref());
    let identity = identity.map(|(certificate, private_key)| Identity { certificate, private_key });
    match Tls::new(Pem { authority: &authority, identity }) {
        Ok(tls) => Some(tls),
        Err(error) => {
            let (place, what) = match &error {
                TlsError::Authority(_) => (&files.ca, "broker.ca"),
                TlsError::Certificate(_) => (&files.certificate, "broker.certificate"),
                TlsError::PrivateKey(_) => (&files.private_key, "broker.private_key"),
            };
            let file = place.as_ref().map(name).unwrap_or_default();
            problems.say(what, format_args!("{file}: {error}"));
            None
        }
    }
}
