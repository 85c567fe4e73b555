//! Routes, each of which must be good enough.

use super::*;

fn on(recorder: &Recorder, route: &str, times: usize, primary: &str, shadow: &str) {
    let subject = Subject::new(&Method::GET, "/").with_route(route);
    let [primary, shadow] = [primary, shadow].map(|body| response(body, 1));
    let (mode, rules) = (CompareMode::Json, Rules::default());
    let comparison = compare(subject, &primary, &shadow, mode, &rules);
    for _ in 0..times {
        recorder.record(&mut of_another_request(&comparison), None);
    }
}

#[test]
fn a_rare_route_that_is_wrong_is_named_and_not_promoted() {
    let recorder = recorder();
    on(&recorder, "/orders", 5_000, "{}", "{}");
    on(&recorder, "/invoices", 10, "[1]", "[2]");
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Hold);
    let named = "/invoices: 10 of 10 responses differ";
    assert!(report.reason.ends_with(named), "{report}");
    let shown = report.to_string();
    let row = "/invoices        10      10             0";
    assert!(shown.contains(row), "{shown}");
}

#[test]
fn a_rare_route_is_not_promoted_for_what_was_not_compared() {
    let recorder = recorder();
    on(&recorder, "/orders", 5_000, "{}", "{}");
    for _ in 0..3 {
        recorder.not_compared(NotComparedReason::TooLarge, Some("/export"));
    }
    recorder.not_sent(Some("/upload"));
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Hold);
    assert_eq!(
        report.reason,
        "/export: 3 requests, none compared; /upload: 1 request, none compared"
    );
    // One of many is no matter.
    let recorder = self::recorder();
    on(&recorder, "/orders", 500, "{}", "{}");
    recorder.not_compared(NotComparedReason::TooLarge, Some("/orders"));
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Promote, "{report}");
}
