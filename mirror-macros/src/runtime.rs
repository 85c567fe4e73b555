//! `crate = path`: where generated code finds `mirror-runtime`.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
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

    /// Marks the names of the crate in generated code as generated, wherever they are underlined.
    /// Behind a path of the user's, rustc would call them unnecessary qualifications of what is in
    /// scope anyway; it never does so behind `::mirror_runtime`.
    pub(crate) fn marked(&self, generated: TokenStream) -> TokenStream {
        match self.0 {
            None => generated,
            Some(_) => marked(generated).0,
        }
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

impl From<Path> for Runtime {
    fn from(path: Path) -> Self {
        Self(Some(path))
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

/// The tokens, and whether any of them was marked. What was not is left as it is written.
fn marked(tokens: TokenStream) -> (TokenStream, bool) {
    let mut any = false;
    let tokens = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(mut ident) if ident == "__private" => {
            ident.set_span(Span::call_site().located_at(ident.span()));
            any = true;
            ident.into()
        }
        TokenTree::Group(group) => {
            let (inside, is_marked) = marked(group.stream());
            if !is_marked {
                return group.into();
            }
            any = true;
            let mut marked = Group::new(group.delimiter(), inside);
            marked.set_span(group.span());
            marked.into()
        }
        token => token,
    });
    let tokens = tokens.collect();
    (tokens, any)
}

/// A path in quotes, which some crates want, without them; or else the example.
fn to_type(setting: &Setting<'_>) -> String {
    let path = setting
        .string()
        .and_then(|text| text.parse::<Path>().ok())
        .map(|path| path.to_token_stream().to_string().replace(' ', ""));
    path.unwrap_or_else(|| setting.spec.example.to_owned())
}
