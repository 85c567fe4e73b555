use std::time::Duration;

use http::Method;

use super::*;
use crate::{
    AcceptEncoding, CircuitBreaker, CompareAt, CompareMode, Credentials, Host, Key, Mirror,
    MirrorBuilder, Sticky, Thresholds, Trace,
};

const STAGING: &str = "http://staging.invalid";
const OLD: &str = "http://old.invalid";

/// A value of each option that is not its default.
const ALL: Defaults = Defaults::new()
    .percentage(10.0)
    .sticky(Sticky::Cookie("sid"))
    .timeout(Duration::from_secs(2))
    .connect_timeout(Duration::from_millis(500))
    .sync(true)
    .max_body(1)
    .body(BodyMode::Tee)
    .max_in_flight(1)
    .rate_limit(7, Duration::from_secs(1))
    .circuit_breaker(None)
    .until("2999-01-31")
    .allow_raise(true)
    .on_success(|_, _| ())
    .on_error(|_, _| ())
    .on_skip(|_, _| ())
    .methods(&[Method::GET])
    .when(|_| true)
    .set_headers(&[("x-env", "shadow")])
    .remove_headers(&["x-internal"])
    .credentials(Credentials::Strip)
    .host(Host::Preserve)
    .accept_encoding(AcceptEncoding::Comparable)
    .map_request(|_| ())
    .mask(&["/email"])
    .key(|| Key::from_env("MIRROR_KEY_THAT_IS_UNSET"))
    .trace(Trace::Strip)
    .baggage(&[("mirror", "shadow")])
    .compare(CompareMode::Json)
    .compare_at(CompareAt::Server)
    .compare_headers(&["x-total"])
    .ignore_headers(&["etag"])
    .ignore(&["/generated_at"])
    .unordered(&["/tags"])
    .tolerance(&[("/total", 0.01)])
    .ignore_zero_fraction(true)
    .ignore_bom(true)
    .redact(&["/password"])
    .max_compare_body(1)
    .on_mismatch(|_| ())
    .baseline(OLD)
    .version_header("x-version")
    .record("mirror-fixtures")
    .max_fixtures(7)
    .max_fixture_bytes(8);

fn taken(builder: MirrorBuilder) -> MirrorBuilder {
    builder.target(STAGING).defaults(&ALL).take_defaults()
}

fn shown(builder: &MirrorBuilder) -> String {
    format!("{builder:?} {:?} {:?}", builder.percentage, builder.timeout)
}

#[test]
fn a_mirror_takes_all_that_it_is_not_given() {
    let taken = taken(Mirror::builder());
    assert!((taken.percentage - 10.0).abs() < f64::EPSILON);
    let by_cookie = Sticky::Cookie("sid").try_into().ok();
    assert_eq!(taken.options.sticky, by_cookie);
    assert_eq!(taken.timeout, Duration::from_secs(2));
    assert_eq!(taken.connect_timeout, Some(Duration::from_millis(500)));
    assert!(taken.options.sync);
    assert_eq!(taken.max_body, Some(1));
    assert_eq!(taken.body, Some(BodyMode::Tee));
    assert_eq!(taken.protection.max_in_flight, 1);
    assert_eq!(taken.protection.rate_limit.unwrap().copies.get(), 7);
    assert_eq!(taken.protection.circuit_breaker, None);
    assert_eq!(taken.until.unwrap().to_string(), "2999-01-31");
    assert_eq!(taken.allow_raise, Some(true));
    assert!(taken.callbacks.on_success.is_some());
    assert!(taken.callbacks.on_error.is_some());
    assert!(taken.callbacks.on_skip.is_some());
    assert!(taken.when.is_some());
    assert!(taken.map_request.is_some());
    assert_eq!(taken.masked, ["/email"]);
    assert_eq!(taken.options.methods, [Method::GET]);
    let headers = &taken.options.headers;
    assert_eq!(headers.set[0].0, "x-env");
    assert_eq!(headers.remove[0], "x-internal");
    assert!(headers.strip_credentials && headers.preserve_host && headers.comparable_encodings);
    assert!(taken.key.as_ref().is_some_and(Key::is_random));
    assert!(headers.baggage.has("mirror"));
    assert_eq!(taken.trace, Trace::Strip);
    assert!(taken.compare.looks_at_json());
    let shown = shown(&taken);
    for part in [
        "x-total",
        "x-version",
        "mirror-fixtures",
        "old.invalid",
        "Server",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let rules = &taken.compare.rules;
    assert_eq!(rules.ignore_headers()[0], "etag");
    assert!(rules.ignore_zero_fraction() && rules.ignore_bom());
    assert_eq!(rules.max_compare_body(), 1);
    let written = rules.written();
    assert_eq!(written.ignore, ["/generated_at"]);
    assert_eq!(written.unordered, ["/tags"]);
    assert_eq!(written.tolerance, [("/total".to_owned(), 0.01)]);
    assert_eq!(written.redact, ["/password"]);
    assert!(taken.compare.on_mismatch.is_some());
    assert!(taken.build().is_ok());
    let bad = Defaults::new().key(|| Key::new("too short"));
    let mistaken = Mirror::builder().target(STAGING).defaults(&bad).build();
    assert!(matches!(mistaken, Err(ConfigError::Key(_))));
}

/// Before the defaults or behind them.
#[test]
fn what_a_mirror_is_given_itself_counts() {
    let own = |builder: MirrorBuilder| {
        builder
            .percentage(100.0)
            .sticky(Sticky::Path)
            .timeout(Duration::from_millis(100))
            .sync(false)
            .copy_body(true)
            .body(BodyMode::Buffer)
            .max_in_flight(2)
            .circuit_breaker(CircuitBreaker::default())
            .methods([Method::POST])
            .credentials(Credentials::Forward)
            .host(Host::Target)
            .key("0123456789abcdef".repeat(2))
            .accept_encoding(AcceptEncoding::Verbatim)
            .trace(Trace::Forward)
            .baggage("mirror", "its own")
            .compare_at(CompareAt::Handler)
            .compare_headers(["etag"])
            .ignore_headers(["x-total"])
            .tolerance("/total", 1.0)
            .baseline("http://another.invalid")
            .thresholds(Thresholds::default())
            .record("elsewhere")
            .max_fixtures(1)
            .set_header("x-internal", "1")
            .remove_header("X-Env")
    };
    let behind = own(Mirror::builder().target(STAGING).defaults(&ALL)).take_defaults();
    let before = taken(own(Mirror::builder()));
    for taken in [behind, before] {
        assert!((taken.percentage - 100.0).abs() < f64::EPSILON);
        assert_eq!(taken.timeout, Duration::from_millis(100));
        // Nobody has written that it is longer than the timeout.
        assert_eq!(taken.connect_timeout, Some(Duration::from_millis(100)));
        assert_eq!(taken.options.sticky, Sticky::Path.try_into().ok());
        assert!(!taken.options.sync);
        assert_eq!(taken.body, Some(BodyMode::Buffer));
        assert_eq!(taken.protection.max_in_flight, 2);
        assert!(taken.protection.circuit_breaker.is_some());
        assert_eq!(taken.options.methods, [Method::POST]);
        let headers = &taken.options.headers;
        assert!(!headers.strip_credentials && !headers.preserve_host);
        assert!(!headers.comparable_encodings);
        assert!(taken.key.as_ref().is_some_and(|key| !key.is_random()));
        assert_eq!(taken.trace, Trace::Forward);
        let mut copy = http::HeaderMap::new();
        headers.baggage.append_to(&mut copy);
        assert_eq!(copy["baggage"], "mirror=its%20own");
        assert_eq!((headers.set.len(), headers.remove.len()), (1, 1));
        let rules = &taken.compare.rules;
        assert_eq!(rules.compare_headers(), ["etag"]);
        assert_eq!(rules.ignore_headers(), ["x-total"]);
        assert_eq!(rules.written().tolerance, [("/total".to_owned(), 1.0)]);
        let shown = shown(&taken);
        assert!(shown.contains("another.invalid") && shown.contains("elsewhere"));
        assert!(taken.build().is_ok());
    }
}

#[test]
fn what_contradicts_a_mirror_is_not_taken() {
    let without_body = taken(Mirror::builder().copy_body(false));
    assert_eq!((without_body.max_body, without_body.body), (None, None));
    assert!(without_body.masked.is_empty());
    assert!(without_body.build().is_ok());

    let of_all = Defaults::new().copy_body(false);
    let with_body = Mirror::builder().target(STAGING).defaults(&of_all);
    let with_body = with_body.max_body(1).take_defaults();
    assert!(with_body.options.copies_body());
    assert!(with_body.build().is_ok());

    let masked = Mirror::builder().target(STAGING).defaults(&of_all);
    let masked = masked.mask(["/a"]).take_defaults();
    assert!(masked.options.copies_body());

    let read_ahead = taken(Mirror::builder().read_ahead(Duration::from_secs(1)));
    assert_eq!(read_ahead.body, None);
    assert!(read_ahead.build().is_ok());

    let status = taken(Mirror::builder().compare(CompareMode::Status));
    assert!(status.compare.rules.written().ignore.is_empty());
    assert!(status.build().is_ok());

    // The baseline of the others is the target.
    let old = Mirror::builder().target(OLD).defaults(&ALL).take_defaults();
    assert!(old.compare.baseline.is_none());
    assert!(old.build().is_ok());
}

#[test]
fn rules_say_nothing_for_a_mirror_that_does_not_compare() {
    const RULES: Defaults = Defaults::new()
        .ignore(&["/a"])
        .redact(&["/b"])
        .max_compare_body(1);
    let builder = || Mirror::builder().target(STAGING).defaults(&RULES);
    let plain = builder().take_defaults();
    assert!(plain.compare.rules.written().ignore.is_empty());
    assert!(plain.compare.rules.written().redact.is_empty());
    assert!(plain.build().is_ok());

    let compared = builder().compare(CompareMode::Json).take_defaults();
    assert_eq!(compared.compare.rules.written().ignore, ["/a"]);
    assert_eq!(compared.compare.rules.written().redact, ["/b"]);
    assert!(compared.build().is_ok());
}

#[test]
fn options_of_a_target_count_before_both() {
    let target = Target::new(STAGING).unwrap().percentage(5.0).unwrap();
    let mirror = Mirror::builder()
        .target(target)
        .defaults(&ALL)
        .build()
        .unwrap();
    let target = mirror.engine().targets[0].target();
    assert_eq!(target.own_percentage(), Some(5.0));
}

/// A new option is one of these, or one that handlers share.
const OF_ONE_MIRROR: [&str; 4] = ["targets", "defaults", "name", "transport"];

#[test]
fn each_option_of_the_builder_can_be_shared() {
    let source = include_str!("../../defaults.rs");
    for spec in options::ALL.iter().filter(|spec| spec.builder.is_some()) {
        let is_shared = source.contains(&format!("    pub const fn {}(", spec.name));
        assert_eq!(
            is_shared,
            !OF_ONE_MIRROR.contains(&spec.name),
            "{}",
            spec.name
        );
    }
}
