//! The handler as it was written, and how it is called.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{GenericParam, Signature};

use crate::handler::{Handler, Place};

/// The original under the name that [`path`] calls it by.
pub(super) fn original(handler: &Handler) -> TokenStream {
    let attributes = &handler.original_attributes;
    let mut body = handler.body.clone();
    let mut signature = Signature {
        ident: name(handler),
        ..handler.signature.clone()
    };
    if handler.place.is_associated() {
        // Clippy asks an `async fn` without `await` why it is one, unless it is used as a value. It
        // does not see that in `Self::name`, so here the function is one that a macro has written.
        body.set_span(written(body.span()));
        if let Some(asyncness) = &mut signature.asyncness {
            asyncness.span = written(asyncness.span);
        }
    }
    let (hidden, visibility) = match &handler.place {
        Place::Inside => (None, None),
        Place::Hidden => (Some(quote!(#[doc(hidden)])), None),
        Place::Named { .. } => (None, Some(&handler.visibility)),
    };
    quote! {
        #hidden
        #(#attributes)*
        #visibility #signature #body
    }
}

/// The path of the original, seen from the function that axum calls. Its lifetimes are inferred.
pub(super) fn path(handler: &Handler, span: Span) -> TokenStream {
    let (scope, name) = match &handler.place {
        Place::Inside => (None, at(name(handler), span)),
        Place::Hidden => (Some(quote_spanned!(span=> Self::)), at(name(handler), span)),
        // At the name as the user wrote it: there, rustc says if it is one of an `impl`.
        Place::Named {
            name,
            is_associated,
        } => {
            let scope = is_associated.then(|| quote_spanned!(name.span()=> Self::));
            (scope, name.clone())
        }
    };
    let arguments: Vec<_> = handler.generics.params.iter().filter_map(ident).collect();
    if arguments.is_empty() {
        quote!(#scope #name)
    } else {
        quote_spanned!(span=> #scope #name::<#(#arguments),*>)
    }
}

/// The same place, in code of the macro.
fn written(span: Span) -> Span {
    Span::call_site().located_at(span)
}

fn at(mut name: Ident, span: Span) -> Ident {
    name.set_span(span);
    name
}

fn name(handler: &Handler) -> Ident {
    let name = &handler.signature.ident;
    match &handler.place {
        Place::Inside => name.clone(),
        Place::Named { name: users, .. } => users.clone(),
        Place::Hidden => format_ident!("__mirror_original_{name}", span = name.span()),
    }
}

fn ident(parameter: &GenericParam) -> Option<&Ident> {
    match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
        GenericParam::Lifetime(_) => None,
    }
}
