//! Options that contradict one another.

mod comparing;

use mirror_grammar::options;
use syn::{Ident, Lit};

use super::Args;
use crate::{
    error::{Errors, error},
    target::Source,
    value::{Entry, Value, literal},
};

pub(super) fn check(args: &mut Args, entries: &[Entry], errors: &mut Errors) {
    check_table(entries, errors);
    if let Some(key) = key(entries, options::STATE.name)
        && args.handlers().next().is_none()
    {
        errors.push(error(key, "`state` needs a `handler(..)` target"));
    }
    check_transport(args, errors);
    if let (Some((_, connect_timeout)), Some(timeout)) = (&args.connect_timeout, args.timeout)
        && *connect_timeout > timeout
        && let Some(entry) = entry(entries, options::CONNECT_TIMEOUT.name)
    {
        errors.push(error(
            &entry.value,
            "`connect_timeout` is a part of `timeout` and cannot be longer",
        ));
    }
    comparing::check(args, entries, errors);
    for removed in &args.remove_headers {
        if args.set_headers.iter().any(|set| set.name == removed.name) {
            errors.push(error(
                &removed.written,
                format_args!("`{}` is both set and removed", removed.name),
            ));
        }
    }
}

/// The conflicts that the table of options has.
fn check_table(entries: &[Entry], errors: &mut Errors) {
    for spec in options::ALL {
        let Some(key) = key(entries, spec.name) else {
            continue;
        };
        for conflict in spec.conflicts {
            let other = entry(entries, conflict.option);
            if other.is_some_and(|other| is_written(&other.value, conflict.value)) {
                let options::Conflict {
                    option,
                    value,
                    reason,
                    ..
                } = conflict;
                let message = format!("`{key}` conflicts with `{option} = {value}`: {reason}");
                errors.push(error(key, message));
            }
        }
    }
}

/// Whether a value is this one, in any spelling.
fn is_written(value: &Value, text: &str) -> bool {
    let Value::Expr(expr) = value else {
        return false;
    };
    match literal(expr) {
        Some(Lit::Bool(literal)) => literal.value.to_string() == text,
        Some(Lit::Str(literal)) => format!("\"{}\"", literal.value()) == text,
        _ => false,
    }
}

fn check_transport(args: &Args, errors: &mut Errors) {
    let Some(transport) = &args.transport else {
        return;
    };
    let targets = args.targets.iter().map(|target| &target.source);
    let mut all = targets.chain(&args.comparing.baseline);
    if !args.targets.is_empty() && !all.any(Source::is_server) {
        let message = "`transport` needs a target that is a server";
        errors.push(error(&transport.option, message));
    }
}

/// The name of an option as it is written, if it is.
pub(super) fn key<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Ident> {
    entry(entries, name).map(|entry| &entry.key)
}

fn entry<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.key == name)
}
