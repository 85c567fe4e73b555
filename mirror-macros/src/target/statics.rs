//! Transports and sinks of the user's own, which are statics: `via(NATS)`, `sink(LOG)` and
//! `transport = CLIENT`.

use std::fmt;

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Expr, ExprCall, ExprPath, ext::IdentExt};

use crate::{
    error::error_with_help,
    self_use,
    value::{Setting, peel},
};

/// `via(NATS)` or `sink(LOG)`. That the static is a transport or a sink, rustc finds out.
pub(crate) struct Static {
    /// `via` or `sink`, for its span.
    pub(crate) keyword: Ident,
    pub(crate) path: ExprPath,
}

/// `transport = CLIENT`
pub(crate) struct Transport {
    pub(crate) option: Ident,
    pub(crate) path: ExprPath,
}

impl Static {
    pub(super) fn parse(call: &ExprCall, keyword: &str) -> syn::Result<Self> {
        match (&*call.func, call.args.first().map(peel)) {
            (Expr::Path(function), Some(Expr::Path(path))) if call.args.len() == 1 => {
                self_use::reject(path, keyword)?;
                Ok(Self {
                    keyword: function.path.require_ident()?.clone(),
                    path: path.clone(),
                })
            }
            _ => {
                let example = if keyword == "via" { "NATS" } else { "LOG" };
                let call_of = format!("{keyword}({example})");
                Err(error_with_help(
                    call,
                    format_args!("`{keyword}` takes the path of a static"),
                    format_args!("write `{call_of}`, and its options in `target({call_of}, ..)`"),
                ))
            }
        }
    }

    /// The name of the target in counters and logs, unless it is given another.
    pub(crate) fn name(&self) -> String {
        let last = self.path.path.segments.last();
        last.map(|segment| segment.ident.unraw().to_string().to_lowercase())
            .unwrap_or_default()
    }

    /// Whether both are surely the same static.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.keyword == other.keyword && self.to_string() == other.to_string()
    }
}

/// As it is written.
impl fmt::Display for Static {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.to_token_stream().to_string().replace(' ', "");
        write!(f, "{}({path})", self.keyword)
    }
}

impl Transport {
    pub(crate) fn parse(setting: &Setting<'_>) -> syn::Result<Self> {
        let Some(Expr::Path(path)) = setting.expr() else {
            let example = setting.spec.example;
            return Err(setting.must_like("be the path of a static", example));
        };
        self_use::reject(path, setting.spec.name)?;
        Ok(Self {
            option: setting.key.clone(),
            path: path.clone(),
        })
    }
}
