//! The options of the attribute, checked.

mod circuit_breaker;
mod conflict;
mod reading;

use std::time::Duration;

use http::Method;
use mirror_grammar::{
    Rate,
    options::{self, Spec},
};
use proc_macro2::TokenStream;
use syn::{ExprPath, Ident, LitStr, Type};

pub(crate) use circuit_breaker::{Breaker, CircuitBreaker};

pub(crate) use self::reading::OPTIONS;
use crate::{
    baggage::Member,
    callback::Callback,
    compare::{Compared, Comparing},
    defaults::Defaults,
    error::{Errors, error_with_help},
    header::{RemovedHeader, SetHeader},
    key::Key,
    original::Original,
    runtime::Runtime,
    sticky::Sticky,
    table::{means, read},
    target::{Source, Target, Transport},
    trace::Trace,
    value::{self, Entry},
    written,
};

/// The options that the user wrote. One that is not there is left to the defaults of the runtime.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) targets: Vec<Target>,
    pub(crate) defaults: Option<Defaults>,
    pub(crate) percentage: Option<f64>,
    pub(crate) sticky: Option<Sticky>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) connect_timeout: Option<(Ident, Duration)>,
    pub(crate) sync: Option<bool>,
    pub(crate) copy_body: Option<bool>,
    pub(crate) max_body: Option<usize>,
    pub(crate) body: Option<Body>,
    pub(crate) read_ahead: Option<Duration>,
    pub(crate) max_in_flight: Option<usize>,
    pub(crate) rate_limit: Option<Rate>,
    pub(crate) circuit_breaker: Option<CircuitBreaker>,
    pub(crate) until: Option<LitStr>,
    pub(crate) allow_raise: Option<bool>,
    pub(crate) on_success: Option<Callback>,
    pub(crate) on_error: Option<Callback>,
    pub(crate) on_skip: Option<Callback>,
    pub(crate) methods: Vec<Method>,
    pub(crate) when: Option<Callback>,
    pub(crate) set_headers: Vec<SetHeader>,
    pub(crate) remove_headers: Vec<RemovedHeader>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) host: Option<Host>,
    pub(crate) accept_encoding: Option<AcceptEncoding>,
    pub(crate) trace: Option<Trace>,
    pub(crate) baggage: Vec<Member>,
    pub(crate) map_request: Option<Callback>,
    pub(crate) mask: Vec<LitStr>,
    pub(crate) name: Option<LitStr>,
    pub(crate) transport: Option<Transport>,
    pub(crate) key: Option<Key>,
    pub(crate) original: Option<Original>,
    /// The options of comparing that stand here, and `compare` in the defaults or nowhere.
    pub(crate) compared: Vec<Compared>,
    pub(crate) runtime: Runtime,
    pub(crate) comparing: Comparing,
    /// The type of the router's state.
    pub(crate) state: Option<Type>,
    /// The options as they are written, for those who look at the mirrors of a program.
    pub(crate) written: Vec<(String, String)>,
}

/// When the body of a request is read for its copies.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    Buffer,
    Tee,
}

/// The treatment of `Authorization`, `Cookie` and `X-Api-Key`.
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

/// The encodings that a copy asks for.
#[derive(Clone, Copy)]
pub(crate) enum AcceptEncoding {
    Verbatim,
    Comparable,
}

impl Args {
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let is_url = starts_with_a_string(&tokens);
        let entries = value::entries(tokens, errors);
        let mut args = Self::default();
        read(&entries, &OPTIONS, &mut args, errors);
        // What is written in its place is a mistake of its own.
        if !is_url {
            check_required(&entries, errors);
        }
        conflict::check(&mut args, &entries, errors);
        args.written = written::options(&entries);
        args
    }
}

impl Args {
    /// The handlers among the targets.
    pub(crate) fn handlers(&self) -> impl Iterator<Item = &ExprPath> {
        self.targets
            .iter()
            .filter_map(|target| match &target.source {
                Source::Handler(path) => Some(path),
                _ => None,
            })
    }
}

fn starts_with_a_string(tokens: &TokenStream) -> bool {
    let first = tokens.clone().into_iter().next();
    first.is_some_and(|first| syn::parse2::<LitStr>(first.into()).is_ok())
}

fn check_required(entries: &[Entry], errors: &mut Errors) {
    let Spec { name, example, .. } = &options::TARGETS;
    let is_meant = |entry: &Entry| means(&entry.key.to_string(), &options::TARGETS);
    if conflict::key(entries, name).is_none() && !entries.iter().any(is_meant) {
        errors.push(error_with_help(
            // No token of the attribute: all of it is underlined.
            TokenStream::new(),
            format_args!("missing option `{name}`"),
            format_args!("write `{name} = {example}`"),
        ));
    }
}
