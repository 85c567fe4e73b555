//! From the checked options and the checked function to code. Nothing can go wrong here any more.

mod across;
mod call;
mod candidate;
mod comparing;
mod defaults;
mod entry;
mod options;
mod original;
mod outer;
mod state;
mod target;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::quote;
use syn::Token;

use self::state::State;
use crate::{
    args::Args,
    compare::{self, Mode},
    error::Errors,
    handler::{Handler, Place},
};

/// The attribute: `args` are its options, `item` is what it stands on.
/// `above` are the attributes above it.
pub(crate) fn mirror(args: TokenStream, item: TokenStream, above: &[String]) -> TokenStream {
    let mut errors = Errors::default();
    let args = Args::parse(args, &mut errors);
    let handler = Handler::parse(item.clone(), above, args.original.as_ref(), &mut errors);
    if let (Some(Mode::Typed), Some(handler)) = (&args.comparing.mode, &handler) {
        compare::check_typed(handler, &mut errors);
    }
    match (handler, errors.into_compile_errors()) {
        (Some(handler), None) => expansion(&args, &handler),
        (_, mistakes) => {
            // The item stays, so that nothing else that names it goes red.
            let mut tokens = mistakes.unwrap_or_default();
            tokens.extend(item);
            tokens
        }
    }
}

fn expansion(args: &Args, handler: &Handler) -> TokenStream {
    let runtime = &args.runtime;
    let attributes = &handler.outer_attributes;
    let visibility = &handler.visibility;
    let name = &handler.signature.ident;
    let state = State::new(args);
    let generics = outer::generics(handler, &state);
    let bounds = outer::bounds(args, handler, &state);
    let original = original::original(handler);
    let (inside, beside) = match handler.place {
        Place::Inside => (Some(original), None),
        Place::Hidden | Place::Named { .. } => (None, Some(original)),
    };
    let body_checks = outer::body_checks(args, handler);
    let default_checks = defaults::checks(args);
    let target_checks = target::checks(args);
    let mut end = <Token![,]>::default();
    end.spans = [outer::end(&handler.signature)];
    let entry = entry::entry(args, handler);
    let options = options::options(args, handler);
    // Hygienic, so that an item of this name in the user's code stays in sight of the original.
    let incoming = Ident::new("incoming", Span::mixed_site());
    let future = outer::future(args, handler);
    let serve = outer::serve(args, handler, &state, &incoming);
    let statements = quote! {
        #inside
        #body_checks
        #default_checks
        #target_checks
        #entry
        static __MIRROR: ::std::sync::LazyLock<#runtime::__private::Mirror> =
            ::std::sync::LazyLock::new(|| #options);
        #serve
    };
    // With spans of the user's own from its begin to its end: rustc takes the function for
    // generated otherwise, and does not say that nobody uses it.
    let function = &handler.signature.fn_token;
    let mut body = Group::new(Delimiter::Brace, statements);
    body.set_span(handler.body.span());

    runtime.marked(quote! {
        #(#attributes)*
        #visibility #function #name<#generics>(
            #incoming: #runtime::__private::Incoming<#state>,
        ) -> #future
        where
            #bounds #end
        #body
        #beside
    })
}
