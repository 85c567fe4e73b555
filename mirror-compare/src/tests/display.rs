//! What people and machines read.

use std::time::Duration;

use super::*;

fn shown(primary: &str, shadow: &str) -> String {
    let primary = ok(primary.to_owned()).with_latency(Duration::from_micros(1200));
    let shadow = ok(shadow.to_owned()).with_latency(Duration::from_micros(3400));
    comparison(&primary, &shadow, CompareMode::Json, &Rules::default()).to_string()
}

#[test]
fn a_comparison_is_read_at_a_glance() {
    let primary = r#"{"customer":{"name":"Ann"},"total":12.5,"tags":["a","b"]}"#;
    let shadow = r#"{"customer":{"full_name":"Ann"},"total":13,"tags":["a"]}"#;
    assert_eq!(
        shown(primary, shadow),
        "GET /orders/7?token=[redacted]: mismatch, 5 differences (orders -> staging)
  primary 200 in 1.2ms, shadow 200 in 3.4ms
  + /customer/full_name: \"Ann\"
  - /customer/name: \"Ann\"
  ~ /tags length: 2 -> 1
  - /tags/1: \"b\"
  ~ /total: 12.5 -> 13"
    );
    let agreed = shown("{}", "{}");
    assert_eq!(
        agreed,
        "GET /orders/7?token=[redacted]: match (orders -> staging)\n  primary 200 in 1.2ms, shadow 200 in 3.4ms"
    );
}

#[test]
fn text_is_shown_as_a_diff_of_lines() {
    let page = |third: &str| format!("<h1>\none\n{third}\nfour\nfive\nsix\nseven\n</h1>\n");
    let shown = shown(&page("two"), &page("2\u{1b}[31m"));
    assert!(
        shown.ends_with(
            "
  ~ (body)
      - …two
      + …2\\u{1b}[31m
        four
        five
  note: not JSON: compared as bytes"
        ),
        "{shown}"
    );
}

#[test]
fn long_values_stand_below_one_another() {
    let long = |last: char| format!(r#"["{}{last}"]"#, "x".repeat(80));
    let shown = shown(&long('a'), &long('b'));
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[2], "  ~ /0");
    assert!(lines[3].starts_with("      - \"xxx") && lines[4].starts_with("      + \"xxx"));
}

#[test]
fn a_record_has_the_names_of_the_documentation() {
    let comparison = comparison(&ok("[1]"), &ok("[2]"), CompareMode::Json, &Rules::default());
    assert_eq!(
        serde_json::to_value(&comparison).unwrap(),
        serde_json::json!({
            "mirror": "orders",
            "target": "staging",
            "method": "GET",
            "path": "/orders/7",
            "query": "token=[redacted]",
            "request_id": null,
            "primary_status": 200,
            "shadow_status": 200,
            "primary_latency_us": 0,
            "shadow_latency_us": 0,
            "verdict": "mismatch",
            "differences": [
                { "pointer": "/0", "kind": "value", "primary": "1", "shadow": "2", "noise": false },
            ],
            "more_differences": 0,
            "notes": [],
        })
    );
}

#[test]
fn a_failed_copy_has_one_answer() {
    let subject = Subject::new(&Method::PUT, "/").with_names("m", "t");
    let comparison =
        crate::compare::not_compared(subject, &ok(""), None, NotComparedReason::Failed);
    let record = serde_json::to_value(&comparison).unwrap();
    assert_eq!(
        record["verdict"],
        serde_json::json!({ "not_compared": "failed" })
    );
    assert_eq!(record["shadow_status"], serde_json::Value::Null);
    let shown = comparison.to_string();
    assert!(
        shown.starts_with("PUT /: not_compared (failed) (m -> t)\n"),
        "{shown}"
    );
    assert!(shown.ends_with("shadow without a response"), "{shown}");
}

#[test]
fn a_comparison_fits_a_line() {
    let subject = Subject::new(&Method::GET, "/orders/7?full=1").with_request_id(Some("req-1"));
    let line = |primary: &'static str, shadow: &'static str| {
        let (primary, shadow) = (ok(primary), ok(shadow));
        let rules = Rules::default();
        format!(
            "{:#}",
            crate::compare(subject, &primary, &shadow, CompareMode::Json, &rules)
        )
    };
    assert_eq!(
        line(r#"{"a":1,"b":2}"#, r#"{"a":2}"#),
        "GET /orders/7?full=1: mismatch, 2 differences (primary -> shadow), ~ /a: 1 -> 2 and 1 more, \
         x-request-id req-1"
    );
    assert_eq!(
        line("{}", "{}"),
        "GET /orders/7?full=1: match (primary -> shadow), x-request-id req-1"
    );
    assert_eq!(line("a\nb", "a\nc").lines().count(), 1);
}

#[test]
fn both_values_are_shown_around_the_first_difference() {
    let long = |end: &str| format!(r#"{{"text":"{}{end}"}}"#, "a clause; ".repeat(500));
    let shown = shown(&long("100 EUR"), &long("900 EUR"));
    assert!(shown.contains("clause; 100 EUR\"\n"), "{shown}");
    assert!(shown.ends_with("clause; 900 EUR\""), "{shown}");
}

#[test]
fn what_cannot_be_seen_is_escaped() {
    for (primary, shadow, shows) in [
        (r#"["a b"]"#, "[\"a\u{A0}b\"]", r#""a b" -> "a\u{a0}b""#),
        (r#"["ab"]"#, "[\"a\u{200B}b\"]", r#""ab" -> "a\u{200b}b""#),
        ("[\"\u{E9}\"]", "[\"e\u{301}\"]", "\"é\" -> \"e\\u{301}\""),
        ("a", "a ", r"a -> a\u{20}"),
        ("a", "\u{FEFF}a", r"a -> \u{feff}a"),
        ("a\tb", "a b", r"a\tb -> a b"),
        ("a\n", "a", "      - a\\n\n      + a"),
        ("a\r\nb", "a\nb", "      - a\\r\n      + a"),
    ] {
        let shown = shown(primary, shadow);
        assert!(shown.contains(shows), "{shows} {shown}");
    }
}

#[test]
fn a_place_behind_many_others_keeps_its_example() {
    let only = |at: u64, total: u64| {
        format!(
            r#"{{"a":[{}],"z":{total}}}"#,
            [at.to_string().as_str(); 300].join(",")
        )
    };
    let compared = json(&only(1, 7), &only(2, 8), &Rules::default());
    assert_eq!(list(&compared).last().unwrap(), "value /z 7 8");
    assert_eq!((compared.differences.len(), compared.more), (101, 200));
    // The entries of a map are one place.
    let many: Vec<_> = (0..500).map(|i| format!(r#""k{i}":1"#)).collect();
    let compared = json(&format!("{{{}}}", many.join(",")), "{}", &Rules::default());
    assert_eq!((compared.differences.len(), compared.more), (100, 400));
}
