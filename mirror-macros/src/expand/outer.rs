//! The function that axum sees.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Type;

use super::{across::across, original};
use crate::handler::Handler;

/// Its generics: the user's own, the state and, if there are arguments, the way of the last: from the parts or from the
/// whole request. axum infers both.
pub(super) fn generics(handler: &Handler) -> TokenStream {
    let users = handler.generics.params.iter();
    let via = (!handler.arguments.is_empty()).then(|| quote!(, __MirrorVia));
    quote!(#(#users,)* __MirrorState #via)
}

/// Its `where` clause, with one bound for each argument, so that rustc can name the one that is no extractor.
pub(super) fn bounds(handler: &Handler) -> TokenStream {
    let clause = handler.generics.where_clause.iter();
    let users = clause.flat_map(|clause| &clause.predicates);
    let extractors = handler.arguments.split_last().map(|(last, others)| {
        let others = others.iter().map(|ty| {
            let from_parts = quote!(::mirror_runtime::__private::FromRequestParts<__MirrorState>);
            bound(ty, from_parts)
        });
        let from_request =
            quote!(::mirror_runtime::__private::FromRequest<__MirrorState, __MirrorVia>);
        let last = bound(last, from_request);
        quote! {
            #(#others)*
            #last
            __MirrorVia: ::core::marker::Send + 'static,
        }
    });
    quote! {
        #(#users,)*
        #extractors
        __MirrorState:
            ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static,
    }
}

fn bound(ty: &Type, extractor: TokenStream) -> TokenStream {
    let extractor = across(ty, extractor);
    let send = across(ty, quote!(::core::marker::Send));
    quote!(#ty: #extractor + #send + 'static,)
}

/// What says at the type of the answer that it is none.
pub(super) fn assert_answer(answer: &Type) -> TokenStream {
    let assertion = across(
        answer,
        quote!(::mirror_runtime::__private::assert_into_response),
    );
    quote!(#assertion::<#answer>();)
}

/// The call that extracts the arguments, sends the copies and runs the original.
pub(super) fn serve(handler: &Handler, incoming: &Ident) -> TokenStream {
    let arguments = &handler.arguments;
    let original = original::path(handler);
    let via = if arguments.is_empty() {
        quote!(())
    } else {
        quote!(__MirrorVia)
    };
    quote! {
        ::mirror_runtime::__private::serve::<__MirrorState, #via, (#(#arguments,)*), _>(
            &__MIRROR,
            #original,
            #incoming,
        )
    }
}
