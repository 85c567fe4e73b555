//! What a baseline takes off the mismatches.

use super::*;

#[test]
fn what_the_old_version_differs_in_as_well_is_noise() {
    let recorder = recorder();
    for i in 0..428 {
        let body = |source: &str| format!(r#"{{"at":"{source}{i}","a":1}}"#);
        let comparison = with_baseline(&recorder, &body("p"), &body("s"), &body("b"));
        assert!(comparison.is_noise() && comparison.differences[0].noise);
    }
    let report = recorder.report(Standing::default());
    assert_eq!(
        (report.matched, report.noise, report.mismatched),
        (428, 428, 0)
    );
    assert_eq!(report.verdict, ReportVerdict::Promote, "{report}");
    assert!(report.groups[0].noise);
    assert_eq!(report.groups[0].baseline_rate, Some(1.0));
}

#[test]
fn a_difference_of_the_shadow_alone_is_none_of_noise() {
    let recorder = recorder();
    for i in 0..100 {
        let body = |source: &str, total: u8| format!(r#"{{"at":"{source}{i}","total":{total}}}"#);
        // One in ten differs in something else as well.
        let total = if i % 10 == 0 { 2 } else { 1 };
        let comparison = with_baseline(&recorder, &body("p", 1), &body("s", total), &body("b", 1));
        assert_eq!(comparison.is_noise(), total == 1);
    }
    let report = recorder.report(Standing::default());
    assert_eq!(
        (report.matched, report.noise, report.mismatched),
        (90, 90, 10)
    );
    // Of another type where the old version differs in value is something else.
    let comparison = with_baseline(&recorder, r#"{"at":"x"}"#, r#"{"at":1}"#, r#"{"at":"y"}"#);
    assert!(!comparison.is_noise());
}

#[test]
fn noise_in_more_places_than_are_kept_is_noise() {
    let recorder = recorder();
    let body = |at: u8| format!("[{}]", vec![format!(r#"{{"at":{at}}}"#); 300].join(","));
    let comparison = with_baseline(&recorder, &body(1), &body(2), &body(3));
    assert!(comparison.more_differences == 200 && comparison.is_noise());
    assert_eq!(recorder.report(Standing::default()).noise, 1);
}

#[test]
fn without_a_baseline_nothing_is_noise() {
    let recorder = recorder();
    record(&recorder, 5, r#"{"at":1}"#, r#"{"at":2}"#);
    let report = recorder.report(Standing::default());
    assert_eq!((report.noise, report.mismatched), (0, 5));
    assert_eq!(report.groups[0].shadow_rate, None);
}

#[test]
fn with_a_difference_at_a_place_that_is_not_kept_nothing_is_noise() {
    let recorder = recorder();
    let compare = |i: usize| {
        let body = |at: usize, total: usize| format!(r#"{{"at":{at},"total{i}":{total}}}"#);
        with_baseline(&recorder, &body(1, 1), &body(2, 2), &body(3, 1))
    };
    for i in 0..300 {
        assert!(!compare(i).is_noise());
    }
    let report = recorder.report(Standing::default());
    assert_eq!(
        (report.groups.len(), report.noise, report.mismatched),
        (200, 0, 300)
    );
}

#[test]
fn a_baseline_that_is_broken_confirms_no_shadow_that_is_broken() {
    let recorder = recorder();
    let broken = || BufferedResponse::new(StatusCode::INTERNAL_SERVER_ERROR, HeaderMap::new(), "");
    let compare = |shadow: &BufferedResponse| compared_responses(&response("{}", 20), shadow);
    record(&recorder, 480, "{}", "{}");
    for _ in 0..20 {
        recorder.record(&mut compare(&broken()), Some(&compare(&broken())));
    }
    let report = recorder.report(Standing::default());
    assert_eq!((report.matched, report.noise), (500, 20));
    assert_eq!(report.verdict, ReportVerdict::Hold);
    assert_eq!(report.reason, "the baseline has another status in 100 %");
}

#[test]
fn without_the_baselines_response_a_mismatch_may_be_noise() {
    let recorder = recorder().with_baseline(true);
    for _ in 0..428 {
        with_baseline(&recorder, "{}", "{}", "{}");
    }
    let mut comparison = compared("[1]", "[2]");
    recorder.record(&mut comparison, None);
    assert!(!comparison.differs());
    // A match is one, and no evidence.
    record(&recorder, 10, "{}", "{}");
    let report = recorder.report(Standing::default());
    assert_eq!(
        (report.responses, report.matched, report.mismatched),
        (Paired::new(428, 0, 0), 438, 0)
    );
    assert_eq!(report.not_compared_for(NotComparedReason::NoBaseline), 1);
    assert_eq!(report.verdict, ReportVerdict::Promote, "{report}");
    record(&recorder, 50, "[1]", "[2]");
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Hold);
    assert!(
        report
            .reason
            .starts_with("10.5 % differ, and the baseline gave no response"),
        "{report}"
    );
}

#[test]
fn only_what_the_shadow_adds_to_the_noise_is_evidence() {
    let recorder = recorder().with_baseline(true);
    for i in 0..400 {
        let [shadow, baseline] = match i % 8 {
            0 => ["[2]", "[1]"],
            1 => ["[1]", "[2]"],
            2 => ["[2]", "[3]"],
            _ => ["[1]", "[1]"],
        };
        with_baseline(&recorder, "[1]", shadow, baseline);
    }
    let report = recorder.report(Standing::default());
    assert_eq!(report.responses, Paired::new(400, 50, 50));
    assert_eq!(report.verdict, ReportVerdict::Hold);
}
