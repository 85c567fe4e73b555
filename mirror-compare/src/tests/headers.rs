//! `compare_headers`.

use http::header;

use super::*;

fn compared(
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    name: &'static str,
) -> Vec<String> {
    let mut rules = Rules::default();
    rules.compare_header(HeaderName::from_static(name));
    list(&get(primary, shadow, CompareMode::Status, &rules))
}

#[test]
fn the_headers_that_are_named_must_agree() {
    let json = with_header(&ok(""), "content-type", "application/json");
    let html = with_header(&ok(""), "content-type", "text/html");
    assert_eq!(
        compared(&json, &html, "content-type"),
        ["header content-type application/json text/html"]
    );
    assert_eq!(
        compared(&json, &ok(""), "content-type"),
        ["header content-type application/json -"]
    );
    assert_eq!(
        compared(&ok(""), &html, "content-type"),
        ["header content-type - text/html"]
    );
    assert_eq!(compared(&json, &html, "etag"), Vec::<String>::new());
    assert_eq!(compared(&json, &json, "content-type"), Vec::<String>::new());
}

#[test]
fn several_lines_are_one_list() {
    let lines = with_header(&with_header(&ok(""), "vary", "accept"), "vary", "origin");
    let line = with_header(&ok(""), "vary", "accept, origin");
    assert_eq!(compared(&lines, &line, "vary"), Vec::<String>::new());
    let turned = with_header(&ok(""), "vary", "origin, accept");
    assert_eq!(compared(&lines, &turned, "vary"), Vec::<String>::new());
    let [one, other] = ["a, b", "b, a"].map(|value| with_header(&ok(""), "x-list", value));
    assert_eq!(
        compared(&one, &other, "x-list"),
        ["header x-list a, b b, a"]
    );
}

#[test]
fn credentials_are_never_shown() {
    for name in [
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
    ] {
        let [one, other] = ["canary=1", "canary=2"].map(|value| with_header(&ok(""), name, value));
        assert_eq!(
            compared(&one, &other, name),
            [format!("header {name} [redacted] [redacted]")]
        );
    }
    let [one, other] =
        ["canary=1", "canary=2"].map(|value| with_header(&ok(""), "set-cookie", value));
    assert_eq!(
        compared(&one, &other, "set-cookie"),
        ["header set-cookie canary=[redacted] canary=[redacted, and another value]"]
    );
    let mut headers = HeaderMap::new();
    let mut value = HeaderValue::from_static("canary");
    value.set_sensitive(true);
    headers.insert("x-ticket", value);
    let sensitive = BufferedResponse::new(StatusCode::OK, headers, "");
    let open = with_header(&ok(""), "x-ticket", "canary2");
    assert_eq!(
        compared(&sensitive, &open, "x-ticket"),
        ["header x-ticket [redacted] [redacted]"]
    );
}

fn with_trailer(response: &BufferedResponse, name: &'static str, value: &str) -> BufferedResponse {
    let mut trailers = response.trailers().cloned().unwrap_or_default();
    trailers.append(name, HeaderValue::from_str(value).unwrap());
    response.clone().with_trailers(trailers)
}

#[test]
fn the_trailers_that_are_named_must_agree() {
    let one = with_trailer(&ok(""), "x-sum", "1");
    let other = with_trailer(&ok(""), "x-sum", "2");
    assert_eq!(compared(&one, &other, "x-sum"), ["trailer x-sum 1 2"]);
    assert_eq!(compared(&one, &one, "x-sum"), Vec::<String>::new());
    assert_eq!(compared(&one, &other, "etag"), Vec::<String>::new());
    let none = ok("").with_trailers(HeaderMap::new());
    assert_eq!(compared(&one, &none, "x-sum"), ["trailer x-sum 1 -"]);
    assert_eq!(compared(&ok(""), &one, "x-sum"), ["trailer x-sum - 1"]);
    // A header is not a trailer field.
    let header = with_header(&none, "x-sum", "1").with_trailers(HeaderMap::new());
    let expected = ["header x-sum - 1", "trailer x-sum 1 -"];
    assert_eq!(compared(&one, &header, "x-sum"), expected);
    // Over HTTP/1 nobody knows whether there would have been any, nor of what is not whole.
    assert_eq!(compared(&one, &ok(""), "x-sum"), Vec::<String>::new());
    for unknown in [
        other.clone().with_ending(Ending::CutShort),
        other.with_ending(Ending::Truncated),
    ] {
        assert_eq!(compared(&one, &unknown, "x-sum"), Vec::<String>::new());
    }
}

#[test]
fn the_status_of_a_call_must_agree_wherever_it_stands() {
    let status = |code: &str| with_trailer(&ok(""), "grpc-status", code);
    let alone = |code: &str| with_header(&ok(""), "grpc-status", code);
    for mode in [CompareMode::Status, CompareMode::Json, CompareMode::Bytes] {
        let list = |one: &BufferedResponse, other: &BufferedResponse| {
            list(&get(one, other, mode, &Rules::default()))
        };
        let expected = ["trailer grpc-status 0 13"];
        for (one, other) in [
            (status("0"), status("13")),
            (status("0"), alone("13")),
            (alone("0"), alone("13")),
        ] {
            assert_eq!(list(&one, &other), expected);
        }
        assert_eq!(list(&status("0"), &alone("0")), Vec::<String>::new());
        assert_eq!(list(&status("0"), &ok("")), ["trailer grpc-status 0 -"]);
        assert_eq!(list(&ok(""), &status("0")), ["trailer grpc-status - 0"]);
    }
    // Its text is for people, and is compared if it is named; as one field with that of the
    // headers.
    let with_text = |response, text| with_trailer(&response, "grpc-message", text);
    let (one, other) = (with_text(status("5"), "a"), with_text(status("5"), "b"));
    assert_eq!(compared(&one, &other, "etag"), Vec::<String>::new());
    let expected = ["trailer grpc-message a b"];
    assert_eq!(compared(&one, &other, "grpc-message"), expected);
    let other = with_header(&alone("5"), "grpc-message", "a");
    assert_eq!(compared(&one, &other, "grpc-message"), Vec::<String>::new());
    // Both names it has are one difference, and credentials are as secret as in a header.
    let (one, other) = (status("0"), status("1"));
    assert_eq!(
        compared(&one, &other, "grpc-status"),
        ["trailer grpc-status 0 1"]
    );
    let [one, other] = ["canary-1", "canary-2"].map(|it| with_trailer(&ok(""), "x-api-key", it));
    let expected = ["trailer x-api-key [redacted] [redacted]"];
    assert_eq!(compared(&one, &other, "x-api-key"), expected);
}

/// What differs of responses with a header each, with the rules of nobody.
fn by_default(
    status: u16,
    name: &'static str,
    [one, other]: [Option<&str>; 2],
    rules: &Rules,
) -> Vec<String> {
    let [one, other] = [one, other].map(|value| {
        let status = StatusCode::from_u16(status).unwrap();
        let response = BufferedResponse::new(status, HeaderMap::new(), "{}");
        value.map_or(response.clone(), |value| {
            with_header(&response, name, value)
        })
    });
    for mode in [CompareMode::Bytes, CompareMode::typed::<String>()] {
        let compared = [CompareMode::Json, mode].map(|mode| list(&get(&one, &other, mode, rules)));
        assert_eq!(compared[0], compared[1]);
    }
    // Of a status alone nothing else is asked.
    assert_eq!(
        list(&get(&one, &other, CompareMode::Status, rules)),
        Vec::<String>::new()
    );
    list(&get(&one, &other, CompareMode::Json, rules))
}

#[test]
fn headers_on_which_clients_depend_are_compared_by_default() {
    let rules = Rules::default();
    for (status, name, values) in [
        (
            200,
            "content-type",
            [Some("application/json"), Some("text/html")],
        ),
        (
            200,
            "content-type",
            [Some("text/plain; charset=utf-8"), Some("text/plain")],
        ),
        (200, "cache-control", [Some("private"), Some("public")]),
        (302, "location", [Some("/orders/7"), Some("/login")]),
        (201, "location", [Some("/orders/7"), None]),
        (401, "www-authenticate", [Some("Bearer"), None]),
        (503, "retry-after", [Some("30"), None]),
        (
            200,
            "content-disposition",
            [Some("attachment"), Some("inline")],
        ),
        (
            200,
            "access-control-allow-origin",
            [Some("https://a.example"), None],
        ),
        (
            200,
            "content-security-policy",
            [Some("default-src 'self'"), None],
        ),
        (200, "link", [Some("</a?page=2>; rel=next"), None]),
        (200, "etag", [Some("\"1\""), None]),
        (405, "allow", [Some("GET"), Some("GET, PUT")]),
    ] {
        let shown = values
            .map(|value| value.unwrap_or("-").to_owned())
            .join(" ");
        let expected = format!("header {name} {shown}");
        assert_eq!(by_default(status, name, values, &rules), [expected]);
        let mut rules = Rules::default();
        rules.ignore_header(HeaderName::from_static(name));
        assert_eq!(
            by_default(status, name, values, &rules),
            Vec::<String>::new()
        );
    }
    let cookie = ["session=1; HttpOnly; Secure", "session=2; HttpOnly"].map(Some);
    let [one, other] =
        ["httponly; secure", "httponly"].map(|it| format!("session=[redacted]; {it}"));
    let expected = [format!("header set-cookie {one} {other}")];
    assert_eq!(by_default(200, "set-cookie", cookie, &rules), expected);
}

#[test]
fn headers_that_differ_in_each_response_are_no_difference() {
    for (status, name, values) in [
        (200, "date", ["1", "2"]),
        (200, "server", ["a", "b"]),
        (200, "x-request-id", ["a", "b"]),
        (200, "connection", ["close", "keep-alive"]),
        (200, "transfer-encoding", ["chunked", "identity"]),
        (200, "content-length", ["2", "3"]),
        (200, "etag", ["\"1\"", "W/\"2\""]),
        (200, "last-modified", ["1", "2"]),
        (200, "set-cookie", ["sid=1; Path=/", "sid=2; path=/"]),
        (200, "location", ["/a", "/b"]),
        (200, "x-frame-options", ["deny", "sameorigin"]),
    ] {
        let found = by_default(status, name, values.map(Some), &Rules::default());
        assert_eq!(found, Vec::<String>::new(), "{name}");
    }
    // Of another status, a header says nothing more.
    let (one, other) = (
        with_header(&ok("{}"), "etag", "1"),
        BufferedResponse::new(StatusCode::NOT_FOUND, HeaderMap::new(), "{}"),
    );
    let compared = get(&one, &other, CompareMode::Json, &Rules::default());
    assert_eq!(list(&compared), ["status  200 404"]);
}

#[test]
fn a_header_of_one_side_says_whose_it_is() {
    let one = with_header(&ok("{}"), "retry-after", "30");
    let shown = comparison(&one, &ok("{}"), CompareMode::Json, &Rules::default()).to_string();
    assert!(
        shown.ends_with("\n  - header retry-after (the primary's only): 30"),
        "{shown}"
    );
    let shown = comparison(&ok("{}"), &one, CompareMode::Json, &Rules::default()).to_string();
    assert!(
        shown.ends_with("\n  + header retry-after (the shadow's only): 30"),
        "{shown}"
    );
}

#[test]
fn a_length_is_compared_of_what_has_no_body() {
    let mut rules = Rules::default();
    rules.compare_header(header::CONTENT_LENGTH);
    let [one, other] = ["57", "60"].map(|length| with_header(&ok(""), "content-length", length));
    let known = KnownSecrets::default();
    let compared = |method| compare(&method, &one, &other, CompareMode::Json, &rules, &known);
    assert_eq!(
        list(&compared(Method::HEAD)),
        ["header content-length 57 60"]
    );
    assert_eq!(list(&compared(Method::GET)), Vec::<String>::new());
}
