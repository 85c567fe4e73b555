//! How responses are compared: `compare`, and the options that need it.

mod mode;
mod pointer;

use mirror_grammar::{is_index_under, parse_header_name};
use syn::LitStr;

pub(crate) use mode::{Mode, check_typed};
pub(crate) use pointer::{pointers, tolerances};

use crate::{
    callback::Callback,
    error::{Errors, error, error_with_help},
    target::Source,
    value::{Setting, peel, string},
};

/// The options of comparing that the user wrote.
#[derive(Default)]
pub(crate) struct Comparing {
    pub(crate) mode: Option<Mode>,
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
}

/// `compare_headers = ["content-type"]` and `ignore_headers = ["etag"]`
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

/// `version_header = "x-version"`
pub(crate) fn version_header(setting: &Setting<'_>) -> syn::Result<LitStr> {
    let must = || setting.must_like("be a header name", setting.spec.example);
    let literal = setting.expr().and_then(string).ok_or_else(must)?;
    match parse_header_name(&literal.value()) {
        Ok(_) => Ok(literal.clone()),
        Err(mistake) => Err(error(literal, mistake)),
    }
}

/// Rules that cannot hold together: an index into an array without an order, and a header that is
/// both compared and left out.
pub(crate) fn check(comparing: &Comparing, errors: &mut Errors) {
    let tolerance = comparing.tolerance.iter().map(|(pointer, _)| pointer);
    let others = comparing
        .ignore
        .iter()
        .chain(&comparing.unordered)
        .chain(tolerance);
    for pointer in others.chain(&comparing.redact) {
        let text = pointer.value();
        let mut arrays = comparing.unordered.iter().map(LitStr::value);
        if let Some(array) = arrays.find(|array| is_index_under(array, &text)) {
            let depth = array.split('/').count();
            let token = |(i, token)| if i == depth { "*" } else { token };
            let mended: Vec<_> = text.split('/').enumerate().map(token).collect();
            errors.push(error_with_help(
                pointer,
                format_args!("`{text}` has an index, and `{array}` is `unordered`"),
                format_args!("write `\"{}\"`", mended.join("/")),
            ));
        }
    }
    for header in &comparing.ignore_headers {
        let name = header.value();
        let is_same = |other: &LitStr| other.value().eq_ignore_ascii_case(&name);
        if comparing.headers.iter().any(is_same) {
            errors.push(error(
                header,
                format_args!("`{name}` is in `compare_headers` as well"),
            ));
        }
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
