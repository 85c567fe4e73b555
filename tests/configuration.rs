//! Wrong values are errors that say which and why.

use std::{borrow::Cow, time::Duration};

use mirror_runtime::{
    BodyMode, CompareMode, ConfigError, Http2, Mirror, MirrorBuilder, Sticky, Target, Thresholds,
};

fn message(builder: MirrorBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

fn valid() -> MirrorBuilder {
    Mirror::builder().target("https://staging.example.com")
}

#[test]
fn targets_are_checked() {
    for (url, expected) in [
        (
            "localhost:8080",
            "invalid target `localhost:8080`: not an absolute URL",
        ),
        (
            "ftp://a",
            "invalid target `ftp://a`: the scheme must be `http` or `https`, not `ftp`",
        ),
        ("http://", "invalid target `http://`: the host is missing"),
        (
            "http://a:0",
            "invalid target `http://a:0`: the port must be a number from 1 to 65535, not `0`",
        ),
        (
            "http://a?token=s3cret",
            "invalid target `http://a`: a target must not have a query: each copy has that of its request",
        ),
        (
            "http://bücher.example",
            "invalid target `http://bücher.example`: the host must be a name in ASCII or an IP address, not `bücher.example`",
        ),
    ] {
        assert_eq!(message(Mirror::builder().target(url)), expected);
    }
    let error = Target::new("https://user:s3cret@host").unwrap_err();
    assert_eq!(error, ConfigError::Credentials);
    assert!(!format!("{error:?} {error}").contains("s3cret"));
}

#[test]
fn prior_knowledge_is_for_targets_without_tls() {
    let target = |url, http2| Target::new(url).unwrap().http2(http2);
    let over_tls = target("https://orders:50051", Http2::PriorKnowledge).named("grpc");
    let wrong = "the target `grpc` is `https`, and HTTP/2 with prior knowledge is for `http`: \
                 remove it, the server chooses HTTP/2 by ALPN";
    assert_eq!(message(Mirror::builder().target(over_tls.clone())), wrong);
    let baseline = valid().compare(CompareMode::Status).baseline(over_tls);
    assert_eq!(message(baseline), wrong);
    let good = valid()
        .target(target("http://orders:50051", Http2::PriorKnowledge))
        .target(target("https://a", Http2::Off))
        .target(target("http://a", Http2::Off));
    assert!(good.build().is_ok());
}

#[test]
fn a_mirror_needs_targets_that_differ() {
    assert_eq!(Mirror::new([""; 0]).unwrap_err(), ConfigError::NoTargets);
    assert_eq!(
        message(valid().target("HTTPS://Staging.example.com:443/")),
        "duplicate target `https://staging.example.com`"
    );
    let named = |url| Target::new(url).unwrap().named("canary");
    let twice = Mirror::new([named("http://a"), named("http://b")]);
    assert_eq!(
        twice.unwrap_err().to_string(),
        "duplicate target name `canary`"
    );
    let many = (0..65).map(|i| format!("http://h{i}"));
    assert_eq!(
        Mirror::new(many).unwrap_err().to_string(),
        "a mirror has at most 64 targets, not 65"
    );
}

#[test]
fn values_are_checked() {
    // Not on the stack: a builder is large.
    for (builder, expected) in vec![
        (
            valid().percentage(100.1),
            "`percentage` must be between 0 and 100, not 100.1",
        ),
        (
            valid().percentage(f64::NAN),
            "`percentage` must be between 0 and 100, not NaN",
        ),
        (
            valid().timeout(Duration::ZERO),
            "invalid `timeout`: it must be longer than zero",
        ),
        (
            valid().timeout(Duration::MAX),
            "invalid `timeout`: it must be at most 24h",
        ),
        (
            valid().max_body(0),
            "`max_body` must be larger than zero; to copy no bodies, use `copy_body(false)`",
        ),
        (
            valid()
                .timeout(Duration::from_millis(1))
                .connect_timeout(Duration::from_millis(2)),
            "`connect_timeout` is a part of `timeout` and cannot be longer",
        ),
        (
            valid().methods([]),
            "`methods` must name at least one method",
        ),
        (
            valid().methods([http::Method::CONNECT]),
            "`CONNECT` cannot be mirrored: it opens a tunnel",
        ),
        (valid().name(""), "a name must not be empty"),
        (
            valid().set_header("x env", "1"),
            "invalid header name `x env`",
        ),
        (
            valid().set_header("Expect", "100-continue"),
            "`expect` waits for `100 Continue`: a copy sends its body at once",
        ),
        (
            valid().remove_header("trailer"),
            "`trailer` is a hop-by-hop header: it is about one connection and never copied",
        ),
        (
            valid().set_header("connection", "1"),
            "`connection` is a hop-by-hop header: it is about one connection and never copied",
        ),
        (
            valid().remove_header("host"),
            "`host` has an option of its own: `host = \"preserve\"` or `\"target\"`",
        ),
        (
            valid().max_body(1).copy_body(false),
            "`max_body` conflicts with `copy_body(false)`: there is no body to limit",
        ),
        (
            valid().read_ahead(Duration::ZERO),
            "invalid `read_ahead`: it must be longer than zero",
        ),
        (
            valid().read_ahead(Duration::MAX),
            "invalid `read_ahead`: it must be at most 24h",
        ),
        (
            valid().read_ahead(Duration::from_secs(1)).copy_body(false),
            "`read_ahead` conflicts with `copy_body(false)`: there is no body to read",
        ),
        (
            valid()
                .read_ahead(Duration::from_secs(1))
                .body(BodyMode::Tee),
            "`read_ahead` conflicts with `body(BodyMode::Tee)`: the handler reads the body then",
        ),
        (
            valid().set_header("x-a", "1").remove_header("X-A"),
            "the header `x-a` is both set and removed",
        ),
    ] {
        assert_eq!(message(builder), expected);
    }
    let secret = message(valid().set_header("x-key", "s3cret\n"));
    assert!(
        secret.starts_with("invalid header value") && !secret.contains("s3cret"),
        "{secret}"
    );
    assert!(Target::with_percentage("http://a", -1.0).is_err());
    assert!(
        Target::new("http://a")
            .unwrap()
            .timeout(Duration::ZERO)
            .is_err()
    );
}

#[test]
fn baggage_is_of_tokens_and_not_long() {
    for (builder, expected) in [
        (
            valid().baggage("a b", "1"),
            "invalid baggage key `a b`: it must be letters, digits and `!#$%&'*+-.^_`|~`",
        ),
        (
            valid().baggage("a", "1").baggage("a", "2"),
            "the baggage key `a` is there twice",
        ),
        (
            valid().baggage("a", "ä".repeat(4096)),
            "the members of `baggage` must have at most 8192 bytes together",
        ),
    ] {
        assert_eq!(message(builder), expected);
    }
}

#[test]
fn what_tells_no_users_apart_and_weak_keys_are_errors() {
    assert_eq!(
        message(valid().sticky(Sticky::Header("host"))),
        "invalid `sticky`: `host` does not tell users apart: it names the server, and requests over HTTP/2 have none"
    );
    assert_eq!(
        message(valid().sticky(Sticky::Cookie(""))),
        "invalid `sticky`: invalid cookie name ``"
    );
    assert_eq!(
        message(valid().key("hunter2")),
        "invalid `key`: the secret has 7 characters, and must have at least 32: `openssl rand -base64 32` makes one"
    );
}

#[test]
fn thresholds_are_numbers_that_a_verdict_can_rest_on() {
    let with = |change: fn(&mut Thresholds)| {
        let mut thresholds = Thresholds::default();
        change(&mut thresholds);
        valid().compare(CompareMode::Json).thresholds(thresholds)
    };
    assert_eq!(
        message(with(|thresholds| thresholds.max_failed = f64::NAN)),
        "`max_failed` of the `thresholds` must be a share between 0 and 1"
    );
    assert_eq!(
        message(with(|thresholds| thresholds.promote_match_rate = 99.0)),
        "`promote_match_rate` of the `thresholds` must be a share between 0 and 1"
    );
    assert_eq!(
        message(with(|thresholds| thresholds.slow_ratio = 0.0)),
        "`slow_ratio` of the `thresholds` must be larger than 0"
    );
    assert_eq!(
        message(with(|thresholds| thresholds.promote_match_rate = 1.0)),
        "`promote_match_rate` of the `thresholds` must be less than 1: no number of comparisons \
         shows that all match"
    );
    assert_eq!(
        message(with(|thresholds| thresholds.max_failed = 0.0)),
        "`max_failed` of the `thresholds` must be more than 0: no number of requests shows that \
         there are none"
    );
    let any_latency = with(|thresholds| thresholds.slow_ratio = f64::INFINITY);
    assert!(any_latency.build().is_ok());
}

#[test]
fn the_first_mistake_is_the_one_that_is_told() {
    assert_eq!(
        message(valid().name("").percentage(200.0).timeout(Duration::ZERO)),
        "`percentage` must be between 0 and 100, not 200"
    );
}

#[test]
fn names_and_urls_are_anything_string_like() {
    let name: Cow<'static, str> = Cow::Borrowed("orders");
    let url = String::from("http://a/base/");
    let mirror = Mirror::builder()
        .name(name)
        .target(&url)
        .target(url.replace('a', "b"))
        .target("http://c")
        .target(Target::new(&url).unwrap().named("d"))
        .set_header(String::from("x-a"), String::from("1"));
    assert_eq!(
        mirror.build().unwrap_err(),
        ConfigError::DuplicateTarget("d".into())
    );
    assert_eq!(Target::new(url).unwrap().url(), "http://a/base");
}

#[test]
fn no_debug_output_holds_the_value_of_a_header() {
    let builder = valid().set_header("x-key", "s3cret");
    assert!(!format!("{builder:?}").contains("s3cret"));
    assert!(!format!("{:?}", builder.build().unwrap()).contains("s3cret"));
}
