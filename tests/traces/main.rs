//! Copies in traces, as an exporter of OpenTelemetry gets their spans, and shadows their headers.
//!
//! In a process of its own, which has one subscriber and one propagator.

mod baggage;
mod compared;
mod connections;
mod handlers;
mod headers;
mod modes;
mod outcomes;
mod primary;
mod propagators;
mod recorded;
mod untraced;

use axum::{
    Router,
    extract::{MatchedPath, Request},
    middleware::{Next, from_fn},
    response::Response,
};
use http::Method;
use testkit::{Answer, Primary, Recorded};
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use self::recorded::{Trace, extracted};

/// The layer that a program has for its own traces: a span for each request, which ends when its
/// response is there, and is a child of what the client says.
async fn server_span(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("", MatchedPath::as_str);
    let span = tracing::info_span!(
        "server",
        otel.kind = "server",
        otel.name = format!("{} {route}", request.method()),
    );
    span.set_parent(extracted(request.headers())).unwrap();
    next.run(request).instrument(span).await
}

/// A program that records its requests.
async fn traced(app: Router) -> Primary {
    recorded::install();
    Primary::start(app.layer(from_fn(server_span))).await
}

/// Sends a request of a trace.
async fn send(primary: &Primary, trace: &Trace, path: &str) -> Answer {
    let request = trace.request(Method::GET, path);
    primary.send(request).await
}

/// The parts of the `traceparent` that a shadow got.
struct Got<'a> {
    trace: &'a str,
    parent: &'a str,
    flags: &'a str,
}

fn got(copy: &Recorded) -> Got<'_> {
    let all = copy.all("traceparent");
    let [value] = all[..] else {
        panic!("{all:?}");
    };
    let parts: Vec<_> = value.split('-').collect();
    let ["00", trace, parent, flags] = parts[..] else {
        panic!("{value}");
    };
    Got {
        trace,
        parent,
        flags,
    }
}
