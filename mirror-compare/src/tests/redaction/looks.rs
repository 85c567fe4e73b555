//! Values that look like secrets, and those of fields whose names leave no doubt: without a rule.

use super::*;

const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl";
const OTHER_TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJib2IifQ.b3RoZXItc2lnbmF0dXJl";

fn compared(primary: &str, shadow: &str) -> Comparison {
    let [primary, shadow] = [primary, shadow].map(|body| ok(body.to_owned()));
    comparison(&primary, &shadow, CompareMode::Json, &Rules::default())
}

/// Both values of the only difference, as they are shown.
fn shown(compared: &Comparison) -> [&str; 2] {
    assert_eq!(compared.differences.len(), 1, "{compared}");
    let difference = &compared.differences[0];
    [&difference.primary, &difference.shadow].map(|value| value.as_deref().unwrap_or("-"))
}

/// Everything that leaves a comparison has nothing of these.
fn hides(compared: &Comparison, secrets: &[&str]) {
    let json = serde_json::to_string(compared).unwrap();
    let text = format!("{compared}\n{compared:?}\n{json}");
    for secret in secrets {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn a_value_that_looks_like_a_secret_is_not_shown_whatever_its_field_is_called() {
    for (primary, shadow) in [
        (TOKEN, OTHER_TOKEN),
        (
            "ghp_R2D2c3poR2D2c3poR2D2c3poR2D2c3po",
            "ghp_c3poR2D2c3poR2D2c3poR2D2c3poR2D2",
        ),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLF"),
        (
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEZ",
        ),
    ] {
        let [one, other] =
            [primary, shadow].map(|secret| format!(r#"{{"x":{{"y":["see {secret}!"]}}}}"#));
        let one_place = compared(&one, &other);
        hides(&one_place, &[primary, shadow]);
        // That they differ can be seen, and what stands around them.
        let [one, other] = shown(&one_place);
        assert_ne!(one, other);
        assert!(
            one.starts_with("\"see [redacted ") && one.ends_with("]!\""),
            "{one}"
        );
        // As a key, in what is missing, in a body that is no JSON.
        for (one, other) in [
            (
                format!(r#"{{"{primary}":1}}"#),
                format!(r#"{{"{shadow}":1}}"#),
            ),
            (format!(r#"{{"a":{{"b":"{primary}"}}}}"#), "{}".to_owned()),
            (format!("<p>{primary}</p>"), format!("<p>{shadow}</p>")),
            (
                format!("{}\n{primary}", "x ".repeat(700)),
                format!("{}\n{shadow}", "x ".repeat(700)),
            ),
        ] {
            hides(&compared(&one, &other), &[primary, shadow]);
        }
    }
}

#[test]
fn a_part_of_a_token_at_the_end_of_what_is_shown_is_not_shown() {
    for padding in (900..1030).step_by(3) {
        let padding = "x ".repeat(padding / 2);
        let body = format!(r#"{{"a":"{padding}{TOKEN}"}}"#);
        hides(&compared(&body, "{}"), &["eyJhbGciOiJ"]);
        let [one, other] = [TOKEN, OTHER_TOKEN].map(|token| format!("{padding}{token}"));
        hides(&compared(&one, &other), &["c2lnbmF0dXJl"]);
    }
}

#[test]
fn a_value_of_a_field_whose_name_leaves_no_doubt_is_not_shown() {
    for (primary, shadow) in [
        (r#"{"password":"hunter1"}"#, r#"{"password":"hunter2"}"#),
        (
            r#"{"a":{"clientSecret":["hunter1"]}}"#,
            r#"{"a":{"clientSecret":["hunter2"]}}"#,
        ),
        (r#"{"a":{"apiKey":"hunter1","b":1}}"#, "{}"),
        (
            r#"{"a":"{\"password\":\"hunter1\"}"}"#,
            r#"{"a":"{\"password\":\"hunter2\"}"}"#,
        ),
        (
            r#"{"a":"/x?access_token=hunter1"}"#,
            r#"{"a":"/x?access_token=hunter2"}"#,
        ),
        (
            "<password>hunter1</password>",
            "<password>hunter2</password>",
        ),
        (r#"{"cvv":1173}"#, r#"{"cvv":1174}"#),
    ] {
        let compared = compared(primary, shadow);
        hides(&compared, &["hunter", "1173", "1174"]);
        let [one, other] = shown(&compared);
        assert_ne!(one, other, "{compared}");
    }
    // What tells about a secret is none, and neither is yes, no or nothing.
    let compared = json(
        r#"{"token":{"expires_in":3600},"token_type":"bearer","password":null,"key":"PRJ-1"}"#,
        r#"{"token":{"expires_in":7200},"token_type":"Bearer","password":true,"key":"PRJ-2"}"#,
        &Rules::default(),
    );
    assert_eq!(
        list(&compared),
        [
            r#"value /key "PRJ-1" "PRJ-2""#,
            "type /password null true",
            "value /token/expires_in 3600 7200",
            r#"value /token_type "bearer" "Bearer""#,
        ]
    );
}

#[test]
fn a_header_does_not_show_what_looks_like_a_secret() {
    for (name, one, other) in [
        (
            "location",
            "/cb?code=hunter2-hunter2&state=a",
            "/cb?code=hunter3-hunter3&state=a",
        ),
        (
            "location",
            "https://ann:hunter2@a/",
            "https://ann:hunter3@a/",
        ),
        (
            "x-debug",
            "Bearer hunter2-hunter2",
            "Bearer hunter3-hunter3",
        ),
        ("ocp-apim-subscription-key", "hunter2", "hunter3"),
        ("x-functions-key", "hunter2", "hunter3"),
    ] {
        let mut rules = Rules::default();
        rules.compare_header(HeaderName::from_static(name));
        let [one, other] = [one, other].map(|value| with_header(&ok("{}".to_owned()), name, value));
        let compared = comparison(&one, &other, CompareMode::Json, &rules);
        assert_eq!(compared.verdict, Verdict::Mismatch);
        hides(&compared, &["hunter"]);
    }
}

fn path(path: &str, mode: CompareMode, rules: &Rules) -> String {
    let subject = Subject::new(&Method::GET, path);
    crate::compare(
        subject,
        &ok(r#"{"id":42}"#.to_owned()),
        &ok("{}".to_owned()),
        mode,
        rules,
    )
    .path
}

#[test]
fn of_bodies_that_are_not_read_anything_may_stand_in_the_path() {
    let redacting = rules(|rules| rules.redact("/id"));
    assert_eq!(
        path("/users/42", CompareMode::Status, &redacting),
        "[redacted]"
    );
    assert_eq!(
        path("/users/42", CompareMode::Status, &Rules::default()),
        "/users/42"
    );
    assert_eq!(
        path("/users/42", CompareMode::Json, &redacting),
        "/users/[redacted]"
    );
}

#[test]
fn a_query_does_not_show_what_is_secret() {
    let query = |query: &str| {
        let path = format!("/orders?{query}");
        let subject = Subject::new(&Method::GET, &path);
        let [one, other] = ["1", "2"].map(|body| ok(body.to_owned()));
        crate::compare(subject, &one, &other, CompareMode::Json, &Rules::default()).query
    };
    for (of, shown) in [
        ("a=1&access_key=hunter2", "a=1&access_key=[redacted]"),
        ("code=hunter2&state=a", "code=[redacted]&state=a"),
        (&*format!("x={TOKEN}"), "x=[redacted]"),
        ("next=%2F%3Ftoken%3Dhunter2", "next=[redacted]"),
        ("code=7&page=2&sort_key=name", "code=7&page=2&sort_key=name"),
    ] {
        assert_eq!(query(of).as_deref(), Some(shown));
    }
}

#[test]
fn a_path_does_not_show_what_looks_like_a_secret() {
    for of in [
        &format!("/reset/{TOKEN}"),
        "/password-reset/hunter2-hunter2",
        "/a;token=hunter2-hunter2/b",
        "/bot/ghp_R2D2c3poR2D2c3poR2D2c3poR2D2c3po",
    ] {
        let shown = path(of, CompareMode::Json, &Rules::default());
        assert!(
            !shown.contains("hunter") && !shown.contains("eyJ"),
            "{shown}"
        );
        assert!(
            shown.contains("[redacted ") && !shown.contains("R2D2"),
            "{shown}"
        );
    }
    for of in [
        "/v1/orders/1027",
        "/tokens/refresh",
        "/tokens/550e8400-e29b-41d4-a716-446655440000",
        "/secrets/12345678",
        "/commits/9fceb02d0ae598e95dc970b74767f19372d61af8",
    ] {
        assert_eq!(path(of, CompareMode::Json, &Rules::default()), of);
    }
}
