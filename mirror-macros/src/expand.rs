//! From the checked options and the checked function to code. Nothing can go wrong here any more.

mod across;
mod call;
mod candidate;
mod comparing;
mod options;
mod original;
mod outer;
mod state;
mod target;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use self::state::State;
use crate::{
    args::Args,
    compare::{self, Mode},
    error::Errors,
    handler::{Handler, Place},
};

/// The attribute: `args` are its options, `item` is what it stands on.
pub(crate) fn mirror(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let args = Args::parse(args, &mut errors);
    let handler = Handler::parse(item.clone(), &mut errors);
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
    let attributes = &handler.outer_attributes;
    let visibility = &handler.visibility;
    let name = &handler.signature.ident;
    let state = State::of(args);
    let generics = outer::generics(handler, &state);
    let bounds = outer::bounds(handler, &state);
    let original = original::original(handler);
    let (inside, beside) = match handler.place {
        Place::Inside => (Some(original), None),
        Place::Beside => (None, Some(original)),
    };
    let target_checks = target::checks(&args.targets, args.comparing.baseline.as_ref());
    let options = options::options(args, handler);
    // Hygienic, so that an item of this name in the user's code stays in sight of the original.
    let incoming = Ident::new("incoming", Span::mixed_site());
    let future = outer::future(handler);
    let serve = outer::serve(args, handler, &state, &incoming);

    quote! {
        #(#attributes)*
        #visibility fn #name<#generics>(
            #incoming: ::mirror_runtime::__private::Incoming<#state>,
        ) -> #future
        where
            #bounds
        {
            #inside
            #target_checks
            static __MIRROR: ::std::sync::LazyLock<::mirror_runtime::__private::Mirror> =
                ::std::sync::LazyLock::new(|| #options);
            #serve
        }
        #beside
    }
}
