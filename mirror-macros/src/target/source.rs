//! Where copies go: to a server, whose URL stands here, in the environment or in a `const`; to a
//! handler; or to a static of the user's own.

use mirror_grammar::{UrlError, parse_url, same_target};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Expr, ExprCall, ExprPath, LitStr};

use super::{Static, is_call_of};
use crate::{
    error::{error, error_with_help},
    self_use,
    value::{peel, string},
};

/// Where the copies of a target go.
pub(crate) enum Source {
    /// A literal, which is valid.
    Url(LitStr),
    /// The name of an environment variable.
    Env(LitStr),
    /// A `const` of type `&str`, whose value only rustc can check.
    Const(ExprPath),
    /// A handler of this program, which rustc checks too.
    Handler(ExprPath),
    /// A transport, which carries the copies.
    Via(Static),
    /// A sink, which keeps the requests with their responses.
    Sink(Static),
    /// The same in files of this directory.
    File(LitStr),
}

impl ToTokens for Source {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Url(literal) | Self::Env(literal) | Self::File(literal) => {
                literal.to_tokens(tokens);
            }
            Self::Const(path) | Self::Handler(path) => path.to_tokens(tokens),
            Self::Via(place) | Self::Sink(place) => place.path.to_tokens(tokens),
        }
    }
}

impl Source {
    /// Reads a source for the option of this name.
    pub(crate) fn parse(expr: &Expr, option: &str) -> syn::Result<Self> {
        if let Some(literal) = string(expr) {
            return url(literal);
        }
        match expr {
            Expr::Call(call) if is_call_of(call, "env") => {
                env(call, "env(\"SHADOW_URL\")").map(Self::Env)
            }
            Expr::Call(call) if is_call_of(call, "handler") => handler(call),
            Expr::Call(call) if is_call_of(call, "via") => {
                Static::parse(call, "via").map(Self::Via)
            }
            Expr::Call(call) if is_call_of(call, "sink") => {
                Static::parse(call, "sink").map(Self::Sink)
            }
            Expr::Call(call) if is_call_of(call, "file") => file(call),
            Expr::Path(path) => {
                self_use::reject(path, option)?;
                Ok(Self::Const(path.clone()))
            }
            other => Err(not_a_target(other)),
        }
    }

    /// Whether copies go to a server, whose URL is known or will be.
    pub(crate) fn is_server(&self) -> bool {
        match self {
            Self::Url(_) | Self::Env(_) | Self::Const(_) => true,
            Self::Handler(_) | Self::Via(_) | Self::Sink(_) | Self::File(_) => false,
        }
    }

    /// Whether it is given requests with their responses, and no copies.
    pub(crate) fn is_sink(&self) -> bool {
        matches!(self, Self::Sink(_) | Self::File(_))
    }

    /// Whether this is written like a server.
    pub(crate) fn is_written_like_a_server(expr: &Expr) -> bool {
        match expr {
            Expr::Call(call) => is_call_of(call, "env"),
            Expr::Path(_) => true,
            other => string(other).is_some(),
        }
    }

    /// How a handler is called in counters and logs.
    pub(crate) fn handler_name(path: &ExprPath) -> String {
        let path = path.to_token_stream().to_string().replace(' ', "");
        format!("handler({path})")
    }

    /// Whether both are surely the same target. For a `const`, rustc finds out.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Url(a), Self::Url(b)) => match (parse_url(&a.value()), parse_url(&b.value())) {
                (Ok(a), Ok(b)) => same_target(&a, &b),
                _ => false,
            },
            (Self::Env(a), Self::Env(b)) | (Self::File(a), Self::File(b)) => a.value() == b.value(),
            (Self::Handler(a), Self::Handler(b)) => Self::handler_name(a) == Self::handler_name(b),
            (Self::Via(a), Self::Via(b)) | (Self::Sink(a), Self::Sink(b)) => a.is_same(b),
            _ => false,
        }
    }

    /// The mistake of naming the same target again.
    pub(crate) fn twice(&self) -> syn::Error {
        match self {
            Self::Url(literal) | Self::Env(literal) | Self::File(literal) => {
                let message = format!("duplicate target `{}`", literal.value());
                error(literal, message)
            }
            other => error(other, "duplicate target"),
        }
    }
}

fn not_a_target(expr: &Expr) -> syn::Error {
    let message = "a target must be a URL, the path of a `const`, `env(\"..\")`, `handler(..)`, `via(..)`, `sink(..)` or `file(..)`";
    match variable(expr) {
        Some(name) => error_with_help(expr, message, format_args!("write `env(\"{name}\")`")),
        None => error(expr, message),
    }
}

/// The variable of `env!("SHADOW_URL")` and `std::env::var("SHADOW_URL")`, whatever is done with
/// its value.
pub(crate) fn variable(expr: &Expr) -> Option<String> {
    match peel(expr) {
        Expr::Macro(call) => {
            let name = &call.mac.path.segments.last()?.ident;
            let is_env = name == "env" || name == "option_env";
            let variable = call.mac.parse_body::<LitStr>().ok()?;
            is_env.then(|| variable.value())
        }
        Expr::Call(call) => {
            let Expr::Path(function) = &*call.func else {
                return None;
            };
            let name = &function.path.segments.last()?.ident;
            let is_env = name == "var" || name == "var_os" || name == "env" || name == "from_env";
            let variable = string(call.args.first()?)?;
            is_env.then(|| variable.value())
        }
        Expr::MethodCall(call) => variable(&call.receiver),
        Expr::Reference(reference) => variable(&reference.expr),
        Expr::Try(unwrapped) => variable(&unwrapped.expr),
        _ => None,
    }
}

fn url(literal: &LitStr) -> syn::Result<Source> {
    let text = literal.value();
    match parse_url(&text) {
        Ok(_) => Ok(Source::Url(literal.clone())),
        // These speak for themselves, and the text may hold a secret.
        Err(mistake @ (UrlError::Credentials | UrlError::Query | UrlError::Fragment)) => {
            Err(error(literal, mistake))
        }
        Err(UrlError::NotAbsolute) => Err(not_absolute(literal, &text)),
        Err(mistake) => {
            let message = format!("invalid target `{text}`: {mistake}");
            Err(error(literal, message))
        }
    }
}

fn not_absolute(literal: &LitStr, text: &str) -> syn::Error {
    let host = "https://staging.example.com";
    let completed = match text.strip_prefix("//") {
        Some(without_slashes) => format!("https://{without_slashes}"),
        None if text.starts_with('/') => format!("{host}{text}"),
        None => misspelled(text).unwrap_or_else(|| format!("https://{text}")),
    };
    let example = match parse_url(&completed) {
        Ok(_) => &completed,
        Err(_) => host,
    };
    error_with_help(
        literal,
        format_args!("invalid target `{text}`: {}", UrlError::NotAbsolute),
        format_args!("write the scheme and the host, like `{example}`"),
    )
}

/// `https//host` and the like, as they were meant.
fn misspelled(text: &str) -> Option<String> {
    let (scheme, rest) = ["https", "http"].iter().find_map(|scheme| {
        let (begin, rest) = text.split_at_checked(scheme.len())?;
        let is_scheme = begin.eq_ignore_ascii_case(scheme) && rest.starts_with([':', '/']);
        is_scheme.then_some((scheme, rest))
    })?;
    Some(format!(
        "{scheme}://{}",
        rest.trim_start_matches([':', '/'])
    ))
}

/// `env("NAME")`
pub(crate) fn env(call: &ExprCall, example: &str) -> syn::Result<LitStr> {
    let variable = match call.args.first().and_then(string) {
        Some(variable) if call.args.len() == 1 => variable,
        _ => {
            return Err(error_with_help(
                call,
                "`env` takes the name of one environment variable, as a string",
                format_args!("write `{example}`"),
            ));
        }
    };
    let name = variable.value();
    // What `std::env::var` could never find.
    if name.is_empty() || name.contains(['=', '\0']) {
        let message = format!("invalid environment variable name `{name}`");
        return Err(error(variable, message));
    }
    Ok(variable.clone())
}

/// `file("DIRECTORY")`
fn file(call: &ExprCall) -> syn::Result<Source> {
    let directory = match call.args.first().and_then(string) {
        Some(directory) if call.args.len() == 1 => directory,
        _ => {
            return Err(error_with_help(
                call,
                "`file` takes the path of one directory, as a string",
                "write `file(\"mirror-log\")`, and its options in `target(file(\"mirror-log\"), ..)`",
            ));
        }
    };
    let path = directory.value();
    // What no system has.
    if path.is_empty() || path.contains('\0') {
        let message = format!("invalid directory `{}`", path.escape_default());
        return Err(error(directory, message));
    }
    Ok(Source::File(directory.clone()))
}

fn handler(call: &ExprCall) -> syn::Result<Source> {
    match call.args.first().map(peel) {
        Some(Expr::Path(path)) if call.args.len() == 1 => Ok(Source::Handler(path.clone())),
        _ => Err(error_with_help(
            call,
            "`handler` takes the path of one handler",
            "write `handler(list_users_v2)`, and its options in `target(handler(list_users_v2), ..)`",
        )),
    }
}
