//! `sticky = header("x-user-id")`, `sticky = cookie("sid")` and `sticky = path`.

use mirror_grammar::{StickyError, check_cookie_name, parse_sticky_header};
use syn::{Expr, ExprCall, LitStr};

use crate::{
    error::{error, error_with_help},
    target::is_call_of,
    value::{Setting, peel, string},
};

/// What users are told apart by.
pub(crate) enum Sticky {
    Header(LitStr),
    Cookie(LitStr),
    Path,
}

const HEADER: &str = "header(\"x-user-id\")";
const COOKIE: &str = "cookie(\"sid\")";

impl Sticky {
    pub(crate) fn parse(setting: &Setting<'_>) -> syn::Result<Self> {
        match setting.expr() {
            Some(Expr::Path(path)) if path.path.is_ident("path") => Ok(Self::Path),
            Some(Expr::Call(call)) if is_call_of(call, "header") => {
                let name = name(call, "header", HEADER)?;
                match parse_sticky_header(&name.value()) {
                    Ok(_) => Ok(Self::Header(name.clone())),
                    Err(mistake @ StickyError::Useless(..))
                        if name.value().to_ascii_lowercase().ends_with("cookie") =>
                    {
                        let help =
                            format!("write `sticky = {COOKIE}`, with the name of the cookie");
                        Err(error_with_help(name, mistake, help))
                    }
                    Err(mistake) => Err(error(name, mistake)),
                }
            }
            Some(Expr::Call(call)) if is_call_of(call, "cookie") => {
                let name = name(call, "cookie", COOKIE)?;
                match check_cookie_name(&name.value()) {
                    Ok(_) => Ok(Self::Cookie(name.clone())),
                    Err(mistake) => Err(error(name, mistake)),
                }
            }
            _ => Err(neither(setting)),
        }
    }
}

/// The one argument of a call.
fn name<'a>(call: &'a ExprCall, keyword: &str, example: &str) -> syn::Result<&'a LitStr> {
    match call.args.first().map(peel).and_then(string) {
        Some(name) if call.args.len() == 1 => Ok(name),
        _ => Err(error_with_help(
            call,
            format_args!("`{keyword}` takes the name of one {keyword}, as a string"),
            format_args!("write `{example}`"),
        )),
    }
}

fn neither(setting: &Setting<'_>) -> syn::Error {
    let text = setting.string().map(LitStr::value).unwrap_or_default();
    let named = setting.word();
    let like = match named.as_str() {
        "path" | "uri" | "url" => "path".to_owned(),
        "cookie" | "cookies" | "session" => COOKIE.to_owned(),
        "header" | "headers" | "user" => HEADER.to_owned(),
        // A call of what is neither, or another value.
        _ if text.is_empty() => {
            let call = match setting.expr() {
                Some(Expr::Call(call)) => call.args.first().map(peel).and_then(string),
                _ => None,
            };
            let is_path =
                matches!(setting.expr(), Some(Expr::Call(call)) if is_call_of(call, "path"));
            match call.map(LitStr::value) {
                _ if is_path => "path".to_owned(),
                Some(name) => like(&name),
                None => setting.spec.example.to_owned(),
            }
        }
        _ => like(&text),
    };
    setting.must_like("be `header(\"..\")`, `cookie(\"..\")` or `path`", &like)
}

/// What most likely has a name. Cookies have seldom a hyphen, and headers nearly always.
fn like(name: &str) -> String {
    let is_header = name.contains('-') || name.eq_ignore_ascii_case("authorization");
    if is_header && parse_sticky_header(name).is_ok() {
        format!("header(\"{name}\")")
    } else if !is_header && check_cookie_name(name).is_ok() {
        format!("cookie(\"{name}\")")
    } else {
        HEADER.to_owned()
    }
}
