//! How responses are compared: `compare`, and the options that need it.

mod mode;
mod pointer;

use mirror_grammar::parse_header_name;
use syn::LitStr;

pub(crate) use mode::{Mode, check_typed};
pub(crate) use pointer::{pointers, tolerances};

use crate::{
    callback::Callback,
    error::{Errors, error},
    target::Source,
    value::{Setting, peel, string},
};

/// The options of comparing that the user wrote.
#[derive(Default)]
pub(crate) struct Comparing {
    pub(crate) mode: Option<Mode>,
    pub(crate) at: Option<At>,
    pub(crate) headers: Vec<LitStr>,
    pub(crate) ignore: Vec<LitStr>,
    pub(crate) unordered: Vec<LitStr>,
    pub(crate) tolerance: Vec<(LitStr, f64)>,
    pub(crate) redact: Vec<LitStr>,
    pub(crate) max_body: Option<usize>,
    pub(crate) on_mismatch: Option<Callback>,
    pub(crate) baseline: Option<Source>,
}

/// Where the primary's response is taken.
#[derive(Clone, Copy)]
pub(crate) enum At {
    Handler,
    Server,
}

/// `compare_headers = ["content-type"]`
pub(crate) fn headers(setting: &Setting<'_>, errors: &mut Errors) -> Vec<LitStr> {
    let mut names = Vec::new();
    let mut headers = Vec::new();
    for item in setting.items(errors) {
        let Some(literal) = string(item) else {
            errors.push(error(item, "a header name must be a string"));
            continue;
        };
        match parse_header_name(&literal.value()) {
            Ok(name) if names.contains(&name) => {
                errors.push(error(literal, format_args!("`{name}` is listed twice")));
            }
            Ok(name) => {
                names.push(name);
                headers.push(literal.clone());
            }
            Err(mistake) => errors.push(error(literal, mistake)),
        }
    }
    headers
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
