//! Programs with another propagator than most, or with none: each in a process of its own.

use axum::{Router, routing::any};
use http::Method;
use mirror_runtime::{Mirror, Target, Trace as Mode};
use opentelemetry::{
    Context, global,
    propagation::{Extractor, Injector, TextMapPropagator, text_map_propagator::FieldIter},
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use testkit::{Recorded, Shadow, passes_with};

use super::{
    got,
    recorded::{self, Trace},
    traced,
};

/// Set for the processes that the tests below start.
const ALONE: &str = "MIRROR_TESTS_PROPAGATOR";

fn is_alone() -> bool {
    std::env::var_os(ALONE).is_some()
}

async fn passes_alone(test: &'static str) {
    passes_with(test, vec![(ALONE, "1".to_owned())]).await;
}

/// One header of Zipkin's, `b3: trace-span-sampled`, as their libraries write it.
#[derive(Debug)]
struct B3([String; 1]);

impl TextMapPropagator for B3 {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let span = context.span();
        let it = span.span_context();
        if it.is_valid() {
            let sampled = u8::from(it.is_sampled());
            injector.set(
                "b3",
                format!("{}-{}-{sampled}", it.trace_id(), it.span_id()),
            );
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let parts: Vec<_> = extractor.get("b3").unwrap_or_default().split('-').collect();
        let [trace, span, sampled] = parts[..] else {
            return context.clone();
        };
        context.with_remote_span_context(SpanContext::new(
            TraceId::from_hex(trace).unwrap(),
            SpanId::from_hex(span).unwrap(),
            TraceFlags::default().with_sampled(sampled == "1"),
            true,
            TraceState::default(),
        ))
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.0)
    }
}

/// The copies of a request, for a target of each way.
async fn copies(trace: &Trace, b3: Option<String>) -> Vec<Recorded> {
    let modes = [Mode::Child, Mode::Unsampled, Mode::Link, Mode::Strip];
    let mut shadows = Vec::new();
    let mut builder = Mirror::builder();
    for mode in modes {
        let shadow = Shadow::start().await;
        let target = Target::new(shadow.url()).unwrap().trace(mode).unwrap();
        builder = builder.target(target);
        shadows.push(shadow);
    }
    let mirror = builder.build().unwrap();
    let app = Router::new()
        .fallback(any(|| async {}))
        .layer(mirror.layer());
    let primary = traced(app).await;
    let mut request = trace.request(Method::GET, "/");
    if let Some(b3) = b3 {
        let headers = request.headers_mut();
        headers.remove("traceparent");
        headers.insert("b3", b3.parse().unwrap());
    }
    primary.send(request).await;
    let mut copies = Vec::new();
    for shadow in &shadows {
        copies.push(shadow.receives_one().await);
    }
    copies
}

#[tokio::test]
async fn the_headers_of_the_propagator_are_those_that_change() {
    if !is_alone() {
        return passes_alone("propagators::the_headers_of_the_propagator_are_those_that_change")
            .await;
    }
    recorded::install();
    global::set_text_map_propagator(B3(["b3".to_owned()]));
    let trace = Trace::sampled();
    let b3 = format!("{}-{}-1", trace.id, trace.parent);
    let copies = copies(&trace, Some(b3)).await;
    let [child, unsampled, link, strip] = &copies[..] else {
        panic!("four copies");
    };
    let spans = trace.copies(3).await.into_iter();
    let ids: Vec<_> = spans
        .map(|span| span.span_context.span_id().to_string())
        .collect();
    for (copy, sampled) in [(child, "1"), (unsampled, "0")] {
        let b3 = copy.all("b3")[0].split('-').collect::<Vec<_>>();
        assert_eq!((b3[0], b3[2]), (&*trace.id, sampled));
        assert!(ids.iter().any(|id| id == b3[1]));
    }
    assert_ne!(link.all("b3")[0][..32], trace.id);
    assert_eq!(strip.all("b3"), [""; 0]);
    for copy in &copies {
        assert!(!copy.headers.contains_key("traceparent"));
    }
    trace.has_no_orphans();
}

#[tokio::test]
async fn a_program_without_a_propagator_has_that_of_the_standard() {
    if !is_alone() {
        return passes_alone(
            "propagators::a_program_without_a_propagator_has_that_of_the_standard",
        )
        .await;
    }
    recorded::install();
    global::set_text_map_propagator(opentelemetry::propagation::TextMapCompositePropagator::new(
        Vec::new(),
    ));
    // The primary's span has another trace, for nobody has read that of the client.
    let trace = Trace::with_flags("03");
    let copies = copies(&trace, None).await;
    let [child, unsampled, link, strip] = &copies[..] else {
        panic!("four copies");
    };
    assert_eq!(got(child).trace, got(unsampled).trace);
    assert_ne!(got(child).trace, trace.id);
    assert_eq!((got(child).flags, got(unsampled).flags), ("01", "00"));
    assert_ne!(got(link).trace, got(child).trace);
    assert!(!strip.headers.contains_key("traceparent"));
}
