//! The table of options.

use super::{Args, Body, Credentials, Host, circuit_breaker};
use crate::{
    amount, callback,
    compare::{self, Mode},
    header, method,
    table::{Row, Table},
    target,
};

/// Every option, in the order of the manual.
pub(super) const OPTIONS: Table<Args> = Table {
    owner: "",
    rows: &[
        Row {
            name: "targets",
            example: r#"["https://staging.example.com"]"#,
            read: |args, setting, errors| args.targets = target::targets(setting, errors),
        },
        Row {
            name: "percentage",
            example: "10",
            read: |args, setting, errors| {
                args.percentage = errors.check(amount::percentage(setting));
            },
        },
        Row {
            name: "timeout",
            example: r#""2s""#,
            read: |args, setting, errors| args.timeout = errors.check(amount::duration(setting)),
        },
        Row {
            name: "connect_timeout",
            example: r#""1s""#,
            read: |args, setting, errors| {
                args.connect_timeout = errors.check(amount::duration(setting));
            },
        },
        Row {
            name: "sync",
            example: "true",
            read: |args, setting, errors| args.sync = errors.check(setting.boolean()),
        },
        Row {
            name: "copy_body",
            example: "false",
            read: |args, setting, errors| args.copy_body = errors.check(setting.boolean()),
        },
        Row {
            name: "max_body",
            example: r#""2MiB""#,
            read: |args, setting, errors| args.max_body = errors.check(amount::size(setting)),
        },
        Row {
            name: "body",
            example: r#""tee""#,
            read: |args, setting, errors| {
                let choices = [("buffer", Body::Buffer), ("tee", Body::Tee)];
                args.body = errors.check(setting.choice(choices));
            },
        },
        Row {
            name: "read_ahead",
            example: r#""1s""#,
            read: |args, setting, errors| args.read_ahead = errors.check(amount::duration(setting)),
        },
        Row {
            name: "max_in_flight",
            example: "256",
            read: |args, setting, errors| args.max_in_flight = errors.check(amount::count(setting)),
        },
        Row {
            name: "rate_limit",
            example: r#""100/s""#,
            read: |args, setting, errors| args.rate_limit = errors.check(amount::rate(setting)),
        },
        Row {
            name: "circuit_breaker",
            example: r#"{ failures = 5, cooldown = "5s" }"#,
            read: |args, setting, errors| {
                args.circuit_breaker = circuit_breaker::circuit_breaker(setting, errors);
            },
        },
        Row {
            name: "on_success",
            example: "|target, response| ..",
            read: |args, setting, errors| {
                args.on_success = errors.check(callback::on_success(setting));
            },
        },
        Row {
            name: "on_error",
            example: "|target, error| ..",
            read: |args, setting, errors| args.on_error = errors.check(callback::on_error(setting)),
        },
        Row {
            name: "on_skip",
            example: "|target, reason| ..",
            read: |args, setting, errors| args.on_skip = errors.check(callback::on_skip(setting)),
        },
        Row {
            name: "methods",
            example: "[GET, HEAD]",
            read: |args, setting, errors| args.methods = method::methods(setting, errors),
        },
        Row {
            name: "when",
            example: "|parts| ..",
            read: |args, setting, errors| args.when = errors.check(callback::when(setting)),
        },
        Row {
            name: "set_headers",
            example: r#"{ "x-env" = "shadow" }"#,
            read: |args, setting, errors| args.set_headers = header::set(setting, errors),
        },
        Row {
            name: "remove_headers",
            example: r#"["x-internal"]"#,
            read: |args, setting, errors| args.remove_headers = header::removed(setting, errors),
        },
        Row {
            name: "credentials",
            example: r#""strip""#,
            read: |args, setting, errors| {
                let choices = [
                    ("strip", Credentials::Strip),
                    ("forward", Credentials::Forward),
                ];
                args.credentials = errors.check(setting.choice(choices));
            },
        },
        Row {
            name: "host",
            example: r#""preserve""#,
            read: |args, setting, errors| {
                let choices = [("target", Host::Target), ("preserve", Host::Preserve)];
                args.host = errors.check(setting.choice(choices));
            },
        },
        Row {
            name: "name",
            example: r#""users.list""#,
            read: |args, setting, errors| args.name = errors.check(setting.text()),
        },
        Row {
            name: "state",
            example: "AppState",
            read: |args, setting, _| args.state = setting.ty().cloned(),
        },
        Row {
            name: "compare",
            example: r#""json""#,
            read: |args, setting, errors| args.comparing.mode = errors.check(Mode::parse(setting)),
        },
        Row {
            name: "compare_headers",
            example: r#"["content-type"]"#,
            read: |args, setting, errors| {
                args.comparing.headers = compare::headers(setting, errors);
            },
        },
        Row {
            name: "ignore",
            example: r#"["/generated_at"]"#,
            read: |args, setting, errors| {
                args.comparing.ignore = compare::pointers(setting, errors);
            },
        },
        Row {
            name: "unordered",
            example: r#"["/tags"]"#,
            read: |args, setting, errors| {
                args.comparing.unordered = compare::pointers(setting, errors);
            },
        },
        Row {
            name: "tolerance",
            example: r#"{ "/total" = 0.01 }"#,
            read: |args, setting, errors| {
                args.comparing.tolerance = compare::tolerances(setting, errors);
            },
        },
        Row {
            name: "redact",
            example: r#"["/password"]"#,
            read: |args, setting, errors| {
                args.comparing.redact = compare::pointers(setting, errors);
            },
        },
        Row {
            name: "max_compare_body",
            example: r#""256KiB""#,
            read: |args, setting, errors| {
                args.comparing.max_body = errors.check(amount::compare_size(setting));
            },
        },
        Row {
            name: "on_mismatch",
            example: "|comparison| ..",
            read: |args, setting, errors| {
                args.comparing.on_mismatch = errors.check(callback::on_mismatch(setting));
            },
        },
        Row {
            name: "baseline",
            example: r#""https://old-replica.example.com""#,
            read: |args, setting, errors| {
                args.comparing.baseline = errors.check(compare::baseline(setting));
            },
        },
    ],
};
