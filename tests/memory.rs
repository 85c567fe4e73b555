//! A copy in flight holds no memory of the request that it was made of: path, headers and small
//! bodies that arrive are slices of their connection's read buffer, of up to 400 KiB, which would
//! live as long as the copy.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, http::Request, routing::any};
use bytes::Bytes;
use http::{HeaderValue, Method, Uri};
use mirror_runtime::{
    BodyMode, CopyBody, Mirror, MirrorBuilder, Sending, Transport, Unsendable, mirror,
};
use testkit::{Fault, Faulty, Shadow, until};
use tower::ServiceExt;

/// What arrived in one read, in the order in which [`request`] takes it: a URI with an authority,
/// as in HTTP/2, a host, a header and a body.
const ARRIVED: [&str; 3] = [
    "http://shop.example/orders?source=web",
    "shop.example",
    "a value",
];

fn read_buffer() -> Bytes {
    [ARRIVED.concat().as_bytes(), &[b'x'; 1000]].concat().into()
}

/// A request of which all is in the buffer, or all but the body.
fn request(buffer: &Bytes, body: Option<Body>) -> Request<Body> {
    let mut rest = buffer.clone();
    let [uri, host, value] = ARRIVED.map(|part| rest.split_to(part.len()));
    let mut request = Request::new(body.unwrap_or_else(|| Body::from(rest)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_maybe_shared(uri).unwrap();
    for (name, value) in [("host", host), ("x-some", value)] {
        let value = HeaderValue::from_maybe_shared(value).unwrap();
        request.headers_mut().insert(name, value);
    }
    request
}

fn mirror_to(url: &str) -> MirrorBuilder {
    let mirror = Mirror::builder().target(url);
    mirror.timeout(Duration::from_mins(1))
}

/// Lets a primary respond that keeps nothing of the request.
async fn answer(mirror: &Mirror, request: Request<Body>) {
    let app = Router::new().fallback(any(|_: Bytes| async {}));
    let answer = app.layer(mirror.layer()).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
}

/// Waits until nobody has a part of the buffer any more.
async fn is_let_go(buffer: &Bytes) {
    until("the buffer is free", || buffer.is_unique()).await;
}

#[tokio::test]
async fn a_copy_on_a_connection_holds_nothing() {
    let shadow = Shadow::holding_after(1).await;
    let mirror = mirror_to(&shadow.url()).build().unwrap();
    // Over a new connection, which is idle then; over that one; and over another new one.
    for sent in 1..=3 {
        let buffer = read_buffer();
        let mut request = request(&buffer, None);
        // A copy that may be sent once more, and is kept for that.
        *request.method_mut() = Method::PUT;
        answer(&mirror, request).await;
        let recorded = shadow.receives(sent).await;
        assert_eq!(recorded[sent - 1].all("x-mirrored-from"), ["shop.example"]);
        is_let_go(&buffer).await;
        until("the first is answered", || {
            mirror.stats().targets[0].answered == 1
        })
        .await;
    }
    assert_eq!(mirror.stats().targets[0].in_flight, 2);
    assert_eq!(shadow.connections(), 2);
}

#[tokio::test]
async fn a_copy_that_waits_for_a_connection_holds_nothing() {
    let shadow = Faulty::start(Fault::BlackHole);
    let url = shadow.url().replace("http://", "https://");
    let mirror = mirror_to(&url).connect_timeout(Duration::from_mins(1));
    let mirror = mirror.build().unwrap();
    let buffer = read_buffer();
    answer(&mirror, request(&buffer, None)).await;
    until("the copy waits", || shadow.open() == 1).await;
    is_let_go(&buffer).await;
    assert_eq!(mirror.stats().targets[0].in_flight, 1);
}

#[tokio::test]
async fn a_copy_that_a_transport_keeps_holds_nothing() {
    /// Keeps copies and sends none.
    #[derive(Debug, Default)]
    struct Keeping(Arc<Mutex<Vec<Request<CopyBody>>>>);

    impl Transport for Keeping {
        fn send(&self, copy: Request<CopyBody>, _: Duration) -> Result<Sending, Unsendable> {
            self.0.lock().unwrap().push(copy);
            Ok(Box::pin(pending()))
        }
    }

    let kept = Arc::default();
    let mirror = mirror_to("http://shadow.example/base").transport(Keeping(Arc::clone(&kept)));
    let mirror = mirror.build().unwrap();
    let buffer = read_buffer();
    answer(&mirror, request(&buffer, None)).await;
    until("the copy is kept", || kept.lock().unwrap().len() == 1).await;
    is_let_go(&buffer).await;
    let kept = kept.lock().unwrap();
    assert_eq!(
        kept[0].uri(),
        "http://shadow.example/base/orders?source=web"
    );
    assert_eq!(kept[0].headers()["x-some"], "a value");
    assert_eq!(kept[0].body().remaining(), 1000);
}

/// A body that never comes.
fn pending_body() -> Body {
    Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>())
}

#[tokio::test]
async fn a_copy_that_waits_for_the_handler_to_read_holds_nothing() {
    let shadow = Shadow::start().await;
    let mirror = mirror_to(&shadow.url())
        .body(BodyMode::Tee)
        .build()
        .unwrap();
    let buffer = read_buffer();
    let request = request(&buffer, Some(pending_body()));
    let handling = tokio::spawn(async move { answer(&mirror, request).await });
    is_let_go(&buffer).await;
    handling.abort();
    assert!(shadow.recorded().is_empty());
}

#[mirror(targets = [handler(candidate)], body = "tee")]
async fn with_a_candidate(_: Bytes) {}

async fn candidate(_: Bytes) {}

#[tokio::test]
async fn a_copy_for_a_handler_holds_nothing_either() {
    let buffer = read_buffer();
    let request = request(&buffer, Some(pending_body()));
    let app = Router::new().fallback(any(with_a_candidate));
    let handling = tokio::spawn(app.oneshot(request));
    is_let_go(&buffer).await;
    handling.abort();
}
