//! `crate = path`: where generated code finds `mirror-runtime`.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Path};

use crate::{self_use, value::Setting};

/// The path of the crate. Without the option it is `::mirror_runtime`.
#[derive(Clone, Default)]
pub(crate) struct Runtime(Option<Path>);

impl Runtime {
    pub(crate) fn parse(setting: &Setting<'_>) -> syn::Result<Self> {
        match setting.expr() {
            Some(Expr::Path(path)) if path.qself.is_none() => {
                self_use::reject(path, setting.spec.name)?;
                Ok(Self(Some(path.path.clone())))
            }
            _ => Err(setting.must_like("be the path of the crate", &to_type(setting))),
        }
    }

    pub(crate) fn from_path(path: Path) -> Self {
        Self(Some(path))
    }

    /// The path, underlined where `span` is.
    pub(crate) fn at(&self, span: Span) -> TokenStream {
        match &self.0 {
            None => quote_spanned!(span=> ::mirror_runtime),
            Some(path) => path
                .to_token_stream()
                .into_iter()
                .map(|token| locate(token, span))
                .collect(),
        }
    }
}

impl ToTokens for Runtime {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.0 {
            None => quote!(::mirror_runtime).to_tokens(tokens),
            Some(path) => path.to_tokens(tokens),
        }
    }
}

/// Moves a token to where `span` is. The `$crate` of a `macro_rules!` still means the same crate.
pub(crate) fn locate(mut token: TokenTree, span: Span) -> TokenTree {
    let is_crate = matches!(&token, TokenTree::Ident(ident) if ident == "$crate");
    token.set_span(if is_crate {
        token.span().located_at(span)
    } else {
        span
    });
    token
}

/// A path in quotes, which some crates want, without them; or else the example.
fn to_type(setting: &Setting<'_>) -> String {
    let path = setting
        .string()
        .and_then(|text| text.parse::<Path>().ok())
        .map(|path| path.to_token_stream().to_string().replace(' ', ""));
    path.unwrap_or_else(|| setting.spec.example.to_owned())
}
