//! Options about comparing where nothing is compared, or not that.

use super::{super::Args, key};
use crate::{
    compare::Mode,
    error::{Errors, error, error_with_help},
    target::MAX_TARGETS,
    value::Entry,
};

/// What needs `compare`, and whether it is about JSON.
const RULES: [(&str, bool); 8] = [
    ("compare_headers", false),
    ("ignore", true),
    ("unordered", true),
    ("tolerance", true),
    ("redact", false),
    ("max_compare_body", false),
    ("on_mismatch", false),
    ("baseline", false),
];

pub(super) fn check(args: &Args, entries: &[Entry], errors: &mut Errors) {
    for (name, is_about_json) in RULES {
        let Some(key) = key(entries, name) else {
            continue;
        };
        match &args.comparing.mode {
            // One that is there, and wrong, is a mistake already.
            None if self::key(entries, "compare").is_some() => {}
            None => errors.push(error_with_help(
                key,
                format_args!("`{name}` needs `compare`: without it nothing is compared"),
                "write `compare = \"json\"`",
            )),
            Some(mode) if is_about_json && !mode.looks_at_json() => {
                errors.push(error_with_help(
                    key,
                    format_args!("`{name}` is about JSON, and `compare` does not look at any"),
                    "write `compare = \"json\"`",
                ));
            }
            Some(Mode::Status) if name == "max_compare_body" => {
                let message =
                    "`max_compare_body` conflicts with `compare = \"status\"`: no body is compared";
                errors.push(error(key, message));
            }
            Some(_) => {}
        }
    }
    check_baseline(args, errors);
}

fn check_baseline(args: &Args, errors: &mut Errors) {
    let Some(baseline) = &args.comparing.baseline else {
        return;
    };
    if args.targets.len() == MAX_TARGETS {
        let message = format!("a mirror has at most {MAX_TARGETS} targets, with its baseline");
        errors.push(error(baseline, message));
    }
    if args
        .targets
        .iter()
        .any(|target| target.source.is_same(baseline))
    {
        let message = "the baseline is a target, too: every difference would be noise";
        errors.push(error(baseline, message));
    }
}
