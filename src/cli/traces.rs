//! `--traces`: whether spans are told to a collector of OpenTelemetry, in a program that was built for it (feature `opentelemetry`).

use crate::config::HttpAddress;

#[cfg(feature = "opentelemetry")]
pub(super) use crate::service::traces::Traces;

/// Spans for a collector.
#[derive(Debug, clap::Args)]
pub(super) struct TracesArgs {
    /// Tell spans of decisions, messages and commands to a collector of OpenTelemetry (OTLP over HTTP): `http://HOST:PORT[/PATH]`, without /v1/traces; in a
    /// program that was built with `--features opentelemetry`
    #[arg(long, value_name = "URL")]
    traces: Option<String>,
    /// Share of them that is told, 0…1
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, requires = "traces")]
    traces_share: f64,
}

impl TracesArgs {
    /// The way to the collector, if one is wanted; a message for whoever asks for what there is not.
    pub(super) fn open(&self, engine: &str) -> Result<Option<Traces>, String> {
        let Some(url) = &self.traces else { return Ok(None) };
        let to =
            HttpAddress::parse(url).ok_or_else(|| format!("--traces `{url}`: allowed: {}", HttpAddress::ALLOWED))?;
        if !(0.0..=1.0).contains(&self.traces_share) {
            return Err(format!("--traces-share {}: allowed: 0…1", self.traces_share));
        }
        self.told(&to, engine).map(Some)
    }

    #[cfg(feature = "opentelemetry")]
    fn told(&self, to: &HttpAddress, engine: &str) -> Result<Traces, String> {
        Traces::new(to, self.traces_share, engine).map_err(|error| format!("--traces: {error}"))
    }

    #[cfg(not(feature = "opentelemetry"))]
    #[expect(clippy::unused_self, reason = "with the feature it takes the share")]
    fn told(&self, _: &HttpAddress, _: &str) -> Result<Traces, String> {
        Err("--traces: this program was built without it; `cargo build --release --features opentelemetry` builds one with it".into())
    }
}

/// Nobody: this program was built without the feature.
#[cfg(not(feature = "opentelemetry"))]
#[derive(Debug)]
pub(super) enum Traces {}

#[cfg(not(feature = "opentelemetry"))]
impl Traces {
    pub(super) fn layer(&self) -> Box<dyn tracing_subscriber::Layer<tracing_subscriber::Registry> + Send + Sync> {
        match *self {}
    }

    pub(super) fn close(self) -> std::io::Result<()> {
        match self {}
    }
}
