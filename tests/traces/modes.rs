//! The five ways, on each door.

use axum::{Router, routing::any};
use http::{Method, StatusCode};
use mirror_runtime::{Mirror, Target, Trace as Mode, mirror};
use opentelemetry::{
    Value,
    trace::{SpanKind, Status},
};
use opentelemetry_sdk::trace::SpanData;
use testkit::{Answer, Primary, Recorded, Shadow, connect_h2, prior_knowledge, settled};

use super::{
    got,
    recorded::{Trace, attribute, copies_of, text},
    send, traced,
};

const OVER_HTTP1: &str = "http://127.77.0.170:20101";
const OVER_HTTP2: &str = "http://127.77.0.170:20102";

#[mirror(
    targets = [
        target(OVER_HTTP1, name = "one"),
        target(OVER_HTTP2, http2 = "prior-knowledge", name = "two"),
    ],
    name = "by_attribute",
)]
async fn by_attribute() -> &'static str {
    "primary"
}

/// Sends a request over HTTP/2.
async fn send_h2(primary: &Primary, trace: &Trace, path: &str) -> Answer {
    let url = format!("http://{}{path}", primary.host());
    let request = trace.request(Method::GET, &url);
    let mut connection = connect_h2(primary).await;
    Answer::read(connection.send_request(request).await.unwrap()).await
}

/// The span of the copy for a target.
async fn span_for(trace: &Trace, many: usize, target: &str) -> SpanData {
    let spans = trace.copies(many).await;
    let mut spans = spans.into_iter();
    let is_for = |span: &SpanData| text(span, "mirror.target.name").as_deref() == Some(target);
    spans.find(is_for).unwrap()
}

/// Asserts that a shadow continues the trace below the span of its copy, and that below the primary's.
async fn assert_is_child(trace: &Trace, span: &SpanData, copy: &Recorded) {
    let server = trace.server().await;
    assert_eq!(span.parent_span_id, server.span_context.span_id());
    assert_eq!(span.span_context.trace_id().to_string(), trace.id);
    let got = got(copy);
    assert_eq!(got.trace, trace.id);
    assert_eq!(got.parent, span.span_context.span_id().to_string());
    trace.has_no_orphans();
}

#[tokio::test]
async fn a_shadow_is_a_child_of_its_copy_and_that_of_the_primary() {
    let one = Shadow::at(OVER_HTTP1).await;
    let two = Shadow::at(OVER_HTTP2).await;
    let app = Router::new().route("/orders/{id}", any(by_attribute));
    let primary = traced(app).await;
    for round in 0..2 {
        let trace = Trace::sampled();
        let answer = if round == 0 {
            send(&primary, &trace, "/orders/7").await
        } else {
            send_h2(&primary, &trace, "/orders/7").await
        };
        assert_eq!(answer.status, StatusCode::OK);
        for (shadow, name, version) in [(&one, "one", "1.1"), (&two, "two", "2")] {
            let copies = shadow.receives(round + 1).await;
            let span = span_for(&trace, 2, name).await;
            assert_is_child(&trace, &span, &copies[round]).await;
            assert_eq!(got(&copies[round]).flags, "01");
            assert_eq!(text(&span, "network.protocol.version").unwrap(), version);
        }
    }
}

#[tokio::test]
async fn the_layer_does_as_the_attribute_does() {
    let shadows = [Shadow::start().await, Shadow::start().await];
    let mirror = Mirror::builder()
        .name("by_layer")
        .target(Target::new(shadows[0].url()).unwrap().named("one"))
        .target(prior_knowledge(shadows[1].url()).named("two"))
        .trace(Mode::Child)
        .build()
        .unwrap();
    let app = Router::new()
        .route("/orders/{id}", any(|| async {}))
        .layer(mirror.layer());
    let primary = traced(app).await;
    for round in 0..2 {
        let trace = Trace::sampled();
        if round == 0 {
            send(&primary, &trace, "/orders/7").await
        } else {
            send_h2(&primary, &trace, "/orders/7").await
        };
        for (shadow, name) in shadows.iter().zip(["one", "two"]) {
            let copies = shadow.receives(round + 1).await;
            let span = span_for(&trace, 2, name).await;
            assert_is_child(&trace, &span, &copies[round]).await;
        }
    }
}

#[tokio::test]
async fn the_span_of_a_copy_says_what_the_conventions_name() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .name("said")
        .target(Target::new(shadow.url()).unwrap().named("next"))
        .build()
        .unwrap();
    let route = Router::new()
        .route("/{id}", any(|| async {}))
        .layer(mirror.layer());
    let primary = traced(Router::new().nest("/orders", route)).await;
    let trace = Trace::sampled();
    send(&primary, &trace, "/orders/7?token=s3cret").await;
    let span = trace.copy().await;
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_eq!(span.name, "GET /orders/{id}");
    assert_eq!(span.status, Status::Unset);
    let said = |name| attribute(&span, name).unwrap_or_else(|| panic!("no {name}"));
    for (name, value) in [
        ("http.request.method", Value::from("GET")),
        ("http.response.status_code", Value::I64(200)),
        ("server.address", Value::from("127.0.0.1")),
        ("server.port", Value::I64(shadow.port().into())),
        ("url.template", Value::from("/orders/{id}")),
        ("network.protocol.version", Value::from("1.1")),
        ("mirror.name", Value::from("said")),
        ("mirror.target.name", Value::from("next")),
        ("mirror.outcome", Value::from("answered")),
    ] {
        assert_eq!(said(name), value, "{name}");
    }
    for absent in ["error.type", "mirror.comparison", "url.full"] {
        assert_eq!(attribute(&span, absent), None);
    }
    assert!(!format!("{span:?}").contains("s3cret"));

    let unknown = Trace::sampled();
    let request = unknown.request(Method::from_bytes(b"BREW").unwrap(), "/orders/7");
    primary.send(request).await;
    let span = unknown.copy().await;
    assert_eq!(span.name, "HTTP /orders/{id}");
    assert_eq!(text(&span, "http.request.method").unwrap(), "_OTHER");
}

#[expect(
    clippy::too_many_lines,
    reason = "one request, and what each of five shadows gets of it"
)]
#[tokio::test]
async fn each_target_has_its_own_way() {
    let shadows = [
        Shadow::start().await,
        Shadow::start().await,
        Shadow::start().await,
        Shadow::start().await,
        Shadow::start().await,
    ];
    let modes = [
        ("child", Mode::Child),
        ("forward", Mode::Forward),
        ("unsampled", Mode::Unsampled),
        ("link", Mode::Link),
        ("strip", Mode::Strip),
    ];
    let targets = shadows.iter().zip(modes).map(|(shadow, (name, mode))| {
        let target = Target::new(shadow.url()).unwrap().named(name);
        target.trace(mode).unwrap()
    });
    let mirror = targets.fold(Mirror::builder().name("ways"), |builder, target| {
        builder.target(target)
    });
    // That of a target counts.
    let mirror = mirror.trace(Mode::Strip).build().unwrap();
    let primary = traced(
        Router::new()
            .fallback(any(|| async {}))
            .layer(mirror.layer()),
    )
    .await;
    let trace = Trace::sampled();
    let mut request = trace.request(Method::GET, "/");
    for (name, value) in [
        ("tracestate", "vendor=1"),
        ("baggage", "user=7"),
        ("b3", "0"),
        ("x-b3-sampled", "0"),
        ("uber-trace-id", "1:2:3:1"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    primary.send(request).await;
    settled(&mirror, 1).await;
    let mut copies = Vec::new();
    for shadow in &shadows {
        copies.push(shadow.receives_one().await);
    }
    let [child, forward, unsampled, link, strip] = &copies[..] else {
        panic!("five copies");
    };

    // One has a trace of its own.
    let spans = trace.copies(4).await;
    let id_of = |target: &str| {
        let is_for = |span: &&SpanData| text(span, "mirror.target.name").as_deref() == Some(target);
        let span = spans.iter().find(is_for).unwrap();
        span.span_context.span_id().to_string()
    };
    let at = got(child);
    assert_eq!(
        (at.trace, at.parent, at.flags),
        (&*trace.id, &*id_of("child"), "01")
    );
    assert_eq!(child.all("tracestate"), ["vendor=1"]);
    assert_eq!(child.all("baggage"), ["user=7"]);
    assert_eq!(child.all("b3"), ["0"], "it is not one of the propagator's");

    assert_eq!(forward.all("traceparent"), [trace.traceparent()]);
    for (name, value) in [
        ("tracestate", "vendor=1"),
        ("baggage", "user=7"),
        ("b3", "0"),
    ] {
        assert_eq!(forward.all(name), [value]);
    }

    let at = got(unsampled);
    assert_eq!(
        (at.trace, at.parent, at.flags),
        (&*trace.id, &*id_of("unsampled"), "00")
    );
    assert_eq!(unsampled.all("tracestate"), ["vendor=1"]);

    let own = copies_of("ways");
    let own: Vec<_> = own
        .iter()
        .filter(|span| span.span_context.trace_id().to_string() != trace.id)
        .collect();
    let [own] = own[..] else {
        panic!("{own:?}");
    };
    let at = got(link);
    assert_eq!(at.trace, own.span_context.trace_id().to_string());
    assert_eq!(at.parent, own.span_context.span_id().to_string());
    assert_eq!(link.all("tracestate"), [""; 0]);
    assert_eq!(link.all("baggage"), ["user=7"]);
    let server = trace.server().await;
    let links: Vec<_> = own
        .links
        .iter()
        .map(|link| link.span_context.span_id())
        .collect();
    assert_eq!(links, [server.span_context.span_id()]);

    for name in [
        "traceparent",
        "tracestate",
        "baggage",
        "b3",
        "x-b3-sampled",
        "uber-trace-id",
    ] {
        assert_eq!(strip.all(name), [""; 0], "{name}");
    }
    // All of them are told of in the primary's trace, but for the one that has its own.
    for span in &spans {
        assert_eq!(span.parent_span_id, server.span_context.span_id());
    }
    trace.has_no_orphans();
}
