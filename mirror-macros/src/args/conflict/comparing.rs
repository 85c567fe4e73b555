//! Options about comparing if nothing is compared, or not that.

use mirror_grammar::{
    is_index_under,
    options::{self, MAX_TARGETS, Needs},
};
use syn::LitStr;

use super::{super::Args, key};
use crate::{
    compare::Compared,
    error::{Errors, error, error_with_help},
    value::Entry,
};

pub(super) fn check(args: &mut Args, entries: &[Entry], errors: &mut Errors) {
    for spec in options::ALL {
        let needs_json = match spec.needs {
            Needs::Nothing => continue,
            Needs::Compare => false,
            Needs::Json => true,
        };
        let name = spec.name;
        let Some(key) = key(entries, name) else {
            continue;
        };
        match &args.comparing.mode {
            // One that is there, and wrong, is a mistake already.
            None if self::key(entries, options::COMPARE.name).is_some() => {}
            // What sinks are given is redacted, compared or not.
            None if name == options::REDACT.name && has_sinks(args) => {}
            // They may have it: rustc finds out.
            None if args.defaults.is_some() => args.compared.push(Compared {
                option: key.clone(),
                needs_json,
            }),
            None => errors.push(error_with_help(
                key,
                format_args!("`{name}` needs `compare`: without it, nothing is compared"),
                "write `compare = \"json\"`",
            )),
            Some(mode) if needs_json && !mode.looks_at_json() => {
                let written = mode.written();
                errors.push(error_with_help(
                    key,
                    format_args!("`{name}` applies to JSON only; `compare` is `{written}`"),
                    "write `compare = \"json\"`",
                ));
            }
            Some(_) => {}
        }
    }
    check_baseline(args, errors);
    check_indices(args, errors);
    check_headers(args, errors);
}

/// A header is compared or left out.
fn check_headers(args: &Args, errors: &mut Errors) {
    for header in &args.comparing.ignore_headers {
        let name = header.value();
        let is_same = |other: &LitStr| other.value().eq_ignore_ascii_case(&name);
        if args.comparing.headers.iter().any(is_same) {
            let message = format!("`{name}` is in `compare_headers` as well");
            errors.push(error(header, message));
        }
    }
}

/// An index names no element of an array of which the order does not count.
fn check_indices(args: &Args, errors: &mut Errors) {
    let comparing = &args.comparing;
    let tolerance = comparing.tolerance.iter().map(|(pointer, _)| pointer);
    let pointers = comparing.ignore.iter().chain(&comparing.unordered);
    for pointer in pointers.chain(&comparing.redact).chain(tolerance) {
        let text = pointer.value();
        let mut unordered = comparing.unordered.iter().map(LitStr::value);
        let Some(array) = unordered.find(|array| is_index_under(array, &text)) else {
            continue;
        };
        let message = format!(
            "`{text}` names an element by its index, and the order of `{array}` does not count"
        );
        let mut tokens: Vec<_> = text.split('/').collect();
        if let Some(index) = tokens.get_mut(array.split('/').count()) {
            *index = "*";
        }
        let help = format!("write `\"{}\"`", tokens.join("/"));
        errors.push(error_with_help(pointer, message, help));
    }
}

fn has_sinks(args: &Args) -> bool {
    let mut targets = args.targets.iter();
    targets.any(|target| target.source.is_sink())
}

fn check_baseline(args: &Args, errors: &mut Errors) {
    let Some(baseline) = &args.comparing.baseline else {
        return;
    };
    if args.targets.len() == MAX_TARGETS {
        let message = format!("a mirror has at most {MAX_TARGETS} targets, its baseline included");
        errors.push(error(baseline, message));
    }
    if args
        .targets
        .iter()
        .any(|target| target.source.is_same(baseline))
    {
        let message = "the baseline is also a target: every difference would be noise";
        errors.push(error(baseline, message));
    }
}
