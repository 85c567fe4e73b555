//! Requests that are more than a request: for a tunnel, or for leave to send a body.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts};

/// Whether a request opens a tunnel (RFC 9110 section 9.3.6), which in HTTP/2 may be any protocol's
/// (RFC 8441), or is the handshake of a WebSocket (RFC 6455 section 4.1).
///
/// Any other `Upgrade` is an offer, made with a request that is handled like any other if the
/// server does not accept it: `h2c`, or `TLS/1.2`. Copies are made without it.
pub(crate) fn is_upgrade(parts: &Parts) -> bool {
    let headers = &parts.headers;
    let opens = || {
        lists(headers, &header::CONNECTION, b"upgrade")
            && lists(headers, &header::UPGRADE, b"websocket")
    };
    parts.method == Method::CONNECT || parts.method == Method::GET && opens()
}

/// Whether a header lists a word, perhaps with a version.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &[u8]) -> bool {
    let lists = headers.get_all(name).into_iter();
    let mut words = lists.flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
    words.any(|listed| {
        let mut parts = listed.split(|byte| *byte == b'/');
        let listed = parts.next().unwrap_or_default();
        listed.trim_ascii().eq_ignore_ascii_case(word)
    })
}

/// Whether the client waits to be asked for the body (RFC 9110 section 10.1.1).
pub(crate) fn expects_continue(headers: &HeaderMap) -> bool {
    let expects = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    headers.get_all(header::EXPECT).iter().any(expects)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(headers: [(&str, &str); 2]) -> Parts {
        let [(a, x), (b, y)] = headers;
        let request = Request::get("/").header(a, x).header(b, y).body(());
        request.unwrap().into_parts().0
    }

    #[test]
    fn each_of_several_headers_counts() {
        let expects = |value| {
            let parts = parts([("expect", "other"), ("expect", value)]);
            expects_continue(&parts.headers)
        };
        assert!(expects("100-Continue") && !expects("another"));
        let upgrades = |connection, offer| {
            is_upgrade(&parts([("connection", connection), ("upgrade", offer)]))
        };
        assert!(upgrades("keep-alive, Upgrade", "h2c, WebSocket"));
        assert!(upgrades("upgrade", "websocket/13"));
        assert!(!upgrades("upgrade", "h2c") && !upgrades("upgrade", "TLS/1.2, HTTP/2.0"));
        assert!(!upgrades("close", "websocket"), "nothing is asked for");
        let mut post = parts([("connection", "upgrade"), ("upgrade", "websocket")]);
        post.method = Method::POST;
        assert!(!is_upgrade(&post), "a handshake is a `GET`");
        post.method = Method::CONNECT;
        assert!(is_upgrade(&post));
    }
}
