//! What layers do to every response is told as such.

use http::HeaderValue;

use super::*;

const HELP: &str = "`compare_at = \"server\"`";

#[test]
fn an_envelope_around_every_response_is_told() {
    let inner = r#"{"id":7,"name":"Ann"}"#;
    let outer = r#"{"data":{"id":7,"name":"Ann"},"took":3}"#;
    for (primary, shadow, told) in [
        (
            inner,
            outer,
            "what the primary responds with is in `/data` of the shadow's response",
        ),
        (
            outer,
            inner,
            "what the shadow responds with is in `/data` of the primary's response",
        ),
    ] {
        let recorder = recorder();
        record(&recorder, 25, primary, shadow);
        let report = recorder.report(Standing::default()).to_string();
        assert!(report.contains(told) && report.contains(HELP), "{report}");
    }
}

#[test]
fn a_header_of_one_side_in_every_response_is_told() {
    let recorder = recorder();
    let primary = response("{}", 20);
    let mut headers = HeaderMap::new();
    headers.insert("access-control-allow-origin", HeaderValue::from_static("*"));
    let shadow = BufferedResponse::new(StatusCode::OK, headers, "{}");
    for _ in 0..25 {
        recorder.record(&mut compared_responses(&primary, &shadow), None);
    }
    let report = recorder.report(Standing::default()).to_string();
    let told = "only one side has `access-control-allow-origin`";
    assert!(report.contains(told) && report.contains(HELP), "{report}");
}

#[test]
fn what_handlers_do_is_not_told_so() {
    for (times, primary, shadow) in [
        // Another name, and another value.
        (25, r#"{"customer":"Ann"}"#, r#"{"client":"Ann"}"#),
        (25, r#"{"customer":"Ann"}"#, r#"{"client":{"name":"Ann"}}"#),
        (25, r#"{"total":1}"#, r#"{"total":2}"#),
        // Too few to tell.
        (19, r#"{"id":7}"#, r#"{"data":{"id":7}}"#),
    ] {
        let recorder = recorder();
        record(&recorder, times, primary, shadow);
        let report = recorder.report(Standing::default()).to_string();
        assert!(!report.contains(HELP), "{report}");
    }
    // Not in every response.
    let recorder = recorder();
    record(&recorder, 25, r#"{"id":7}"#, r#"{"data":{"id":7}}"#);
    record(&recorder, 1, r#"{"id":7}"#, r#"{"id":7}"#);
    let report = recorder.report(Standing::default()).to_string();
    assert!(!report.contains(HELP), "{report}");
}
