//! The handler as it was written, and how it is called.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{GenericParam, Signature};

use crate::handler::{Handler, Place};

/// The original under the name that [`path`] calls it by.
pub(super) fn original(handler: &Handler) -> TokenStream {
    let attributes = &handler.original_attributes;
    let body = &handler.body;
    let signature = Signature {
        ident: name(handler),
        ..handler.signature.clone()
    };
    let hidden = (handler.place == Place::Beside).then(|| quote!(#[doc(hidden)]));
    // Of a handler that is a value somewhere, clippy does not ask for an `await`. It does not see
    // that this one is.
    quote! {
        #hidden
        #[allow(clippy::unused_async)]
        #(#attributes)*
        #signature #body
    }
}

/// The path of the original, seen from the function that axum calls. Its lifetimes are inferred.
pub(super) fn path(handler: &Handler, span: Span) -> TokenStream {
    let scope = (handler.place == Place::Beside).then(|| quote_spanned!(span=> Self::));
    let mut name = name(handler);
    name.set_span(span);
    let arguments: Vec<_> = handler.generics.params.iter().filter_map(ident).collect();
    if arguments.is_empty() {
        quote!(#scope #name)
    } else {
        quote_spanned!(span=> #scope #name::<#(#arguments),*>)
    }
}

fn name(handler: &Handler) -> Ident {
    let name = &handler.signature.ident;
    match handler.place {
        Place::Inside => name.clone(),
        Place::Beside => format_ident!("__mirror_original_{name}", span = name.span()),
    }
}

fn ident(parameter: &GenericParam) -> Option<&Ident> {
    match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
        GenericParam::Lifetime(_) => None,
    }
}
