//! Spans of what the engine does, told to a collector of OpenTelemetry: OTLP 1 over HTTP, protobuf, plain, to this machine or a closed network.
//!
//! ```text
//! span! of target SPANS ──sampled──> bounded queue ──thread of its own, every 5 s──> POST http://HOST:4318/v1/traces
//! ```
//!
//! Whoever works never waits: a span that finds the queue full (2,048) is dropped, and a collector that is not there costs its spans only.

use super::SPANS;
use super::post::post;
use crate::config::HttpAddress;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::io;
use std::time::Duration;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer, Registry};

/// Longest time of one export.
const EXPORT_MAX: Duration = Duration::from_secs(5);

/// The way to the collector; tells what is left when it is closed.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Tells a share of all spans, 0…1, to a collector; `id` names this engine.
    ///
    /// # Errors
    /// When the exporter cannot be made of the address.
    pub fn new(to: &HttpAddress, share: f64, id: &str) -> io::Result<Self> {
        let endpoint = format!("http://{}{}/v1/traces", to.authority, to.path.trim_end_matches('/'));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector)
            .with_endpoint(endpoint)
            .with_timeout(EXPORT_MAX)
            .build()
            .map_err(io::Error::other)?;
        let resource = Resource::builder_empty()
            .with_service_name("lightwatch")
            .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(opentelemetry::KeyValue::new("service.instance.id", id.to_owned()))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::TraceIdRatioBased(share))
            .with_resource(resource)
            .with_batch_exporter(exporter)
            .build();
        Ok(Self { provider })
    }

    /// What listens to spans, and to nothing else.
    pub fn layer(&self) -> Box<dyn Layer<Registry> + Send + Sync> {
        let tracer = self.provider.tracer("lightwatch");
        let is_told = filter_fn(|metadata| metadata.is_span() && metadata.target() == SPANS);
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_filter(is_told)
            .boxed()
    }

    /// Tell what is left; at most a few seconds.
    ///
    /// # Errors
    /// When the collector does not take it.
    pub fn close(self) -> io::Result<()> {
        self.provider.shutdown().map_err(io::Error::other)
    }
}

/// The collector, as the exporter's thread speaks to it: that thread belongs to no runtime.
#[derive(Debug)]
struct Collector;

#[async_trait::async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let authority = request.uri().authority().map(ToString::to_string).ok_or("an address without a host")?;
        let to = HttpAddress { authority, path: request.uri().path().to_owned() };
        let body = request.into_body();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let status = runtime
            .block_on(async { tokio::time::timeout(EXPORT_MAX, post(&to, "application/x-protobuf", &body)).await })??;
        Ok(Response::builder().status(status).body(Bytes::new())?)
    }
}
