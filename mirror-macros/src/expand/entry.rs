//! The mirror as it is known before its first request.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

use super::{
    call::call,
    defaults,
    target::{constant, name_of},
};
use crate::{args::Args, handler::Handler};

/// The name of the static.
pub(super) fn constant_of_entry() -> Ident {
    Ident::new("__MIRROR_ENTRY", Span::call_site())
}

/// The static, and what makes it known.
///
/// What `submit!` expands to has `unsafe` in it. It comes from a macro of another crate, so that it
/// is no matter of the user's `#![forbid(unsafe_code)]`.
pub(super) fn entry(args: &Args, handler: &Handler) -> TokenStream {
    let runtime = &args.runtime;
    let entry = constant_of_entry();
    let function = handler.name();
    let name = call("name", args.name.as_ref());
    let percentage = call("percentage", args.percentage);
    let until = call("until", args.until.as_ref());
    let allow_raise = call("allow_raise", args.allow_raise);
    let shared = args.defaults.as_ref().map(|_| {
        let constant = defaults::constant();
        quote!(.shared(&#runtime::__private::shared(#constant)))
    });
    let targets = args.targets.iter().enumerate().map(|(index, target)| {
        let name = match &target.overrides.name {
            Some(name) => name.to_token_stream(),
            None => name_of(&target.source, &constant(index)),
        };
        let percentage = call("percentage", target.overrides.percentage);
        quote!(#runtime::__private::EntryTarget::new(#name)#percentage)
    });
    let options = args
        .written
        .iter()
        .map(|(name, value)| quote!((#name, #value)));
    quote! {
        static #entry: #runtime::__private::MirrorEntry = #runtime::__private::MirrorEntry::new(
            ::core::module_path!(),
            #function,
            ::core::file!(),
            ::core::line!(),
            {
                fn here() {}
                || ::core::any::type_name_of_val(&here)
            },
        )
        #name
        #percentage
        #until
        #allow_raise
        #shared
        .targets(&[#(#targets),*])
        .options(&[#(#options),*]);
        #runtime::__private::submit! { &#entry }
    }
}
