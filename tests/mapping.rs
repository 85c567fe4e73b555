//! Copies that differ from their requests: `map_request`, and the headers of a target.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request as AxumRequest,
    routing::any,
};
use http::{HeaderMap, Method, Request};
use mirror_runtime::{
    BodyMode, Defaults, Mirror, MirrorBuilder, ShadowRequest, SkipReason, Target, TargetStats,
    mirror,
};
use testkit::{Primary, Recorded, Shadow, connect_h2, mirror_named, settled};

const MAPPED: &str = "http://127.77.0.171:20101";
const MAPPED_TOO: &str = "http://127.77.0.172:20101";

async fn serve(mirror: &Mirror) -> Primary {
    let app = Router::new().fallback(any(|body: Bytes| async { body }));
    Primary::start(app.layer(mirror.layer())).await
}

/// The copy of a request, changed by a function.
async fn changed(
    request: &str,
    map: impl Fn(&mut ShadowRequest) + Send + Sync + 'static,
) -> (Recorded, String) {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder().target(shadow.url()).map_request(map);
    let primary = serve(&mirror.build().unwrap()).await;
    let response = primary.send_raw(request).await;
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    (
        shadow.receives_one().await,
        shadow.url().replace("http://", ""),
    )
}

/// What becomes of a copy that a function changes.
async fn outcome(
    base: &str,
    options: impl FnOnce(MirrorBuilder) -> MirrorBuilder,
) -> (TargetStats, usize) {
    let shadow = Shadow::start().await;
    let builder = Mirror::builder().target(format!("{}{base}", shadow.url()));
    let mirror = options(builder).build().unwrap();
    let primary = serve(&mirror).await;
    assert_eq!(primary.post("/users", "body").await.text(), "body");
    let stats = settled(&mirror, 1).await.remove(0);
    (stats, shadow.recorded().len())
}

const POST: &str = "POST /users?token=s3cret HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\
    cookie: s3cret\r\ncontent-digest: sha-256=:x:\r\ncontent-length: 4\r\n\r\nbody";

#[tokio::test]
async fn a_function_changes_all_that_a_copy_carries() {
    let (copy, host) = changed(POST, |copy| {
        assert_eq!(copy.method(), "POST");
        assert_eq!(
            (copy.path(), copy.query()),
            ("/users", Some("token=s3cret"))
        );
        assert_eq!(copy.body().map(|body| &body[..]), Some(&b"body"[..]));
        assert!(copy.mirror() == "mirror" && copy.target().starts_with("http://127."));
        *copy.method_mut() = Method::PUT;
        copy.set_path_and_query("/people?a=1".parse().unwrap());
        copy.headers_mut().remove("cookie");
        copy.headers_mut().insert("x-new", "1".parse().unwrap());
        copy.set_body("another body");
    })
    .await;
    assert_eq!(
        (copy.method.as_str(), &*copy.target),
        ("PUT", "/people?a=1")
    );
    assert_eq!(&copy.body[..], b"another body");
    assert_eq!(copy.all("content-length"), ["12"]);
    assert_eq!(copy.all("x-new"), ["1"]);
    assert_eq!(copy.all("host"), [host]);
    let gone = ["cookie", "content-digest"];
    assert!(
        gone.iter().all(|name| copy.all(name).is_empty()),
        "{copy:?}"
    );
}

#[tokio::test]
async fn what_the_mirror_decides_stays_as_it_was() {
    let (copy, host) = changed(POST, |copy| {
        let headers = copy.headers_mut();
        headers.clear();
        for (name, value) in [
            ("host", "evil.example"),
            ("x-mirrored-from", "nobody"),
            ("mirror-signature", "v1"),
            ("content-length", "1"),
            ("transfer-encoding", "chunked"),
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
    })
    .await;
    assert_eq!(copy.all("x-mirrored-from"), ["shop.example"]);
    assert_eq!(copy.all("host"), [host]);
    assert_eq!(copy.all("content-length"), ["4"]);
    assert_eq!(copy.headers.len(), 3, "{copy:?}");
    assert_eq!(&copy.body[..], b"body");
}

#[tokio::test]
async fn a_body_can_be_removed_and_added() {
    let (copy, _) = changed(POST, |copy| copy.set_body("")).await;
    assert!(copy.body.is_empty());
    assert_eq!(copy.all("content-length"), ["0"]);
    let empty = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let (copy, _) = changed(empty, |copy| {
        assert!(copy.body().is_none());
        copy.set_body("now there is one");
    })
    .await;
    assert_eq!(&copy.body[..], b"now there is one");
    assert_eq!(copy.all("content-length"), ["16"]);
    let get = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let (copy, _) = changed(get, |copy| copy.set_body("a")).await;
    assert_eq!(copy.all("content-length"), ["1"]);
}

#[tokio::test]
async fn no_function_sends_a_copy_elsewhere() {
    for path in ["@evil.example/", ":81/x", "?only=query", "*"] {
        let (stats, received) = outcome("", move |builder| {
            builder.map_request(move |copy| {
                // What is no path at all cannot even be set.
                if let Ok(path) = path.parse() {
                    copy.set_path_and_query(path);
                } else {
                    *copy.method_mut() = Method::CONNECT;
                }
            })
        })
        .await;
        assert_eq!(
            stats.skipped_for(SkipReason::Unsendable),
            1,
            "{path}: {stats}"
        );
        assert_eq!(received, 0);
    }
    let (stats, _) = outcome("/base", |builder| {
        builder.map_request(|copy| copy.set_path_and_query("/../admin".parse().unwrap()))
    })
    .await;
    assert_eq!(stats.skipped_for(SkipReason::Unsendable), 1, "{stats}");
    let (copy, _) = changed(POST, |copy| {
        copy.set_path_and_query("//evil.example/x".parse().unwrap());
    })
    .await;
    assert_eq!(copy.target, "//evil.example/x");
}

#[tokio::test]
async fn a_path_is_changed_under_the_base_path() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .target(format!("{}/v2", shadow.url()))
        .map_request(|copy| {
            assert_eq!(copy.path_and_query(), "/users?a");
            copy.set_path_and_query("/people".parse().unwrap());
        });
    let primary = serve(&mirror.build().unwrap()).await;
    primary.get("/users?a").await;
    assert_eq!(shadow.receives_one().await.target, "/v2/people");
}

#[tokio::test]
async fn a_copy_about_which_a_function_panics_is_not_sent() {
    let (stats, received) = outcome("", |builder| {
        builder.map_request(|_| panic!("this one is meant"))
    })
    .await;
    assert_eq!(stats.skipped_for(SkipReason::NotMapped), 1, "{stats}");
    assert_eq!((stats.sent, received), (0, 0));
}

#[tokio::test]
async fn a_body_that_becomes_too_large_is_not_sent() {
    let (stats, received) = outcome("", |builder| {
        let large = |copy: &mut ShadowRequest| copy.set_body(vec![0; 9]);
        builder.max_body(8).map_request(large)
    })
    .await;
    assert_eq!(stats.skipped_for(SkipReason::BodyTooLarge), 1, "{stats}");
    assert_eq!(received, 0);
}

/// The response is there while the function runs, and the copy takes its place.
#[tokio::test]
async fn the_client_does_not_wait_for_a_function() {
    let shadow = Shadow::start().await;
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let mirror = Mirror::builder()
        .target(shadow.url())
        .max_in_flight(1)
        .map_request(move |_| wait.lock().unwrap().recv().unwrap())
        .build()
        .unwrap();
    let primary = serve(&mirror).await;
    assert_eq!(primary.post("/", "a").await.text(), "a");
    assert_eq!(primary.post("/", "b").await.text(), "b");
    testkit::until("the second to be shed", || {
        mirror.stats().targets[0].shed == 1
    })
    .await;
    assert_eq!(mirror.stats().targets[0].sent, 0);
    go.send(()).unwrap();
    assert_eq!(&shadow.receives_one().await.body[..], b"a");
    settled(&mirror, 2).await;
}

#[tokio::test]
async fn trailers_are_changed_too() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .target(testkit::prior_knowledge(shadow.url()))
        .body(BodyMode::Tee)
        .map_request(|copy| {
            copy.trailers_mut().remove("x-secret");
            copy.trailers_mut()
                .insert("authorization", "a".parse().unwrap());
            copy.trailers_mut().insert("x-own", "1".parse().unwrap());
        })
        .build()
        .unwrap();
    let primary = serve(&mirror).await;
    let mut client = connect_h2(&primary).await;
    let trailers = HeaderMap::from_iter([
        (
            http::HeaderName::from_static("x-secret"),
            "1".parse().unwrap(),
        ),
        (http::HeaderName::from_static("x-sum"), "7".parse().unwrap()),
    ]);
    let frames = [
        Ok::<_, std::io::Error>(http_body::Frame::data(Bytes::from("body"))),
        Ok(http_body::Frame::trailers(trailers)),
    ];
    let body = Body::new(http_body_util::StreamBody::new(futures_util::stream::iter(
        frames,
    )));
    let request = Request::post(format!("http://{}/", primary.host())).body(body);
    client.send_request(request.unwrap()).await.unwrap();
    let copy = shadow.receives_one().await;
    let trailers = copy.trailers.unwrap();
    let mut names: Vec<_> = trailers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["x-own", "x-sum"]);
}

#[tokio::test]
async fn a_target_has_headers_and_a_function_of_its_own() {
    let shadows = [Shadow::start().await, Shadow::start().await];
    let own = Target::new(shadows[0].url()).unwrap();
    let own = own
        .named("own")
        .set_header("X-Env", "own")
        .and_then(|own| own.set_header("x-only", "1"))
        .unwrap()
        .map_request(|copy| {
            // It sees what the mirror's has done, and the header of its target.
            let seen = format!(
                "{:?} {:?}",
                copy.headers()["x-mapped"],
                copy.headers()["x-env"]
            );
            copy.headers_mut().insert("x-seen", seen.parse().unwrap());
        });
    let mirror = Mirror::builder()
        .target(own)
        .target(shadows[1].url())
        .set_header("x-env", "all")
        .map_request(|copy| {
            let name = if copy.target() == "own" {
                "own"
            } else {
                "other"
            };
            copy.headers_mut().insert("x-mapped", name.parse().unwrap());
        })
        .build()
        .unwrap();
    let primary = serve(&mirror).await;
    let request = Request::get("/")
        .header("x-env", "live")
        .header("x-only", "no");
    primary.send(request.body(Body::empty()).unwrap()).await;
    let own = shadows[0].receives_one().await;
    assert_eq!(
        (own.all("x-env"), own.all("x-only")),
        (vec!["own"], vec!["1"])
    );
    assert_eq!(
        (own.all("x-mapped"), own.all("x-seen")),
        (vec!["own"], vec!["\"own\" \"own\""])
    );
    let other = shadows[1].receives_one().await;
    assert_eq!(
        (other.all("x-env"), other.all("x-only")),
        (vec!["all"], vec!["no"])
    );
    assert_eq!(
        (other.all("x-mapped"), other.all("x-seen")),
        (vec!["other"], vec![])
    );
}

#[test]
fn a_header_of_a_target_that_cannot_be_set_is_a_mistake() {
    let target = || Target::new("http://a.invalid").unwrap();
    for (name, value) in [
        ("host", "a"),
        ("x-mirrored-from", "a"),
        ("x a", "a"),
        ("x-a", "a\n"),
    ] {
        assert!(target().set_header(name, value).is_err(), "{name}");
    }
    let target = target().set_header("x-key", "s3cret").unwrap();
    let shown = format!("{target:?}");
    assert!(
        shown.contains("x-key") && !shown.contains("s3cret"),
        "{shown}"
    );
}

/// What is set for a shadow may be its secret, and the shadow may say it back.
#[tokio::test]
async fn no_report_shows_a_header_of_a_target() {
    let shadow =
        Shadow::answering(|copy| http::Response::new(Body::from(copy.all("x-key").concat()))).await;
    let own = Target::new(shadow.url())
        .unwrap()
        .set_header("x-key", "s3cret-of-the-shadow");
    let mirror = Mirror::builder()
        .target(own.unwrap())
        .compare(mirror_runtime::CompareMode::Bytes)
        .build()
        .unwrap();
    let primary = serve(&mirror).await;
    primary.post("/", "body").await;
    let compared = || mirror.report().targets[0].compared > 0;
    testkit::until("a comparison", compared).await;
    let report = mirror.report().to_string();
    assert!(!report.contains("s3cret"), "{report}");
}

fn without_cookie(copy: &mut ShadowRequest) {
    copy.headers_mut().remove("cookie");
}

const SHARED: Defaults = Defaults::new().map_request(without_cookie);

#[mirror(
    defaults = SHARED,
    targets = [
        MAPPED,
        target(
            MAPPED_TOO,
            set_headers = { "x-env" = "too", "x-rank" = "2" },
            map_request = |copy| copy.set_body("its own"),
        ),
    ],
    set_headers = { "x-env" = "all" },
    name = "mapped_by_all",
)]
async fn mapped_by_all(body: String) -> String {
    body
}

#[tokio::test]
async fn the_attribute_its_targets_and_its_defaults_change_copies() {
    let (shadow, too) = (Shadow::at(MAPPED).await, Shadow::at(MAPPED_TOO).await);
    let primary = Primary::start(Router::new().route("/", any(mapped_by_all))).await;
    let request = Request::post("/").header("cookie", "a=b");
    primary
        .send(request.body(Body::from("body")).unwrap())
        .await;
    settled(&mirror_named("mapped_by_all"), 1).await;
    let copy = shadow.receives_one().await;
    assert_eq!(
        (&copy.body[..], copy.all("x-env")),
        (&b"body"[..], vec!["all"])
    );
    assert!(copy.all("cookie").is_empty() && copy.all("x-rank").is_empty());
    let copy = too.receives_one().await;
    assert_eq!(
        (&copy.body[..], copy.all("x-env")),
        (&b"its own"[..], vec!["too"])
    );
    assert!(copy.all("cookie").is_empty());
    assert_eq!(copy.all("x-rank"), ["2"]);
}

/// Says what it was called with.
async fn candidate(request: AxumRequest) -> String {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1_000).await.unwrap();
    let length = parts
        .headers
        .get("content-length")
        .map(|length| length.to_str().unwrap());
    let env = parts.headers.get("x-env").map(|env| env.to_str().unwrap());
    let body = String::from_utf8(body.to_vec()).unwrap();
    format!("{} {} {length:?} {env:?} {body}", parts.method, parts.uri)
}

#[mirror(
    targets = [target(handler(candidate), set_headers = { "x-env" = "v2" })],
    map_request = |copy| {
        copy.set_path_and_query(format!("{}/mapped", copy.path()).parse().unwrap());
        copy.set_body("a longer body");
    },
    on_success = |_, response| {
        let said = String::from_utf8_lossy(response.body()).into_owned();
        SAID.lock().unwrap().push(said);
    },
    state = (),
    name = "mapped_within",
)]
async fn mapped_within(body: String) -> String {
    body
}

static SAID: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

#[tokio::test]
async fn a_handler_that_is_a_target_gets_the_changed_copy() {
    let app = Router::new().nest("/api", Router::new().route("/x", any(mapped_within)));
    let primary = Primary::start(app).await;
    let response = primary.post("/api/x", "body").await;
    assert_eq!(response.text(), "body");
    settled(&mirror_named("mapped_within"), 1).await;
    let is_told = || !SAID.lock().unwrap().is_empty();
    testkit::until("the callback", is_told).await;
    let said = SAID.lock().unwrap().concat();
    assert_eq!(
        said,
        "POST /x/mapped Some(\"13\") Some(\"v2\") a longer body"
    );
}
