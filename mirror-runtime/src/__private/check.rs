//! Checks that run while the user's program is compiled.

use std::time::Duration;

use mirror_grammar::{Scheme, parse_url, same_target};

use crate::{control::Shared, mirror::Defaults, target::check_url};

/// Fails the compilation if a `const` is not the URL of a target.
///
/// # Panics
///
/// In `const` evaluation, with what is wrong.
#[track_caller]
pub const fn check_target(url: &str) {
    check_url(url);
}

/// Fails the compilation if shared options contradict one another.
///
/// # Panics
///
/// In `const` evaluation, with what is wrong.
#[track_caller]
pub const fn check_defaults(defaults: &Defaults) {
    if let Some(contradiction) = defaults.contradiction() {
        panic!("{}", contradiction);
    }
}

/// Fails the compilation if a `connect_timeout` is longer than the timeout of the shared options.
///
/// # Panics
///
/// In `const` evaluation.
#[track_caller]
pub const fn check_connect_timeout(defaults: &Defaults, connect_timeout_ms: u64) {
    assert!(
        !defaults.is_shorter_than(Duration::from_millis(connect_timeout_ms)),
        "`connect_timeout` is a part of `timeout`, which is that of the defaults, and cannot be longer"
    );
}

/// Fails the compilation if an option of comparing says nothing beside the `compare` of the shared
/// options.
///
/// # Panics
///
/// In `const` evaluation, with one of the messages: if there is none, and if it does not look at
/// JSON.
#[cfg(feature = "compare")]
#[track_caller]
pub const fn check_compared(
    defaults: &Defaults,
    needs_json: bool,
    without: &str,
    without_json: &str,
) {
    match defaults.looks_at_json() {
        None => panic!("{}", without),
        Some(false) if needs_json => panic!("{}", without_json),
        Some(_) => {}
    }
}

/// Fails the compilation if a `const` with `http2 = "prior-knowledge"` is the URL of an `https`
/// target.
///
/// # Panics
///
/// In `const` evaluation.
#[track_caller]
pub const fn check_without_tls(url: &str) {
    if let Ok(url) = parse_url(url) {
        assert!(
            !matches!(url.scheme, Scheme::Https),
            "`http2 = \"prior-knowledge\"` is for `http` targets: an `https` server chooses HTTP/2 by ALPN"
        );
    }
}

/// Fails the compilation if two targets are the same.
///
/// # Panics
///
/// In `const` evaluation.
#[track_caller]
pub const fn check_distinct(a: &str, b: &str) {
    if let (Ok(a), Ok(b)) = (parse_url(a), parse_url(b)) {
        assert!(!same_target(&a, &b), "duplicate target");
    }
}

/// Fails the compilation if the baseline is a target.
///
/// # Panics
///
/// In `const` evaluation.
#[track_caller]
pub const fn check_baseline(target: &str, baseline: &str) {
    if let (Ok(a), Ok(b)) = (parse_url(target), parse_url(baseline)) {
        assert!(
            !same_target(&a, &b),
            "the baseline is also a target: every difference would be noise"
        );
    }
}

/// What is known of a mirror with shared options before it is made.
#[must_use]
pub const fn shared(defaults: &Defaults) -> Shared {
    defaults.of_entry()
}
