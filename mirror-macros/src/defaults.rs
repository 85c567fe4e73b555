//! `defaults = SHADOW`: options that handlers share.

use syn::{Expr, ExprPath};

use crate::{self_use, value::Setting};

/// The path of a `const` or a `static` with options. Its value rustc checks.
pub(crate) struct Defaults {
    pub(crate) path: ExprPath,
}

impl Defaults {
    pub(crate) fn parse(setting: &Setting<'_>) -> syn::Result<Self> {
        let Some(Expr::Path(path)) = setting.expr() else {
            let what = "be the path of a `const` or `static` of `Defaults`";
            return Err(setting.must_like(what, setting.spec.example));
        };
        self_use::reject(path, setting.spec.name)?;
        Ok(Self { path: path.clone() })
    }
}
