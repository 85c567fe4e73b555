//! A request with more headers than most servers take. Some take them, and then the mirror must not
//! be what fails.

use axum::{Router, body::Body, extract::Request, routing::any};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper::client::conn::http2 as client;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use mirror_runtime::{BodyMode, CompareMode, Mirror, SkipReason, mirror};
use testkit::{Shadow, mirror_named, settled, until};
use tokio::net::TcpListener;
use tower::ServiceExt;

const MANY: u32 = 8 * 1024 * 1024;

/// A server that takes as many headers as a map can hold.
async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(app.clone());
            tokio::spawn(async move {
                let mut server = auto::Builder::new(TokioExecutor::new());
                server.http2().max_header_list_size(MANY);
                drop(server.serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
    address
}

async fn send(address: &str, headers: HeaderMap, body: &'static str) -> StatusCode {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = client::Builder::new(TokioExecutor::new())
        .max_header_list_size(MANY)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut request = Request::post(format!("http://{address}/")).body(Body::from(body));
    *request.as_mut().unwrap().headers_mut() = headers;
    sender
        .send_request(request.unwrap())
        .await
        .unwrap()
        .status()
}

/// Forty thousand values of few names: more than a map makes room for at once, and less than it
/// holds.
fn values() -> HeaderMap {
    let name = HeaderName::from_static("x-many");
    let values = (0..40_000).map(|n| (name.clone(), HeaderValue::from(n % 10)));
    values.collect()
}

/// As many names as there is room for.
fn names() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for n in 0.. {
        let name: HeaderName = format!("x-{n}").parse().unwrap();
        if headers
            .try_append(name, HeaderValue::from_static("1"))
            .is_err()
        {
            break;
        }
    }
    headers
}

#[tokio::test]
async fn a_request_with_forty_thousand_headers_is_served() {
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let shadow = Shadow::start().await;
        let mirror = Mirror::builder().target(shadow.url()).body(body);
        let mirror = mirror.compare(CompareMode::Status).build().unwrap();
        let app =
            Router::new().fallback(any(|headers: HeaderMap, _: axum::body::Bytes| async move {
                assert_eq!(headers.get_all("x-many").iter().count(), 40_000);
            }));
        let address = serve(app.layer(mirror.layer())).await;
        for body in ["", "hello"] {
            assert_eq!(send(&address, values(), body).await, StatusCode::OK);
        }
        // Whether a shadow takes them is its own affair.
        let stats = settled(&mirror, 2).await.remove(0);
        assert_eq!((stats.skipped, stats.shed), (0, 0), "{body:?}: {stats}");
    }
}

#[mirror(targets = [handler(beside)], name = "many_headers")]
async fn primary(_: HeaderMap) {}

async fn beside(_: HeaderMap) {}

#[tokio::test]
async fn a_request_without_room_for_one_header_more_is_served_and_not_copied() {
    let request = |body: &'static str| {
        let mut request = Request::new(Body::from(body));
        *request.headers_mut() = names();
        request
    };
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let shadow = Shadow::start().await;
        let mirror = Mirror::builder().target(shadow.url()).body(body);
        let mirror = mirror.build().unwrap();
        let app = Router::new().fallback(any(|_: axum::body::Bytes| async {}));
        let app = app.layer(mirror.layer());
        for body in ["", "hello"] {
            let response = app.clone().oneshot(request(body)).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
        }
        // Nor is one with room for the marker and for nothing that the client has to say.
        let mut almost = request("hello");
        almost.headers_mut().remove("x-1");
        let response = app.clone().oneshot(almost).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let stats = settled(&mirror, 3).await.remove(0);
        assert_eq!(stats.skipped_for(SkipReason::Unsendable), 3, "{stats}");
    }
    let app = Router::new().fallback(any(primary));
    let response = app.oneshot(request("")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let within = mirror_named("many_headers");
    until("the outcome", || {
        within.stats().targets[0].skipped_for(SkipReason::Unsendable) == 1
    })
    .await;
}
