//! Checks that run while the user's program is compiled.

use mirror_grammar::{Scheme, parse_url, same_target};

/// Fails the compilation if a `const` is not the URL of a target.
///
/// # Panics
///
/// In `const` evaluation, with what is wrong.
#[track_caller]
pub const fn check_target(url: &str) {
    if let Err(error) = parse_url(url) {
        panic!("{}", error.as_str());
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
