//! The function that axum sees.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{ReturnType, Signature, Type, TypePath, spanned::Spanned};

use super::{across::across, candidate, original, state::State};
use crate::{
    args::Args,
    handler::{Handler, Place, might_take_body},
};

/// Its generics: the user's own, the state and, if there are arguments, the way of the last: from
/// the parts or from the whole request. axum infers both.
pub(super) fn generics(handler: &Handler, state: &State<'_>) -> TokenStream {
    let users = handler
        .generics
        .params
        .iter()
        .map(ToTokens::to_token_stream);
    let via = (!handler.arguments.is_empty()).then(|| quote!(__MirrorVia));
    let all = users.chain(state.parameter()).chain(via);
    quote!(#(#all),*)
}

/// Its `where` clause, with one bound for each argument, so that rustc can name the one that is no
/// extractor.
pub(super) fn bounds(args: &Args, handler: &Handler, state: &State<'_>) -> TokenStream {
    let runtime = &args.runtime;
    let clause = handler.generics.where_clause.iter();
    let users = clause.flat_map(|clause| &clause.predicates);
    let extractors = handler.arguments.split_last().map(|(last, others)| {
        let others = others.iter().map(|ty| {
            let from_parts = quote!(#runtime::__private::FromRequestParts<#state>);
            bound(ty, from_parts)
        });
        let from_request = quote!(#runtime::__private::FromRequest<#state, __MirrorVia>);
        let last = bound(last, from_request);
        quote! {
            #(#others)*
            #last
            __MirrorVia: 'static,
        }
    });
    let state_bounds = state.bounds();
    quote! {
        #(#users,)*
        #extractors
        #state: #state_bounds
    }
}

fn bound(ty: &Type, extractor: TokenStream) -> TokenStream {
    let extractor = across(ty, extractor);
    quote!(#ty: #extractor,)
}

/// The return type.
///
/// Not an `async fn`: inside one, rustc forgets which lifetimes the types of arguments have before
/// it checks that the future is `Send`, and a handler that takes a `State<&'static str>` would be
/// refused.
pub(super) fn future(args: &Args, handler: &Handler) -> TokenStream {
    let span = response(&handler.signature);
    let runtime = args.runtime.at(span);
    quote_spanned! {span=>
        impl ::core::future::Future<Output = #runtime::__private::Response>
            + ::core::marker::Send
    }
}

/// The call that extracts the arguments, sends the copies and runs the original.
///
/// Where the original is no handler, rustc finds that in the call, in its argument and in the
/// future that it returns. With one span for all of them it says so once.
pub(super) fn serve(
    args: &Args,
    handler: &Handler,
    state: &State<'_>,
    incoming: &Ident,
) -> TokenStream {
    let span = response(&handler.signature);
    let state = state.to_token_stream();
    let arguments = &handler.arguments;
    let original = original::path(handler, span);
    let runtime = args.runtime.at(span);
    // A value in a variable: clippy takes what is named in the call, with its span, for the
    // function that is called, and asks one without `await` why it is `async`.
    let handler = Ident::new("handler", Span::mixed_site().located_at(span));
    let via = if arguments.is_empty() {
        quote_spanned!(span=> ())
    } else {
        quote_spanned!(span=> __MirrorVia)
    };
    let signature = quote_spanned!(span=> #state, #via, (#(#arguments,)*));
    let Some(candidates) = candidate::candidates(args, &state, &signature) else {
        return quote_spanned! {span=>
            let #handler = #original;
            #runtime::__private::serve::<#signature, _, _>(&__MIRROR, #handler, #incoming)
        };
    };
    quote_spanned! {span=>
        let #handler = #original;
        #runtime::__private::serve_with::<#signature, _, _, _>(
            &__MIRROR,
            #handler,
            #candidates,
            #incoming,
        )
    }
}

/// Checks that no argument but the last takes the body, of those that have the name of an extractor
/// that does. Constants know no generics: of types with them, rustc says it at the bound.
pub(super) fn body_checks(args: &Args, handler: &Handler) -> TokenStream {
    let Some((_, others)) = handler.arguments.split_last() else {
        return TokenStream::new();
    };
    if matches!(handler.place, Place::Hidden) {
        return TokenStream::new();
    }
    let runtime = &args.runtime;
    let checks = others.iter().filter_map(|ty| {
        let name = might_take_body(ty).filter(|_| !handler.names_generics(ty))?;
        let message =
            format!("`{name}` consumes the request body, so it must be the last argument");
        let check = quote! {
            ::core::assert!(!<#runtime::__private::Argument<#ty>>::TAKES_BODY, #message)
        };
        let check = across(ty, check);
        Some(quote! {
            const _: () = {
                use #runtime::__private::TakesBody as _;
                #check
            };
        })
    });
    checks.collect()
}

/// The end of the signature.
pub(super) fn end(signature: &Signature) -> Span {
    match &signature.output {
        ReturnType::Type(_, ty) => ty.to_token_stream().into_iter().last().map(|t| t.span()),
        ReturnType::Default => None,
    }
    .unwrap_or_else(|| signature.paren_token.span.close())
}

/// Where the type of the response stands, or else the function's name. It is the span of one token,
/// since those of several cannot be joined on stable.
fn response(signature: &Signature) -> Span {
    match &signature.output {
        ReturnType::Type(_, ty) => match &**ty {
            Type::Path(TypePath { path, .. }) => path.segments.last().map(|s| s.ident.span()),
            ty => Some(ty.span()),
        },
        ReturnType::Default => None,
    }
    .unwrap_or_else(|| signature.ident.span())
}
