//! What evidence is about, and what the last minutes show.

use http::HeaderName;

use super::*;
use crate::report::clock::Clock;

static VERSION: HeaderName = HeaderName::from_static("x-version");

/// A recorder, and the milliseconds by which its clock is ahead.
fn clocked(thresholds: Thresholds) -> (Recorder, Arc<AtomicU64>) {
    let later = Arc::default();
    let recorder = Recorder::with_clock("staging", thresholds, Clock::with_hands(&later));
    (recorder, later)
}

fn of_version(recorder: &Recorder, version: &str, times: u64, body: &str) {
    let mut headers = HeaderMap::new();
    headers.insert(&VERSION, version.parse().unwrap());
    let shadow = BufferedResponse::new(StatusCode::OK, headers, body.to_owned());
    let subject = SUBJECT.with_version_header(Some(&VERSION));
    let (mode, rules) = (CompareMode::Json, Rules::default());
    let comparison = compare(subject, &response("[1]", 1), &shadow, mode, &rules);
    for _ in 0..times {
        recorder.record(&mut of_another_request(&comparison), None);
    }
}

#[test]
fn a_new_version_of_the_shadow_begins_anew() {
    let recorder = recorder();
    of_version(&recorder, "1.0", 400, "[2]");
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Regressed);
    // Repaired, and promoted for what the new version does alone.
    of_version(&recorder, "1.1", 427, "[1]");
    let report = recorder.report(Standing::default());
    assert_eq!(
        (report.verdict, report.compared),
        (ReportVerdict::Hold, 427)
    );
    of_version(&recorder, "1.1", 1, "[1]");
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Promote, "{report}");
    assert_eq!(report.version.as_deref(), Some("1.1"));
    // Old evidence promotes no new build.
    of_version(&recorder, "1.2", 1, "[1]");
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::NotEnoughData);
    // What is still to be replaced is no evidence.
    of_version(&recorder, "1.1", 5, "[2]");
    let report = recorder.report(Standing::default());
    assert_eq!((report.compared, report.mismatched), (1, 0));
    assert_eq!(report.not_compared_for(NotComparedReason::OtherVersion), 5);
}

#[test]
fn a_restarted_report_begins_anew() {
    let recorder = recorder();
    record(&recorder, 400, "[1]", "[2]");
    let failed = |answered, failed| Standing::new(Unanswered::new(answered, failed, 0, 0));
    assert_eq!(
        recorder.report(failed(400, 200)).verdict,
        ReportVerdict::Regressed
    );
    let before = recorder.report(failed(400, 200)).since;
    recorder.restart();
    assert!(recorder.wants_standing());
    recorder.stand(failed(400, 200));
    record(&recorder, 428, "[1]", "[1]");
    let report = recorder.report(failed(828, 200));
    assert_eq!(report.verdict, ReportVerdict::Promote, "{report}");
    assert_eq!(
        (report.unanswered.failed, report.unanswered.sampled),
        (0, 428)
    );
    assert!(report.since >= before && before.is_some());
}

#[test]
fn a_promoted_shadow_that_breaks_is_noticed() {
    let (recorder, later) = clocked(Thresholds::default());
    record(&recorder, 10_000, "[1]", "[1]");
    let verdict = || recorder.report(Standing::default());
    assert_eq!(verdict().verdict, ReportVerdict::Promote);
    later.fetch_add(2 * 3_600_000, Relaxed);
    record(&recorder, 12, "[1]", "[2]");
    assert_eq!(verdict().verdict, ReportVerdict::Promote);
    record(&recorder, 1, "[1]", "[2]");
    let report = verdict();
    assert_eq!(
        (report.verdict, &*report.reason),
        (
            ReportVerdict::Hold,
            "the last 5 min: 13 of 13 responses differ"
        )
    );
    let [short, long, whole] = &report.windows[..] else {
        panic!("{:?}", report.windows);
    };
    assert_eq!(
        (short.seconds, short.responses),
        (300, Paired::new(13, 13, 0))
    );
    assert_eq!((long.seconds, long.responses.n), (3600, 13));
    assert_eq!(whole.responses.n, 10_013);
    assert!(whole.seconds >= 7_200);
    // It is right again: the windows forget, and the evidence does not.
    later.fetch_add(2 * 3_600_000, Relaxed);
    record(&recorder, 1_000, "[1]", "[1]");
    assert_eq!(verdict().verdict, ReportVerdict::Promote);
}

#[test]
fn the_last_responses_are_looked_at_however_many_there_are_in_a_minute() {
    let recorder = recorder();
    record(&recorder, 4_000, "[1]", "[1]");
    record(&recorder, 20, "[1]", "[2]");
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Hold, "{report}");
    assert!(report.reason.contains("20 of "), "{report}");
}

#[test]
fn a_promoted_shadow_that_is_shed_is_noticed() {
    let (recorder, later) = clocked(Thresholds::default());
    record(&recorder, 10_000, "[1]", "[1]");
    let standing = |shed| Standing::new(Unanswered::new(10_000, 0, shed, 0));
    assert_eq!(recorder.report(standing(0)).verdict, ReportVerdict::Promote);
    later.fetch_add(2 * 3_600_000, Relaxed);
    let report = recorder.report(standing(20));
    assert_eq!(
        (report.verdict, &*report.reason),
        (
            ReportVerdict::Hold,
            "the last 5 min: 20 of 20 requests got no response"
        )
    );
}

#[test]
fn a_shadow_is_watched_for_as_long_as_asked_for() {
    let hour = Thresholds::default().with_min_duration(Duration::from_hours(1));
    let (recorder, later) = clocked(hour);
    record(&recorder, 500, "[1]", "[1]");
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Hold);
    assert!(report.reason.ends_with(", 1 h are needed"), "{report}");
    later.fetch_add(3_600_000, Relaxed);
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Promote, "{report}");
}
