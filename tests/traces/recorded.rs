//! The spans of this process, by their traces.

use std::sync::{
    LazyLock, Once,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use axum::body::Body;
use http::{HeaderMap, Method, Request};
use opentelemetry::{
    Context, Value, global,
    propagation::{Extractor, TextMapCompositePropagator},
    trace::{SpanId, TracerProvider},
};
use opentelemetry_sdk::{
    propagation::{BaggagePropagator, TraceContextPropagator},
    trace::{InMemorySpanExporter, SdkTracerProvider, SpanData},
};
use testkit::until;
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, layer::SubscriberExt, registry::LookupSpan};

/// Every test has requests of other traces, so that they share it.
static EXPORTER: LazyLock<InMemorySpanExporter> = LazyLock::new(InMemorySpanExporter::default);

static PROVIDER: LazyLock<SdkTracerProvider> = LazyLock::new(|| {
    let provider = SdkTracerProvider::builder();
    provider.with_simple_exporter(EXPORTER.clone()).build()
});

/// The layer that gives spans to the exporter.
pub(crate) fn layer<S>() -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    tracing_opentelemetry::layer().with_tracer(PROVIDER.tracer("tests"))
}

/// Has the spans of this process exported, with all that is below them.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(layer());
        tracing::subscriber::set_global_default(subscriber).unwrap();
        propagate();
    });
}

/// The propagators of most programs.
pub(crate) fn propagate() {
    global::set_text_map_propagator(TextMapCompositePropagator::new(vec![
        Box::new(TraceContextPropagator::new()),
        Box::new(BaggagePropagator::new()),
    ]));
}

/// A subscriber of this thread that has no spans below `INFO`.
pub(crate) fn at_info() -> impl Subscriber + Send + Sync {
    tracing_subscriber::registry().with(layer().with_filter(LevelFilter::INFO))
}

/// What a client says of the trace of its request.
pub(crate) fn extracted(headers: &HeaderMap) -> Context {
    struct Headers<'a>(&'a HeaderMap);

    impl Extractor for Headers<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            self.0.get(key)?.to_str().ok()
        }

        fn keys(&self) -> Vec<&str> {
            self.0.keys().map(http::HeaderName::as_str).collect()
        }
    }

    global::get_text_map_propagator(|propagator| propagator.extract(&Headers(headers)))
}

/// A trace that a client has begun.
pub(crate) struct Trace {
    /// Its id, in hexadecimal.
    pub(crate) id: String,
    /// The span of the client.
    pub(crate) parent: String,
    flags: &'static str,
}

impl Trace {
    /// One that is recorded.
    pub(crate) fn sampled() -> Self {
        Self::with_flags("01")
    }

    pub(crate) fn with_flags(flags: &'static str) -> Self {
        static TRACES: AtomicU64 = AtomicU64::new(1);
        let number = TRACES.fetch_add(1, SeqCst);
        Self {
            id: format!("4bf92f3577b34da6{number:016x}"),
            parent: format!("00f067aa{number:08x}"),
            flags,
        }
    }

    pub(crate) fn traceparent(&self) -> String {
        format!("00-{}-{}-{}", self.id, self.parent, self.flags)
    }

    /// A request of it.
    pub(crate) fn request(&self, method: Method, path: &str) -> Request<Body> {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("traceparent", self.traceparent());
        request.body(Body::empty()).unwrap()
    }

    /// Its spans so far.
    pub(crate) fn spans(&self) -> Vec<SpanData> {
        let spans = EXPORTER.get_finished_spans().unwrap();
        let is_of = |span: &SpanData| span.span_context.trace_id().to_string() == self.id;
        spans.into_iter().filter(is_of).collect()
    }

    /// Those of copies, once there are so many.
    pub(crate) async fn copies(&self, many: usize) -> Vec<SpanData> {
        let copies = || {
            let spans = self.spans().into_iter();
            spans.filter(is_copy).collect::<Vec<_>>()
        };
        until(&format!("{many} spans of copies"), || {
            copies().len() >= many
        })
        .await;
        copies()
    }

    pub(crate) async fn copy(&self) -> SpanData {
        let mut copies = self.copies(1).await;
        assert_eq!(copies.len(), 1);
        copies.remove(0)
    }

    /// The primary's.
    pub(crate) async fn server(&self) -> SpanData {
        let server = || {
            self.spans()
                .into_iter()
                .find(|span| span.parent_span_id == self.client())
        };
        until("the primary's span", || server().is_some()).await;
        server().unwrap()
    }

    fn client(&self) -> SpanId {
        SpanId::from_hex(&self.parent).unwrap()
    }

    /// Asserts that the parent of each span is one of them, or the client's.
    pub(crate) fn has_no_orphans(&self) {
        let spans = self.spans();
        for span in &spans {
            let parent = span.parent_span_id;
            let is_there = parent == self.client()
                || spans
                    .iter()
                    .any(|other| other.span_context.span_id() == parent);
            assert!(is_there, "{} has no parent", span.name);
        }
    }
}

fn is_copy(span: &SpanData) -> bool {
    attribute(span, "mirror.name").is_some()
}

/// All spans of copies of a mirror, of whatever trace.
pub(crate) fn copies_of(mirror: &str) -> Vec<SpanData> {
    let spans = EXPORTER.get_finished_spans().unwrap().into_iter();
    let is_of =
        |span: &SpanData| attribute(span, "mirror.name") == Some(Value::from(mirror.to_owned()));
    spans.filter(is_of).collect()
}

/// The value of an attribute, which stands in a span once.
pub(crate) fn attribute(span: &SpanData, name: &str) -> Option<Value> {
    let all = span.attributes.iter().filter(|it| it.key.as_str() == name);
    let all: Vec<_> = all.map(|attribute| attribute.value.clone()).collect();
    assert!(all.len() < 2, "{name}: {all:?}");
    all.into_iter().next()
}

/// The same as a text.
pub(crate) fn text(span: &SpanData, name: &str) -> Option<String> {
    attribute(span, name).map(|value| value.to_string())
}
