//! The type of the router's state.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Type;

use super::across::across;
use crate::args::Args;

/// A parameter that axum infers, or the type that the user names.
pub(super) enum State<'a> {
    Inferred,
    Named(&'a Type),
}

impl<'a> State<'a> {
    pub(super) fn new(args: &'a Args) -> Self {
        args.state.as_ref().map_or(Self::Inferred, Self::Named)
    }

    /// The parameter among the generics of the function that axum sees.
    pub(super) fn parameter(&self) -> Option<TokenStream> {
        matches!(self, Self::Inferred).then(|| quote!(__MirrorState))
    }

    pub(super) fn bounds(&self) -> TokenStream {
        let bounds = quote! {
            ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static
        };
        match self {
            Self::Inferred => bounds,
            Self::Named(ty) => across(ty, bounds),
        }
    }
}

impl ToTokens for State<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Inferred => quote!(__MirrorState).to_tokens(tokens),
            Self::Named(ty) => ty.to_tokens(tokens),
        }
    }
}
