//! `redact`: nothing of a secret leaves a comparison.

mod elsewhere;
mod looks;

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
            r#"{"a":{"password":1e0}}"#,
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

#[test]
fn a_mark_stands_for_each_value_that_is_hidden_as_a_whole() {
    use crate::redact::{Redaction, Searched};

    let mut rules = Rules::default();
    rules.redact("/card").unwrap();
    let mark = |value: &[u8]| format!("<{}>", value.len());
    let mut redaction = Redaction::new(&rules).with_marks(&mark);
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Bearer 12345678".parse().unwrap());
    let body = br#"{"card":"4111-1111","echo":"4111-1111","other":{"card":42},"total":7}"#;
    let searched = Searched::of(body, &rules);
    assert!(!searched.is_plain());
    redaction.learn_request(Some("token=abcdefgh"), &headers, body, searched);
    let (name, value) = (&http::header::AUTHORIZATION, &headers["authorization"]);
    assert_eq!(redaction.header(name, value).as_deref(), Some("<15>"));
    assert_eq!(
        redaction.pairs("token=abcdefgh&a=1").unwrap().text,
        "token=<8>&a=1"
    );
    // A request keeps the types of its values.
    let written = redaction
        .request_body(body, &headers, searched)
        .unwrap()
        .unwrap();
    let expected = r#"{"card":"<9>","echo":"<9>","other":{"card":0},"total":7}"#;
    assert_eq!(written.text, expected);
    let written = redaction
        .response_body(body, &HeaderMap::new(), searched)
        .unwrap()
        .unwrap();
    let expected = r#"{"card":"<9>","echo":"<9>","other":{"card":"<2>"},"total":7}"#;
    assert_eq!(written.text, expected);
}
