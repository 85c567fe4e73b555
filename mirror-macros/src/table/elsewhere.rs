//! Options that there are elsewhere: under another name, in another place, or in other programs.

use mirror_grammar::options::{self, Spec, breaker};

/// What to write in place of an option that is unknown here, if that is known. `in_target` is where
/// it stands: in a `target(..)`, or beside `targets`.
pub(super) fn advice(name: &str, in_target: bool) -> Option<String> {
    if let Some(spec) = spec(name) {
        return place(spec, in_target);
    }
    if let Some(other) = other(name) {
        let spec = spec(other)?;
        return place(spec, in_target).or_else(|| Some(write(spec)));
    }
    let (_, advice) = NOT_THERE.iter().find(|(names, _)| names.contains(&name))?;
    Some((*advice).to_owned())
}

/// Whether a name is one that an option has elsewhere.
pub(crate) fn means(name: &str, option: &Spec) -> bool {
    other(name) == Some(option.name)
}

fn other(name: &str) -> Option<&'static str> {
    let (_, other) = OTHER_NAMES
        .iter()
        .find(|(names, _)| names.contains(&name))?;
    Some(other)
}

fn spec(name: &str) -> Option<&'static Spec> {
    let mut halves = [&breaker::FAILURES, &breaker::COOLDOWN].into_iter();
    options::find(name).or_else(|| halves.find(|spec| spec.name == name))
}

/// Where an option stands, if it is not here.
fn place(spec: &Spec, in_target: bool) -> Option<String> {
    let Spec { name, example, .. } = spec;
    if *name == breaker::FAILURES.name || *name == breaker::COOLDOWN.name {
        return Some(format!(
            "write `circuit_breaker = {{ {name} = {example} }}`"
        ));
    }
    if in_target && spec.in_attribute && !spec.in_target {
        return Some(format!(
            "write `{name} = ..` beside `targets`, for all of them"
        ));
    }
    if !in_target && spec.in_target && !spec.in_attribute {
        return Some(format!(
            "write it in a target: `target(\"https://staging.example.com\", {name} = {example})`"
        ));
    }
    None
}

fn write(spec: &Spec) -> String {
    let Spec { name, example, .. } = spec;
    // A fraction would be a good value, too.
    let in_percent = if *name == options::PERCENTAGE.name {
        ", which is in percent: from 0 to 100"
    } else {
        ""
    };
    format!("write `{name} = {example}`{in_percent}")
}

/// What an option is called elsewhere, and here.
const OTHER_NAMES: &[(&[&str], &str)] = &[
    (
        &[
            "target",
            "url",
            "urls",
            "uri",
            "to",
            "shadow",
            "shadows",
            "destination",
            "destinations",
            "upstream",
            "upstreams",
            "backend",
            "endpoint",
            "server",
            "env",
            "host_url",
            "base_url",
        ],
        "targets",
    ),
    (
        &[
            "sample",
            "sample_rate",
            "sampling",
            "sampling_rate",
            "rate",
            "ratio",
            "probability",
            "fraction",
            "share",
            "weight",
            "percent",
            "runtime_fraction",
        ],
        "percentage",
    ),
    (
        &[
            "deadline",
            "timeout_ms",
            "timeout_secs",
            "request_timeout",
            "read_timeout",
            "response_timeout",
        ],
        "timeout",
    ),
    (&["dial_timeout", "connection_timeout"], "connect_timeout"),
    (
        &[
            "blocking",
            "wait",
            "await",
            "background",
            "spawn",
            "fire_and_forget",
        ],
        "sync",
    ),
    (
        &[
            "body_only",
            "with_body",
            "include_body",
            "no_body",
            "mirror_request_body",
        ],
        "copy_body",
    ),
    (
        &[
            "max_body_size",
            "max_body_bytes",
            "body_limit",
            "max_request_bytes",
            "max_size",
            "limit",
            "body_size",
        ],
        "max_body",
    ),
    (
        &["tee", "stream", "streaming", "buffer", "body_mode"],
        "body",
    ),
    (
        &[
            "concurrency",
            "max_concurrency",
            "max_concurrent",
            "max_requests",
            "in_flight",
            "queue",
            "queue_size",
            "max_pending",
            "buffer_size",
            "max_connections",
        ],
        "max_in_flight",
    ),
    (
        &[
            "rps",
            "throttle",
            "ratelimit",
            "max_rps",
            "requests_per_second",
        ],
        "rate_limit",
    ),
    (&["breaker", "outlier_detection"], "circuit_breaker"),
    (
        &[
            "on_response",
            "on_complete",
            "callback",
            "on_ok",
            "on_answer",
            "on_reply",
        ],
        "on_success",
    ),
    (&["on_failure", "on_fail", "on_failed"], "on_error"),
    (
        &["on_skipped", "on_shed", "on_drop", "on_dropped"],
        "on_skip",
    ),
    (&["method", "verbs", "only_methods"], "methods"),
    (
        &[
            "filter",
            "predicate",
            "condition",
            "only_if",
            "if",
            "matches",
            "match",
            "paths",
            "path",
        ],
        "when",
    ),
    (
        &[
            "headers",
            "header",
            "add_headers",
            "add_header",
            "set_header",
            "extra_headers",
        ],
        "set_headers",
    ),
    (
        &[
            "strip_headers",
            "drop_headers",
            "exclude_headers",
            "remove_header",
            "hide_headers",
            "skip_headers",
        ],
        "remove_headers",
    ),
    (
        &["auth", "authorization", "cookies", "strip_credentials"],
        "credentials",
    ),
    (&["preserve_host", "host_rewrite", "authority"], "host"),
    (
        &[
            "sticky_by",
            "sticky_header",
            "sticky_cookie",
            "session",
            "session_affinity",
            "affinity",
            "hash",
            "hash_by",
            "consistent",
            "sampling_key",
            "sample_by",
        ],
        "sticky",
    ),
    (&["label", "id", "tag"], "name"),
    (
        &["secret", "secret_key", "signing_key", "hmac_key", "salt"],
        "key",
    ),
    (
        &[
            "traces",
            "trace_context",
            "traceparent",
            "propagate",
            "propagation",
            "propagator",
            "span",
            "spans",
        ],
        "trace",
    ),
    (&["set_baggage", "add_baggage", "trace_baggage"], "baggage"),
    (&["app_state", "with_state"], "state"),
    (&["http_version", "h2", "h2c", "protocol"], "http2"),
    (&["client", "via", "connector", "http_client"], "transport"),
    (
        &["default", "shared", "base", "preset", "options", "config"],
        "defaults",
    ),
    (
        &["original_name", "inner", "rename", "unmirrored"],
        "original",
    ),
    (
        &[
            "crate_path",
            "crate_name",
            "krate",
            "runtime",
            "path_to_crate",
        ],
        "crate",
    ),
    (
        &[
            "diff",
            "comparison",
            "comparator",
            "compare_mode",
            "compare_body",
            "mode",
            "compare_with",
        ],
        "compare",
    ),
    (&["compare_header", "diff_headers"], "compare_headers"),
    (
        &[
            "ignore_fields",
            "ignored",
            "ignore_paths",
            "exclude",
            "excluded",
            "skip_fields",
            "noise",
        ],
        "ignore",
    ),
    (
        &["any_order", "ignore_order", "as_set", "sort"],
        "unordered",
    ),
    (&["epsilon", "delta", "approx", "tolerances"], "tolerance"),
    (
        &["redacted", "secrets", "hide", "sensitive", "scrub"],
        "redact",
    ),
    (
        &[
            "masked",
            "mask_fields",
            "anonymize",
            "anonymise",
            "pseudonymize",
            "tokenize",
        ],
        "mask",
    ),
    (
        &["modify", "transform", "on_request", "before_send", "map"],
        "map_request",
    ),
    (&["max_response_body", "max_diff_body"], "max_compare_body"),
    (&["on_diff", "on_difference", "on_compare"], "on_mismatch"),
    (
        &["control", "reference", "secondary", "noise_target"],
        "baseline",
    ),
    (
        &[
            "threshold",
            "min_compared",
            "promote_match_rate",
            "max_failed",
            "slo",
        ],
        "thresholds",
    ),
    (
        &[
            "recording",
            "record_dir",
            "record_to",
            "fixtures",
            "directory",
            "snapshot",
        ],
        "record",
    ),
];

/// What other programs have and mirrors have not, and what to do instead.
const NOT_THERE: &[(&[&str], &str)] = &[
    (
        &[
            "enabled",
            "enable",
            "disabled",
            "disable",
            "active",
            "on",
            "off",
            "enabled_if",
            "skip",
        ],
        "to switch all mirrors off, set the environment variable `MIRROR_DISABLED=1`; for one, write `targets = [env(\"SHADOW_URL\")]` and leave the variable unset",
    ),
    (
        &[
            "retries",
            "retry",
            "max_retries",
            "attempts",
            "backoff",
            "retry_policy",
        ],
        "remove it: a copy is not sent again, its failure is counted and told to `on_error`",
    ),
    (
        &["seed"],
        "remove it: sampling starts at a random point; write `sticky = header(\"x-user-id\")` to sample the same users in each process",
    ),
    (
        &["redirects", "follow_redirects", "redirect", "max_redirects"],
        "remove it: a copy follows no redirects, its response is the redirect",
    ),
    (
        &[
            "tls",
            "insecure",
            "verify",
            "danger_accept_invalid_certs",
            "ca",
            "certificate",
        ],
        "write `transport = CLIENT`, a transport of your own, for other TLS than the default",
    ),
    (
        &["proxy", "socks", "http_proxy"],
        "write `transport = CLIENT`, a transport of your own: copies go through no proxy",
    ),
    (
        &["dry_run", "shadow_only", "passive"],
        "write `percentage = 0`: nothing is sent, and requests are counted",
    ),
    (
        &["log", "logging", "log_level", "tracing", "debug", "verbose"],
        "mirrors log by `tracing` under the target `mirror_runtime`; write `on_error = f` to log on your own",
    ),
    (
        &[
            "metrics",
            "prometheus",
            "otel",
            "stats",
            "observer",
            "on_event",
        ],
        "remove it: `mirror_runtime::observe` gives an `Observer` every event, `mirrors` all counters",
    ),
    (
        &[
            "path_prefix",
            "prefix",
            "rewrite",
            "strip_prefix",
            "base_path",
            "map_path",
        ],
        "give the target a base path: `targets = [\"https://staging.example.com/base\"]`",
    ),
    (
        &["report", "report_every", "on_report"],
        "remove it: `Mirror::report` has the results, and `mirror_named` the mirror",
    ),
    (
        &["delay", "jitter", "after"],
        "remove it: copies leave when the handler starts",
    ),
    (
        &["response", "use_response", "return"],
        "remove it: the client always gets the handler's response",
    ),
    (
        &["max_age", "ttl", "expires"],
        "write `until = \"2027-01-31\"`: the mirror is off from that day on",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_other_name_means_one_option_and_is_none_itself() {
        let names = OTHER_NAMES.iter().map(|(names, _)| names);
        let mut seen = HashSet::new();
        for name in names
            .chain(NOT_THERE.iter().map(|(names, _)| names))
            .copied()
            .flatten()
        {
            assert!(seen.insert(name), "{name} is there twice");
            assert!(spec(name).is_none(), "{name} is an option");
        }
        for (_, option) in OTHER_NAMES {
            assert!(spec(option).is_some(), "{option} is no option");
        }
    }
}
