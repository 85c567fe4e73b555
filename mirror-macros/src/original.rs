//! `original = list_users_unmirrored`: a name for the handler as it was written.

use syn::{Expr, ExprPath, Ident, PathSegment};

use crate::value::Setting;

/// The name, and whether it is one of the `impl` around the handler: `Self::name`.
#[derive(Clone)]
pub(crate) struct Original {
    pub(crate) name: Ident,
    pub(crate) is_associated: bool,
}

impl Original {
    pub(crate) fn parse(setting: &Setting<'_>) -> syn::Result<Self> {
        let must = || {
            let text = setting.string().map(syn::LitStr::value);
            let text = text.filter(|text| syn::parse_str::<Ident>(text).is_ok());
            let example = setting.spec.example;
            let what = "be a name for a function";
            setting.must_like(what, text.as_deref().unwrap_or(example))
        };
        let Some(Expr::Path(ExprPath {
            qself: None, path, ..
        })) = setting.expr()
        else {
            return Err(must());
        };
        let segments: Vec<&PathSegment> = path.segments.iter().collect();
        let (name, is_associated) = match segments[..] {
            [name] => (name, false),
            [scope, name] if scope.ident == "Self" => (name, true),
            _ => return Err(must()),
        };
        if !name.arguments.is_none() || path.leading_colon.is_some() || name.ident == "Self" {
            return Err(must());
        }
        Ok(Self {
            name: name.ident.clone(),
            is_associated,
        })
    }
}
