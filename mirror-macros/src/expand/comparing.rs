//! The options about comparing, as calls.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::{
    across::across,
    call::{call, call_back, call_with},
    target,
};
use crate::{
    args::Args,
    compare::{At, Comparing, Mode, Thresholds},
    handler::Handler,
    runtime::Runtime,
};

/// The calls that are about values.
pub(super) fn calls(args: &Args) -> TokenStream {
    let comparing = &args.comparing;
    let mode = comparing.mode.as_ref().and_then(mode);
    let at = comparing.at.map(|at| match at {
        At::Server => quote!(.compare_at_server()),
        At::Handler => quote!(.compare_at_handler()),
    });
    let Comparing {
        headers,
        ignore_headers,
        ignore,
        unordered,
        redact,
        ..
    } = comparing;
    let tolerance = comparing
        .tolerance
        .iter()
        .map(|(pointer, difference)| quote!(.tolerance(#pointer, #difference)));
    let zero_fraction = call("ignore_zero_fraction", comparing.ignore_zero_fraction);
    let bom = call("ignore_bom", comparing.ignore_bom);
    let max_body = call("max_compare_body", comparing.max_body);
    let baseline = comparing.baseline.as_ref();
    let baseline = baseline.map(|baseline| target::baseline(&args.runtime, baseline));
    let baseline = call("baseline", baseline);
    let version_header = call("version_header", comparing.version_header.as_ref());
    let record = call("record", comparing.record.as_ref());
    let max_fixtures = call("max_fixtures", comparing.max_fixtures);
    let max_fixture_bytes = call("max_fixture_bytes", comparing.max_fixture_bytes);
    quote! {
        #mode
        #at
        #(.compare_header(#headers))*
        #(.ignore_header(#ignore_headers))*
        #(.ignore(#ignore))*
        #(.unordered(#unordered))*
        #(#tolerance)*
        #zero_fraction
        #bom
        #(.redact(#redact))*
        #max_body
        #baseline
        #version_header
        #record
        #max_fixtures
        #max_fixture_bytes
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
pub(super) fn functions(args: &Args, handler: &Handler, options: TokenStream) -> TokenStream {
    let runtime = &args.runtime;
    let comparing = &args.comparing;
    let options = match &comparing.mode {
        Some(Mode::Typed) => typed(runtime, handler, &options),
        Some(Mode::Function(function)) => call_back(runtime, function, "compare_with", &options),
        _ => options,
    };
    let options = match &comparing.thresholds {
        Some(Thresholds { option, value }) => {
            let value = value.to_token_stream();
            call_with(runtime, option, "thresholds", &options, &value)
        }
        None => options,
    };
    match &comparing.on_mismatch {
        Some(callback) => call_back(runtime, callback, "on_mismatch", &options),
        None => options,
    }
}

/// A call with the span of the return type: there, rustc says which trait is missing.
fn typed(runtime: &Runtime, handler: &Handler, options: &TokenStream) -> TokenStream {
    let response = &handler.response;
    let function = quote!(#runtime::__private::Options::compare_typed);
    let function = across(response, function.to_token_stream());
    quote!(#function::<#response>(#options))
}
