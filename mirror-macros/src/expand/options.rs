//! The options as data: a chain of calls, one for each that was written.

use http::Method;
use mirror_grammar::Rate;
use proc_macro2::TokenStream;
use quote::quote;

use super::{
    call::{borrowed, call, call_back, call_with, milliseconds},
    comparing, defaults, entry, target,
};
use crate::{
    args::{AcceptEncoding, Args, Body, Breaker, CircuitBreaker, Credentials, Host},
    baggage::Member,
    handler::Handler,
    key::Key,
    sticky::Sticky,
    target::Transport,
};

pub(super) fn options(args: &Args, handler: &Handler) -> TokenStream {
    let runtime = &args.runtime;
    let entry = entry::constant_of_entry();
    let targets = target::calls(args);
    let percentage = call("percentage", args.percentage);
    let sticky = args.sticky.as_ref().map(|sticky| match sticky {
        Sticky::Header(name) => quote!(.sticky_header(#name)),
        Sticky::Cookie(name) => quote!(.sticky_cookie(#name)),
        Sticky::Path => quote!(.sticky_path()),
    });
    let timeout = call("timeout_ms", args.timeout.map(milliseconds));
    let connect_timeout = args.connect_timeout.as_ref();
    let connect_timeout = connect_timeout.map(|(_, timeout)| milliseconds(*timeout));
    let connect_timeout = call("connect_timeout_ms", connect_timeout);
    let sync = call("sync", args.sync);
    let copy_body = call("copy_body", args.copy_body);
    let max_body = call("max_body", args.max_body);
    let body = args.body.map(|body| match body {
        Body::Tee => quote!(.tee()),
        Body::Buffer => quote!(.buffer()),
    });
    let read_ahead = call("read_ahead_ms", args.read_ahead.map(milliseconds));
    let max_in_flight = call("max_in_flight", args.max_in_flight);
    let rate_limit = args.rate_limit.map(rate_limit);
    let circuit_breaker = args.circuit_breaker.as_ref().map(circuit_breaker);
    let until = call("until", args.until.as_ref());
    let allow_raise = call("allow_raise", args.allow_raise);
    let methods = args.methods.iter().map(Method::as_str);
    let headers = headers(args);
    let mask = &args.mask;
    let key = args.key.as_ref().and_then(|key| match key {
        Key::Env(variable) => Some(quote!(.key_from_env(#variable))),
        Key::Static { .. } => None,
    });
    let trace = call(
        "trace",
        args.trace.map(|trace| quote!(#runtime::Trace::#trace)),
    );
    let baggage = args
        .baggage
        .iter()
        .map(|Member { key, value }| quote!(.baggage(#key, #value)));
    let defaults = args.defaults.as_ref();
    let defaults = call("defaults", defaults.map(|_| defaults::constant()));
    let comparing = comparing::calls(args);
    let options = quote! {
        #runtime::__private::Options::new(&#entry)
            #defaults
            #targets
            #percentage
            #sticky
            #timeout
            #connect_timeout
            #sync
            #copy_body
            #max_body
            #body
            #read_ahead
            #max_in_flight
            #rate_limit
            #circuit_breaker
            #until
            #allow_raise
            #(.method(#methods))*
            #headers
            #(.mask(#mask))*
            #key
            #trace
            #(#baggage)*
            #comparing
    };
    let callbacks = [
        &args.on_success,
        &args.on_error,
        &args.on_skip,
        &args.when,
        &args.map_request,
    ];
    let callbacks = callbacks.into_iter().flatten();
    let options = callbacks.fold(options, |options, callback| {
        call_back(runtime, callback, &callback.option.to_string(), &options)
    });
    let options = comparing::functions(args, handler, options);
    let options = match &args.transport {
        Some(Transport { option, path }) => {
            call_with(runtime, option, "transport", &options, &borrowed(path))
        }
        None => options,
    };
    let options = match &args.key {
        Some(Key::Static { option, path }) => {
            call_with(runtime, option, "key", &options, &borrowed(path))
        }
        _ => options,
    };
    quote!(#options.build())
}

/// The options about headers.
fn headers(args: &Args) -> TokenStream {
    let set = args.set_headers.iter().map(|header| {
        let (name, value) = (header.name.as_str(), &header.value);
        quote!(.set_header(#name, #value))
    });
    let removed = args.remove_headers.iter();
    let removed = removed.map(|header| header.name.as_str());
    let credentials = args.credentials.map(|credentials| match credentials {
        Credentials::Strip => quote!(.strip_credentials()),
        Credentials::Forward => quote!(.forward_credentials()),
    });
    let host = args.host.map(|host| match host {
        Host::Preserve => quote!(.preserve_host()),
        Host::Target => quote!(.target_host()),
    });
    let accept_encoding = args.accept_encoding.map(|accept| match accept {
        AcceptEncoding::Comparable => quote!(.comparable_encodings()),
        AcceptEncoding::Verbatim => quote!(.verbatim_encodings()),
    });
    quote! {
        #(#set)*
        #(.remove_header(#removed))*
        #credentials
        #host
        #accept_encoding
    }
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
