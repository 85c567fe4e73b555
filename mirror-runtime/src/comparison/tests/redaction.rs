//! `redact`: nothing of a secret leaves a comparison.

use super::*;

const CANARY: &str = "canary-3f9a";
const OTHER: &str = "canary-77b1";

/// Everything that leaves a comparison, as one text.
fn everything(primary: &str, shadow: &str, patterns: &[&str], mode: CompareMode) -> String {
    let mut rules = Rules::default();
    for pattern in patterns {
        rules.redact(pattern).unwrap();
    }
    rules.unordered("/unordered").unwrap();
    let [primary, shadow] =
        [primary, shadow].map(|body| ok(body.replace("OTHER", OTHER).replace("CANARY", CANARY)));
    let comparison = comparison(&primary, &shadow, mode, &rules);
    assert_eq!(comparison.verdict, Verdict::Mismatch);
    assert!(!comparison.differences.is_empty());
    let json = serde_json::to_string(&comparison).unwrap();
    format!(
        "{comparison}\n{comparison:?}\n{comparison:#?}\n{json}\n{:?}\n{rules:?}",
        (primary, shadow)
    )
}

#[test]
fn a_secret_is_not_shown() {
    for (primary, shadow) in [
        (r#"{"password":"CANARY"}"#, r#"{"password":"OTHER"}"#),
        (r#"{"password":"CANARY"}"#, "{}"),
        ("{}", r#"{"password":"CANARY"}"#),
        (
            r#"{"password":{"CANARY":1}}"#,
            r#"{"password":{"OTHER":1}}"#,
        ),
        (r#"{"password":["CANARY",1]}"#, r#"{"password":["OTHER"]}"#),
        (r#"{"password":"CANARY"}"#, r#"{"password":17}"#),
        // Within what is missing, and of another type.
        (r#"{"user":{"password":"CANARY","x":1}}"#, "{}"),
        (r#"{"user":{"password":"CANARY"}}"#, r#"{"user":"CANARY"}"#),
        (r#"{"user":{"password":"x"}}"#, r#"{"user":"CANARY"}"#),
        (r#"{"user":{"password":"x"}}"#, r#"{"user":["CANARY"]}"#),
        (r#"{"users":[{"password":"x"}]}"#, r#"{"users":"CANARY"}"#),
        (r#"{"users":[{"password":"CANARY"},1]}"#, r#"{"users":[1]}"#),
        (
            r#"{"unordered":[{"password":"CANARY"},{"password":"b"}]}"#,
            r#"{"unordered":[1,2,3]}"#,
        ),
        (
            r#"{"unordered":[{"password":"CANARY"}]}"#,
            r#"{"unordered":[{"password":"OTHER"}]}"#,
        ),
        // Under another name, in another text, as a key.
        (r#"{"password":"CANARY"}"#, r#"{"pass":"CANARY"}"#),
        (
            r#"{"password":"CANARY","x":"a"}"#,
            r#"{"password":"b","x":"token=CANARY;"}"#,
        ),
        (r#"{"password":"CANARY"}"#, r#"{"CANARY":1}"#),
        (
            r#"{"password":"CANARY","x":{"CANARY":1}}"#,
            r#"{"password":"CANARY","x":{"CANARY":2}}"#,
        ),
        (
            r#"{"password":"CANARY","x":1}"#,
            r#"{"password":"CANARY","x":{"y":["CANARY"]}}"#,
        ),
        // What is not JSON is not shown at all.
        (r#"{"password":"CANARY"}"#, r#"{"password":"CANARY""#),
        (
            r#"{"password":"CANARY","a":1,"a":2}"#,
            r#"{"password":"CANARY"}"#,
        ),
        ("CANARY", "OTHER"),
        (r#"{"password":"CANARY"}"#, ""),
    ] {
        let patterns = [
            "/password",
            "/user/password",
            "/users/*/password",
            "/unordered/*/password",
        ];
        for mode in [CompareMode::Json, CompareMode::Bytes] {
            let text = everything(primary, shadow, &patterns, mode);
            assert!(!text.contains("canary"), "{primary} {shadow}: {text}");
        }
    }
}

#[test]
fn that_a_secret_differs_is_told() {
    let rules = rules(|rules| rules.redact("/*/password"));
    for (primary, shadow, expected) in [
        (
            r#"{"a":{"password":1}}"#,
            r#"{"a":{"password":2}}"#,
            "value /a/password [redacted] [redacted]",
        ),
        (
            r#"{"a":{"password":1}}"#,
            r#"{"a":{"password":"1"}}"#,
            "type /a/password [redacted] [redacted]",
        ),
        (
            r#"{"a":{"password":1}}"#,
            r#"{"a":{}}"#,
            "missing /a/password [redacted] -",
        ),
        (
            r#"{"a":{"password":[1,2]}}"#,
            r#"{"a":{"password":[1]}}"#,
            "value /a/password [redacted] [redacted]",
        ),
        (
            r#"{"a":{"password":1,"b":2}}"#,
            "{}",
            r#"missing /a {"b":2,"password":[redacted]} -"#,
        ),
    ] {
        assert_eq!(list(&json(primary, shadow, &rules)), [expected]);
    }
    assert_eq!(
        json(
            r#"{"a":{"password":1}}"#,
            r#"{"a":{"password":1.0}}"#,
            &rules
        )
        .verdict,
        Verdict::Match
    );
}

#[test]
fn what_is_beside_a_secret_is_shown() {
    let rules = rules(|rules| rules.redact("/password"));
    let compared = json(
        r#"{"password":"x","a":"b"}"#,
        r#"{"password":"x","a":"c"}"#,
        &rules,
    );
    assert_eq!(list(&compared), [r#"value /a "b" "c""#]);
}

#[test]
fn a_secret_at_the_end_of_what_is_shown_is_not_cut_open() {
    for padding in 980..1030 {
        let padding = "x".repeat(padding);
        let primary = r#"{"password":"CANARY"}"#;
        let shadow = format!(r#"{{"a":"{padding}CANARY","password":1}}"#);
        let text = everything(primary, &shadow, &["/password"], CompareMode::Json);
        assert!(!text.contains("cana"), "{text}");
    }
}

#[test]
fn the_query_is_not_kept() {
    let comparison = comparison(&ok("1"), &ok("2"), CompareMode::Json, &Rules::default());
    assert_eq!(comparison.path, "/orders/7");
    assert!(!format!("{comparison:?}").contains("secret"));
}

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
        // The other answer's.
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

/// What is shown of a path, where `/id` of the primary's answer is redacted.
fn path(path: &str, primary: &str, shadow: &str) -> String {
    let rules = rules(|rules| rules.redact("/id"));
    let subject = Subject {
        mirror: "orders",
        target: "staging",
        method: &Method::GET,
        path,
    };
    let [primary, shadow] = [primary, shadow].map(|body| ok(body.to_owned()));
    let comparison = Comparison::of(subject, &primary, &shadow, CompareMode::Json, &rules);
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
