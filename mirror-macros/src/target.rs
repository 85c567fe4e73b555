//! Targets: where copies go, and how this differs from the options of the mirror.

mod http2;
mod source;

use std::time::Duration;

use syn::{Expr, ExprCall, LitStr};

pub(crate) use http2::{Choice, Http2};
pub(crate) use source::Source;

use crate::{
    amount,
    error::{Errors, error},
    table::{Row, Table, read},
    value::{self, Setting, peel},
};

/// The option.
const TARGETS: &str = "targets";

/// More shadows than this for one request are a mistake.
pub(crate) const MAX_TARGETS: usize = 64;

/// One destination of copies.
pub(crate) struct Target {
    pub(crate) source: Source,
    pub(crate) overrides: Overrides,
}

/// What a target has of its own.
#[derive(Default)]
pub(crate) struct Overrides {
    pub(crate) percentage: Option<f64>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) name: Option<LitStr>,
    pub(crate) http2: Option<Http2>,
}

const OVERRIDES: Table<Overrides> = Table {
    owner: " of a target",
    rows: &[
        Row {
            name: "percentage",
            example: "5",
            read: |target, setting, errors| {
                target.percentage = errors.check(amount::percentage(setting));
            },
        },
        Row {
            name: "timeout",
            example: r#""1s""#,
            read: |target, setting, errors| {
                target.timeout = errors.check(amount::duration(setting));
            },
        },
        Row {
            name: "name",
            example: r#""canary""#,
            read: |target, setting, errors| target.name = errors.check(setting.text()),
        },
        Row {
            name: "http2",
            example: r#""prior-knowledge""#,
            read: |target, setting, errors| target.http2 = errors.check(Http2::parse(setting)),
        },
    ],
};

/// `targets = [..]`
pub(crate) fn targets(setting: &Setting<'_>, errors: &mut Errors) -> Vec<Target> {
    let Some(list) = errors.check(setting.list()) else {
        return Vec::new();
    };
    if list.elems.is_empty() {
        errors.push(setting.must("not be empty"));
    }
    if let Some(one_too_many) = list.elems.iter().nth(MAX_TARGETS) {
        let message = format!("a mirror has at most {MAX_TARGETS} targets");
        errors.push(error(one_too_many, message));
    }
    let mut targets: Vec<Target> = Vec::new();
    for item in &list.elems {
        if let Some(target) = target(peel(item), errors) {
            check_distinct(&target, &targets, errors);
            targets.push(target);
        }
    }
    targets
}

fn target(item: &Expr, errors: &mut Errors) -> Option<Target> {
    let mut overrides = Overrides::default();
    let source = match item {
        Expr::Call(call) if is_call_of(call, "target") => {
            let mut arguments = call.args.iter();
            let url = arguments.next();
            let entries = value::arguments(arguments, errors);
            read(&entries, &OVERRIDES, &mut overrides, errors);
            match url {
                Some(url) => Source::parse(peel(url), TARGETS),
                None => Err(error(call, "`target` needs a URL or a handler")),
            }
        }
        item => Source::parse(item, TARGETS),
    };
    let source = errors.check(source)?;
    if let Some(http2) = &overrides.http2 {
        http2.check(&source, errors);
    }
    Some(Target { source, overrides })
}

fn is_call_of(call: &ExprCall, name: &str) -> bool {
    matches!(&*call.func, Expr::Path(path) if path.path.is_ident(name))
}

/// Counters are kept by target, and a shadow wants each request once.
fn check_distinct(target: &Target, earlier: &[Target], errors: &mut Errors) {
    if earlier
        .iter()
        .any(|other| other.source.is_same(&target.source))
    {
        errors.push(target.source.twice());
    }
    let name_of = |target: &Target| target.overrides.name.as_ref().map(LitStr::value);
    if let Some(name) = &target.overrides.name
        && earlier
            .iter()
            .any(|other| name_of(other) == Some(name.value()))
    {
        let message = format!("a target is already called `{}`", name.value());
        errors.push(error(name, message));
    }
}
