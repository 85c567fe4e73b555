//! Copies by hand over the client of hyper-util.

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::by_hand::Client;

/// The pooled client, for requests whose body is there.
pub type Legacy = legacy::Client<HttpConnector, Full<Bytes>>;

impl Client for Legacy {
    async fn send(self, method: Method, url: String, headers: HeaderMap, body: Bytes) {
        let mut copy = Request::new(Full::new(body));
        let Ok(uri) = url.parse() else { return };
        *copy.method_mut() = method;
        *copy.uri_mut() = uri;
        *copy.headers_mut() = headers;
        if let Ok(answer) = self.request(copy).await {
            let _ = answer.into_body().collect().await;
        }
    }
}

/// A client as people make it.
pub fn client() -> Legacy {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(connector)
}
