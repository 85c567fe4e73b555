//! `set_headers = { "x-env" = "shadow" }` and `remove_headers = ["x-internal"]`

use http::HeaderName;
use mirror_grammar::{HeaderError, check_settable, parse_header_name, parse_header_value};
use syn::{Expr, LitStr};

use crate::{
    error::{Errors, error, error_with_help},
    value::{Setting, peel, string},
};

/// A header that each copy is given.
pub(crate) struct SetHeader {
    pub(crate) name: HeaderName,
    pub(crate) written: LitStr,
    pub(crate) value: LitStr,
}

/// A header that no copy carries.
pub(crate) struct RemovedHeader {
    pub(crate) name: HeaderName,
    pub(crate) written: LitStr,
}

pub(crate) fn set(setting: &Setting<'_>, errors: &mut Errors) -> Vec<SetHeader> {
    let mut headers: Vec<SetHeader> = Vec::new();
    for (key, value) in setting.map(errors).unwrap_or_default() {
        let name = errors.check(header_name(&key));
        let value = errors.check(header_value(&value));
        let (Some((name, written)), Some(value)) = (name, value) else {
            continue;
        };
        if headers.iter().any(|header| header.name == name) {
            errors.push(error(written, format_args!("`{name}` is set twice")));
        } else {
            headers.push(SetHeader {
                name,
                written,
                value,
            });
        }
    }
    headers
}

pub(crate) fn removed(setting: &Setting<'_>, errors: &mut Errors) -> Vec<RemovedHeader> {
    let mut headers: Vec<RemovedHeader> = Vec::new();
    let Some(list) = errors.check(setting.list()) else {
        return headers;
    };
    for item in &list.elems {
        let Some((name, written)) = errors.check(header_name(item)) else {
            continue;
        };
        if headers.iter().any(|header| header.name == name) {
            errors.push(error(written, format_args!("`{name}` is removed twice")));
        } else {
            headers.push(RemovedHeader { name, written });
        }
    }
    headers
}

fn header_name(expr: &Expr) -> syn::Result<(HeaderName, LitStr)> {
    let literal = string(expr).ok_or_else(|| not_a_name(expr))?;
    let checked = parse_header_name(&literal.value()).and_then(|name| {
        check_settable(&name)?;
        Ok(name)
    });
    match checked {
        Ok(name) => Ok((name, literal.clone())),
        Err(mistake) => Err(error(literal, mistake)),
    }
}

/// `x_env`, `X_ENV` and `header::ETAG` have names of headers in them.
pub(crate) fn not_a_name(expr: &Expr) -> syn::Error {
    let message = "a header name must be a string";
    let Expr::Path(path) = peel(expr) else {
        return error(expr, message);
    };
    let last = path.path.segments.last();
    let name = last.map(|last| last.ident.to_string().to_lowercase().replace('_', "-"));
    let name = name.unwrap_or_default();
    error_with_help(expr, message, format_args!("write `\"{name}\"`"))
}

/// The value may be a secret: no message repeats it.
fn header_value(expr: &Expr) -> syn::Result<LitStr> {
    let literal = string(expr).ok_or_else(|| error(expr, "a header value must be a string"))?;
    let checked: Result<_, HeaderError> = parse_header_value(&literal.value());
    match checked {
        Ok(_) => Ok(literal.clone()),
        Err(mistake) => Err(error(literal, mistake)),
    }
}
