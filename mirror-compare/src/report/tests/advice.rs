//! What a report advises.

use http::HeaderValue;

use super::*;

fn with_rules(rules: &Rules, primary: &str, shadow: &str) -> Comparison {
    let (primary, shadow) = (response(primary, 20), response(shadow, 21));
    compare(SUBJECT, &primary, &shadow, CompareMode::Json, rules)
}

#[test]
fn rules_are_suggested_with_what_they_would_settle() {
    let recorder = recorder();
    record(
        &recorder,
        5,
        r#"{"tags":["a","b","c"]}"#,
        r#"{"tags":["c","a","b"]}"#,
    );
    record(&recorder, 4, r#"{"total":12.5}"#, r#"{"total":12.509}"#);
    record(&recorder, 2, r#"{"total":12.5}"#, r#"{"total":12.503}"#);
    let (one, other) = (
        r#"{"at":"2024-05-01T10:00:00Z"}"#,
        r#"{"at":"2024-05-01T10:00:01Z"}"#,
    );
    record(&recorder, 3, one, other);
    record(
        &recorder,
        1,
        r#"{"total":1.5,"n":1}"#,
        r#"{"total":1.501,"n":2}"#,
    );
    // Of what is wrong, nothing is suggested.
    record(
        &recorder,
        9,
        r#"{"state":"open","n":1}"#,
        r#"{"state":"paid","n":900}"#,
    );
    let report = recorder.report(Standing::default());
    let suggestions: Vec<_> = report
        .suggestions
        .iter()
        .map(|it| format!("{it} {} of {}", it.settled, it.mismatches))
        .collect();
    assert_eq!(
        suggestions,
        [
            r#"tolerance = { "/total" = 0.009 } 6 of 7"#,
            r#"unordered = ["/tags"] 5 of 5"#,
            r#"ignore = ["/at"] 3 of 3"#,
        ]
    );
    assert!(
        report
            .to_string()
            .contains(r#"tolerance = { "/total" = 0.009 }"#),
        "{report}"
    );
    // And they settle what they say.
    let mut rules = Rules::default();
    rules.tolerance("/total", 0.009).unwrap();
    let settled = with_rules(&rules, r#"{"total":12.5}"#, r#"{"total":12.509}"#);
    assert_eq!(settled.verdict, crate::Verdict::Match);
}

#[test]
fn a_rule_that_helps_with_others_alone_says_so() {
    let recorder = recorder();
    record(
        &recorder,
        3,
        r#"{"at":"2024-05-01T10:00:00Z","until":"2024-05-01T11:00:00Z"}"#,
        r#"{"at":"2024-05-01T10:00:01Z","until":"2024-05-01T11:00:01Z"}"#,
    );
    let report = recorder.report(Standing::default()).to_string();
    for option in [r#"ignore = ["/at"]"#, r#"ignore = ["/until"]"#] {
        let row = report
            .lines()
            .find(|line| line.starts_with(option))
            .unwrap();
        let cells: Vec<_> = row[option.len()..].split("  ").map(str::trim).collect();
        assert!(
            cells.contains(&"only with others") && cells.contains(&"3"),
            "{row}"
        );
    }
}

#[test]
fn a_rule_that_is_about_nothing_is_named() {
    let mut rules = Rules::default();
    rules.ignore("/at").unwrap();
    rules.ignore("/typo").unwrap();
    rules.unordered("/tags").unwrap();
    rules.compare_header(http::header::ETAG);
    let recorder = recorder();
    for i in 0..20 {
        assert_eq!(recorder.report(Standing::default()).unused_rules, [""; 0]);
        let tags = if i == 7 { r#","tags":[]"# } else { "" };
        let [one, other] = [1, 2].map(|at| format!(r#"{{"at":{at}{tags}}}"#));
        recorder.record(&mut with_rules(&rules, &one, &other), None);
    }
    let report = recorder.report(Standing::default());
    assert_eq!(
        report.unused_rules,
        [r#"compare_headers "etag""#, r#"ignore "/typo""#]
    );
    assert!(
        report
            .to_string()
            .contains(r#"a rule that has met nothing so far: ignore "/typo""#),
        "{report}"
    );
}

#[test]
fn headers_that_differ_and_are_not_compared_are_named() {
    let with = |name: &'static str, value: &'static str| {
        let headers = HeaderMap::from_iter([
            (
                http::HeaderName::from_static(name),
                HeaderValue::from_static(value),
            ),
            // Of each response another.
            (http::header::DATE, HeaderValue::from_static(value)),
        ]);
        BufferedResponse::new(StatusCode::OK, headers, "{}")
    };
    let recorder = recorder();
    for (name, times) in [("x-frame-options", 2), ("x-features", 3)] {
        let (one, other) = (with(name, "a"), with(name, "b"));
        for _ in 0..times {
            let mut comparison =
                compare(SUBJECT, &one, &other, CompareMode::Json, &Rules::default());
            assert_eq!(comparison.uncompared_headers().collect::<Vec<_>>(), [name]);
            recorder.record(&mut comparison, None);
        }
    }
    let report = recorder.report(Standing::default());
    assert_eq!((report.matched, report.mismatched), (5, 0));
    let line = "headers that differ and were not compared: x-features 3, x-frame-options 2";
    assert!(report.to_string().contains(line), "{report}");
}

#[test]
fn advice_is_bounded_and_adds_up() {
    let recorders = [recorder(), recorder()];
    for i in 0..100 {
        let (one, other) = (format!(r#"{{"a{i}":1.5}}"#), format!(r#"{{"a{i}":1.501}}"#));
        record(&recorders[i % 2], 1, &one, &other);
    }
    let mut all = Evidence::default();
    for recorder in &recorders {
        let text = serde_json::to_string(&recorder.evidence()).unwrap();
        all.merge(&serde_json::from_str(&text).unwrap());
    }
    let report = all.report("staging", &Thresholds::default(), Standing::default());
    assert_eq!(report.suggestions.len(), 64);
    assert_eq!(
        recorders[0].report(Standing::default()).suggestions.len(),
        50
    );
}

#[test]
fn an_encoding_that_cannot_be_undone_is_said_with_what_helps() {
    let recorder = recorder();
    not_compared(&recorder, 3, NotComparedReason::Encoding);
    let report = recorder.report(Standing::default()).to_string();
    assert!(
        report.contains(r#"accept_encoding = "comparable""#),
        "{report}"
    );
}

#[test]
fn a_request_is_shown_as_it_can_be_sent_again_and_values_around_the_difference() {
    let recorder = recorder();
    let text = |end: &str| format!(r#"{{"text":"{}{end}"}}"#, "a long clause; ".repeat(100));
    let (primary, shadow) = (response(text("100 EUR"), 1), response(text("900 EUR"), 1));
    let subject = Subject::new(&Method::GET, "/orders?page=2&token=hunter22&q=a");
    let mut comparison = compare(
        subject,
        &primary,
        &shadow,
        CompareMode::Json,
        &Rules::default(),
    );
    recorder.record(&mut comparison, None);
    let report = recorder.report(Standing::default()).to_string();
    assert!(
        report.contains("GET /orders?page=2&token=[redacted]&q=a"),
        "{report}"
    );
    assert!(
        report.contains(r#"100 EUR" -> …"#) && report.contains(r#"900 EUR""#),
        "{report}"
    );
}
