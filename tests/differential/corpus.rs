//! The requests: byte for byte as they travel over HTTP/1, and as heads and bodies over HTTP/2.

/// Closes the connection when it has been answered, so that the end of the response is known.
macro_rules! head {
    ($method_and_target:literal) => {
        concat!(
            $method_and_target,
            " HTTP/1.1\r\nhost: a\r\nconnection: close\r\n"
        )
    };
}

/// Raw requests over HTTP/1.
pub(super) const HTTP_1: &[&[u8]] = &[
    // Methods.
    concat!(head!("GET /echo"), "\r\n").as_bytes(),
    concat!(head!("HEAD /echo"), "\r\n").as_bytes(),
    concat!(head!("DELETE /echo"), "\r\n").as_bytes(),
    concat!(head!("OPTIONS /echo"), "\r\n").as_bytes(),
    concat!(head!("OPTIONS *"), "\r\n").as_bytes(),
    concat!(head!("TRACE /echo"), "\r\n").as_bytes(),
    concat!(head!("BREW /echo"), "\r\n").as_bytes(),
    concat!(head!("CONNECT a:443"), "\r\n").as_bytes(),
    concat!(head!("PATCH /echo"), "content-length: 2\r\n\r\nhi").as_bytes(),
    concat!(head!("PUT /echo"), "content-length: 0\r\n\r\n").as_bytes(),
    // Targets.
    concat!(head!("GET /head/a/b?c=d&c=e"), "\r\n").as_bytes(),
    concat!(head!("GET //evil.example/x"), "\r\n").as_bytes(),
    concat!(head!("GET /head/..//../x"), "\r\n").as_bytes(),
    concat!(head!("GET /head/%2e%2e/"), "\r\n").as_bytes(),
    concat!(head!("GET /head/a?b#c"), "\r\n").as_bytes(),
    concat!(head!("GET /head/it's?it's"), "\r\n").as_bytes(),
    concat!(head!("GET http://evil.example/head/y"), "\r\n").as_bytes(),
    concat!(head!("GET /head/%zz%00"), "\r\n").as_bytes(),
    concat!(head!("GET /head/\u{fc}"), "\r\n").as_bytes(),
    concat!(head!("GET /head/a b"), "\r\n").as_bytes(),
    concat!(head!("GET /missing"), "\r\n").as_bytes(),
    // Versions and heads.
    b"GET /head/a HTTP/1.0\r\n\r\n",
    b"GET /head/a HTTP/1.0\r\nhost: a\r\nconnection: keep-alive, close\r\n\r\n",
    b"GET /head/a HTTP/3.0\r\nhost: a\r\n\r\n",
    b"GET /head/a\r\n\r\n",
    b"NONSENSE\r\n\r\n",
    b"\x16\x03\x01 no HTTP at all\r\n\r\n",
    b"\r\n\r\nGET /head/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    b"GET /head/a HTTP/1.1\r\nconnection: close\r\n\r\n",
    b"GET /head/a HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n",
    // Headers.
    concat!(head!("GET /head/a"), "x-many: 1\r\nX-Many: 2\r\nx-empty:\r\n\r\n").as_bytes(),
    b"GET /head/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-latin: \xe9\xff\r\n\r\n",
    b"GET /head/a HTTP/1.1\r\nhost: a\r\nconnection: x-secret, close\r\nx-secret: 1\r\n\r\n",
    b"GET /head/a HTTP/1.1\r\nhost: a\r\nx-control: \0\r\n\r\n",
    b"GET /head/a HTTP/1.1\r\nhost: a\r\nx folded: 1\r\n\r\n",
    concat!(head!("GET /head/a"), "x-mirrored-from: forged\r\n\r\n").as_bytes(),
    concat!(head!("GET /head/a"), "cookie: a=b\r\nauthorization: Bearer t\r\n\r\n").as_bytes(),
    concat!(head!("GET /head/a"), "te: trailers\r\nkeep-alive: 5\r\nupgrade: h2c\r\n\r\n").as_bytes(),
    concat!(head!("GET /head/a"), "x-forwarded-for: 1.2.3.4\r\nforwarded: for=b\r\n\r\n").as_bytes(),
    // Bodies.
    concat!(head!("POST /echo"), "content-length: 5\r\n\r\nhello").as_bytes(),
    concat!(head!("POST /echo"), "content-length: 5\r\n\r\nhello, and more").as_bytes(),
    concat!(head!("POST /echo"), "\r\n").as_bytes(),
    concat!(head!("POST /echo"), "content-length: 65\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123x").as_bytes(),
    concat!(head!("POST /stream"), "content-length: 5\r\n\r\nhello").as_bytes(),
    concat!(head!("POST /ignore"), "content-length: 5\r\n\r\nhello").as_bytes(),
    concat!(head!("POST /panic"), "content-length: 5\r\n\r\nhello").as_bytes(),
    concat!(head!("POST /json"), "content-type: application/json\r\ncontent-length: 7\r\n\r\n{\"a\":1}").as_bytes(),
    concat!(head!("POST /json"), "content-type: application/json\r\ncontent-length: 6\r\n\r\n{\"a\":1").as_bytes(),
    concat!(head!("POST /json"), "content-type: text/plain\r\ncontent-length: 7\r\n\r\n{\"a\":1}").as_bytes(),
    // Framing.
    concat!(head!("POST /echo"), "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n").as_bytes(),
    concat!(head!("POST /trailers"), "transfer-encoding: chunked\r\n\r\n5;e=1\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n").as_bytes(),
    concat!(head!("POST /echo"), "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\nno length\r\n").as_bytes(),
    concat!(head!("POST /stream"), "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\nno length\r\n").as_bytes(),
    concat!(head!("POST /echo"), "transfer-encoding: chunked\r\n\r\n0\r\n\r\n").as_bytes(),
    concat!(head!("POST /echo"), "transfer-encoding: gzip\r\n\r\nhello").as_bytes(),
    concat!(head!("POST /echo"), "transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n").as_bytes(),
    concat!(head!("POST /echo"), "content-length: 5\r\ncontent-length: 5\r\n\r\nhello").as_bytes(),
    concat!(head!("POST /echo"), "content-length: 5\r\ncontent-length: 6\r\n\r\nhello!").as_bytes(),
    concat!(head!("POST /echo"), "content-length: -5\r\n\r\nhello").as_bytes(),
    concat!(head!("POST /echo"), "expect: 100-continue\r\ncontent-length: 5\r\n\r\nhello").as_bytes(),
    concat!(head!("POST /refuse"), "expect: 100-continue\r\ncontent-length: 5\r\n\r\n").as_bytes(),
    // Several on one connection.
    b"GET /head/1 HTTP/1.1\r\nhost: a\r\n\r\nPOST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi\
      GET /head/3 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    b"POST /ignore HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi\
      GET /head/2 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhelloNONSENSE\r\n\r\n",
];

/// A request over HTTP/2: method, target, headers, the frames of its body, and whether trailers
/// follow.
pub(super) type Http2 = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
    bool,
);

/// Requests over HTTP/2.
pub(super) const HTTP_2: &[Http2] = &[
    ("GET", "/echo", &[], &[], false),
    ("HEAD", "/echo", &[], &[], false),
    ("OPTIONS", "/echo", &[], &[], false),
    ("GET", "/missing", &[], &[], false),
    (
        "GET",
        "/head/a?b=c",
        &[("cookie", "a=1"), ("cookie", "b=2")],
        &[],
        false,
    ),
    ("GET", "//evil.example/x", &[], &[], false),
    ("GET", "/head/%2e%2e/", &[("x-empty", "")], &[], false),
    (
        "GET",
        "/head/a",
        &[("x-mirrored-from", "forged")],
        &[],
        false,
    ),
    (
        "GET",
        "/head/a",
        &[("te", "trailers"), ("host", "b")],
        &[],
        false,
    ),
    ("POST", "/echo", &[], &["hello"], false),
    (
        "POST",
        "/echo",
        &[("content-length", "10")],
        &["hello", "world"],
        false,
    ),
    ("POST", "/echo", &[], &["hello", "", "world"], true),
    ("POST", "/trailers", &[], &["hello"], true),
    ("POST", "/trailers", &[], &[], true),
    ("POST", "/stream", &[], &["hello", "world"], true),
    ("POST", "/ignore", &[], &["hello"], false),
    (
        "POST",
        "/json",
        &[("content-type", "application/json")],
        &["{\"a\":", "1}"],
        false,
    ),
    (
        "POST",
        "/json",
        &[("content-type", "application/json")],
        &["{"],
        false,
    ),
    (
        "POST",
        "/refuse",
        &[("expect", "100-continue")],
        &["hello"],
        false,
    ),
];
