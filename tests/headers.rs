//! A copy carries the headers of its original, minus those about the connection, plus the marker.

use axum::{Router, routing::any};
use http::Request;
use mirror_runtime::{Credentials, Host, Mirror, MirrorBuilder, mirror};
use testkit::{Answer, Primary, Recorded, Shadow, connect_h2};

async fn copy_of(
    request: &str,
    options: impl FnOnce(MirrorBuilder) -> MirrorBuilder,
) -> (Recorded, String) {
    let shadow = Shadow::start().await;
    let mirror = options(Mirror::builder().target(shadow.url()))
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(any(|| async {}))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    let request = format!("GET / HTTP/1.1\r\nconnection: close\r\n{request}\r\n");
    assert!(primary.send_raw(request).await.starts_with("HTTP/1.1 200"));
    (
        shadow.receives_one().await,
        shadow.url().replace("http://", ""),
    )
}

#[tokio::test]
async fn end_to_end_headers_travel_verbatim_and_repeated_ones_too() {
    let (copy, shadow) = copy_of(
        "host: shop.example:81\r\naccept: a\r\nX-Many: 1\r\nx-many:  2 \r\nx-many: 1\r\nx-empty:\r\n\
         cookie: a=b\r\nauthorization: Bearer t\r\nuser-agent: t/1\r\nx-forwarded-for: 1.2.3.4\r\n",
        |builder| builder,
    )
    .await;
    let mut names: Vec<_> = copy.headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    let expected = [
        "accept",
        "authorization",
        "cookie",
        "host",
        "user-agent",
        "x-empty",
        "x-forwarded-for",
        "x-many",
        "x-mirrored-from",
    ];
    assert_eq!(names, expected);
    assert_eq!(copy.all("x-many"), ["1", "2", "1"]);
    assert_eq!(copy.all("x-empty"), [""]);
    assert_eq!(copy.all("x-mirrored-from"), ["shop.example:81"]);
    assert_eq!(copy.all("host"), [shadow]);
}

#[tokio::test]
async fn headers_about_the_connection_do_not_travel() {
    let (copy, _) = copy_of(
        "host: a\r\nconnection: x-secret, TE\r\nx-secret: 1\r\nte: trailers\r\nkeep-alive: 5\r\n\
         proxy-connection: x\r\nproxy-authorization: Basic x\r\nproxy-authenticate: x\r\ntrailer: x-t\r\n",
        |builder| builder,
    )
    .await;
    let mut names: Vec<_> = copy.headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["host", "x-mirrored-from"]);
}

#[tokio::test]
async fn headers_are_removed_and_then_set() {
    let (copy, _) = copy_of(
        "host: a\r\nx-env: live\r\nx-env: old\r\nx-internal: 1\r\n",
        |builder| {
            builder
                .set_header("X-Env", "shadow")
                .remove_header("x-internal")
                .set_header("x-new", "1")
        },
    )
    .await;
    assert_eq!(copy.all("x-env"), ["shadow"]);
    assert_eq!(copy.all("x-internal"), [""; 0]);
    assert_eq!(copy.all("x-new"), ["1"]);
}

#[tokio::test]
async fn credentials_are_stripped_where_it_is_asked_for() {
    let request = "host: a\r\nauthorization: x\r\ncookie: x\r\nx-api-key: x\r\nx-other: x\r\n";
    let (copy, _) = copy_of(request, |builder| builder.credentials(Credentials::Strip)).await;
    for name in ["authorization", "cookie", "x-api-key"] {
        assert_eq!(copy.all(name), [""; 0], "{name}");
    }
    assert_eq!(copy.all("x-other"), ["x"]);
}

#[tokio::test]
async fn the_host_is_preserved_where_it_is_asked_for() {
    let (copy, _) = copy_of("host: shop.example\r\n", |builder| {
        builder.host(Host::Preserve)
    })
    .await;
    assert_eq!(copy.all("host"), ["shop.example"]);
}

const ALL_HEADER_OPTIONS: &str = "http://127.77.0.50:20101";

#[mirror(
    targets = [ALL_HEADER_OPTIONS],
    set_headers = { "x-env" = "shadow" },
    remove_headers = ["x-internal"],
    credentials = "strip",
    host = "preserve",
)]
async fn all_header_options() {}

#[tokio::test]
async fn the_attribute_has_the_same_options() {
    let shadow = Shadow::at(ALL_HEADER_OPTIONS).await;
    let primary = Primary::start(Router::new().route("/", any(all_header_options))).await;
    let request = Request::get("/")
        .header("host", "shop.example")
        .header("x-env", "live")
        .header("x-internal", "1")
        .header("cookie", "a=b");
    primary
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await;
    let copy = shadow.receives_one().await;
    assert_eq!(copy.all("x-env"), ["shadow"]);
    assert_eq!(copy.all("host"), ["shop.example"]);
    assert!(!copy.headers.contains_key("x-internal") && !copy.headers.contains_key("cookie"));
}

#[tokio::test]
async fn cookies_that_http_2_split_are_joined() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let app = Router::new()
        .fallback(any(|| async {}))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    let request = Request::get(format!("http://{}/", primary.host()))
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .body(axum::body::Body::empty())
        .unwrap();
    Answer::read(
        connect_h2(&primary)
            .await
            .send_request(request)
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(shadow.receives_one().await.all("cookie"), ["a=1; b=2"]);
}
