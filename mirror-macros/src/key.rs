//! `key = env("MIRROR_KEY")` and `key = KEY`.

use syn::{Expr, ExprPath, Ident, LitStr};

use crate::{
    error::error_with_help,
    self_use,
    target::{env, is_call_of, variable},
    value::Setting,
};

/// Where the key is taken from, when the program runs.
pub(crate) enum Key {
    /// The name of an environment variable.
    Env(LitStr),
    /// A static, which rustc checks.
    Static {
        /// The name of the option, for its span.
        option: Ident,
        path: ExprPath,
    },
}

impl Key {
    pub(crate) fn parse(setting: &Setting<'_>) -> syn::Result<Self> {
        let example = setting.spec.example;
        if setting.string().is_some() {
            // The text may be a secret, which no message repeats.
            return Err(error_with_help(
                setting.value,
                "a key must not stand in the source: it would end up in the binary and in the repository",
                format_args!("write `key = {example}`, and set the variable"),
            ));
        }
        match setting.expr() {
            Some(Expr::Call(call)) if is_call_of(call, "env") => env(call, example).map(Self::Env),
            Some(Expr::Path(path)) => {
                self_use::reject(path, setting.spec.name)?;
                Ok(Self::Static {
                    option: setting.key.clone(),
                    path: path.clone(),
                })
            }
            other => {
                let found = other.and_then(variable);
                let like = found.map(|name| format!("env(\"{name}\")"));
                Err(setting.must_like(
                    "be `env(\"..\")` or the path of a static",
                    like.as_deref().unwrap_or(example),
                ))
            }
        }
    }
}
