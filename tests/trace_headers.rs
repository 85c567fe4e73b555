//! The headers of traces, as far as nobody needs a tracer to treat them.

use axum::{Router, routing::any};
use http::Request;
use mirror_runtime::{Credentials, Mirror, MirrorBuilder, Target, Trace, mirror};
use testkit::{Primary, Recorded, Shadow, connect_h2};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";

const HEADERS: [(&str, &str); 9] = [
    ("traceparent", PARENT),
    ("tracestate", "a=1"),
    ("tracestate", "b=2"),
    ("baggage", "user=7"),
    ("b3", "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1"),
    ("x-b3-traceid", "80f198ee56343ba864fe8b2a57d3eff7"),
    ("X-B3-Anything", "1"),
    ("uber-trace-id", "1:2:3:1"),
    ("x-b3", "no header of a trace"),
];

const STRIPS: &str = "http://127.77.0.172:20101";
const FORWARDS: &str = "http://127.77.0.172:20102";

#[mirror(
    targets = [STRIPS, target(FORWARDS, trace = "forward")],
    trace = "strip",
    baggage = { "mirror" = "shadow", "env" = "a b" },
)]
async fn strips() {}

async fn copy_of(options: impl FnOnce(MirrorBuilder) -> MirrorBuilder, over_h2: bool) -> Recorded {
    let shadow = Shadow::start().await;
    let mirror = options(Mirror::builder().target(shadow.url()))
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(any(|| async {}))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    send(&primary, over_h2).await;
    shadow.receives_one().await
}

async fn send(primary: &Primary, over_h2: bool) {
    let mut request = Request::builder().uri(if over_h2 {
        format!("http://{}/", primary.host())
    } else {
        "/".to_owned()
    });
    for (name, value) in HEADERS {
        request = request.header(name, value);
    }
    let request = request.body(axum::body::Body::empty()).unwrap();
    if over_h2 {
        let answer = connect_h2(primary).await.send_request(request).await;
        assert_eq!(answer.unwrap().status(), 200);
    } else {
        assert_eq!(primary.send(request).await.status, 200);
    }
}

fn assert_forwarded(copy: &Recorded) {
    for (name, _) in HEADERS {
        let values = HEADERS.iter().filter(|(other, _)| *other == name);
        let values: Vec<_> = values.map(|(_, value)| *value).collect();
        assert_eq!(copy.all(name), values);
    }
}

#[tokio::test]
async fn they_travel_as_they_arrived() {
    for over_h2 in [false, true] {
        assert_forwarded(&copy_of(|builder| builder, over_h2).await);
        assert_forwarded(&copy_of(|builder| builder.trace(Trace::Forward), over_h2).await);
    }
}

#[tokio::test]
async fn they_are_stripped() {
    for over_h2 in [false, true] {
        let copy = copy_of(|builder| builder.trace(Trace::Strip), over_h2).await;
        for (name, _) in &HEADERS[..8] {
            assert!(!copy.headers.contains_key(*name), "{name}");
        }
        assert!(copy.headers.contains_key("x-b3"));
    }
}

#[tokio::test]
async fn a_target_has_its_own_way_and_all_have_the_baggage() {
    let (strips_here, forwards) = (Shadow::at(STRIPS).await, Shadow::at(FORWARDS).await);
    let primary = Primary::start(Router::new().route("/", any(strips))).await;
    send(&primary, false).await;
    let copy = strips_here.receives_one().await;
    assert!(!copy.headers.contains_key("traceparent"));
    assert_eq!(copy.all("baggage"), ["mirror=shadow,env=a%20b"]);
    let copy = forwards.receives_one().await;
    assert_eq!(copy.all("traceparent"), [PARENT]);
    assert_eq!(copy.all("baggage"), ["user=7,mirror=shadow,env=a%20b"]);
}

#[tokio::test]
async fn what_strips_credentials_strips_baggage_and_no_trace() {
    let copy = copy_of(|builder| builder.credentials(Credentials::Strip), false).await;
    assert!(!copy.headers.contains_key("baggage"));
    assert_eq!(copy.all("traceparent"), [PARENT]);
    assert_eq!(copy.all("tracestate"), ["a=1", "b=2"]);
}

#[test]
fn a_target_shows_its_way() {
    let target = Target::new("http://a")
        .unwrap()
        .trace(Trace::Strip)
        .unwrap();
    assert!(format!("{target:?}").contains("Strip"));
}
