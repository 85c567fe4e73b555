//! The options as data: a chain of calls, one for each that was written.

use http::Method;
use mirror_grammar::Rate;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::{
    call::{borrowed, call, call_back, call_with, milliseconds},
    comparing, target,
};
use crate::{
    args::{AcceptEncoding, Args, Body, Breaker, CircuitBreaker, Credentials, Host},
    handler::Handler,
    target::Transport,
};

pub(super) fn options(args: &Args, handler: &Handler) -> TokenStream {
    let name = name(args, handler);
    let targets = target::calls(&args.targets);
    let percentage = call("percentage", args.percentage);
    let timeout = call("timeout_ms", args.timeout.map(milliseconds));
    let connect_timeout = args.connect_timeout.map(milliseconds);
    let connect_timeout = call("connect_timeout_ms", connect_timeout);
    let sync = call("sync", args.sync);
    let copy_body = call("copy_body", args.copy_body);
    let max_body = call("max_body", args.max_body);
    let tee = match args.body {
        Some(Body::Tee) => Some(quote!(.tee())),
        Some(Body::Buffer) | None => None,
    };
    let read_ahead = call("read_ahead_ms", args.read_ahead.map(milliseconds));
    let max_in_flight = call("max_in_flight", args.max_in_flight);
    let rate_limit = args.rate_limit.map(rate_limit);
    let circuit_breaker = args.circuit_breaker.as_ref().map(circuit_breaker);
    let methods = args.methods.iter().map(Method::as_str);
    let set = args.set_headers.iter().map(|header| {
        let (name, value) = (header.name.as_str(), &header.value);
        quote!(.set_header(#name, #value))
    });
    let removed = args.remove_headers.iter();
    let removed = removed.map(|header| header.name.as_str());
    let credentials = match args.credentials {
        Some(Credentials::Strip) => Some(quote!(.strip_credentials())),
        Some(Credentials::Forward) | None => None,
    };
    let host = match args.host {
        Some(Host::Preserve) => Some(quote!(.preserve_host())),
        Some(Host::Target) | None => None,
    };
    let accept_encoding = match args.accept_encoding {
        Some(AcceptEncoding::Comparable) => Some(quote!(.comparable_encodings())),
        Some(AcceptEncoding::Verbatim) | None => None,
    };
    let comparing = comparing::calls(&args.comparing);
    let options = quote! {
        ::mirror_runtime::__private::Options::new(#name)
            #targets
            #percentage
            #timeout
            #connect_timeout
            #sync
            #copy_body
            #max_body
            #tee
            #read_ahead
            #max_in_flight
            #rate_limit
            #circuit_breaker
            #(.method(#methods))*
            #(#set)*
            #(.remove_header(#removed))*
            #credentials
            #host
            #accept_encoding
            #comparing
    };
    let callbacks = [&args.on_success, &args.on_error, &args.on_skip, &args.when];
    let callbacks = callbacks.into_iter().flatten();
    let options = callbacks.fold(options, |options, callback| {
        call_back(callback, &callback.option.to_string(), &options)
    });
    let options = comparing::functions(&args.comparing, handler, options);
    let options = match &args.transport {
        Some(Transport { option, path }) => {
            call_with(option, "transport", &options, &borrowed(path))
        }
        None => options,
    };
    quote!(#options.build())
}

fn name(args: &Args, handler: &Handler) -> TokenStream {
    if let Some(name) = &args.name {
        return name.to_token_stream();
    }
    let function = format!("::{}", handler.name());
    quote!(::core::concat!(::core::module_path!(), #function))
}

fn rate_limit(rate: Rate) -> TokenStream {
    let (copies, period) = (rate.count.get(), milliseconds(rate.period));
    quote!(.rate_limit(#copies, #period))
}

fn circuit_breaker(breaker: &CircuitBreaker) -> TokenStream {
    match breaker {
        CircuitBreaker::Off => quote!(.no_circuit_breaker()),
        CircuitBreaker::On(Breaker { failures, cooldown }) => {
            let cooldown = milliseconds(*cooldown);
            quote!(.circuit_breaker(#failures, #cooldown))
        }
    }
}
