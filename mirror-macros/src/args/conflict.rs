//! Options that contradict one another.

mod comparing;

use syn::Ident;

use super::{Args, Body};
use crate::{
    error::{Errors, error},
    value::Entry,
};

pub(super) fn check(args: &Args, entries: &[Entry], errors: &mut Errors) {
    if args.copy_body == Some(false) {
        let about_bodies = [
            ("max_body", "limit"),
            ("body", "read"),
            ("read_ahead", "read"),
        ];
        for (name, purpose) in about_bodies {
            if let Some(key) = key(entries, name) {
                let message = format!(
                    "`{name}` conflicts with `copy_body = false`: there is no body to {purpose}"
                );
                errors.push(error(key, message));
            }
        }
    }
    if let (Some(Body::Tee), Some(key)) = (args.body, key(entries, "read_ahead")) {
        errors.push(error(
            key,
            "`read_ahead` conflicts with `body = \"tee\"`: the handler reads the body then",
        ));
    }
    if let Some(key) = key(entries, "state")
        && args.handlers().next().is_none()
    {
        let message = "`state` is for targets like `handler(..)`, and there is none";
        errors.push(error(key, message));
    }
    if let (Some(connect_timeout), Some(timeout)) = (args.connect_timeout, args.timeout)
        && connect_timeout > timeout
        && let Some(entry) = entry(entries, "connect_timeout")
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

/// The name of an option as it is written, if it is.
pub(super) fn key<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Ident> {
    entry(entries, name).map(|entry| &entry.key)
}

fn entry<'a>(entries: &'a [Entry], name: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.key == name)
}
