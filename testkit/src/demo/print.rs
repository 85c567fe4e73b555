//! One line per request, on the side of the client and on the side of the server.

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::Response,
    middleware::{Next, from_fn},
};

/// More than any request or response of an example.
const LIMIT: usize = 1024 * 1024;

/// Prints a line that begins with who speaks.
pub fn say(who: &str, what: &str) {
    println!("{who:<9} {}", what.trim_end());
}

/// An app that prints each request that it gets, and what it responds.
pub fn printing(name: &'static str, app: Router) -> Router {
    app.layer(from_fn(move |request: Request, next: Next| async move {
        let (parts, body) = request.into_parts();
        let body = bytes(body).await;
        let mut line = format!("{} {}", parts.method, parts.uri);
        if !body.is_empty() {
            line = format!("{line} {}", String::from_utf8_lossy(&body));
        }
        let (head, body) = next
            .run(Request::from_parts(parts, body.into()))
            .await
            .into_parts();
        let body = bytes(body).await;
        let text = String::from_utf8_lossy(&body);
        say(
            name,
            &format!("{line}  ->  {} {text}", head.status.as_u16()),
        );
        Response::from_parts(head, Body::from(body))
    }))
}

async fn bytes(body: Body) -> Bytes {
    to_bytes(body, LIMIT).await.unwrap_or_default()
}
