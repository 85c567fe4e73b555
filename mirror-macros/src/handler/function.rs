//! A function with its body as it is written: what is wrong in there is for rustc to say.

use proc_macro2::{Group, TokenStream, TokenTree};
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
    pub(super) body: TokenStream,
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
        let body: Group = input.parse()?;
        Ok(Self {
            attributes,
            visibility,
            signature,
            body: TokenTree::from(body).into(),
        })
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
