//! `cargo run --example traces`
//!
//! A request in a trace, with two shadows: one that continues the trace, and one that hangs. The
//! example prints the spans as an exporter of OpenTelemetry gets them, in the order in which they
//! end, and what the shadow was sent.
//!
//! This file needs no other: it can be copied, with the dependencies `opentelemetry`,
//! `opentelemetry_sdk`, `tracing`, `tracing-opentelemetry` and `tracing-subscriber`.

use std::{error::Error, future::pending, io, net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName},
    middleware::{Next, from_fn},
    response::Response,
    routing::get,
};
use mirror_runtime::{Mirror, Target, Trace};
use opentelemetry::{Context, global, propagation::Extractor, trace::TracerProvider};
use opentelemetry_sdk::{
    propagation::TraceContextPropagator,
    trace::{InMemorySpanExporter, SdkTracerProvider},
};
use tokio::net::TcpListener;
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

/// What a program that is traced has anyhow: a span for each request. `axum-tracing-opentelemetry`
/// has such a layer.
async fn server_span(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("", MatchedPath::as_str);
    let name = format!("{} {route}", request.method());
    let span = tracing::info_span!("server", otel.kind = "server", otel.name = name);
    let _ = span.set_parent(context_of(request.headers()));
    next.run(request).instrument(span).await
}

/// What the client says of its trace.
fn context_of(headers: &HeaderMap) -> Context {
    struct Headers<'a>(&'a HeaderMap);

    impl Extractor for Headers<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            self.0.get(key)?.to_str().ok()
        }

        fn keys(&self) -> Vec<&str> {
            self.0.keys().map(HeaderName::as_str).collect()
        }
    }

    global::get_text_map_propagator(|propagator| propagator.extract(&Headers(headers)))
}

/// Serves an app, and says where.
async fn serve(app: Router) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let spans = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder();
    let provider = provider.with_simple_exporter(spans.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("example"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))?;
    global::set_text_map_propagator(TraceContextPropagator::new());

    let staging = Router::new().fallback(|headers: HeaderMap| async move {
        for name in ["traceparent", "tracestate", "baggage"] {
            println!("staging   {name}: {:?}", headers.get(name));
        }
        "an order"
    });
    let staging = format!("http://{}", serve(staging).await?);
    let hangs = Router::new().fallback(|| async { pending::<String>().await });
    let hangs = format!("http://{}", serve(hangs).await?);

    let mirror = Mirror::builder()
        .name("orders")
        // Without `trace`, the shadow continues the trace: the default with the feature `otel`.
        .target(Target::new(staging)?.named("staging"))
        .target(Target::new(hangs)?.named("hangs").trace(Trace::Strip)?)
        .baggage("mirror", "shadow")
        .timeout(Duration::from_millis(300))
        .build()?;
    let app = Router::new()
        .route("/orders/{id}", get(|| async { "an order" }))
        .layer(mirror.layer())
        .layer(from_fn(server_span));
    let primary = format!("http://{}", serve(app).await?);

    let client = reqwest::Client::builder().no_proxy().build()?;
    let response = client
        .get(format!("{primary}/orders/7"))
        .header(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        .header("tracestate", "vendor=1")
        .send()
        .await?;
    println!("client    {}", response.status());
    // Copies are sent in the background.
    mirror_runtime::drain(Duration::from_secs(5)).await;

    for span in spans.get_finished_spans()? {
        println!(
            "\n{} {} in the trace {}, a child of {}, {:?}",
            span.name,
            span.span_context.span_id(),
            span.span_context.trace_id(),
            span.parent_span_id,
            span.status,
        );
        for attribute in span.attributes {
            if !attribute.key.as_str().starts_with("code.") {
                println!("  {} = {}", attribute.key, attribute.value);
            }
        }
    }
    Ok(())
}
