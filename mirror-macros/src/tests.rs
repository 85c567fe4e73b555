//! The attribute from outside: source in, code or mistakes out.

mod changing;
mod comparing;
mod expansion;
mod functions;
mod handler_targets;
mod headers;
mod key;
mod manual;
mod options;
mod replay;
mod sticky;
mod table;
mod transports;
mod values;

use proc_macro2::{TokenStream, TokenTree};

/// Expands `#[mirror(..)] async fn ..` as rustc would.
fn expand(source: &str) -> TokenStream {
    let mut tokens = source.parse::<TokenStream>().unwrap().into_iter();
    let (Some(_pound), Some(TokenTree::Group(attribute))) = (tokens.next(), tokens.next()) else {
        panic!("no attribute in {source}");
    };
    let args = match attribute.stream().into_iter().nth(1) {
        Some(TokenTree::Group(args)) => args.stream(),
        _ => TokenStream::new(),
    };
    crate::expand::mirror(args, tokens.collect(), &[])
}

/// What each `compile_error!` underlines and says, in order. All of the attribute is underlined by
/// nothing.
fn mistakes(source: &str) -> Vec<(String, String)> {
    mistakes_in(source, expand(source))
}

/// The same for what some source was expanded to.
fn mistakes_in(source: &str, expansion: TokenStream) -> Vec<(String, String)> {
    let tokens: Vec<_> = expansion.into_iter().collect();
    let mistake = |macro_call: &[TokenTree]| {
        let [name, _bang, TokenTree::Group(message)] = macro_call else {
            return None;
        };
        if name.to_string() != "compile_error" {
            return None;
        }
        let underlined = name.span().byte_range().start..message.span().byte_range().end;
        let message: syn::LitStr = syn::parse2(message.stream()).unwrap();
        Some((source[underlined].to_owned(), message.value()))
    };
    tokens.windows(3).filter_map(mistake).collect()
}

#[track_caller]
fn assert_mistakes(source: &str, expected: &[(&str, &str)]) {
    let found = mistakes(source);
    let found: Vec<_> = found
        .iter()
        .map(|(at, message)| (at.as_str(), message.as_str()))
        .collect();
    assert_eq!(found, expected, "in {source}");
}

/// One mistake in the options, beside a valid target.
#[track_caller]
fn assert_mistake(options: &str, underlined: &str, message: &str) {
    let source = format!("#[mirror(targets = [\"http://a\"], {options})] async fn handler() {{}}");
    assert_mistakes(&source, &[(underlined, message)]);
}
