use super::*;
use crate::CompareMode;
use crate::{AcceptEncoding, CircuitBreaker, Credentials, Defaults, Host, Rules, Thresholds};

type Call = fn(MirrorBuilder) -> MirrorBuilder;

fn builder() -> MirrorBuilder {
    Mirror::builder().target("http://a.invalid")
}

/// A call of each option, with a value that is good.
const CALLS: &[(&str, Call)] = &[
    ("target", |builder| builder.target("http://b.invalid")),
    ("defaults", |builder| builder.defaults(&Defaults::new())),
    ("percentage", |builder| builder.percentage(10.0)),
    ("sticky", |builder| {
        builder.sticky(crate::Sticky::Header("x-user-id"))
    }),
    ("timeout", |builder| builder.timeout(Duration::from_secs(2))),
    ("connect_timeout", |builder| {
        builder.connect_timeout(Duration::from_secs(1))
    }),
    ("sync", |builder| builder.sync(true)),
    ("copy_body", |builder| builder.copy_body(false)),
    ("max_body", |builder| builder.max_body(1)),
    ("body", |builder| builder.body(BodyMode::Tee)),
    ("read_ahead", |builder| {
        builder.read_ahead(Duration::from_secs(1))
    }),
    ("max_in_flight", |builder| builder.max_in_flight(1)),
    ("rate_limit", |builder| {
        builder.rate_limit(100, Duration::from_secs(1))
    }),
    ("circuit_breaker", |builder| builder.circuit_breaker(None)),
    ("until", |builder| builder.until("2999-01-31")),
    ("allow_raise", |builder| builder.allow_raise(true)),
    ("on_success", |builder| builder.on_success(|_, _| ())),
    ("on_error", |builder| builder.on_error(|_, _| ())),
    ("on_skip", |builder| builder.on_skip(|_, _| ())),
    ("methods", |builder| builder.methods([http::Method::GET])),
    ("when", |builder| builder.when(|_| true)),
    ("set_header", |builder| builder.set_header("x-a", "1")),
    ("remove_header", |builder| builder.remove_header("x-a")),
    ("credentials", |builder| {
        builder.credentials(Credentials::Strip)
    }),
    ("host", |builder| builder.host(Host::Preserve)),
    ("accept_encoding", |builder| {
        builder.accept_encoding(AcceptEncoding::Comparable)
    }),
    ("trace", |builder| builder.trace(crate::Trace::Strip)),
    ("baggage", |builder| builder.baggage("mirror", "shadow")),
    ("map_request", |builder| builder.map_request(|_| ())),
    ("mask", |builder| builder.mask(["/email"])),
    ("name", |builder| builder.name("users.list")),
    ("transport", |builder| builder.transport(Nowhere)),
    ("key", |builder| builder.key("0123456789abcdef".repeat(2))),
    ("compare", |builder| builder.compare(CompareMode::Status)),
    ("compare_at", |builder| {
        builder.compare_at(crate::CompareAt::Server)
    }),
    ("compare_headers", |builder| {
        builder.compare_headers(["etag"])
    }),
    ("ignore_headers", |builder| builder.ignore_headers(["link"])),
    ("ignore", |builder| builder.ignore(["/a"])),
    ("unordered", |builder| builder.unordered(["/a"])),
    ("tolerance", |builder| builder.tolerance("/a", 1.0)),
    ("ignore_zero_fraction", |builder| {
        builder.ignore_zero_fraction(true)
    }),
    ("ignore_bom", |builder| builder.ignore_bom(true)),
    ("redact", |builder| builder.redact(["/a"])),
    ("max_compare_body", |builder| builder.max_compare_body(1)),
    ("on_mismatch", |builder| builder.on_mismatch(|_| ())),
    ("baseline", |builder| builder.baseline("http://old.invalid")),
    ("version_header", |builder| {
        builder.version_header("x-version")
    }),
    ("thresholds", |builder| {
        builder.thresholds(Thresholds::default())
    }),
    ("record", |builder| builder.record("mirror-fixtures")),
    ("max_fixtures", |builder| builder.max_fixtures(1)),
    ("max_fixture_bytes", |builder| builder.max_fixture_bytes(1)),
];

/// Is never asked to send anything.
#[derive(Debug)]
struct Nowhere;

impl crate::Transport for Nowhere {
    fn send(
        &self,
        _: http::Request<crate::CopyBody>,
        _: Duration,
    ) -> Result<crate::Sending, crate::Unsendable> {
        unreachable!("no copy is sent")
    }
}

#[test]
fn what_needs_a_tracer_names_its_feature() {
    use crate::Trace;
    let has_tracer = cfg!(feature = "otel");
    for (trace, needs) in [
        (Trace::Child, true),
        (Trace::Forward, false),
        (Trace::Unsampled, true),
        (Trace::Link, true),
        (Trace::Strip, false),
    ] {
        let of_mirror = builder().trace(trace).build().err();
        let of_target = Target::new("http://a.invalid").unwrap().trace(trace).err();
        assert_eq!(of_mirror, of_target);
        let error = of_mirror.map(|error| error.to_string());
        let name = format!("{trace:?}");
        assert_eq!(error.is_some(), needs && !has_tracer, "{name}");
        assert!(error.is_none_or(|error| error.contains(&name) && error.contains("`otel`")));
    }
    let default = if has_tracer {
        Trace::Child
    } else {
        Trace::Forward
    };
    assert_eq!(MirrorBuilder::default().trace, default);
}

fn call(name: &str) -> Call {
    CALLS.iter().find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn the_builder_has_each_option_of_the_table() {
    let calls: Vec<_> = CALLS.iter().map(|(name, _)| *name).collect();
    let table = options::ALL.iter().filter_map(|spec| spec.builder);
    assert_eq!(calls, table.collect::<Vec<_>>());
}

/// As the documentation shows them, which is in the order of the source.
#[test]
fn the_methods_of_the_builder_are_in_the_order_of_the_table() {
    let table: Vec<_> = options::ALL
        .iter()
        .filter_map(|spec| spec.builder)
        .collect();
    for source in [
        include_str!("../copying.rs"),
        include_str!("../compare.rs"),
        include_str!("../record.rs"),
    ] {
        let lines = source.lines();
        let methods = lines.filter_map(|line| line.strip_prefix("    pub fn "));
        let methods = methods.map(|line| line.split(['(', '<']).next().unwrap());
        let found: Vec<_> = methods.filter(|method| table.contains(method)).collect();
        let expected = table
            .iter()
            .copied()
            .filter(|method| found.contains(method));
        assert!(!found.is_empty());
        assert_eq!(found, expected.collect::<Vec<_>>());
    }
}

#[test]
fn what_needs_compare_is_an_error_without_it() {
    for spec in options::ALL {
        let Some(method) = spec.builder.filter(|method| *method != "compare") else {
            continue;
        };
        let without = call(method)(builder()).build();
        let needs_compare = spec.needs != options::Needs::Nothing;
        assert_eq!(
            without.err() == Some(ConfigError::RuleWithoutCompare(spec.name)),
            needs_compare,
            "{method}"
        );
    }
}

#[test]
fn what_needs_json_is_an_error_beside_bytes() {
    for spec in options::ALL
        .iter()
        .filter(|spec| spec.needs != options::Needs::Nothing)
    {
        let call = call(spec.builder.unwrap());
        let bytes = call(builder().compare(CompareMode::Bytes)).build();
        let error = ConfigError::RuleWithoutJson {
            option: spec.name,
            mode: "CompareMode::Bytes",
        };
        let needs_json = spec.needs == options::Needs::Json;
        assert_eq!(bytes.err() == Some(error), needs_json, "{}", spec.name);
    }
}

#[test]
fn every_conflict_of_the_table_is_an_error() {
    for spec in options::ALL {
        for with in spec.conflicts {
            let other = options::find(with.option).unwrap();
            let both = call(spec.builder.unwrap())(builder());
            let both = call(other.builder.unwrap())(both);
            let error = ConfigError::Conflict {
                option: spec.name,
                with: with.call,
                reason: with.reason,
            };
            assert_eq!(both.build().unwrap_err(), error);
        }
    }
}

/// The docs of a method, as one line.
fn docs(method: &str) -> String {
    let sources = [
        include_str!("../copying.rs"),
        include_str!("../compare.rs"),
        include_str!("../record.rs"),
    ];
    let definition = |line: &str| {
        let rest = line.trim_start().strip_prefix("pub fn ");
        let rest = rest.and_then(|rest| rest.strip_prefix(method));
        rest.is_some_and(|rest| rest.starts_with(['(', '<']))
    };
    let docs = sources.iter().find_map(|source| {
        let lines: Vec<_> = source.lines().collect();
        let end = lines.iter().position(|line| definition(line))?;
        let docs = lines[..end].iter().rev().map(|line| line.trim_start());
        let docs = docs.map_while(|line| line.strip_prefix("///"));
        Some(docs.collect::<Vec<_>>())
    });
    let docs = docs.unwrap_or_else(|| panic!("no method {method}"));
    let words = docs.iter().rev().flat_map(|line| line.split_whitespace());
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_docs_of_the_builder_have_the_defaults_of_the_table() {
    use options::DefaultValue::{Bytes, Count, Percentage, Switch, Time, TimeWithin};
    for spec in options::ALL {
        let default = match spec.default {
            Percentage(percentage) => percentage.to_string(),
            Count(count) => count.to_string(),
            Bytes(bytes) if bytes < 1 << 20 => format!("{} KiB", bytes >> 10),
            Bytes(bytes) => format!("{} MiB", bytes >> 20),
            Time(time) | TimeWithin(time, _) => format!("{} s", time.as_secs()),
            Switch(switch) => format!("`{switch}`"),
            _ => continue,
        };
        let docs = docs(spec.builder.unwrap());
        let default = format!("Default: {default}");
        assert!(
            docs.contains(&default),
            "{}: {default} in {docs}",
            spec.name
        );
    }
}

#[test]
fn the_defaults_are_those_of_the_table() {
    use options::DefaultValue::{
        All, Breaker, Bytes, Count, None as Nothing, Percentage, Switch, Time, TimeWithin, Word,
    };
    let builder = MirrorBuilder::default();
    let protection = &builder.protection;
    let CircuitBreaker { failures, cooldown } = protection.circuit_breaker.unwrap();
    let headers = &builder.options.headers;
    for (spec, default) in [
        (&options::PERCENTAGE, Percentage(builder.percentage)),
        (&options::TIMEOUT, Time(builder.timeout)),
        (
            &options::CONNECT_TIMEOUT,
            TimeWithin(protection.connect_timeout, "timeout"),
        ),
        (&options::SYNC, Switch(builder.options.sync)),
        (
            &options::ALLOW_RAISE,
            Switch(builder.allow_raise.unwrap_or_default()),
        ),
        (&options::COPY_BODY, Switch(!headers.without_body)),
        (&options::MAX_BODY, Bytes(builder.options.max_body)),
        (&options::READ_AHEAD, Time(builder.options.read_ahead)),
        (&options::MAX_IN_FLIGHT, Count(protection.max_in_flight)),
        (&options::CIRCUIT_BREAKER, Breaker(failures, cooldown)),
        (
            &options::MAX_COMPARE_BODY,
            Bytes(Rules::default().max_compare_body()),
        ),
    ] {
        assert_eq!(spec.default, default, "{}", spec.name);
    }
    assert_eq!(options::RATE_LIMIT.default, Nothing);
    assert!(protection.rate_limit.is_none());
    assert_eq!(options::METHODS.default, All);
    assert!(builder.options.methods.is_empty());
    assert_eq!(options::BODY.default, Word("buffer"));
    assert_eq!(BodyMode::default(), BodyMode::Buffer);
    assert_eq!(options::CREDENTIALS.default, Word("forward"));
    assert!(!headers.strip_credentials);
    assert_eq!(options::HOST.default, Word("target"));
    assert!(!headers.preserve_host);
}
