//! Targets as data, and the checks of those that are `const`s.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};

use super::across::across;
use crate::target::{Choice, Source, Target};

/// The `.target(..)` calls.
pub(super) fn calls(targets: &[Target]) -> TokenStream {
    let calls = targets.iter().enumerate().map(|(index, target)| {
        let overrides = &target.overrides;
        let source = source(&target.source, &constant(index));
        let percentage = option(overrides.percentage);
        let timeout = option(overrides.timeout.map(milliseconds));
        let name = option(overrides.name.as_ref());
        let http2 = overrides.http2.as_ref().map(|http2| {
            let choice = http2.choice;
            quote!(.http2(#choice))
        });
        quote!(.target(#source, #percentage, #timeout, #name)#http2)
    });
    calls.collect()
}

/// The baseline's source.
pub(super) fn baseline(baseline: &Source) -> TokenStream {
    source(baseline, &baseline_constant())
}

fn source(source: &Source, constant: &Ident) -> TokenStream {
    match source {
        Source::Url(url) => quote!(::mirror_runtime::__private::Source::Url(#url)),
        Source::Env(variable) => quote!(::mirror_runtime::__private::Source::Env(#variable)),
        Source::Const(_) => quote!(::mirror_runtime::__private::Source::Url(#constant)),
        Source::Handler(path) => {
            let name = Source::handler_name(path);
            quote!(::mirror_runtime::__private::Source::Handler(#name))
        }
    }
}

/// What rustc checks while it evaluates constants: that each `const` is the URL of a target, and a server is there only
/// once.
pub(super) fn checks(targets: &[Target], baseline: Option<&Source>) -> TokenStream {
    let mut all: Vec<_> = targets
        .iter()
        .enumerate()
        .map(|(index, target)| (&target.source, constant(index)))
        .collect();
    all.extend(baseline.map(|baseline| (baseline, baseline_constant())));
    let mut checks = TokenStream::new();
    for (index, (source, constant)) in all.iter().enumerate() {
        if let Source::Const(path) = source {
            let check = across(
                path,
                quote!(::mirror_runtime::__private::check_target(#constant)),
            );
            // The path is named once: if it is wrong, there is one error about it.
            checks.extend(quote! {
                const #constant: &::core::primitive::str = #path;
                const _: () = #check;
            });
            if targets.get(index).is_some_and(has_prior_knowledge) {
                let check = quote!(::mirror_runtime::__private::check_without_tls(#constant));
                let check = across(path, check);
                checks.extend(quote!(const _: () = #check;));
            }
        }
        for (earlier, earlier_constant) in &all[..index] {
            if let (Some(a), Some(b)) = (url(earlier, earlier_constant), url(source, constant))
                && (is_const(earlier) || is_const(source))
            {
                let check = if index == targets.len() {
                    quote!(::mirror_runtime::__private::check_baseline(#a, #b))
                } else {
                    quote!(::mirror_runtime::__private::check_distinct(#a, #b))
                };
                let check = across(source, check);
                checks.extend(quote!(const _: () = #check;));
            }
        }
    }
    checks
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

/// The URL, where the program that is compiled has it.
fn url(source: &Source, constant: &Ident) -> Option<TokenStream> {
    match source {
        Source::Url(url) => Some(url.to_token_stream()),
        Source::Const(_) => Some(constant.to_token_stream()),
        Source::Env(_) | Source::Handler(_) => None,
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

fn constant(index: usize) -> Ident {
    format_ident!("__MIRROR_TARGET_{index}")
}

fn option(value: Option<impl ToTokens>) -> TokenStream {
    value.map_or_else(
        || quote!(::core::option::Option::None),
        |value| quote!(::core::option::Option::Some(#value)),
    )
}
