//! What a sink is given holds no secrets.

use super::*;

fn json(record: &RecordedExchange) -> String {
    serde_json::to_string(record).unwrap()
}

#[tokio::test]
async fn nothing_of_a_secret_is_in_a_record() {
    let log = Log::new();
    let mirror = builder(&log)
        .redact(["/card"])
        .set_header("x-shadow-key", "s3cret-of-the-shadow")
        .build()
        .unwrap();
    let app = Router::new().fallback(any(|| async {
        let headers = [
            ("set-cookie", "session=s3cret-session"),
            ("content-type", "application/json"),
            ("x-echo", "s3cret-token"),
        ];
        (
            headers,
            r#"{"card":"s3cret-4111","key":"s3cret-of-the-shadow","total":7}"#,
        )
    }));
    let primary = serve(&mirror, app).await;
    let request = Request::post("/orders/s3cret-4242/items?api_key=s3cret-query&page=2")
        .header("authorization", "Bearer s3cret-token")
        .header("cookie", "session=s3cret-cookie")
        .header("content-type", "application/json")
        .body(Body::from(
            r#"{"card":"s3cret-4242","note":"s3cret-token","amount":12.50}"#,
        ));
    primary.send(request.unwrap()).await;
    let record = log.one().await;
    let written = json(&record);
    assert!(!written.contains("s3cret"), "{written}");
    assert!(!format!("{record:?}").contains("s3cret"));
    let request = record.request();
    let target = request.target();
    let api_key = target.strip_prefix("/orders/[redacted]/items?api_key=[redacted:");
    let api_key = api_key.and_then(|rest| rest.strip_suffix("]&page=2"));
    assert_eq!(api_key.map(str::len), Some(16), "{target}");
    let body = std::str::from_utf8(request.body().unwrap()).unwrap();
    assert!(body.contains("12.50"), "{body}");
    for place in [
        "path",
        "query api_key",
        "header authorization",
        "body /card",
    ] {
        assert!(
            request.redacted().iter().any(|it| it == place),
            "{:?}",
            request.redacted()
        );
    }
    assert!(!request.is_whole(), "another path is another request");
    let response = record.response().unwrap();
    let body = std::str::from_utf8(response.body().unwrap()).unwrap();
    assert!(body.contains("\"total\":7"), "{body}");
    assert_eq!(response.redacted(), ["/card", "/key"]);
}

#[tokio::test]
async fn a_body_in_which_secrets_cannot_be_located_is_withheld() {
    let log = Log::new();
    let mirror = builder(&log).redact(["/card"]).build().unwrap();
    let primary = serve(&mirror, echo()).await;
    primary.post("/", "card: s3cret-4111").await;
    let record = log.one().await;
    assert_eq!(record.request().body(), None);
    assert_eq!(record.response().unwrap().body(), None);
    assert!(!json(&record).contains("s3cret"));
    let gzip = Request::post("/").header("content-encoding", "gzip");
    primary
        .send(gzip.body(Body::from("\u{1f}..")).unwrap())
        .await;
    assert_eq!(log.one().await.request().body(), None);
}

#[tokio::test]
async fn a_record_is_read_as_it_was_written() {
    let log = Log::new();
    let mirror = mirror_to(&log);
    let primary = serve(&mirror, echo()).await;
    primary.post("/a?b=1", vec![0xFF, 0, b'x']).await;
    let record = log.one().await;
    let written = json(&record);
    assert!(written.contains(r#""body":{"base64":"/wB4"}"#), "{written}");
    let read: RecordedExchange = serde_json::from_str(&written).unwrap();
    assert_eq!(read.request(), record.request());
    assert_eq!(read.response(), record.response());
    assert_eq!(read.arrived(), record.arrived());
    assert_eq!(json(&read), written);
}

#[test]
fn redact_needs_something_that_is_compared_or_kept() {
    let alone = Mirror::builder()
        .target("http://shadow.invalid")
        .redact(["/card"]);
    assert_eq!(
        alone.build().unwrap_err(),
        ConfigError::RuleWithoutCompare("redact")
    );
    builder(&Log::new()).redact(["/card"]).build().unwrap();
    let wrong = builder(&Log::new()).redact(["card"]).build();
    assert!(matches!(wrong.unwrap_err(), ConfigError::Pointer { .. }));
}

#[tokio::test]
async fn secrets_that_are_equal_stay_so() {
    let key = || mirror_runtime::Key::new("0123456789abcdef0123456789abcdef").unwrap();
    let (log, other) = (Log::new(), Log::new());
    // In each process with the key, and in no other.
    let mirror = builder(&log).key(key()).redact(["/card"]).build().unwrap();
    let of_no_key = builder(&other).redact(["/card"]).build().unwrap();
    let app = echo().layer(mirror.layer()).layer(of_no_key.layer());
    let primary = Primary::start(app).await;
    let mut bodies = Vec::new();
    for card in ["4111-1111", "4242-4242", "4111-1111"] {
        let request = Request::post(format!("/?token={card}"))
            .header("content-type", "application/json")
            .body(Body::from(format!(r#"{{"card":"{card}"}}"#)));
        primary.send(request.unwrap()).await;
        let (record, other) = (log.one().await, other.one().await);
        let body = |record: &RecordedExchange| {
            let body = std::str::from_utf8(record.request().body().unwrap()).unwrap();
            body.split('"').nth(3).unwrap().to_owned()
        };
        // Wherever it stands.
        let mark = body(&record);
        assert_eq!(record.request().target(), format!("/?token={mark}"));
        assert_ne!(mark, body(&other));
        bodies.push(mark);
    }
    assert_eq!(bodies[0], bodies[2]);
    assert_ne!(bodies[0], bodies[1]);
    assert_eq!(bodies[0], "[redacted:633d93f66ffecefe]");
}
