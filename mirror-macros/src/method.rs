//! `methods = [GET, "PURGE"]`

use http::Method;
use syn::{Expr, ExprArray};

use crate::{
    error::{Errors, error, error_with_help, similar},
    value::{Setting, peel, string},
};

/// The methods of RFC 9110 section 9.3 and RFC 5789 that can be mirrored, written without quotes.
const NAMES: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE",
];

pub(crate) fn methods(setting: &Setting<'_>, errors: &mut Errors) -> Vec<Method> {
    let Some(list) = errors.check(list(setting)) else {
        return Vec::new();
    };
    if list.elems.is_empty() {
        errors.push(setting.must("not be empty"));
    }
    let mut methods = Vec::new();
    for item in &list.elems {
        match method(peel(item)) {
            Ok(method) if methods.contains(&method) => {
                errors.push(error(item, format_args!("`{method}` is listed twice")));
            }
            Ok(method) => methods.push(method),
            Err(error) => errors.push(error),
        }
    }
    methods
}

/// The list; of a method beside none, what to write is in the words of the list.
fn list<'a>(setting: &'a Setting<'_>) -> syn::Result<&'a ExprArray> {
    match setting.expr() {
        Some(Expr::Array(list)) => Ok(list),
        Some(expr) => match standard(expr) {
            Some(name) => Err(setting.must_like("be a list", &format!("[{name}]"))),
            None => setting.list(),
        },
        None => setting.list(),
    }
}

/// The method of `GET`, `"GET"`, `"get"`, `Method::GET` and `http::Method::GET`.
fn standard(item: &Expr) -> Option<&'static str> {
    let written = match item {
        Expr::Path(path) => path.path.segments.last()?.ident.to_string(),
        item => string(item)?.value(),
    };
    let written = written.to_ascii_uppercase();
    NAMES.into_iter().find(|name| *name == written)
}

fn method(item: &Expr) -> syn::Result<Method> {
    let quoted = string(item);
    let name = match (item, quoted) {
        (_, Some(literal)) => literal.value(),
        (Expr::Path(path), None) if path.path.get_ident().is_some() => {
            path.path.require_ident()?.to_string()
        }
        _ => {
            let message = "a method must be a name like `GET`, or a string";
            return Err(match standard(item) {
                Some(name) => error_with_help(item, message, format_args!("write `{name}`")),
                None => error(item, message),
            });
        }
    };
    let quoted = quoted.is_some();
    let method = Method::from_bytes(name.as_bytes())
        .map_err(|_| error(item, format_args!("invalid method `{name}`")))?;
    if method == Method::CONNECT {
        return Err(error(
            item,
            "`CONNECT` cannot be mirrored: it opens a tunnel",
        ));
    }
    let standard = NAMES.contains(&name.as_str());
    let meant = similar(&name.to_ascii_uppercase(), NAMES);
    match meant {
        _ if standard => Ok(method),
        // Methods are case-sensitive (RFC 9110 section 9.1): `get` would never match.
        Some(meant) if !quoted || meant.eq_ignore_ascii_case(&name) => Err(error_with_help(
            item,
            format_args!("unknown method `{name}`"),
            format_args!("there is a method with a similar name: `{meant}`"),
        )),
        None if !quoted => Err(error_with_help(
            item,
            format_args!("unknown method `{name}`"),
            format_args!("write an extension method as a string: `\"{name}\"`"),
        )),
        _ => Ok(method),
    }
}
