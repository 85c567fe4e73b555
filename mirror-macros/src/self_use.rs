//! Where `Self` is used: a function inside a function cannot name it, nor can a static.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Block, Item,
    visit::{self, Visit},
};

use crate::error::error;

/// An option ends up in a static, where nothing is called `Self`.
pub(crate) fn reject(value: impl ToTokens, option: &str) -> syn::Result<()> {
    match find(value.into_token_stream()) {
        Some(self_type) => Err(error(
            self_type,
            format_args!("`{option}` cannot use `Self`: write the name of the type"),
        )),
        None => Ok(()),
    }
}

/// The first `Self` in `tokens`.
pub(crate) fn find(tokens: TokenStream) -> Option<Ident> {
    find_ident(tokens, &|ident| ident == "Self")
}

/// Whether an identifier is among `tokens`.
pub(crate) fn names(tokens: TokenStream, name: &Ident) -> bool {
    find_ident(tokens, &|ident| ident == name).is_some()
}

fn find_ident(tokens: TokenStream, is_it: &dyn Fn(&Ident) -> bool) -> Option<Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if is_it(&ident) => Some(ident),
        TokenTree::Group(group) => find_ident(group.stream(), is_it),
        _ => None,
    })
}

/// Whether the body of a function uses the `Self` around the function; an `impl` in the body has
/// its own.
pub(crate) fn in_body(body: &TokenStream) -> bool {
    // Most bodies have none, and parsing them would be in vain.
    find(body.clone()).is_some()
        && syn::parse2::<Block>(body.clone()).map_or(true, |block| {
            let mut uses = Uses(false);
            uses.visit_block(&block);
            uses.0
        })
}

struct Uses(bool);

impl<'ast> Visit<'ast> for Uses {
    fn visit_ident(&mut self, ident: &'ast Ident) {
        self.0 |= ident == "Self";
    }

    fn visit_token_stream(&mut self, tokens: &'ast TokenStream) {
        self.0 |= find(tokens.clone()).is_some();
    }

    fn visit_item(&mut self, item: &'ast Item) {
        // `macro_rules!` and item macros may be used by the statements beside them.
        if let Item::Macro(item) = item {
            visit::visit_item_macro(self, item);
        }
    }
}
