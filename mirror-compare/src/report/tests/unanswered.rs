//! What is held against a target that does not respond.

use super::*;

#[test]
fn a_shadow_that_does_not_answer_is_held() {
    let recorder = recorder();
    record(&recorder, 990, "{}", "{}");
    let held = |failed, circuit_open, in_flight_limit| {
        let standing = Standing {
            unanswered: Unanswered {
                failed,
                circuit_open,
                in_flight_limit,
                sampled: 990 + failed + circuit_open + in_flight_limit,
            },
            ..Standing::default()
        };
        let report = recorder.report(standing);
        (report.verdict == ReportVerdict::Hold).then_some(report)
    };
    assert!(held(10, 0, 0).is_none() && held(3, 3, 4).is_none());
    let report = held(3, 0, 8).unwrap();
    let reason = "1.1 % not answered (failed 3, in_flight_limit 8)";
    assert_eq!(report.reason, reason);
    let report = held(7, 990, 0).unwrap().to_string();
    assert!(
        report.contains("\nnot answered: failed 7, circuit_open 990\n"),
        "{report}"
    );
    let open = Standing {
        is_open: true,
        ..Standing::default()
    };
    let report = recorder.report(open);
    assert_eq!(report.verdict, ReportVerdict::Hold);
    assert_eq!(report.reason, "its circuit is open");
}

#[test]
fn noise_is_not_trusted_where_the_baseline_does_not_answer() {
    let recorder = recorder();
    let standing = |failed| Standing {
        baseline: Some(Unanswered {
            failed,
            sampled: 1000,
            ..Unanswered::default()
        }),
        ..Standing::default()
    };
    record(&recorder, 400, "{}", "{}");
    // Without any noise nothing is made of the baseline.
    assert_eq!(
        recorder.report(standing(900)).verdict,
        ReportVerdict::Promote
    );
    with_baseline(
        &recorder,
        r#"{"a":0,"b":1}"#,
        r#"{"a":0,"b":2}"#,
        r#"{"a":0,"b":3}"#,
    );
    assert_eq!(
        recorder.report(standing(100)).verdict,
        ReportVerdict::Promote
    );
    let report = recorder.report(standing(250));
    assert_eq!(
        (report.verdict, &*report.reason),
        (
            ReportVerdict::Hold,
            "the baseline has not answered 25 % (failed 250)"
        )
    );
    record(&recorder, 400, "[1]", "[2]");
    let report = recorder.report(standing(1000));
    assert_eq!(report.verdict, ReportVerdict::Regressed);
    assert!(
        report.reason.ends_with("100 % (failed 1000)"),
        "{}",
        report.reason
    );
}
