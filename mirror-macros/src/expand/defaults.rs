//! What rustc checks of options that handlers share, while it evaluates constants.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::{
    across::across,
    call::{borrowed, milliseconds},
};
use crate::args::Args;

/// The name of the constant that refers to them: with it the user's path is named once, and if it
/// is wrong, there is one error about it.
pub(super) fn constant() -> Ident {
    Ident::new("__MIRROR_DEFAULTS", Span::call_site())
}

pub(super) fn checks(args: &Args) -> TokenStream {
    let Some(defaults) = &args.defaults else {
        return TokenStream::new();
    };
    let runtime = &args.runtime;
    let constant = constant();
    let value = borrowed(&defaults.path);
    let check = across(
        &defaults.path,
        quote!(#runtime::__private::check_defaults(#constant)),
    );
    let mut checks = quote! {
        const #constant: &#runtime::Defaults = #value;
        const _: () = #check;
    };
    if let (Some((option, connect_timeout)), None) = (&args.connect_timeout, args.timeout) {
        let connect_timeout = milliseconds(*connect_timeout);
        let check = quote!(#runtime::__private::check_connect_timeout(#constant, #connect_timeout));
        let check = across(option, check);
        checks.extend(quote!(const _: () = #check;));
    }
    for compared in &args.compared {
        let (option, needs_json) = (&compared.option, compared.needs_json);
        let without = format!("`{option}` needs `compare`, here or in the defaults");
        let without_json =
            format!("`{option}` applies to JSON only; the `compare` of the defaults does not");
        let check = quote! {
            #runtime::__private::check_compared(#constant, #needs_json, #without, #without_json)
        };
        let check = across(option, check);
        checks.extend(quote!(const _: () = #check;));
    }
    checks
}
