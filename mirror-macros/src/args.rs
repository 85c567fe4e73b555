//! The options of the attribute, checked.

mod table;

use std::time::Duration;

use http::Method;
use proc_macro2::TokenStream;
use syn::{Ident, LitStr};

pub(crate) use table::{Row, Table, read};

use crate::{
    amount,
    callback::{self, Callback},
    error::{Errors, error, error_with_help},
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
    pub(crate) sync: Option<bool>,
    pub(crate) copy_body: Option<bool>,
    pub(crate) max_body: Option<usize>,
    pub(crate) on_success: Option<Callback>,
    pub(crate) on_error: Option<Callback>,
    pub(crate) methods: Vec<Method>,
    pub(crate) when: Option<Callback>,
    pub(crate) set_headers: Vec<SetHeader>,
    pub(crate) remove_headers: Vec<RemovedHeader>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) host: Option<Host>,
    pub(crate) name: Option<LitStr>,
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
            read: |args, setting, errors| args.timeout = errors.check(amount::timeout(setting)),
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
        args.check_conflicts(&entries, errors);
        args
    }

    fn check_conflicts(&self, entries: &[Entry], errors: &mut Errors) {
        if self.copy_body == Some(false)
            && let Some(max_body) = key(entries, "max_body")
        {
            errors.push(error(
                max_body,
                "`max_body` conflicts with `copy_body = false`: there is no body to limit",
            ));
        }
        for removed in &self.remove_headers {
            if self.set_headers.iter().any(|set| set.name == removed.name) {
                errors.push(error(
                    &removed.written,
                    format_args!("`{}` is both set and removed", removed.name),
                ));
            }
        }
    }
}

fn check_required(entries: &[Entry], errors: &mut Errors) {
    if key(entries, "targets").is_none() {
        errors.push(error_with_help(
            // No token of the attribute: all of it is underlined.
            TokenStream::new(),
            "missing option `targets`",
            format_args!("write `targets = {}`", OPTIONS.rows[0].example),
        ));
    }
}

fn key<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Ident> {
    entries
        .iter()
        .map(|entry| &entry.key)
        .find(|key| *key == name)
}
