//! A shadow that says back what it was told: credentials of the request, and what copies are given,
//! are shown nowhere.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Body, response::Response};
use http::{Request, header::CONTENT_TYPE};
use mirror_runtime::{CompareMode, Mirror, MirrorBuilder};
use testkit::{Directory, Primary, Recorded, Shadow, until};

use super::{ok, reported};

/// Each secret of the request and of its copies has this in it.
const CANARY: &str = "s3cret-canary";

fn request() -> Request<Body> {
    let body = format!(r#"{{"password":"{CANARY}-1","note":"no secret"}}"#);
    Request::post(format!("/orders?token={CANARY}-2&page=1"))
        .header("authorization", format!("Bearer {CANARY}-3"))
        .header("proxy-authorization", format!("Basic {CANARY}-4"))
        .header("cookie", format!("theme=dark; session={CANARY}-5"))
        .header("x-api-key", format!("{CANARY}-6"))
        .header("x-auth-token", format!("{CANARY}-7"))
        .header("referer", format!("https://a/?api_key={CANARY}-8"))
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

/// All that a shadow was told, line by line.
fn told(copy: &Recorded) -> Vec<String> {
    let headers = copy.headers.iter();
    let headers = headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
    let body = String::from_utf8(copy.body.to_vec()).unwrap();
    [copy.target.clone(), body]
        .into_iter()
        .chain(headers)
        .collect()
}

fn as_json(copy: &Recorded) -> Response {
    ok(serde_json::json!({ "total": 2, "debug": told(copy) }).to_string())
}

/// By other names than the request has for them, and as keys.
fn as_fields(copy: &Recorded) -> Response {
    let fields = told(copy).into_iter().map(|line| (line, 1.into()));
    ok(serde_json::Value::Object(fields.collect()).to_string())
}

fn as_text(copy: &Recorded) -> Response {
    ok(told(copy).join("\n"))
}

fn as_no_text(copy: &Recorded) -> Response {
    ok([&told(copy).concat().into_bytes()[..], b"\xff"].concat())
}

fn as_a_header(copy: &Recorded) -> Response {
    let mut response = ok(r#"{"total":1}"#);
    let value = format!("{}; {}", copy.target, told(copy)[2..].join("; "));
    let value = value.parse().unwrap();
    response.headers_mut().insert(CONTENT_TYPE, value);
    response
}

/// What is said of a comparison with a shadow that responds so, everywhere where something is said.
async fn said(
    name: &str,
    echo: fn(&Recorded) -> Response,
    options: impl FnOnce(MirrorBuilder) -> MirrorBuilder,
) -> Vec<String> {
    let directory = Directory::new(name);
    let shadow = Shadow::answering(echo).await;
    let found = Arc::new(Mutex::new(Vec::new()));
    let texts = Arc::clone(&found);
    let builder = Mirror::builder()
        .target(shadow.url())
        .set_header("x-shadow", format!("{CANARY}-9"))
        .compare(CompareMode::Json)
        .compare_headers(["content-type"])
        .record(directory.path())
        .on_mismatch(move |comparison| {
            texts.lock().unwrap().extend([
                comparison.to_string(),
                format!("{comparison:?}"),
                serde_json::to_string(comparison).unwrap(),
            ]);
        });
    let mirror = options(builder).build().unwrap();
    let app = Router::new()
        .fallback(async || r#"{"total":1}"#)
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    primary.send(request()).await;
    until("a mismatch", || !found.lock().unwrap().is_empty()).await;
    let report = reported(&mirror, 1).await;
    assert_eq!(report.mismatched, 1);
    let mut all = std::mem::take(&mut *found.lock().unwrap());
    let report = mirror.report();
    all.extend([
        report.to_string(),
        format!("{report:?}"),
        serde_json::to_string(&report).unwrap(),
        format!("{mirror:?}"),
        format!("{mirror:#?}"),
        format!("{:?}", mirror.layer()),
    ]);
    all.extend(directory.fixtures());
    // They were said to the shadow, but for what is between the client and its proxy.
    assert!(
        told(&shadow.receives_one().await)
            .concat()
            .matches(CANARY)
            .count()
            >= 8
    );
    all
}

#[tokio::test]
async fn what_a_shadow_says_back_of_a_request_is_shown_nowhere() {
    let same = |builder: MirrorBuilder| builder;
    let bytes = |builder: MirrorBuilder| builder.compare(CompareMode::Bytes);
    let redacts = |builder: MirrorBuilder| builder.redact(["/pin"]);
    let mut all = Vec::new();
    for (name, echo) in [
        ("echo-json", as_json as fn(&Recorded) -> Response),
        ("echo-fields", as_fields),
        ("echo-text", as_text),
        ("echo-no-text", as_no_text),
        ("echo-header", as_a_header),
    ] {
        all.extend(said(name, echo, same).await);
        all.extend(said(name, echo, bytes).await);
        all.extend(said(name, echo, redacts).await);
    }
    for text in &all {
        for part in ["canary", "s3cret", "73 33 63 72 65 74"] {
            assert!(!text.contains(part), "{part}: {text}");
        }
    }
    // That they differ is said, and what is no secret is shown.
    let json = said("echo-shown", as_json, same).await;
    assert!(json[0].contains("~ /total: 1 -> 2"), "{}", json[0]);
    assert!(json[0].contains("[redacted]"), "{}", json[0]);
}

#[tokio::test]
async fn a_mirror_shows_how_much_was_compared_and_nothing_of_it() {
    let texts = said("echo-debug", as_json, |builder| builder).await;
    let debugged = texts
        .iter()
        .find(|text| text.starts_with("MirrorLayer"))
        .unwrap();
    assert!(debugged.contains("mismatched: 1"), "{debugged}");
    for shown in ["/total", "/orders", "differences"] {
        assert!(!debugged.contains(shown), "{debugged}");
    }
}
