//! The trailers of a request are a part of what is copied.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, routing::post};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use mirror_runtime::{
    BodyMode, CopyBody, Credentials, Mirror, MirrorBuilder, Sending, Transport, Unsendable,
};
use testkit::{Primary, settled};

/// What copies had behind their bodies.
type Seen = Arc<Mutex<Vec<Option<HeaderMap>>>>;

/// Notes the trailers of copies, as it is told of them and as they come.
#[derive(Clone, Debug, Default)]
struct Noting {
    told: Seen,
    read: Seen,
}

impl Transport for Noting {
    fn send(&self, copy: Request<CopyBody>, _: Duration) -> Result<Sending, Unsendable> {
        let noting = self.clone();
        Ok(Box::pin(async move {
            let body = copy.into_body();
            noting.told.lock().unwrap().push(body.trailers().cloned());
            let Ok(read) = body.collect().await;
            noting.read.lock().unwrap().push(read.trailers().cloned());
            assert_eq!(read.to_bytes(), "hello");
            Ok(http::Response::default())
        }))
    }
}

async fn trailers_of(mirror: MirrorBuilder) -> Option<Vec<String>> {
    let noting = Noting::default();
    let mirror = mirror.target("http://shadow.example");
    let mirror = mirror.transport(noting.clone()).build().unwrap();
    let app = Router::new().fallback(post(|body: Body| async {
        let read = body.collect().await.unwrap();
        read.trailers().map_or(0, HeaderMap::len).to_string()
    }));
    let primary = Primary::start(app.layer(mirror.layer())).await;
    let request = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\
                   trailer: x-sum\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 5\r\nx-api-key: k\r\nhost: b\r\n\r\n";
    let response = primary.send_raw(request).await;
    assert!(response.ends_with("\r\n\r\n3"), "{response}");
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
    let [told, read] = [&noting.told, &noting.read].map(|seen| seen.lock().unwrap()[0].clone());
    assert_eq!(told, read);
    let mut names: Vec<_> = read?.keys().map(|name| name.as_str().to_owned()).collect();
    names.sort_unstable();
    Some(names)
}

#[tokio::test]
async fn a_copy_has_the_trailers_that_may_travel() {
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let mirror = || Mirror::builder().body(body);
        let names = trailers_of(mirror()).await.unwrap();
        assert_eq!(names, ["x-api-key", "x-sum"], "{body:?}");
        let stripped = mirror().credentials(Credentials::Strip);
        assert_eq!(trailers_of(stripped).await.unwrap(), ["x-sum"]);
        let removed = mirror()
            .remove_header("x-sum")
            .credentials(Credentials::Strip);
        assert_eq!(trailers_of(removed).await, None);
    }
}
