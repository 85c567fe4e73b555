//! Fields of bodies that no shadow gets to know: `mask`.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::{any, post},
};
use http::Request;
use mirror_runtime::{
    BodyMode, CompareMode, ConfigError, Defaults, Keeping, Key, Mirror, MirrorBuilder,
    RecordedExchange, Sink, SkipReason, Target, TargetStats, mirror,
};
use testkit::{Primary, Recorded, Shadow, mirror_named, settled, until};

const MASKED: &str = "http://127.77.0.170:20101";

fn key() -> Key {
    Key::new("a:0123456789abcdef0123456789abcdef").unwrap()
}

fn builder(shadow: &Shadow) -> MirrorBuilder {
    let builder = Mirror::builder().target(shadow.url()).key(key());
    builder.mask(["/email", "/user/*/phone"])
}

async fn serve(mirror: &Mirror) -> Primary {
    let app = Router::new().fallback(any(|body: Bytes| async { body }));
    Primary::start(app.layer(mirror.layer())).await
}

fn request(content_type: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/users").header("content-type", content_type);
    request.body(body.into()).unwrap()
}

/// What the shadow gets of a body. The handler has got all of it.
async fn masked(content_type: &str, body: &str) -> Recorded {
    let shadow = Shadow::start().await;
    let mirror = builder(&shadow).build().unwrap();
    let primary = serve(&mirror).await;
    let response = primary.send(request(content_type, body.to_owned())).await;
    assert_eq!(response.text(), body);
    shadow.receives_one().await
}

fn text(copy: &Recorded) -> &str {
    std::str::from_utf8(&copy.body).unwrap()
}

fn skipped_as_unmaskable(stats: &TargetStats) -> u64 {
    stats.skipped_for(SkipReason::Unmaskable)
}

#[tokio::test]
async fn a_shadow_gets_masks_and_all_else_byte_for_byte() {
    let body = r#"{ "n": 1.50,  "email":"a@example.com","user":[{"phone":49170},{"phone":null}]}"#;
    let copy = masked("application/json", body).await;
    let masked = text(&copy);
    let (before, after) = (
        r#"{ "n": 1.50,  "email":"masked-"#,
        r#"@masked.invalid","user":[{"phone":"#,
    );
    assert!(
        masked.starts_with(before) && masked.contains(after),
        "{masked}"
    );
    assert!(masked.ends_with(r#"},{"phone":null}]}"#), "{masked}");
    assert!(!masked.contains("example.com") && !masked.contains("49170"));
    assert_eq!(copy.all("content-length"), [copy.body.len().to_string()]);
}

#[tokio::test]
async fn equal_values_are_equal_in_each_copy_and_each_format() {
    let shadow = Shadow::start().await;
    // Two processes with the same key.
    let mirrors = [(); 2].map(|()| builder(&shadow).build().unwrap());
    let mut bodies = Vec::new();
    for mirror in &mirrors {
        let primary = serve(mirror).await;
        let multipart =
            "--X\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na@b\r\n--X--\r\n";
        for (content_type, body) in [
            ("application/json", r#"{"email":"a@b"}"#),
            ("application/x-www-form-urlencoded", "email=a%40b"),
            ("multipart/form-data; boundary=X", multipart),
        ] {
            primary.send(request(content_type, body)).await;
        }
        settled(mirror, 3).await;
    }
    for copy in shadow.receives(6).await {
        let text = text(&copy).replace("%40", "@");
        let from = text.find("masked-").unwrap();
        let to = text.find("@masked.invalid").unwrap();
        bodies.push(text[from..to].to_owned());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test]
async fn what_cannot_be_masked_is_not_sent() {
    let shadow = Shadow::start().await;
    let mirror = builder(&shadow).build().unwrap();
    let primary = serve(&mirror).await;
    let requests = [
        request("application/json", r#"{"email":"a@b"#),
        request("text/plain", r#"{"email":"a@b"}"#),
        request("application/json; charset=utf-16", "{}"),
        request("multipart/form-data; boundary=X", "--X\r\n"),
        Request::post("/").body(Body::from("{}")).unwrap(),
        Request::post("/")
            .header("content-type", "application/json")
            .header("content-encoding", "gzip")
            .body(Body::from("{}"))
            .unwrap(),
    ];
    let sent = requests.len() as u64;
    for request in requests {
        assert_eq!(primary.send(request).await.status, 200);
    }
    let stats = settled(&mirror, sent).await.remove(0);
    assert_eq!(
        (stats.sent, skipped_as_unmaskable(&stats)),
        (0, sent),
        "{stats}"
    );
    // There is nothing to mask in a request without a body.
    primary.get("/users?email=a").await;
    let stats = settled(&mirror, sent + 1).await.remove(0);
    assert_eq!(
        (stats.sent, skipped_as_unmaskable(&stats)),
        (1, sent),
        "{stats}"
    );
    assert_eq!(shadow.recorded().len(), 1);
}

#[tokio::test]
async fn a_body_that_the_handler_reads_itself_is_masked_too() {
    let shadow = Shadow::start().await;
    let mirror = builder(&shadow).body(BodyMode::Tee).build().unwrap();
    let primary = serve(&mirror).await;
    let pieces = ["{\"email\":", "\"secret\"", ",\"a\":1}"].map(Ok::<_, std::io::Error>);
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    primary.send(request("application/json", body)).await;
    let copy = shadow.receives_one().await;
    assert!(text(&copy).starts_with("{\"email\":\"masked-"), "{copy:?}");
    assert!(text(&copy).ends_with("\",\"a\":1}"));
}

#[tokio::test]
async fn digests_of_what_was_there_do_not_travel() {
    let shadow = Shadow::start().await;
    let mirror = builder(&shadow).build().unwrap();
    let primary = serve(&mirror).await;
    for (sent, body) in [(1, r#"{"email":"a"}"#), (2, r#"{"other":"a"}"#)] {
        let mut request = request("application/json", body);
        for name in ["content-digest", "repr-digest", "digest", "content-md5"] {
            request
                .headers_mut()
                .insert(name, "sha-256=:x:".parse().unwrap());
        }
        primary.send(request).await;
        settled(&mirror, sent).await;
    }
    let mut digests: Vec<_> = shadow
        .receives(2)
        .await
        .iter()
        .map(|copy| {
            let names = copy.headers.keys().map(http::HeaderName::as_str);
            names
                .filter(|name| name.contains("digest") || name.contains("md5"))
                .count()
        })
        .collect();
    digests.sort_unstable();
    assert_eq!(digests, [0, 4]);
}

#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<Arc<RecordedExchange>>>>);

impl Sink for Log {
    fn keep(&self, exchange: Arc<RecordedExchange>, _: &Target) -> Keeping {
        self.0.lock().unwrap().push(exchange);
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn records_and_reports_hide_what_is_masked() {
    let shadow = Shadow::answering(|_| http::Response::new(Body::from("{\"to\":\"x\"}"))).await;
    let log = Log::default();
    let mirror = builder(&shadow)
        .target(Target::sink("log", log.clone()))
        .compare(CompareMode::Json)
        .build()
        .unwrap();
    let app = post(|| async {
        (
            [("content-type", "application/json")],
            r#"{"to":"s3cret@b"}"#,
        )
    });
    let primary = Primary::start(Router::new().route("/users", app.layer(mirror.layer()))).await;
    primary
        .send(request("application/json", r#"{"email":"s3cret@b","a":7}"#))
        .await;
    until("a record", || !log.0.lock().unwrap().is_empty()).await;
    until("a comparison", || settled_report(&mirror)).await;
    let record = log.0.lock().unwrap()[0].clone();
    let body = std::str::from_utf8(record.request().body().unwrap())
        .unwrap()
        .to_owned();
    assert!(
        !body.contains("s3cret") && body.contains("\"a\":7"),
        "{body}"
    );
    let report = mirror.report().to_string();
    assert!(!report.contains("s3cret"), "{report}");
}

fn settled_report(mirror: &Mirror) -> bool {
    mirror.report().targets[0].compared > 0
}

const SHARED: Defaults = Defaults::new()
    .mask(&["/shared"])
    .key(|| Key::new("a:0123456789abcdef0123456789abcdef"));

#[mirror(defaults = SHARED, targets = [MASKED], mask = ["/own"], name = "masked_by_all")]
async fn masked_by_all(body: String) -> String {
    body
}

#[tokio::test]
async fn the_attribute_and_its_defaults_mask_together() {
    let shadow = Shadow::at(MASKED).await;
    let primary = Primary::start(Router::new().route("/users", any(masked_by_all))).await;
    primary
        .send(request(
            "application/json",
            r#"{"own":"x","shared":"y","other":"z"}"#,
        ))
        .await;
    settled(&mirror_named("masked_by_all"), 1).await;
    let copy = shadow.receives_one().await;
    let text = text(&copy);
    assert_eq!(text.matches("\"masked-").count(), 2, "{text}");
    assert!(text.contains(r#""other":"z""#), "{text}");
}

#[test]
fn a_mask_that_is_no_pointer_is_a_mistake() {
    let mirror = Mirror::builder()
        .target("http://a.invalid")
        .mask(["email"])
        .build();
    let Err(ConfigError::Pointer { pattern, .. }) = mirror else {
        panic!("{mirror:?}");
    };
    assert_eq!(pattern, "email");
}
