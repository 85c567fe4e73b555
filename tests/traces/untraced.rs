//! Programs that record less: no span for their requests, none below `INFO`, or none at all.
//! Subscribers of a thread stand before the one of the process.

use axum::{Router, middleware::from_fn, routing::any};
use http::Method;
use mirror_runtime::{Mirror, MirrorBuilder, Trace as Mode};
use testkit::{Primary, Recorded, Shadow};
use tracing::subscriber::{NoSubscriber, set_default};

use super::{
    got,
    recorded::{self, Trace},
    server_span,
};

/// The copy of a request to a program that has no span for it, unless `has_server` says so.
async fn copy_of(trace: &Trace, has_server: bool, mode: Option<Mode>) -> Recorded {
    let shadow = Shadow::start().await;
    let with_mode = |builder: MirrorBuilder| match mode {
        Some(mode) => builder.trace(mode),
        None => builder,
    };
    let mirror = with_mode(Mirror::builder().target(shadow.url()))
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(any(|| async {}))
        .layer(mirror.layer());
    let app = if has_server {
        app.layer(from_fn(server_span))
    } else {
        app
    };
    let primary = Primary::start(app).await;
    let mut request = trace.request(Method::GET, "/");
    request
        .headers_mut()
        .insert("tracestate", "vendor=1".parse().unwrap());
    primary.send(request).await;
    shadow.receives_one().await
}

#[tokio::test]
async fn without_a_span_of_the_primary_a_copy_is_a_child_of_the_caller() {
    recorded::install();
    for mode in [None, Some(Mode::Child)] {
        let trace = Trace::sampled();
        let copy = copy_of(&trace, false, mode).await;
        let span = trace.copy().await;
        assert_eq!(span.parent_span_id.to_string(), trace.parent);
        let got = got(&copy);
        assert_eq!((got.trace, got.flags), (&*trace.id, "01"));
        assert_eq!(got.parent, span.span_context.span_id().to_string());
        assert_eq!(copy.all("tracestate"), ["vendor=1"]);
    }
}

#[tokio::test]
async fn without_a_span_of_the_copy_the_shadow_is_a_child_of_the_primary() {
    recorded::install();
    let _subscriber = set_default(recorded::at_info());
    let trace = Trace::sampled();
    let copy = copy_of(&trace, true, None).await;
    let server = trace.server().await;
    let at = got(&copy);
    assert_eq!((at.trace, at.flags), (&*trace.id, "01"));
    assert_eq!(at.parent, server.span_context.span_id().to_string());

    let trace = Trace::sampled();
    let copy = copy_of(&trace, true, Some(Mode::Unsampled)).await;
    let at = got(&copy);
    assert_eq!((at.trace, at.flags), (&*trace.id, "00"));
    assert_eq!(
        at.parent,
        trace.server().await.span_context.span_id().to_string()
    );

    let copy = copy_of(&Trace::sampled(), true, Some(Mode::Link)).await;
    assert_eq!(copy.all("traceparent"), [""; 0]);
}

#[tokio::test]
async fn without_a_tracer_a_child_is_forwarded() {
    recorded::install();
    let _subscriber = set_default(NoSubscriber::new());
    let trace = Trace::with_flags("03");
    for mode in [None, Some(Mode::Child), Some(Mode::Forward)] {
        let copy = copy_of(&trace, false, mode).await;
        assert_eq!(copy.all("traceparent"), [trace.traceparent()], "{mode:?}");
        assert_eq!(copy.all("tracestate"), ["vendor=1"]);
    }
    let copy = copy_of(&trace, false, Some(Mode::Unsampled)).await;
    let at = got(&copy);
    assert_eq!((at.trace, at.flags), (&*trace.id, "02"));
    assert_ne!(at.parent, trace.parent, "a flag does not change alone");
    assert_eq!(copy.all("tracestate"), ["vendor=1"]);
    for mode in [Mode::Link, Mode::Strip] {
        let copy = copy_of(&trace, false, Some(mode)).await;
        assert_eq!(copy.all("traceparent"), [""; 0]);
        assert_eq!(copy.all("tracestate"), [""; 0]);
    }
    assert!(trace.spans().is_empty());
}
