//! The options of the attribute, checked.

mod circuit_breaker;
mod conflict;
mod table;

use std::time::Duration;

use http::Method;
use mirror_grammar::Rate;
use proc_macro2::TokenStream;
use syn::LitStr;

pub(crate) use circuit_breaker::{Breaker, CircuitBreaker};
pub(crate) use table::{Row, Table, read};

use crate::{
    amount,
    callback::{self, Callback},
    error::{Errors, error_with_help},
    header::{self, RemovedHeader, SetHeader},
    method,
    target::{self, Target},
    value::{self, Entry},
};

/// What the user wrote; an option that is not there is left to the defaults of the runtime.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) targets: Vec<Target>,
    pub(crate) percentage: Option<f64>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) sync: Option<bool>,
    pub(crate) copy_body: Option<bool>,
    pub(crate) max_body: Option<usize>,
    pub(crate) body: Option<Body>,
    pub(crate) max_in_flight: Option<usize>,
    pub(crate) rate_limit: Option<Rate>,
    pub(crate) circuit_breaker: Option<CircuitBreaker>,
    pub(crate) on_success: Option<Callback>,
    pub(crate) on_error: Option<Callback>,
    pub(crate) on_skip: Option<Callback>,
    pub(crate) methods: Vec<Method>,
    pub(crate) when: Option<Callback>,
    pub(crate) set_headers: Vec<SetHeader>,
    pub(crate) remove_headers: Vec<RemovedHeader>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) host: Option<Host>,
    pub(crate) name: Option<LitStr>,
}

/// When the body of a request is read for its copies.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    Buffer,
    Tee,
}

/// What becomes of `Authorization`, `Cookie` and `X-Api-Key`.
#[derive(Clone, Copy)]
pub(crate) enum Credentials {
    Strip,
    Forward,
}

/// The `Host` that a copy has.
#[derive(Clone, Copy)]
pub(crate) enum Host {
    Target,
    Preserve,
}

/// Every option, in the order of the manual.
const OPTIONS: Table<Args> = Table {
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
    ],
};

impl Args {
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let entries = value::entries(tokens, errors);
        let mut args = Self::default();
        read(&entries, &OPTIONS, &mut args, errors);
        check_required(&entries, errors);
        conflict::check(&args, &entries, errors);
        args
    }
}

fn check_required(entries: &[Entry], errors: &mut Errors) {
    if conflict::key(entries, "targets").is_none() {
        errors.push(error_with_help(
            // No token of the attribute: all of it is underlined.
            TokenStream::new(),
            "missing option `targets`",
            format_args!("write `targets = {}`", OPTIONS.rows[0].example),
        ));
    }
}
