//! The options about comparing, as calls.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::{
    across::across,
    call::{call, call_back},
    target,
};
use crate::{
    compare::{At, Comparing, Mode},
    handler::Handler,
};

/// The calls that are about values.
pub(super) fn calls(comparing: &Comparing) -> TokenStream {
    let mode = comparing.mode.as_ref().and_then(mode);
    let at = match comparing.at {
        Some(At::Server) => Some(quote!(.compare_at_server())),
        Some(At::Handler) | None => None,
    };
    let Comparing {
        headers,
        ignore,
        unordered,
        redact,
        ..
    } = comparing;
    let tolerance = comparing
        .tolerance
        .iter()
        .map(|(pointer, difference)| quote!(.tolerance(#pointer, #difference)));
    let max_body = call("max_compare_body", comparing.max_body);
    let baseline = comparing.baseline.as_ref().map(target::baseline);
    let baseline = call("baseline", baseline);
    quote! {
        #mode
        #at
        #(.compare_header(#headers))*
        #(.ignore(#ignore))*
        #(.unordered(#unordered))*
        #(#tolerance)*
        #(.redact(#redact))*
        #max_body
        #baseline
    }
}

fn mode(mode: &Mode) -> Option<TokenStream> {
    match mode {
        Mode::Status => Some(quote!(.compare_status())),
        Mode::Json => Some(quote!(.compare_json())),
        Mode::Bytes => Some(quote!(.compare_bytes())),
        Mode::Typed | Mode::Function(_) => None,
    }
}

/// The calls that are about code of the user's, around those that are not: see [`call_back`].
pub(super) fn functions(
    comparing: &Comparing,
    handler: &Handler,
    options: TokenStream,
) -> TokenStream {
    let options = match &comparing.mode {
        Some(Mode::Typed) => typed(handler, &options),
        Some(Mode::Function(function)) => call_back(function, "compare_with", &options),
        _ => options,
    };
    match &comparing.on_mismatch {
        Some(callback) => call_back(callback, "on_mismatch", &options),
        None => options,
    }
}

/// A call with the span of the return type: there, rustc says which trait is missing.
fn typed(handler: &Handler, options: &TokenStream) -> TokenStream {
    let response = &handler.response;
    let function = quote!(::mirror_runtime::__private::Options::compare_typed);
    let function = across(response, function.to_token_stream());
    quote!(#function::<#response>(#options))
}
