//! Targets as data, and the checks of those that are `const`s.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};

use super::{
    across::across,
    call::{borrowed, call, call_back_of, milliseconds},
};
use crate::{
    args::Args,
    runtime::Runtime,
    target::{Choice, Source, Static, Target},
};

/// The `.target(..)` calls.
pub(super) fn calls(args: &Args) -> TokenStream {
    let calls = args.targets.iter().enumerate().map(|(index, target)| {
        let options = options(&args.runtime, target, &constant(index));
        quote!(.target(#options))
    });
    calls.collect()
}

/// The baseline's source.
pub(super) fn baseline(runtime: &Runtime, baseline: &Source) -> TokenStream {
    source(runtime, baseline, None, &baseline_constant())
}

fn options(runtime: &Runtime, target: &Target, constant: &Ident) -> TokenStream {
    let overrides = &target.overrides;
    let source = source(runtime, &target.source, target.name(), constant);
    let percentage = call("percentage", overrides.percentage);
    let timeout = call("timeout_ms", overrides.timeout.map(milliseconds));
    let name = match &target.source {
        // It is an argument of theirs.
        Source::Via(_) | Source::Sink(_) => None,
        _ => call("name", overrides.name.as_ref()),
    };
    let trace = overrides.trace.as_ref().map(|trace| trace.trace);
    let trace = call("trace", trace.map(|trace| quote!(#runtime::Trace::#trace)));
    let http2 = overrides.http2.as_ref().map(|http2| http2.choice);
    let http2 = call(
        "http2",
        http2.map(|choice| quote!(#runtime::Http2::#choice)),
    );
    let set = overrides.set_headers.iter().map(|header| {
        let (name, value) = (header.name.as_str(), &header.value);
        quote!(.set_header(#name, #value))
    });
    let options = quote!(#source #percentage #timeout #trace #name #http2 #(#set)*);
    match &overrides.map_request {
        Some(callback) => call_back_of(runtime, "TargetOptions", callback, "map_request", &options),
        None => options,
    }
}

/// The name of a target that is given none.
pub(super) fn name_of(source: &Source, constant: &Ident) -> TokenStream {
    match source {
        Source::Url(text) | Source::Env(text) | Source::File(text) => text.to_token_stream(),
        Source::Const(_) => constant.to_token_stream(),
        Source::Handler(path) => Source::handler_name(path).to_token_stream(),
        Source::Via(place) | Source::Sink(place) => place.name().to_token_stream(),
    }
}

fn source(
    runtime: &Runtime,
    source: &Source,
    name: Option<String>,
    constant: &Ident,
) -> TokenStream {
    let (constructor, argument) = match source {
        Source::Url(url) => ("url", url.to_token_stream()),
        Source::Env(variable) => ("env", variable.to_token_stream()),
        Source::Const(_) => ("url", constant.to_token_stream()),
        Source::Handler(path) => ("handler", Source::handler_name(path).to_token_stream()),
        Source::Via(place) | Source::Sink(place) => {
            let name = name.unwrap_or_else(|| place.name());
            ("made", made(runtime, place, &name))
        }
        Source::File(directory) => ("made", quote!(#runtime::__private::file(#directory))),
    };
    let constructor = format_ident!("{constructor}");
    quote!(#runtime::__private::TargetOptions::#constructor(#argument))
}

/// `via("nats", &NATS)`, with the spans of `via(NATS)`: there, rustc says that it is no transport.
fn made(runtime: &Runtime, place: &Static, name: &str) -> TokenStream {
    let keyword = &place.keyword;
    let argument = borrowed(&place.path);
    let runtime = runtime.at(keyword.span());
    let function = quote_spanned!(keyword.span()=> #runtime::__private::#keyword);
    quote!(#function(#name, #argument))
}

/// What rustc checks while it evaluates constants: that each `const` is the URL of a target, and a
/// server is there only once.
pub(super) fn checks(args: &Args) -> TokenStream {
    let runtime = &args.runtime;
    let targets = &args.targets;
    let baseline = args.comparing.baseline.as_ref();
    let mut all: Vec<_> = targets
        .iter()
        .enumerate()
        .map(|(index, target)| (&target.source, constant(index)))
        .collect();
    all.extend(baseline.map(|baseline| (baseline, baseline_constant())));
    let mut checks = TokenStream::new();
    for (index, (source, constant)) in all.iter().enumerate() {
        if let Source::Const(path) = source {
            let check = across(path, quote!(#runtime::__private::check_target(#constant)));
            // The path is named once: if it is wrong, there is one error about it.
            checks.extend(quote! {
                const #constant: &::core::primitive::str = #path;
                const _: () = #check;
            });
            if targets.get(index).is_some_and(has_prior_knowledge) {
                let check = quote!(#runtime::__private::check_without_tls(#constant));
                let check = across(path, check);
                checks.extend(quote!(const _: () = #check;));
            }
        }
        for (earlier, earlier_constant) in &all[..index] {
            if let (Some(a), Some(b)) = (url(earlier, earlier_constant), url(source, constant))
                && (is_const(earlier) || is_const(source))
            {
                let check = if index == targets.len() {
                    quote!(#runtime::__private::check_baseline(#a, #b))
                } else {
                    quote!(#runtime::__private::check_distinct(#a, #b))
                };
                let check = across(source, check);
                checks.extend(quote!(const _: () = #check;));
            }
        }
    }
    checks
}

/// The URL, if the program that is compiled has it.
fn url(source: &Source, constant: &Ident) -> Option<TokenStream> {
    match source {
        Source::Url(url) => Some(url.to_token_stream()),
        Source::Const(_) => Some(constant.to_token_stream()),
        Source::Env(_)
        | Source::Handler(_)
        | Source::Via(_)
        | Source::Sink(_)
        | Source::File(_) => None,
    }
}

fn has_prior_knowledge(target: &Target) -> bool {
    let http2 = target.overrides.http2.as_ref();
    http2.is_some_and(|http2| http2.choice == Choice::PriorKnowledge)
}

fn is_const(source: &Source) -> bool {
    matches!(source, Source::Const(_))
}

fn baseline_constant() -> Ident {
    format_ident!("__MIRROR_BASELINE")
}

pub(super) fn constant(index: usize) -> Ident {
    format_ident!("__MIRROR_TARGET_{index}")
}
