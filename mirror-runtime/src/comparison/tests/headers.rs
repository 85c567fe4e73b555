//! `compare_headers`.

use super::*;

fn compared(primary: &Answer, shadow: &Answer, name: &'static str) -> Vec<String> {
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
    let other = with_header(&ok(""), "vary", "origin, accept");
    assert_eq!(
        compared(&lines, &other, "vary"),
        ["header vary accept, origin origin, accept"]
    );
}

#[test]
fn credentials_are_never_shown() {
    for name in [
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
    ] {
        let [one, other] = ["canary=1", "canary=2"].map(|value| with_header(&ok(""), name, value));
        assert_eq!(
            compared(&one, &other, name),
            [format!("header {name} [redacted] [redacted]")]
        );
    }
    let mut headers = HeaderMap::new();
    let mut value = HeaderValue::from_static("canary");
    value.set_sensitive(true);
    headers.insert("x-ticket", value);
    let sensitive = Answer::new(StatusCode::OK, headers, "");
    let open = with_header(&ok(""), "x-ticket", "canary2");
    assert_eq!(
        compared(&sensitive, &open, "x-ticket"),
        ["header x-ticket [redacted] [redacted]"]
    );
}
