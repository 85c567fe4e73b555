//! The table.

use std::time::Duration;

use super::{Conflict, DefaultValue, Feature, Limit, Needs, Spec};
use crate::size;

/// The most targets of a mirror, its baseline among them: more than anybody compares at once. The
/// set of targets that a request goes to fits a machine word.
pub const MAX_TARGETS: usize = 64;

/// All requests.
pub const DEFAULT_PERCENTAGE: f64 = 100.0;

/// Longer than any response that a shadow should be praised for, and short enough that copies to
/// one that hangs do not pile up for long.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that takes longer is of no use to a copy; a dead host is told from a slow one soon.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// axum's own limit on the bodies that extractors take: what a handler can read is what a shadow
/// can get.
pub const DEFAULT_MAX_BODY: usize = 2 * 1024 * 1024;

/// Bodies of up to `max_body` arrive within it over any connection on which somebody waits for a
/// page. A client that takes longer would have the handler, and all its time limits, wait for it.
pub const DEFAULT_READ_AHEAD: Duration = Duration::from_secs(1);

/// 256 copies in flight lose nothing to a healthy shadow at saturation, and hold few descriptors
/// and little memory when it hangs.
pub const DEFAULT_MAX_IN_FLIGHT: usize = 256;

/// Failures in a row that chance does not make.
pub const DEFAULT_FAILURES: u32 = 5;

/// A service restarts in this time.
pub const DEFAULT_COOLDOWN: Duration = Duration::from_secs(5);

/// Two bodies of this size, and what is made of them, are held while they are compared.
pub const DEFAULT_MAX_COMPARE_BODY: usize = 256 * 1024;

/// One fixture of a group of differences may be an outlier; more than a few add nothing.
pub const DEFAULT_MAX_FIXTURES: usize = 3;

/// Thousands of usual fixtures, and no more than a repository takes without harm.
pub const DEFAULT_MAX_FIXTURE_BYTES: usize = 16 * 1024 * 1024;

/// The words of `trace`.
pub const TRACE_WORDS: [&str; 5] = ["child", "forward", "unsampled", "link", "strip"];

/// A shadow that appears beside its primary in every trace is what people complain about first, so
/// the copy is a span if anybody records spans.
const DEFAULT_TRACE: &str = "`\"forward\"`, or `\"child\"` with the feature `otel`";

const WITHOUT_LIMIT: Limit = Limit::Bytes { max: usize::MAX };

const fn without_body(reason: &'static str) -> Conflict {
    Conflict {
        option: "copy_body",
        value: "false",
        call: "copy_body(false)",
        reason,
    }
}

/// Makes a static of each option, and [`ALL`] of all.
macro_rules! table {
    ($($(#[$doc:meta])* $name:ident = $spec:expr;)*) => {
        $($(#[$doc])* pub static $name: Spec = $spec;)*

        /// Every option, in the order of the manuals.
        pub static ALL: &[&Spec] = &[$(&$name),*];
    };
}

table! {
    /// Where copies go.
    TARGETS = Spec::new("targets", r#"["https://staging.example.com"]"#, DefaultValue::Required)
        .limit(Limit::Several { max: MAX_TARGETS })
        .attribute()
        .builder("target");

    /// Options that handlers share.
    DEFAULTS = Spec::new("defaults", "SHADOW", DefaultValue::None).everywhere();

    /// The share of the requests that is copied.
    PERCENTAGE = Spec::new("percentage", "10", DefaultValue::Percentage(DEFAULT_PERCENTAGE))
        .limit(Limit::Percentage)
        .everywhere()
        .target();

    /// What users are told apart by, so that the same ones are sampled.
    STICKY = Spec::new("sticky", r#"header("x-user-id")"#, DefaultValue::None).everywhere();

    /// The time of a copy, from leaving to the last byte of the response.
    TIMEOUT = Spec::new("timeout", r#""2s""#, DefaultValue::Time(DEFAULT_TIMEOUT))
        .limit(Limit::Time)
        .everywhere()
        .target();

    /// The time in which a copy gets a connection.
    CONNECT_TIMEOUT = Spec::new(
        "connect_timeout",
        r#""1s""#,
        DefaultValue::TimeWithin(DEFAULT_CONNECT_TIMEOUT, "timeout"),
    )
    .limit(Limit::Time)
    .everywhere();

    /// Whether the response waits for the copies.
    SYNC = Spec::new("sync", "true", DefaultValue::Switch(false)).everywhere();

    /// Whether copies have the body.
    COPY_BODY = Spec::new("copy_body", "false", DefaultValue::Switch(true)).everywhere();

    /// The largest body that is copied.
    MAX_BODY = Spec::new("max_body", r#""2MiB""#, DefaultValue::Bytes(DEFAULT_MAX_BODY))
        .limit(WITHOUT_LIMIT)
        .everywhere()
        .conflicts(&[without_body("there is no body to limit")]);

    /// When the body is read.
    BODY = Spec::new("body", r#""tee""#, DefaultValue::Word("buffer"))
        .limit(Limit::Words(&["buffer", "tee"]))
        .everywhere()
        .conflicts(&[without_body("there is no body to read")]);

    /// How long the body is read before the handler starts.
    READ_AHEAD = Spec::new("read_ahead", r#""1s""#, DefaultValue::Time(DEFAULT_READ_AHEAD))
        .limit(Limit::Time)
        .everywhere()
        .conflicts(&[
            without_body("there is no body to read"),
            Conflict {
                option: "body",
                value: "\"tee\"",
                call: "body(BodyMode::Tee)",
                reason: "the handler reads the body then",
            },
        ]);

    /// Copies in flight to each target.
    MAX_IN_FLIGHT = Spec::new("max_in_flight", "256", DefaultValue::Count(DEFAULT_MAX_IN_FLIGHT))
        .limit(Limit::Count)
        .everywhere();

    /// Copies to each target in a time.
    RATE_LIMIT = Spec::new("rate_limit", r#""100/s""#, DefaultValue::None)
        .limit(Limit::Rate)
        .everywhere();

    /// When a target that fails is left alone.
    CIRCUIT_BREAKER = Spec::new(
        "circuit_breaker",
        r#"{ failures = 5, cooldown = "5s" }"#,
        DefaultValue::Breaker(DEFAULT_FAILURES, DEFAULT_COOLDOWN),
    )
    .everywhere();

    /// The day from which nothing is sent.
    UNTIL = Spec::new("until", r#""2027-01-31""#, DefaultValue::None)
        .limit(Limit::Date)
        .everywhere();

    /// Whether a fleet may raise shares.
    ALLOW_RAISE = Spec::new("allow_raise", "true", DefaultValue::Switch(false)).everywhere();

    /// Called for each response of a shadow.
    ON_SUCCESS = Spec::new("on_success", "|target, response| ..", DefaultValue::None).everywhere();

    /// Called for each copy that failed.
    ON_ERROR = Spec::new("on_error", "|target, error| ..", DefaultValue::None).everywhere();

    /// Called for each request that is not sent to a target.
    ON_SKIP = Spec::new("on_skip", "|target, reason| ..", DefaultValue::None).everywhere();

    /// The methods of the requests that are copied.
    METHODS = Spec::new("methods", "[GET, HEAD]", DefaultValue::All)
        .limit(Limit::Filled)
        .everywhere();

    /// Which requests are copied.
    WHEN = Spec::new("when", "|parts| ..", DefaultValue::All).everywhere();

    /// Headers that each copy has.
    SET_HEADERS = Spec::new("set_headers", r#"{ "x-env" = "shadow" }"#, DefaultValue::None)
        .attribute()
        .target()
        .builder("set_header");

    /// Headers that no copy has.
    REMOVE_HEADERS = Spec::new("remove_headers", r#"["x-internal"]"#, DefaultValue::None)
        .attribute()
        .builder("remove_header");

    /// Whether copies have the credentials of their requests.
    CREDENTIALS = Spec::new("credentials", r#""strip""#, DefaultValue::Word("forward"))
        .limit(Limit::Words(&["strip", "forward"]))
        .everywhere();

    /// The `Host` of copies.
    HOST = Spec::new("host", r#""preserve""#, DefaultValue::Word("target"))
        .limit(Limit::Words(&["target", "preserve"]))
        .everywhere();

    /// The encodings that copies ask for.
    ACCEPT_ENCODING = Spec::new("accept_encoding", r#""comparable""#, DefaultValue::Word("verbatim"))
        .limit(Limit::Words(&["comparable", "verbatim"]))
        .everywhere();

    /// What becomes of the trace context of a request in its copies.
    TRACE = Spec::new("trace", r#""child""#, DefaultValue::Said(DEFAULT_TRACE))
        .limit(Limit::Words(&TRACE_WORDS))
        .everywhere()
        .target();

    /// Members that the baggage of each copy has.
    BAGGAGE = Spec::new("baggage", r#"{ "mirror" = "shadow" }"#, DefaultValue::None).everywhere();
    /// Changes each copy before it leaves.
    MAP_REQUEST = Spec::new("map_request", "|request| ..", DefaultValue::None)
        .everywhere()
        .target();

    /// Fields of bodies that are replaced in copies.
    MASK = Spec::new("mask", r#"["/email"]"#, DefaultValue::None)
        .limit(Limit::Filled)
        .everywhere()
        .conflicts(&[without_body("there is no body to mask")]);

    /// The name in counters and logs.
    NAME = Spec::new("name", r#""users.list""#, DefaultValue::Said("module and function"))
        .limit(Limit::Filled)
        .everywhere()
        .target();

    /// The type of the router's state.
    STATE = Spec::new("state", "AppState", DefaultValue::Said("inferred")).attribute();

    /// How HTTP/2 is agreed upon with a target.
    HTTP2 = Spec::new("http2", r#""prior-knowledge""#, DefaultValue::Word("alpn"))
        .limit(Limit::Words(&["prior-knowledge", "off", "alpn"]))
        .target()
        .feature(Feature::Http2);

    /// The transport of the copies to servers.
    TRANSPORT = Spec::new("transport", "CLIENT", DefaultValue::Said("shared connections"))
        .everywhere();

    /// The key of sticky sampling, masks and signatures.
    KEY = Spec::new(
        "key",
        r#"env("MIRROR_KEY")"#,
        DefaultValue::Said("`MIRROR_KEY` of the environment, or random"),
    )
    .everywhere();

    /// The name under which the handler can still be called.
    ORIGINAL = Spec::new("original", "list_users_unmirrored", DefaultValue::None).attribute();

    /// Where generated code finds the runtime.
    CRATE = Spec::new(
        "crate",
        "shared::mirror_runtime",
        DefaultValue::Said("`::mirror_runtime`"),
    )
    .attribute();

    /// The parts of two responses that must agree.
    COMPARE = Spec::new("compare", r#""json""#, DefaultValue::Said("nothing is compared"))
        .everywhere()
        .feature(Feature::Compare);

    /// Where the primary's response is taken.
    COMPARE_AT = Spec::new("compare_at", r#""server""#, DefaultValue::Word("handler"))
        .limit(Limit::Words(&["handler", "server"]))
        .everywhere()
        .comparing(Needs::Compare);

    /// Headers that must agree.
    COMPARE_HEADERS = Spec::new("compare_headers", r#"["content-type"]"#, DefaultValue::None)
        .limit(Limit::Filled)
        .everywhere()
        .comparing(Needs::Compare);

    /// Headers that may differ.
    IGNORE_HEADERS = Spec::new("ignore_headers", r#"["etag"]"#, DefaultValue::None)
        .limit(Limit::Filled)
        .everywhere()
        .comparing(Needs::Compare);

    /// Values that may differ.
    IGNORE = Spec::new("ignore", r#"["/generated_at"]"#, DefaultValue::None)
        .limit(Limit::Filled)
        .everywhere()
        .comparing(Needs::Json);

    /// Arrays whose order does not count.
    UNORDERED = Spec::new("unordered", r#"["/tags"]"#, DefaultValue::None)
        .limit(Limit::Filled)
        .everywhere()
        .comparing(Needs::Json);

    /// By how much numbers may differ.
    TOLERANCE = Spec::new("tolerance", r#"{ "/total" = 0.01 }"#, DefaultValue::None)
        .limit(Limit::Filled)
        .everywhere()
        .comparing(Needs::Json);

    /// Whether `5.0` is the same as `5`.
    IGNORE_ZERO_FRACTION = Spec::new("ignore_zero_fraction", "true", DefaultValue::Switch(false))
        .everywhere()
        .comparing(Needs::Json);

    /// Whether a byte order mark is no difference.
    IGNORE_BOM = Spec::new("ignore_bom", "true", DefaultValue::Switch(false))
        .everywhere()
        .comparing(Needs::Json);

    /// Values that leave the process in no report.
    REDACT = Spec::new("redact", r#"["/password"]"#, DefaultValue::None)
        .limit(Limit::Filled)
        .everywhere()
        .comparing(Needs::Compare);

    /// The largest body that is compared.
    MAX_COMPARE_BODY = Spec::new(
        "max_compare_body",
        r#""256KiB""#,
        DefaultValue::Bytes(DEFAULT_MAX_COMPARE_BODY),
    )
    .limit(Limit::Bytes { max: size::MAX_COMPARE_BODY })
    .everywhere()
    .conflicts(&[Conflict {
        option: "compare",
        value: "\"status\"",
        call: "compare(CompareMode::Status)",
        reason: "no body is compared",
    }])
    .comparing(Needs::Compare);

    /// Called for each comparison that found a difference.
    ON_MISMATCH = Spec::new("on_mismatch", "|comparison| ..", DefaultValue::None)
        .everywhere()
        .comparing(Needs::Compare);

    /// A server of the old version.
    BASELINE = Spec::new("baseline", r#""https://old-replica.example.com""#, DefaultValue::None)
        .everywhere()
        .comparing(Needs::Compare);

    /// The header in which shadows say their version.
    VERSION_HEADER = Spec::new("version_header", r#""x-version""#, DefaultValue::None)
        .everywhere()
        .comparing(Needs::Compare);

    /// The thresholds of a report.
    THRESHOLDS = Spec::new("thresholds", "Thresholds::default()", DefaultValue::Said("`Thresholds::default()`"))
        .everywhere()
        .comparing(Needs::Compare);

    /// Where mismatches are recorded.
    RECORD = Spec::new("record", r#""mirror-fixtures""#, DefaultValue::None)
        .limit(Limit::Filled)
        .everywhere()
        .comparing(Needs::Compare)
        .feature(Feature::Record);

    /// How many mismatches of a kind are recorded.
    MAX_FIXTURES = Spec::new("max_fixtures", "3", DefaultValue::Count(DEFAULT_MAX_FIXTURES))
        .limit(Limit::Count)
        .everywhere()
        .comparing(Needs::Compare)
        .feature(Feature::Record);

    /// How many bytes of mismatches are recorded.
    MAX_FIXTURE_BYTES = Spec::new(
        "max_fixture_bytes",
        r#""16MiB""#,
        DefaultValue::Bytes(DEFAULT_MAX_FIXTURE_BYTES),
    )
    .limit(WITHOUT_LIMIT)
    .everywhere()
    .comparing(Needs::Compare)
    .feature(Feature::Record);
}

/// Options of `circuit_breaker`.
pub mod breaker {
    use super::{DEFAULT_COOLDOWN, DEFAULT_FAILURES, DefaultValue, Limit, Spec};

    /// After how many failures in a row it opens.
    pub static FAILURES: Spec = Spec::new(
        "failures",
        "5",
        DefaultValue::Count(DEFAULT_FAILURES as usize),
    )
    .limit(Limit::Count);

    /// For how long.
    pub static COOLDOWN: Spec =
        Spec::new("cooldown", r#""5s""#, DefaultValue::Time(DEFAULT_COOLDOWN)).limit(Limit::Time);
}
