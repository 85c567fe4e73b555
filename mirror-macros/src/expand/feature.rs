//! Code that only a feature of `mirror-runtime` makes good.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::ext::IdentExt;

use crate::table::Needed;

/// Hands `code` to a macro of the runtime for each feature that it needs. An attribute cannot see which are on: the macro
/// gives the code back if its feature is, and otherwise is one error in its place, at the option.
pub(super) fn needs(needed: &[Needed], code: TokenStream) -> TokenStream {
    needed
        .iter()
        .fold(code, |code, Needed { feature, option }| {
            let span = option.span();
            let needs = format_ident!("needs_{}", feature.name(), span = span);
            let mut option = Literal::string(&option.unraw().to_string());
            option.set_span(span);
            quote_spanned!(span=> ::mirror_runtime::__private::#needs!(#option, #code))
        })
}
