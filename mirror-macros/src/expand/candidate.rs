//! Handlers that are targets, as functions that call them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ExprPath;

use super::across::across;
use crate::args::Args;

/// The list of them, in the order of the targets; `None` where there are none. `signature` is that of the primary.
pub(super) fn candidates(
    args: &Args,
    state: &TokenStream,
    signature: &TokenStream,
) -> Option<TokenStream> {
    let mut calls = args.handlers().map(|path| match args.state {
        None => call(path, "same_arguments", signature),
        Some(_) => call(path, "any_arguments", &quote!(#state, _)),
    });
    let first = calls.next()?;
    Some(quote!([#first #(, #calls)*]))
}

/// A closure that catches nothing: it becomes a plain function, and costs nothing until it is called.
fn call(path: &ExprPath, function: &str, types: &TokenStream) -> TokenStream {
    let [copy, state] = ["copy", "state"].map(|name| Ident::new(name, Span::mixed_site()));
    let function = Ident::new(function, Span::call_site());
    // The call has the span of the path, so that rustc shows that where it is no such handler.
    let function = across(path, quote!(::mirror_runtime::__private::#function));
    quote!(|#copy, #state| #function::<#types, _>(#path, #copy, #state))
}
