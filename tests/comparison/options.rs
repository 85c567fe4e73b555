//! Wrong options are errors that say which and why.

use std::time::Duration;

use mirror_runtime::{CompareMode, Mirror, MirrorBuilder, Target};
use testkit::until;

use super::Pair;

fn builder() -> MirrorBuilder {
    Mirror::builder().target("http://shadow.example")
}

fn json() -> MirrorBuilder {
    builder().compare(CompareMode::Json)
}

#[test]
fn options_about_comparing_need_something_that_compares() {
    for (builder, option) in [
        (builder().compare_headers(["etag"]), "compare_headers"),
        (builder().ignore_headers(["etag"]), "ignore_headers"),
        (builder().ignore(["/a"]), "ignore"),
        (builder().unordered(["/a"]), "unordered"),
        (builder().tolerance("/a", 1.0), "tolerance"),
        (builder().ignore_zero_fraction(true), "ignore_zero_fraction"),
        (builder().ignore_bom(true), "ignore_bom"),
        (builder().redact(["/a"]), "redact"),
        (builder().max_compare_body(1), "max_compare_body"),
        (builder().on_mismatch(|_| {}), "on_mismatch"),
        (builder().baseline("http://old.example"), "baseline"),
        (
            builder().thresholds(mirror_runtime::Thresholds::default()),
            "thresholds",
        ),
    ] {
        let expected = format!("`{option}` needs `compare`: without it, nothing is compared");
        assert_eq!(builder.build().unwrap_err().to_string(), expected);
    }
}

#[test]
fn options_about_json_need_json() {
    for (mode, name) in [
        (CompareMode::Status, "CompareMode::Status"),
        (CompareMode::Bytes, "CompareMode::Bytes"),
    ] {
        for (builder, option) in [
            (builder().ignore(["/a"]), "ignore"),
            (builder().unordered(["/a"]), "unordered"),
            (builder().tolerance("/a", 1.0), "tolerance"),
            (builder().ignore_zero_fraction(true), "ignore_zero_fraction"),
            (builder().ignore_bom(true), "ignore_bom"),
        ] {
            let expected = format!("`{option}` applies to JSON only; `compare` is `{name}`");
            let error = builder.compare(mode).build().unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        assert!(builder().redact(["/a"]).compare(mode).build().is_ok());
    }
}

#[test]
fn values_are_checked() {
    for (builder, expected) in [
        (
            json().unordered(["/tags"]).ignore(["/tags/0/id"]),
            "`/tags/0/id` names an element by its index, and `/tags` is `unordered`: write `*`",
        ),
        (
            json().compare_headers(["etag"]).ignore_headers(["ETag"]),
            "`ignore_headers` conflicts with `compare_headers`: one header is in both",
        ),
        (
            json().ignore(["/a", "b"]),
            "invalid JSON pointer `b`: it must start with `/`",
        ),
        (
            json().unordered(["/~2"]),
            "invalid JSON pointer `/~2`: `~` must be followed by `0` (for `~`) or `1` (for `/`)",
        ),
        (
            json().tolerance("x", 1.0),
            "invalid JSON pointer `x`: it must start with `/`",
        ),
        (
            json().redact(["#/a"]),
            "invalid JSON pointer `#/a`: it must start with `/`, without a `#`",
        ),
        (
            json().max_compare_body(0),
            "`max_compare_body` must be larger than zero and at most 1MiB; to compare no bodies, use `CompareMode::Status`",
        ),
        (
            json().baseline("ftp://old"),
            "invalid target `ftp://old`: the scheme must be `http` or `https`, not `ftp`",
        ),
        (
            json().baseline("HTTP://Shadow.example:80/"),
            "the baseline `http://shadow.example` is also a target: every difference would be noise",
        ),
        (
            json().baseline(
                Target::new("http://old.example")
                    .unwrap()
                    .named("http://shadow.example"),
            ),
            "duplicate target name `http://shadow.example`",
        ),
    ] {
        assert_eq!(builder.build().unwrap_err().to_string(), expected);
    }
    assert!(json().max_compare_body(1 << 20).build().is_ok());
    assert!(json().max_compare_body((1 << 20) + 1).build().is_err());
    assert!(json().tolerance("/a", -1.0).build().is_err());
    assert!(json().compare_headers(["no header"]).build().is_err());
}

#[test]
fn a_mirror_that_does_not_compare_reports_on_no_target() {
    assert!(builder().build().unwrap().report().targets.is_empty());
}

/// Runs twice: by itself, and with the variable set that makes mismatches fail tests.
#[tokio::test]
async fn a_mismatch_is_reported_whatever_the_environment_says() {
    let pair = Pair::json("[1]", "[2]").await;
    pair.primary.get("/").await;
    until("a mismatch", || !pair.found.lock().unwrap().is_empty()).await;
    assert_eq!(pair.mirror.report().targets[0].mismatched, 1);
    if std::env::var_os("MIRROR_RAISE_ON_MISMATCH").is_some() {
        // Not in the other tests of the process: this one is alone then.
        assert_eq!(mirror_runtime::drain(Duration::from_secs(1)).await.cut, 0);
    }
}
