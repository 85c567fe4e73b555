//! Functions that the mirror calls: a path or a closure. Their types are checked by rustc, in the
//! expansion.

use quote::ToTokens;
use syn::{Expr, ExprClosure, Ident};

use crate::{error::error, self_use, value::Setting};

/// A path or a closure, and the name of its option for the span.
pub(crate) struct Callback {
    pub(crate) option: Ident,
    pub(crate) function: Expr,
}

/// The function that the mirror calls.
struct Signature {
    text: &'static str,
    arguments: usize,
}

pub(crate) fn on_success(setting: &Setting<'_>) -> syn::Result<Callback> {
    let text = "fn(&Target, &BufferedResponse)";
    callback(setting, &Signature { text, arguments: 2 })
}

pub(crate) fn on_error(setting: &Setting<'_>) -> syn::Result<Callback> {
    let text = "fn(&Target, &MirrorError)";
    callback(setting, &Signature { text, arguments: 2 })
}

pub(crate) fn on_skip(setting: &Setting<'_>) -> syn::Result<Callback> {
    let text = "fn(&Target, SkipReason)";
    callback(setting, &Signature { text, arguments: 2 })
}

pub(crate) fn when(setting: &Setting<'_>) -> syn::Result<Callback> {
    let text = "fn(&http::request::Parts) -> bool";
    callback(setting, &Signature { text, arguments: 1 })
}

pub(crate) fn map_request(setting: &Setting<'_>) -> syn::Result<Callback> {
    let text = "fn(&mut ShadowRequest)";
    callback(setting, &Signature { text, arguments: 1 })
}

pub(crate) fn on_mismatch(setting: &Setting<'_>) -> syn::Result<Callback> {
    let text = "fn(&Comparison)";
    callback(setting, &Signature { text, arguments: 1 })
}

pub(crate) fn compare(setting: &Setting<'_>) -> syn::Result<Callback> {
    let text = "fn(&BufferedResponse, &BufferedResponse) -> Verdict";
    callback(setting, &Signature { text, arguments: 2 })
}

fn callback(setting: &Setting<'_>, signature: &Signature) -> syn::Result<Callback> {
    let function = match setting.expr() {
        Some(function @ Expr::Path(_)) => function,
        Some(function @ Expr::Closure(closure)) => {
            check_closure(closure, setting.spec.name, signature)?;
            function
        }
        _ => {
            let text = signature.text;
            return Err(setting.must(&format!("be a path or a closure, `{text}`")));
        }
    };
    self_use::reject(function, setting.spec.name)?;
    Ok(Callback {
        option: setting.key.clone(),
        function: function.clone(),
    })
}

/// What a closure shows without its types, and rustc would explain by the insides of the expansion.
fn check_closure(closure: &ExprClosure, name: &str, signature: &Signature) -> syn::Result<()> {
    let Signature { text, arguments } = signature;
    if let Some(asyncness) = closure.asyncness {
        let message = format!("`{name}` must not be `async`: it is called as `{text}`");
        return Err(error(asyncness, message));
    }
    if closure.inputs.len() != *arguments {
        let mut bars = closure.inputs_begin.to_token_stream();
        closure.inputs_end.to_tokens(&mut bars);
        let message = format!("`{name}` must be a `{text}`");
        return Err(error(bars, message));
    }
    Ok(())
}
