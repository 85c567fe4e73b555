//! Generated code that rustc shows as a piece of the user's.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::ToTokens;

use crate::runtime::locate;

/// Gives `generated` the span of `written`, so that rustc underlines all of `written`.
///
/// On stable, spans of tokens cannot be joined; but rustc joins those of the first and the last
/// token itself.
pub(super) fn across(written: &impl ToTokens, generated: TokenStream) -> TokenStream {
    let mut tokens = written.to_token_stream().into_iter();
    let first = tokens.next().map_or_else(Span::call_site, |t| t.span());
    let last = tokens.last().map_or(first, |token| token.span());
    generated
        .into_iter()
        .enumerate()
        .map(|(index, token)| respan(token, if index == 0 { first } else { last }))
        .collect()
}

fn respan(token: TokenTree, span: Span) -> TokenTree {
    let token = match token {
        TokenTree::Group(group) => {
            let tokens = group.stream().into_iter();
            let stream = tokens.map(|token| respan(token, span)).collect();
            TokenTree::Group(Group::new(group.delimiter(), stream))
        }
        other => other,
    };
    locate(token, span)
}
