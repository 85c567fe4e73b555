//! What comparisons say together.

mod advice;
mod documented;
mod epochs;
mod latency;
mod layers;
mod merging;
mod noise;
mod routes;
mod unanswered;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use http::{HeaderMap, Method, StatusCode};

use super::*;
use crate::{
    compare::{Subject, compare, not_compared as not_compared_for},
    fingerprint::fingerprint,
    model::{
        BufferedResponse, CompareMode, Comparison, DifferenceKind, NotComparedReason, Verdict,
    },
    rules::Rules,
};

const SUBJECT: Subject<'static> =
    Subject::new(&Method::GET, "/orders/7").with_names("orders", "staging");

fn response(body: impl Into<String>, millis: u64) -> BufferedResponse {
    let response = BufferedResponse::new(StatusCode::OK, HeaderMap::new(), body.into());
    response.with_latency(Duration::from_millis(millis))
}

/// The same comparison, of a request that there was none like before.
fn of_another_request(comparison: &Comparison) -> Comparison {
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    let path = format!("/orders/{}", REQUESTS.fetch_add(1, Relaxed));
    let mut comparison = comparison.clone();
    comparison.fingerprint = fingerprint(&Method::GET, &path, b"");
    comparison
}

fn compared_responses(primary: &BufferedResponse, shadow: &BufferedResponse) -> Comparison {
    let subject = SUBJECT.with_route("/orders/{id}");
    let rules = Rules::default();
    of_another_request(&compare(
        subject,
        primary,
        shadow,
        CompareMode::Json,
        &rules,
    ))
}

fn compared(primary: &str, shadow: &str) -> Comparison {
    compared_responses(&response(primary, 20), &response(shadow, 21))
}

fn recorder() -> Recorder {
    Recorder::new("staging", Thresholds::default())
}

fn record(recorder: &Recorder, times: usize, primary: &str, shadow: &str) {
    let comparison = compared(primary, shadow);
    for _ in 0..times {
        recorder.record(&mut of_another_request(&comparison), None);
    }
}

/// One request: the primary's response, the shadow's and that of the old version.
fn with_baseline(recorder: &Recorder, primary: &str, shadow: &str, baseline: &str) -> Comparison {
    let mut comparison = compared(primary, shadow);
    recorder.record(&mut comparison, Some(&compared(primary, baseline)));
    comparison
}

fn not_compared(recorder: &Recorder, times: usize, reason: NotComparedReason) {
    for _ in 0..times {
        let subject = SUBJECT.with_route("/orders/{id}");
        let mut comparison = not_compared_for(subject, &response("", 1), None, reason);
        recorder.record(&mut comparison, None);
    }
}

#[test]
fn a_shadow_that_answers_alike_is_promoted_when_that_is_sure() {
    let recorder = recorder();
    record(&recorder, 99, "{}", "{}");
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::NotEnoughData);
    assert_eq!(report.reason, "99 compared, 100 are needed");

    record(&recorder, 149, "{}", "{}");
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Hold);
    assert_eq!(report.reason, "about 180 more clean comparisons to promote");
    assert_eq!(report.needed, 180);

    record(&recorder, 179, "{}", "{}");
    let report = recorder.report(Standing::default());
    assert_eq!((report.verdict, report.needed), (ReportVerdict::Hold, 1));
    record(&recorder, 1, "{}", "{}");
    let report = recorder.report(Standing::default());
    assert_eq!(
        (report.verdict, report.compared, report.matched),
        (ReportVerdict::Promote, 428, 428)
    );
    assert_eq!(report.reason, "match rate 100 % (99.1 % to 100 %)");
}

#[test]
fn a_shadow_that_differs_is_held_or_has_regressed() {
    let recorder = recorder();
    record(&recorder, 400, "{}", "{}");
    record(&recorder, 10, r#"{"a":1}"#, r#"{"a":2}"#);
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Hold);
    assert_eq!(
        report.reason,
        "about 2,100 more clean comparisons to promote; \
         match rate 97.5 % (95.5 % to 98.7 %), not 99 %: /a differs in 10 of 410 responses"
    );
    record(&recorder, 40, r#"{"a":1}"#, r#"{"a":2}"#);
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Regressed);
    assert_eq!(
        report.reason,
        "match rate 88.8 % (85.6 % to 91.5 %), below 95 %: /a differs in 50 of 450 responses"
    );
    assert_eq!(
        (report.compared, report.matched, report.mismatched),
        (450, 400, 50)
    );
}

#[test]
fn errors_and_repetitions_promote_nobody() {
    let repeated = recorder();
    let missing = recorder();
    let response = |status| {
        let response = BufferedResponse::new(status, HeaderMap::new(), "{}");
        response.with_latency(Duration::from_millis(1))
    };
    for _ in 0..500 {
        let found = response(StatusCode::OK);
        let (mode, rules) = (CompareMode::Json, Rules::default());
        repeated.record(&mut compare(SUBJECT, &found, &found, mode, &rules), None);
        let absent = response(StatusCode::NOT_FOUND);
        missing.record(&mut compared_responses(&absent, &absent), None);
    }
    let report = repeated.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Hold);
    assert_eq!(report.reason, "1 distinct request, 20 are needed");
    let report = missing.report(Standing::default());
    assert_eq!(
        (report.verdict, report.compared_with_class(4)),
        (ReportVerdict::Hold, 500)
    );
    assert_eq!(
        report.reason,
        "0 comparisons of requests that succeed, 100 are needed (4xx 500)"
    );
    assert!(report.to_string().contains("\ncompared: 4xx 500\n"));
    record(&missing, 100, "{}", "{}");
    let report = missing.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Promote, "{report}");
}

#[test]
fn one_route_with_a_body_is_asked_different_questions() {
    let recorder = recorder();
    let found = response("{}", 1);
    for i in 0..500 {
        let body = format!(r#"{{"query":"{{ order(id: {i}) }}"}}"#);
        let subject = Subject::new(&Method::POST, "/graphql").with_body(body.as_bytes());
        let (mode, rules) = (CompareMode::Json, Rules::default());
        recorder.record(&mut compare(subject, &found, &found, mode, &rules), None);
    }
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Promote, "{report}");
    assert!(report.distinct > 64);
}

#[test]
fn what_was_not_compared_is_counted_by_its_reason() {
    let recorder = recorder();
    record(&recorder, 500, "{}", "{}");
    not_compared(&recorder, 25, NotComparedReason::TooLarge);
    let report = recorder.report(Standing::default());
    assert_eq!(
        (report.verdict, &*report.reason),
        (
            ReportVerdict::Promote,
            "match rate 100 % (99.2 % to 100 %); 25 not compared"
        )
    );
    not_compared(&recorder, 15, NotComparedReason::TooLarge);
    let report = recorder.report(Standing::default());
    assert_eq!((report.compared, report.not_compared), (500, 40));
    assert_eq!(report.not_compared_for(NotComparedReason::TooLarge), 40);
    assert_eq!(report.verdict, ReportVerdict::Hold);
    assert!(report.reason.starts_with("7.5 % not compared"), "{report}");
    assert_eq!(report.shadow_latency.count(), 500);
}

#[test]
fn differences_are_grouped_with_their_first_and_last_example() {
    let recorder = recorder();
    record(
        &recorder,
        1,
        r#"{"items":[{"id":1},{"id":2}]}"#,
        r#"{"items":[{"id":3},{"id":4}]}"#,
    );
    record(
        &recorder,
        1,
        r#"{"items":[0,{"id":5}]}"#,
        r#"{"items":[0,{"id":6}]}"#,
    );
    record(&recorder, 1, r#"{"a":1}"#, "{}");
    let report = recorder.report(Standing::default());
    let groups: Vec<_> = report
        .groups
        .iter()
        .map(|group| {
            (
                &*group.pointer,
                group.kind,
                group.comparisons,
                group.differences,
            )
        })
        .collect();
    assert_eq!(
        groups,
        [
            ("/items/*/id", DifferenceKind::Value, 2, 3),
            ("/a", DifferenceKind::Missing, 1, 1),
        ]
    );
    let [first, last] = [&report.groups[0].first, &report.groups[0].last]
        .map(|example| example.as_ref().unwrap().difference.pointer.clone());
    assert_eq!([&*first, &*last], ["/items/0/id", "/items/1/id"]);
}

#[test]
fn groups_are_bounded_and_other_differences_counted() {
    let recorder = recorder();
    for i in 0..300 {
        record(&recorder, 1, &format!(r#"{{"key{i}":1}}"#), "{}");
    }
    let report = recorder.report(Standing::default());
    assert_eq!(
        (
            report.groups.len(),
            report.other_differences,
            report.mismatched
        ),
        (200, 100, 300)
    );
}

#[test]
fn what_is_shown_is_a_table() {
    let recorder = recorder();
    record(&recorder, 90, "{}", "{}");
    record(&recorder, 10, r#"{"total":12.5}"#, r#"{"total":13}"#);
    not_compared(&recorder, 2, NotComparedReason::CutShort);
    let report = Report::new(
        "orders",
        vec![
            recorder.report(Standing::default()),
            self::recorder().report(Standing::default()),
        ],
    );
    let shown = report.to_string();
    let expected = [
        "orders   verdict          compared  matched  noise  mismatched  schema_mismatch  not_compared",
        "staging  hold                  100       90      0          10                0             2",
        "staging  not_enough_data         0        0      0           0                0             0",
        "",
        "staging: hold: about 2,400 more clean comparisons to promote; match rate 90 % (82.5 % to 94.5 %), not 99 %: /total differs in 10 of 100 responses; /orders/{id}: 10 of 100 responses differ, 2 not compared",
        "not compared: cut_short 2",
        "",
        "latency     p50     p95     p99",
        "primary  20.5ms  20.5ms  20.5ms",
        "shadow   21.5ms  21.5ms  21.5ms",
        "",
        "differences  kind   responses  noise  first       last  request",
        "/total       value         10         12.5 -> 13        GET /orders/7",
        "",
        "staging: not_enough_data: 0 compared, 100 are needed",
    ];
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines, expected, "{shown}");
}

#[test]
fn a_record_has_the_names_of_the_documentation() {
    let recorder = recorder();
    with_baseline(&recorder, "[1,0]", "[2,0]", "[3,0]");
    not_compared(&recorder, 1, NotComparedReason::CutShort);
    let report = serde_json::to_value(Report::new(
        "orders",
        vec![recorder.report(Standing::default())],
    ))
    .unwrap();
    let target = &report["targets"][0];
    assert_eq!(report["mirror"], "orders");
    assert_eq!(
        (&target["name"], &target["verdict"]),
        (&"staging".into(), &"not_enough_data".into())
    );
    assert_eq!(
        target["not_compared_by_reason"],
        serde_json::json!({ "cut_short": 1 })
    );
    assert_eq!(target["match_rate"]["rate"], 1.0);
    assert_eq!(target["shadow_latency"]["count"], 1);
    let example = serde_json::json!({
        "method": "GET",
        "path": "/orders/7",
        "query": null,
        "difference": { "pointer": "/0", "kind": "value", "primary": "1", "shadow": "2", "noise": true },
    });
    assert_eq!(target["groups"][0]["first"], example);
    assert_eq!(target["groups"][0]["noise"], true);
}

#[test]
fn comparisons_are_noted_from_several_threads() {
    let recorder = Arc::new(recorder());
    let threads = [(); 4].map(|()| {
        let recorder = Arc::clone(&recorder);
        thread::spawn(move || record(&recorder, 100, "[1]", "[2]"))
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(recorder.report(Standing::default()).mismatched, 400);
}
