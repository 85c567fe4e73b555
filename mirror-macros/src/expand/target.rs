//! Targets as data, and the checks of those that are `const`s.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};

use super::across::across;
use crate::target::{Source, Target};

/// The `.target(..)` calls.
pub(super) fn calls(targets: &[Target]) -> TokenStream {
    let calls = targets.iter().enumerate().map(|(index, target)| {
        let overrides = &target.overrides;
        let source = match &target.source {
            Source::Url(url) => quote!(::mirror_runtime::__private::Source::Url(#url)),
            Source::Env(variable) => quote!(::mirror_runtime::__private::Source::Env(#variable)),
            Source::Const(_) => {
                let constant = constant(index);
                quote!(::mirror_runtime::__private::Source::Url(#constant))
            }
        };
        let percentage = option(overrides.percentage);
        let timeout = option(overrides.timeout.map(milliseconds));
        let name = option(overrides.name.as_ref());
        quote!(.target(#source, #percentage, #timeout, #name))
    });
    calls.collect()
}

/// What rustc checks while it evaluates constants: that each `const` target is the URL of a target, and a target only
/// once.
pub(super) fn checks(targets: &[Target]) -> TokenStream {
    let mut checks = TokenStream::new();
    for (index, target) in targets.iter().enumerate() {
        if let Source::Const(path) = &target.source {
            let constant = constant(index);
            let check = across(
                path,
                quote!(::mirror_runtime::__private::check_target(#constant)),
            );
            // The path is named once: if it is wrong, there is one error about it.
            checks.extend(quote! {
                const #constant: &::core::primitive::str = #path;
                const _: () = #check;
            });
        }
        for (earlier_index, earlier) in targets[..index].iter().enumerate() {
            if let (Some(a), Some(b)) = (url(earlier, earlier_index), url(target, index))
                && (is_const(earlier) || is_const(target))
            {
                let check = across(
                    &target.source,
                    quote!(::mirror_runtime::__private::check_distinct(#a, #b)),
                );
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
fn url(target: &Target, index: usize) -> Option<TokenStream> {
    match &target.source {
        Source::Url(url) => Some(url.to_token_stream()),
        Source::Const(_) => Some(constant(index).to_token_stream()),
        Source::Env(_) => None,
    }
}

fn is_const(target: &Target) -> bool {
    matches!(target.source, Source::Const(_))
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
