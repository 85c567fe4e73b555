//! Calls of `Options`, as the expansion writes them.

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ExprPath;

use super::across::across;
use crate::{callback::Callback, runtime::Runtime};

/// `.method(argument)`, if there is one.
pub(super) fn call(method: &str, argument: Option<impl ToTokens>) -> Option<TokenStream> {
    let method = Ident::new(method, Span::call_site());
    argument.map(|argument| quote!(.#method(#argument)))
}

/// A call with a function of the user's.
pub(super) fn call_back(
    runtime: &Runtime,
    Callback { option, function }: &Callback,
    method: &str,
    options: &TokenStream,
) -> TokenStream {
    let function = function.to_token_stream();
    call_with(runtime, option, method, options, &function)
}

/// The same of another type than `Options`.
pub(super) fn call_back_of(
    runtime: &Runtime,
    of: &str,
    Callback { option, function }: &Callback,
    method: &str,
    options: &TokenStream,
) -> TokenStream {
    let function = function.to_token_stream();
    call_with_of(runtime, of, option, method, options, &function)
}

/// `Options::method(options, argument)`, with the span of `option = argument`: there, rustc says
/// what it expects.
///
/// It is no `.method(argument)`, since rustc underlines a call from its first token to its last. A
/// chain begins with what the attribute generates, so that all of the attribute would be
/// underlined. Several such calls stand inside one another.
pub(super) fn call_with(
    runtime: &Runtime,
    option: &Ident,
    method: &str,
    options: &TokenStream,
    argument: &TokenStream,
) -> TokenStream {
    call_with_of(runtime, "Options", option, method, options, argument)
}

fn call_with_of(
    runtime: &Runtime,
    of: &str,
    option: &Ident,
    method: &str,
    options: &TokenStream,
    argument: &TokenStream,
) -> TokenStream {
    let method = Ident::new(method, option.span());
    let of = Ident::new(of, option.span());
    let runtime = runtime.at(option.span());
    let method = quote_spanned!(option.span()=> #runtime::__private::#of::#method);
    let end = argument.clone().into_iter().last();
    let end = end.map_or_else(|| option.span(), |token| token.span());
    quote_spanned!(end=> #method(#options, #argument))
}

/// A static of the user's, underlined as it is written.
pub(super) fn borrowed(path: &ExprPath) -> TokenStream {
    let borrow = across(path, quote!(&));
    quote!(#borrow #path)
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}
