//! Handlers that are targets, as functions that call them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ExprPath, spanned::Spanned};

use crate::{args::Args, runtime::Runtime};

/// The list of them, in the order of the targets; `None` if there are none. `signature` is that of
/// the primary.
pub(super) fn candidates(
    args: &Args,
    state: &TokenStream,
    signature: &TokenStream,
) -> Option<TokenStream> {
    let mut calls = args.handlers().map(|path| match args.state {
        None => call(
            &args.runtime,
            path,
            "same_arguments_without_state",
            signature,
        ),
        Some(_) => call(&args.runtime, path, "any_arguments", &quote!(#state, _)),
    });
    let first = calls.next()?;
    Some(quote!([#first #(, #calls)*]))
}

/// A closure that captures nothing: it becomes a plain function, and costs nothing until it is
/// called.
fn call(runtime: &Runtime, path: &ExprPath, function: &str, types: &TokenStream) -> TokenStream {
    // All of it is located at the path, so that rustc underlines that if it is no such handler. It
    // does not have the very span of the path: clippy would take that for the function that is
    // called, and ask an `async fn` without `await` why.
    let span = Span::call_site().located_at(last(path));
    let mixed = Span::mixed_site().located_at(span);
    let [copy, state] = ["copy", "state"].map(|name| Ident::new(name, mixed));
    let function = Ident::new(function, span);
    let runtime = runtime.at(span);
    quote_spanned! {span=>
        |#copy, #state| #runtime::__private::#function::<#types, _>(#path, #copy, #state)
    }
}

/// The end of a path. On stable, the spans of its tokens cannot be joined.
fn last(path: &ExprPath) -> Span {
    let last = path.path.segments.last();
    last.map_or_else(|| path.span(), |segment| segment.ident.span())
}
