//! `redact`: where else a secret stands than in a field of its own.

use super::*;

/// What is shown of `etag: {primary}` and `etag: {shadow}`, where `/id` is redacted.
fn headers(name: &'static str, primary: [&str; 2], shadow: [&str; 2]) -> String {
    let mut rules = rules(|rules| rules.redact("/id"));
    rules.compare_header(HeaderName::from_static(name));
    let [primary, shadow] =
        [primary, shadow].map(|[value, body]| with_header(&ok(body.to_owned()), name, value));
    let compared = get(&primary, &shadow, CompareMode::Json, &rules);
    list(&compared).remove(0)
}

#[test]
fn a_secret_is_not_shown_in_another_header() {
    let one = format!(r#"{{"id":"{CANARY}"}}"#);
    let other = format!(r#"{{"id":"{OTHER}"}}"#);
    for value in ["CANARY", "/users/CANARY", "/users/canary%2D3f9a?x=1"] {
        let value = value.replace("CANARY", CANARY);
        assert_eq!(
            headers("location", [&value, &one], ["/users", &other]),
            "header location [redacted] /users"
        );
        assert_eq!(
            headers("etag", ["\"7\"", &other], [&value, &one]),
            "header etag \"7\" [redacted]"
        );
        // The other response's.
        assert_eq!(
            headers("etag", ["7", &one], [&value, "{}"]),
            "header etag 7 [redacted]"
        );
    }
    assert_eq!(
        headers("location", ["/users/42", r#"{"id":42}"#], ["/users", "{}"]),
        "header location [redacted] /users"
    );
}

#[test]
fn of_a_body_that_is_not_read_there_may_be_a_secret_in_any_header() {
    let whole = format!(r#"{{"id":"{CANARY}"}}"#);
    let broken = format!(r#"{{"id":"{CANARY}""#);
    let twice = format!(r#"{{"id":"{CANARY}","a":1,"a":2}}"#);
    for body in [&broken, &twice] {
        assert_eq!(
            headers("etag", [CANARY, body], ["7", "{}"]),
            "header etag [redacted] [redacted]"
        );
    }
    // What is no secret, whatever the body is.
    assert_eq!(
        headers("content-type", ["a/json", &whole], ["text/html", &broken]),
        "header content-type a/json text/html"
    );
}

#[test]
fn a_header_that_is_named_like_a_credential_is_not_shown() {
    for name in ["x-auth-token", "x-session-id", "x-goog-signature", "id"] {
        assert_eq!(
            headers(name, [CANARY, "1"], [OTHER, "1"]),
            format!("header {name} [redacted] [redacted]")
        );
    }
    for value in ["/callback?a=b&access_token=CANARY", "/#id_token=CANARY"] {
        assert_eq!(
            headers("location", [value, "1"], ["/", "1"]),
            "header location [redacted] /"
        );
    }
}

/// What is shown of a path, where `/id` of the primary's response is redacted.
fn path(path: &str, primary: &str, shadow: &str) -> String {
    let rules = rules(|rules| rules.redact("/id"));
    let subject = Subject::new(&Method::GET, path).with_names("orders", "staging");
    let [primary, shadow] = [primary, shadow].map(|body| ok(body.to_owned()));
    let comparison = crate::compare(subject, &primary, &shadow, CompareMode::Json, &rules);
    let debugged = format!("{comparison:?}{comparison}");
    assert!(!debugged.contains("canary"), "{debugged}");
    comparison.path
}

#[test]
fn a_secret_is_not_shown_in_the_path() {
    let whole = format!(r#"{{"id":"{CANARY}"}}"#);
    for segment in ["canary-3f9a", "%63anary%2d3f9a", "by-canary-3f9a.json"] {
        for (primary, shadow) in [(&*whole, "{}"), ("<html>", &whole), (&whole, &whole)] {
            assert_eq!(
                path(&format!("/users/{segment}/orders"), primary, shadow),
                "/users/[redacted]/orders"
            );
        }
    }
    assert_eq!(
        path("/users/42/orders/421", r#"{"id":42}"#, "{}"),
        "/users/[redacted]/orders/421"
    );
    assert_eq!(path("/a/b/c", r#"{"id":"a/b/c"}"#, "{}"), "[redacted]");
    // It is not known what is in it.
    assert_eq!(path("/users/1", r#"{"a":1,"a":2}"#, "{}"), "[redacted]");
    assert_eq!(path("/users/1", "<html>", "{}"), "/users/1");
}

#[test]
fn a_secret_is_not_shown_percent_encoded() {
    let secret = "jane doe+x@host/é";
    let whole = serde_json::json!({ "id": secret, "url": 1 }).to_string();
    for encoded in [
        "jane%20doe%2Bx%40host%2F%C3%A9",
        "jane%20doe+x@host%2f%c3%a9",
        "jane+doe%2Bx%40host%2F%C3%A9",
        "/users/jane%20doe%2Bx%40host%2F%C3%A9/?q=1",
    ] {
        let other = serde_json::json!({ "id": secret, "url": encoded }).to_string();
        let rules = rules(|rules| rules.redact("/id"));
        assert_eq!(
            list(&json(&whole, &other, &rules)),
            ["type /url 1 [redacted]"]
        );
    }
}

#[test]
fn a_percent_encoded_secret_at_the_end_of_what_is_shown_is_not_cut_open() {
    for padding in 950..1030 {
        let padding = "x".repeat(padding);
        let rules = rules(|rules| rules.redact("/id"));
        let shadow = format!(
            r#"{{"id":"é€é€é€","a":"{padding}%C3%A9%E2%82%AC%C3%A9%E2%82%AC%C3%A9%E2%82%AC"}}"#
        );
        let compared = json(r#"{"id":"é€é€é€","a":1}"#, &shadow, &rules);
        assert_eq!(list(&compared), ["type /a 1 [redacted]"]);
    }
}

#[test]
fn a_short_secret_is_not_shown_as_a_whole_value() {
    for (primary, shadow, expected) in [
        (
            r#"{"id":"M"}"#,
            r#"{"sex":"M"}"#,
            ["missing /id [redacted] -", "extra /sex - [redacted]"],
        ),
        (
            r#"{"id":417}"#,
            r#"{"pin":{"code":"417","x":"4171"}}"#,
            [
                "missing /id [redacted] -",
                r#"extra /pin - {"code":[redacted],"x":"4171"}"#,
            ],
        ),
        (
            r#"{"id":["DE"]}"#,
            r#"{"by":{"DE":1}}"#,
            ["extra /by - {[redacted]:1}", "missing /id [redacted] -"],
        ),
        // These stand everywhere.
        (
            r#"{"id":[7,null,true,{"ab":false}]}"#,
            r#"{"x":[7,null,true,"ab",false]}"#,
            [
                "missing /id [redacted] -",
                r#"extra /x - [7,null,true,"ab",false]"#,
            ],
        ),
    ] {
        let rules = rules(|rules| rules.redact("/id"));
        assert_eq!(list(&json(primary, shadow, &rules)), expected);
    }
}
