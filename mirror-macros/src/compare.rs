//! How responses are compared: `compare`, and the options that need it.

mod mode;
mod pointer;

use mirror_grammar::{check_comparable, options, parse_header_name};
use proc_macro2::Ident;
use syn::{Expr, LitStr};

pub(crate) use mode::{Mode, check_typed};
pub(crate) use pointer::{pointers, tolerances};

use crate::{
    callback::Callback,
    error::{Errors, error, error_with_help},
    header::not_a_name,
    self_use,
    target::Source,
    value::{Setting, peel, string},
};

/// The options of comparing that the user wrote.
#[derive(Default)]
pub(crate) struct Comparing {
    pub(crate) mode: Option<Mode>,
    pub(crate) at: Option<At>,
    pub(crate) headers: Vec<LitStr>,
    pub(crate) ignore_headers: Vec<LitStr>,
    pub(crate) ignore: Vec<LitStr>,
    pub(crate) unordered: Vec<LitStr>,
    pub(crate) tolerance: Vec<(LitStr, f64)>,
    pub(crate) ignore_zero_fraction: Option<bool>,
    pub(crate) ignore_bom: Option<bool>,
    pub(crate) redact: Vec<LitStr>,
    pub(crate) max_body: Option<usize>,
    pub(crate) on_mismatch: Option<Callback>,
    pub(crate) baseline: Option<Source>,
    pub(crate) version_header: Option<LitStr>,
    pub(crate) thresholds: Option<Thresholds>,
    pub(crate) record: Option<LitStr>,
    pub(crate) max_fixtures: Option<usize>,
    pub(crate) max_fixture_bytes: Option<u64>,
}

/// An expression with the value of `thresholds`, and the name of the option for the span.
pub(crate) struct Thresholds {
    pub(crate) option: Ident,
    pub(crate) value: Expr,
}

/// An option that says nothing without `compare`, which is in the defaults if it is anywhere.
pub(crate) struct Compared {
    pub(crate) option: Ident,
    pub(crate) needs_json: bool,
}

/// Where the primary's response is taken.
#[derive(Clone, Copy)]
pub(crate) enum At {
    Handler,
    Server,
}

/// `compare_headers = ["content-type"]` and `ignore_headers = ["etag"]`
pub(crate) fn headers(setting: &Setting<'_>, errors: &mut Errors) -> Vec<LitStr> {
    let mut names = Vec::new();
    let mut headers = Vec::new();
    for item in setting.items(errors) {
        let Some(literal) = string(item) else {
            errors.push(not_a_name(item));
            continue;
        };
        match parse_header_name(&literal.value()) {
            Ok(name) if names.contains(&name) => {
                errors.push(error(literal, format_args!("`{name}` is listed twice")));
            }
            Ok(name) => {
                if setting.spec.name == options::COMPARE_HEADERS.name
                    && let Err(mistake) = check_comparable(&name)
                {
                    errors.push(error(literal, mistake));
                }
                names.push(name);
                headers.push(literal.clone());
            }
            Err(mistake) => errors.push(error(literal, mistake)),
        }
    }
    headers
}

/// `version_header = "x-version"`
pub(crate) fn version_header(setting: &Setting<'_>) -> syn::Result<LitStr> {
    let must = || setting.must_like("be a header name", setting.spec.example);
    let literal = setting.expr().and_then(string).ok_or_else(must)?;
    match parse_header_name(&literal.value()) {
        Ok(_) => Ok(literal.clone()),
        Err(mistake) => Err(error(literal, mistake)),
    }
}

/// `thresholds = Thresholds::default()`
pub(crate) fn thresholds(setting: &Setting<'_>) -> syn::Result<Thresholds> {
    match setting.expr() {
        Some(value @ (Expr::Path(_) | Expr::Call(_) | Expr::MethodCall(_) | Expr::Block(_))) => {
            self_use::reject(value, setting.spec.name)?;
            Ok(Thresholds {
                option: setting.key.clone(),
                value: value.clone(),
            })
        }
        _ => Err(error_with_help(
            setting.value,
            "`thresholds` must be an expression of the type `Thresholds`",
            "write `thresholds = Thresholds::default().with_min_compared(1_000)`",
        )),
    }
}

/// `record = "mirror-fixtures"`
pub(crate) fn directory(setting: &Setting<'_>) -> syn::Result<LitStr> {
    match setting.string() {
        Some(_) => setting.text(),
        None => Err(setting.must_like("be a directory, as a string", setting.spec.example)),
    }
}

/// `baseline = "https://old-replica.example.com"`
pub(crate) fn baseline(setting: &Setting<'_>) -> syn::Result<Source> {
    let must = || {
        let what = "be a URL, `env(\"..\")` or the path of a `const`";
        setting.must_like(what, setting.spec.example)
    };
    let expr = setting.expr().ok_or_else(must)?;
    if !Source::is_written_like_a_server(expr) {
        return Err(must());
    }
    Source::parse(peel(expr), setting.spec.name)
}
