//! Flags and `tracestate`, which belong to others.

use axum::{Router, routing::any};
use http::Method;
use mirror_runtime::{Mirror, MirrorBuilder, Trace as Mode};
use testkit::{Recorded, Shadow};

use super::{got, recorded::Trace, traced};

/// The copy of a request of a trace, with more headers.
async fn copy_of(
    trace: &Trace,
    headers: &[(&'static str, &str)],
    options: impl FnOnce(MirrorBuilder) -> MirrorBuilder,
) -> Recorded {
    let shadow = Shadow::start().await;
    let mirror = options(Mirror::builder().target(shadow.url()))
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(any(|| async {}))
        .layer(mirror.layer());
    let primary = traced(app).await;
    let mut request = trace.request(Method::GET, "/");
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    primary.send(request).await;
    shadow.receives_one().await
}

#[tokio::test]
async fn flags_are_inherited() {
    for (arrived, child, unsampled) in [
        ("00", "00", "00"),
        ("01", "01", "00"),
        ("02", "02", "02"),
        ("03", "03", "02"),
        // Others have no meaning, and are not sent on.
        ("ff", "03", "02"),
    ] {
        for (mode, flags) in [(Mode::Child, child), (Mode::Unsampled, unsampled)] {
            let trace = Trace::with_flags(arrived);
            let copy = copy_of(&trace, &[], |builder| builder.trace(mode)).await;
            let got = got(&copy);
            assert_eq!(
                (got.trace, got.flags),
                (&*trace.id, flags),
                "{arrived} {mode:?}"
            );
            assert_ne!(got.parent, trace.parent);
        }
    }
}

#[tokio::test]
async fn a_trace_that_is_not_recorded_is_not_recorded_for_its_copies() {
    let trace = Trace::with_flags("00");
    let copy = copy_of(&trace, &[("tracestate", "vendor=1")], |builder| builder).await;
    assert_eq!(copy.all("tracestate"), ["vendor=1"]);
    // What was exported by now is all.
    let other = Trace::sampled();
    copy_of(&other, &[], |builder| builder).await;
    other.copy().await;
    assert!(trace.spans().is_empty());
}

#[tokio::test]
async fn the_state_of_others_is_kept_in_its_order() {
    for (lines, kept) in [
        (&["a=1,b=2"][..], &["a=1,b=2"][..]),
        (&["a=1 ,\tb=2"], &["a=1,b=2"]),
        (&["a=1", "t@v=2"], &["a=1,t@v=2"]),
        (&["", "a=1"], &["a=1"]),
        (&[""], &[]),
        (&[], &[]),
        // What is no list counts for nothing.
        (&["a=1,b"], &[]),
    ] {
        let headers: Vec<_> = lines.iter().map(|line| ("tracestate", *line)).collect();
        let trace = Trace::sampled();
        let copy = copy_of(&trace, &headers, |builder| builder).await;
        assert_eq!(copy.all("tracestate"), kept, "{lines:?}");
    }
}

#[tokio::test]
async fn the_options_of_headers_count_before() {
    let set = |builder: MirrorBuilder| {
        builder
            .set_header("traceparent", "its own")
            .remove_header("tracestate")
    };
    for mode in [Mode::Child, Mode::Strip, Mode::Link, Mode::Forward] {
        let headers = [("tracestate", "a=1")];
        let copy = copy_of(&Trace::sampled(), &headers, |builder| {
            set(builder).trace(mode)
        })
        .await;
        assert_eq!(copy.all("traceparent"), ["its own"]);
        assert_eq!(copy.all("tracestate"), [""; 0]);
    }
}

/// A head of a hundred fields is all that many servers take.
#[tokio::test]
async fn a_head_does_not_grow_beyond_what_servers_take() {
    let many: Vec<_> = (0..96).map(|n| format!("{n}")).collect();
    let headers: Vec<_> = many
        .iter()
        .map(|value| ("x-many", value.as_str()))
        .collect();
    let options = |builder: MirrorBuilder| builder.baggage("mirror", "shadow");
    let copy = copy_of(&Trace::sampled(), &headers, options).await;
    assert!(copy.headers.len() <= 100, "{}", copy.headers.len());
    assert_eq!(copy.all("baggage"), ["mirror=shadow"]);
    got(&copy);
}
