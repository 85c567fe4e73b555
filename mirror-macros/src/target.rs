//! Targets: where copies go, and how this differs from the options of the mirror.

mod http2;
mod source;
mod statics;

use std::time::Duration;

use mirror_grammar::options::{self, Feature, MAX_TARGETS};
use syn::{Expr, ExprCall, LitStr};

pub(crate) use http2::{Choice, Http2};
pub(crate) use source::{Source, env, variable};
pub(crate) use statics::{Static, Transport};

use crate::{
    amount,
    callback::{self, Callback},
    error::{Errors, error, error_with_help},
    feature,
    header::{self, SetHeader},
    table::{Row, Table, read},
    trace::Trace,
    value::{self, Setting, peel},
};

/// One destination of copies.
pub(crate) struct Target {
    pub(crate) source: Source,
    pub(crate) overrides: Overrides,
}

/// The options of one target.
#[derive(Default)]
pub(crate) struct Overrides {
    pub(crate) percentage: Option<f64>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) name: Option<LitStr>,
    pub(crate) trace: Option<TargetTrace>,
    pub(crate) http2: Option<Http2>,
    pub(crate) set_headers: Vec<SetHeader>,
    pub(crate) map_request: Option<Callback>,
}

/// How each option of `target(..)` is read.
pub(crate) const OVERRIDES: Table<Overrides> = Table {
    owner: " of a target",
    rows: &[
        Row {
            spec: &options::PERCENTAGE,
            read: |target, setting, errors| {
                target.percentage = errors.check(amount::percentage(setting));
            },
        },
        Row {
            spec: &options::TIMEOUT,
            read: |target, setting, errors| {
                target.timeout = errors.check(amount::duration(setting));
            },
        },
        Row {
            spec: &options::SET_HEADERS,
            read: |target, setting, errors| target.set_headers = header::set(setting, errors),
        },
        Row {
            spec: &options::TRACE,
            read: |target, setting, errors| {
                target.trace = errors.check(TargetTrace::parse(setting));
            },
        },
        Row {
            spec: &options::MAP_REQUEST,
            read: |target, setting, errors| {
                target.map_request = errors.check(callback::map_request(setting));
            },
        },
        Row {
            spec: &options::NAME,
            read: |target, setting, errors| target.name = errors.check(setting.text()),
        },
        Row {
            spec: &options::HTTP2,
            read: |target, setting, errors| target.http2 = errors.check(Http2::parse(setting)),
        },
    ],
};

/// `trace` of a target, and its value for its span.
pub(crate) struct TargetTrace {
    pub(crate) trace: Trace,
    value: Expr,
}

impl TargetTrace {
    fn parse(setting: &Setting<'_>) -> syn::Result<Self> {
        let trace = Trace::parse(setting)?;
        let value = setting
            .expr()
            .cloned()
            .ok_or_else(|| setting.must("be a string"))?;
        Ok(Self { trace, value })
    }

    /// What a source cannot be combined with.
    fn check(&self, source: &Source, errors: &mut Errors) {
        if source.is_sink() {
            errors.push(error(
                &self.value,
                "`trace` is for copies: a sink is given the request as it arrived",
            ));
        }
    }
}

impl Target {
    /// The name in counters and logs, unless it is a URL or a variable.
    pub(crate) fn name(&self) -> Option<String> {
        match (&self.overrides.name, &self.source) {
            (Some(name), _) => Some(name.value()),
            (None, Source::Via(place) | Source::Sink(place)) => Some(place.name()),
            (None, Source::Handler(path)) => Some(Source::handler_name(path)),
            (None, Source::File(directory)) => Some(directory.value()),
            (None, Source::Url(_) | Source::Env(_) | Source::Const(_)) => None,
        }
    }
}

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
    let option = options::TARGETS.name;
    let source = match item {
        Expr::Call(call) if is_call_of(call, "target") => {
            let mut arguments = call.args.iter();
            let destination = arguments.next();
            let entries = value::arguments(arguments, errors);
            read(&entries, &OVERRIDES, &mut overrides, errors);
            match destination {
                Some(destination) => Source::parse(peel(destination), option),
                None => Err(error_with_help(
                    call,
                    "`target` needs a destination",
                    "write `target(\"https://staging.example.com\")`",
                )),
            }
        }
        item => Source::parse(item, option),
    };
    let source = errors.check(source)?;
    if let Some(trace) = &overrides.trace {
        trace.check(&source, errors);
    }
    check_sink(&source, &overrides, errors);
    check_log(feature::is_on(Feature::Log), item, &source, errors);
    if let Some(http2) = &overrides.http2 {
        http2.check(&source, errors);
    }
    Some(Target { source, overrides })
}

/// What says nothing of a target that is sent no copies.
fn check_sink(source: &Source, overrides: &Overrides, errors: &mut Errors) {
    if !source.is_sink() {
        return;
    }
    if let Some(header) = overrides.set_headers.first() {
        let message = "`set_headers` is for copies: a sink is given the request as it arrived";
        errors.push(error(&header.written, message));
    }
    if let Some(callback) = &overrides.map_request {
        let message = "`map_request` is for copies: a sink is given the request as it arrived";
        errors.push(error(&callback.option, message));
    }
}

/// What needs a feature of the runtime, of which it is known whether it is on.
fn check_log(is_on: bool, item: &Expr, source: &Source, errors: &mut Errors) {
    if let (Source::File(_), false) = (source, is_on) {
        errors.push(feature::missing(item, "file(..)", Feature::Log));
    }
}

pub(crate) fn is_call_of(call: &ExprCall, name: &str) -> bool {
    matches!(&*call.func, Expr::Path(path) if path.path.is_ident(name))
}

/// Counters are kept by target, and a shadow wants each request once.
fn check_distinct(target: &Target, earlier: &[Target], errors: &mut Errors) {
    if earlier
        .iter()
        .any(|other| other.source.is_same(&target.source))
    {
        errors.push(target.source.twice());
        return;
    }
    let name = target.name();
    if name.is_some() && earlier.iter().any(|other| other.name() == name) {
        errors.push(same_name(target, &name.unwrap_or_default()));
    }
}

fn same_name(target: &Target, name: &str) -> syn::Error {
    let message = format!("duplicate target name `{name}`");
    match (&target.overrides.name, &target.source) {
        (Some(written), _) => error(written, message),
        (None, Source::Via(place) | Source::Sink(place)) => {
            let call = place.to_string();
            let help = format!("name one of them: `target({call}, name = \"..\")`");
            error_with_help(&place.path, message, help)
        }
        (None, source) => error(source, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_need_their_feature() {
        let messages = |is_on, item: &str| {
            let item: Expr = syn::parse_str(item).unwrap();
            let source = Source::parse(&item, "targets").ok().unwrap();
            let mut errors = Errors::default();
            check_log(is_on, &item, &source, &mut errors);
            errors
                .into_compile_errors()
                .map(|errors| errors.to_string())
        };
        assert_eq!(messages(true, "file(\"log\")"), None);
        assert_eq!(messages(false, "sink(LOG)"), None);
        let message = messages(false, "file(\"log\")").unwrap();
        assert!(message.contains("`file(..)` needs the feature `log` of `mirror-runtime`"));
    }
}
