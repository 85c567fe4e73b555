//! A function with its body as it is written: what is wrong in there is for rustc to say.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{
    Attribute, LitStr, Signature, Token, Visibility,
    parse::{Parse, ParseStream},
    token,
};

use crate::error::error;

pub(super) struct Function {
    pub(super) attributes: Vec<Attribute>,
    pub(super) visibility: Visibility,
    pub(super) signature: Signature,
    pub(super) body: TokenTree,
}

impl Parse for Function {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if !is_function(&input.fork())? {
            let item: TokenTree = input.parse()?;
            input.parse::<TokenStream>()?;
            return Err(error(item, "`#[mirror]` handlers must be `async fn`s"));
        }
        let signature = input.parse()?;
        if !input.peek(token::Brace) {
            let end: TokenStream = input.parse()?;
            return Err(error(end, "`#[mirror]` handlers must have a body"));
        }
        Ok(Self {
            attributes,
            visibility,
            signature,
            body: visible(input.parse()?),
        })
    }
}

/// What is in the invisible groups that `macro_rules!` puts around a `$body:block`: behind a
/// signature, rustc does not look into them.
fn visible(body: TokenTree) -> TokenTree {
    match body {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            let inside = group.stream().into_iter().next();
            inside.map_or(TokenTree::Group(group), visible)
        }
        body => body,
    }
}

/// Whether only qualifiers stand before a `fn`.
fn is_function(ahead: ParseStream) -> syn::Result<bool> {
    while ahead.peek(Token![const])
        || ahead.peek(Token![async])
        || ahead.peek(Token![unsafe])
        || ahead.peek(Token![extern])
        || ahead.peek(LitStr)
    {
        ahead.parse::<TokenTree>()?;
    }
    Ok(ahead.peek(Token![fn]))
}
