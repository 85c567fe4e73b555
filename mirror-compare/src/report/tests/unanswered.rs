//! What is held against a target that does not respond.

use super::*;
use crate::model::Ending;

#[test]
fn a_shadow_that_does_not_answer_is_held() {
    let recorder = recorder();
    record(&recorder, 1000, "{}", "{}");
    let standing = |failed, circuit_open, in_flight_limit| {
        Standing::new(Unanswered::new(1000, failed, circuit_open, in_flight_limit))
    };
    let verdict = |standing| recorder.report(standing).verdict;
    assert_eq!(verdict(standing(1, 0, 0)), ReportVerdict::Promote);
    assert_eq!(verdict(standing(0, 1, 1)), ReportVerdict::Hold);
    let report = recorder.report(standing(3, 0, 9));
    assert_eq!(
        report.reason,
        "about 1,800 more clean comparisons to promote; \
         1.2 % not answered (failed 3, in_flight_limit 9)"
    );
    let report = recorder.report(standing(7, 990, 0));
    assert_eq!(report.verdict, ReportVerdict::Regressed);
    let shown = report.to_string();
    assert!(
        shown.contains("\nnot answered: failed 7, circuit_open 990\n"),
        "{shown}"
    );
    let open = Standing::default().with_open_circuit(true);
    let report = recorder.report(open);
    assert_eq!(report.verdict, ReportVerdict::Hold);
    assert_eq!(report.reason, "its circuit is open");
}

#[test]
fn what_is_left_out_to_protect_the_process_was_not_answered() {
    let recorder = recorder();
    record(&recorder, 1000, "{}", "{}");
    for (in_flight, byte_budget, name) in [
        (20, 0, "process_in_flight_limit 20"),
        (0, 20, "byte_budget 20"),
    ] {
        let unanswered = Unanswered::new(1000, 0, 0, 0);
        let unanswered = unanswered.with_limits_of_process(in_flight, 0, byte_budget);
        assert_eq!((unanswered.count(), unanswered.sampled), (20, 1020));
        let report = recorder.report(Standing::new(unanswered));
        assert_eq!(report.verdict, ReportVerdict::Hold);
        assert!(report.reason.contains(name), "{report}");
    }
}

#[test]
fn a_shadow_that_never_answers_has_regressed() {
    let recorder = recorder();
    not_compared(&recorder, 200, NotComparedReason::Failed);
    let report = recorder.report(Standing::default());
    assert_eq!(
        (report.verdict, &*report.reason),
        (ReportVerdict::Regressed, "100 % not answered (failed 200)")
    );
}

#[test]
fn responses_that_only_the_shadow_spoils_were_not_answered() {
    let whole = || response("{}", 1);
    let truncated = || whole().with_ending(Ending::Truncated);
    let mut encoded = HeaderMap::new();
    encoded.insert("content-encoding", "compress".parse().unwrap());
    let encoded = BufferedResponse::new(StatusCode::OK, encoded, "who knows");
    for (primary, shadow, is_fault) in [
        (whole(), encoded.clone(), true),
        (whole(), whole().with_ending(Ending::Streaming), true),
        (encoded.clone(), whole(), false),
        (truncated(), truncated(), false),
        (truncated(), whole(), false),
    ] {
        let recorder = recorder();
        record(&recorder, 1000, "{}", "{}");
        for _ in 0..20 {
            recorder.record(&mut compared_responses(&primary, &shadow), None);
        }
        let report = recorder.report(Standing::default());
        assert_eq!(report.not_compared, 20, "{report}");
        let expected = if is_fault {
            ReportVerdict::Hold
        } else {
            ReportVerdict::Promote
        };
        assert_eq!(report.verdict, expected, "{report}");
        assert_eq!(report.reason.contains("not readable 20"), is_fault);
    }
}

#[test]
fn responses_that_only_the_shadow_breaks_are_mismatches() {
    let whole = || response("{}", 1);
    let mut encoded = HeaderMap::new();
    encoded.insert("content-encoding", "gzip".parse().unwrap());
    let encoded = BufferedResponse::new(StatusCode::OK, encoded, "no gzip");
    let of = |status| BufferedResponse::new(status, HeaderMap::new(), "");
    let not_modified = || of(StatusCode::NOT_MODIFIED);
    for (primary, shadow, told) in [
        (whole(), whole().with_ending(Ending::Truncated), "too_large"),
        (whole(), whole().with_ending(Ending::CutShort), "cut_short"),
        (whole(), encoded, "broken gzip"),
        (whole(), not_modified(), "not_modified"),
        (not_modified(), whole(), "not_modified"),
    ] {
        let recorder = recorder();
        record(&recorder, 1000, "{}", "{}");
        for _ in 0..20 {
            recorder.record(&mut compared_responses(&primary, &shadow), None);
        }
        let report = recorder.report(Standing::default());
        assert_eq!(report.mismatched, 20, "{report}");
        assert_eq!(report.verdict, ReportVerdict::Hold, "{report}");
        assert!(report.to_string().contains(told), "{report}");
    }
}

#[test]
fn noise_is_not_trusted_where_the_baseline_does_not_answer() {
    let recorder = recorder();
    let standing = |failed| {
        Standing::default().with_baseline(Some(Unanswered::new(1000 - failed, failed, 0, 0)))
    };
    record(&recorder, 500, "{}", "{}");
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
