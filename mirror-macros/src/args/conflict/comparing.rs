//! Options about comparing if nothing is compared, or not that.

use mirror_grammar::options::{self, MAX_TARGETS, Needs};

use super::{super::Args, key};
use crate::{
    error::{Errors, error, error_with_help},
    value::Entry,
};

pub(super) fn check(args: &Args, entries: &[Entry], errors: &mut Errors) {
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
