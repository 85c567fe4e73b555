//! `key = value` pairs as they are written: parsed, but not understood yet.

mod setting;

use mirror_grammar::{check_percentage, options, parse_url};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Expr, ExprLit, ExprPath, Ident, Lit, LitStr, Token, Type, braced,
    ext::IdentExt,
    parse::{End, ParseStream, Parser, discouraged::Speculative},
    token,
};

pub(crate) use setting::Setting;

use crate::error::{Errors, error, error_with_help};

/// The one option whose value is a type.
const TYPE_OPTION: &str = options::STATE.name;

/// One option as it is written.
pub(crate) struct Entry {
    pub(crate) key: Ident,
    pub(crate) value: Value,
}

/// The value behind the `=` of an option.
pub(crate) enum Value {
    Expr(Expr),
    /// `{ key = value, .. }`
    Map(Group),
    /// The value of [`TYPE_OPTION`].
    Type(Box<Type>),
    /// Nothing, as in a lone `sync`.
    Missing,
    /// Something that is neither; the mistake is recorded.
    Broken,
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Expr(expr) => expr.to_tokens(tokens),
            Self::Map(group) => group.to_tokens(tokens),
            Self::Type(ty) => ty.to_tokens(tokens),
            Self::Missing | Self::Broken => {}
        }
    }
}

/// Parses the options of an attribute. A mistake in one of them does not hide those in the next.
pub(crate) fn entries(tokens: TokenStream, errors: &mut Errors) -> Vec<Entry> {
    let entries = (|input: ParseStream| comma_separated(input, errors, entry)).parse2(tokens);
    errors.check(entries).unwrap_or_default()
}

/// Takes the arguments behind the first of `target(URL, key = value, ..)` as options.
pub(crate) fn arguments<'a>(
    arguments: impl Iterator<Item = &'a Expr>,
    errors: &mut Errors,
) -> Vec<Entry> {
    let as_entry = |argument: &Expr| {
        let (key, value) = match argument {
            Expr::Assign(assign) => (&*assign.left, map_or_expr(&assign.right)),
            key => (key, Value::Missing),
        };
        match key {
            Expr::Path(path) if path.path.get_ident().is_some() => Ok(Entry {
                key: path.path.require_ident()?.clone(),
                value,
            }),
            other => Err(error(other, "expected an option, like `percentage = 5`")),
        }
    };
    arguments
        .filter_map(|argument| errors.check(as_entry(argument)))
        .collect()
}

/// The name of a macro that stands for a map where Rust expects an expression.
const MAP: &str = "__mirror_map";

/// Writes each map among arguments, as in `target(URL, set_headers = { .. })`, as a call of a macro:
/// to Rust it is a block, with mistakes in it.
fn with_maps_as_calls(tokens: TokenStream) -> TokenStream {
    let mut is_value = false;
    let mut written = TokenStream::new();
    for token in tokens {
        let was_value = std::mem::replace(
            &mut is_value,
            matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '='),
        );
        match token {
            TokenTree::Group(group) if was_value && group.delimiter() == Delimiter::Brace => {
                let name = Ident::new(MAP, group.span());
                written.extend(quote!(#name! #group));
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                let inner = with_maps_as_calls(group.stream());
                let mut changed = Group::new(group.delimiter(), inner);
                changed.set_span(group.span());
                written.extend([TokenTree::Group(changed)]);
            }
            token => written.extend([token]),
        }
    }
    written
}

/// A list of targets, in whose arguments there may be maps.
fn list(input: ParseStream) -> syn::Result<Expr> {
    let group: Group = input.parse()?;
    let mut changed = Group::new(group.delimiter(), with_maps_as_calls(group.stream()));
    changed.set_span(group.span());
    syn::parse2(TokenTree::Group(changed).into())
}

fn map_or_expr(expr: &Expr) -> Value {
    match peel(expr) {
        Expr::Macro(call) if call.mac.path.is_ident(MAP) => {
            let mut group = Group::new(Delimiter::Brace, call.mac.tokens.clone());
            group.set_span(call.mac.delimiter.span().join());
            Value::Map(group)
        }
        expr => Value::Expr(expr.clone()),
    }
}

fn entry(input: ParseStream, errors: &mut Errors) -> syn::Result<Entry> {
    if !input.peek(Ident::peek_any) {
        return Err(not_an_option(input));
    }
    let key = Ident::parse_any(input)?;
    if !input.peek(Token![=]) || input.peek(Token![==]) || input.peek(Token![=>]) {
        skip(input)?;
        let value = Value::Missing;
        return Ok(Entry { key, value });
    }
    input.parse::<Token![=]>()?;
    let value = if key == TYPE_OPTION {
        type_value(input, errors)?
    } else if input.peek(token::Brace) {
        Value::Map(input.parse()?)
    } else {
        // A fork, so that what follows a broken expression is still there to be skipped.
        let ahead = input.fork();
        let parsed = if key == options::TARGETS.name && ahead.peek(token::Bracket) {
            list(&ahead)
        } else {
            ahead.parse()
        };
        match parsed {
            Ok(expr) => {
                input.advance_to(&ahead);
                Value::Expr(expr)
            }
            Err(error) => {
                errors.push(percent_sign(&key, input).unwrap_or(error));
                skip(input)?;
                Value::Broken
            }
        }
    };
    Ok(Entry { key, value })
}

/// Whoever writes a URL alone means a target. It may have credentials, which are not repeated.
fn not_an_option(input: ParseStream) -> syn::Error {
    let message = "expected the name of an option";
    let targets = &options::TARGETS;
    match input.fork().parse::<LitStr>() {
        Ok(url) if parse_url(&url.value()).is_ok() => error_with_help(
            &url,
            message,
            format_args!("write `{} = [\"{}\"]`", targets.name, url.value()),
        ),
        _ => input.error(message),
    }
}

/// `10%`, which is half of a remainder to Rust.
fn percent_sign(key: &Ident, input: ParseStream) -> Option<syn::Error> {
    let ahead = input.fork();
    let number: Lit = ahead.parse().ok()?;
    let sign: Token![%] = ahead.parse().ok()?;
    let percentage = number.to_token_stream().to_string();
    let is_good = percentage
        .parse()
        .is_ok_and(|n| check_percentage(n).is_ok());
    (key == options::PERCENTAGE.name && is_good).then(|| {
        error_with_help(
            quote!(#number #sign),
            "unexpected `%`",
            format_args!("write `{key} = {percentage}`"),
        )
    })
}

fn type_value(input: ParseStream, errors: &mut Errors) -> syn::Result<Value> {
    let ahead = input.fork();
    if let Ok(ty) = ahead.parse::<Type>() {
        input.advance_to(&ahead);
        return Ok(Value::Type(Box::new(ty)));
    }
    let written = input.fork().parse::<TokenTree>();
    errors.push(error_with_help(
        written.ok(),
        format_args!("`{TYPE_OPTION}` must be a type"),
        format_args!("write `{TYPE_OPTION} = {}`", options::STATE.example),
    ));
    skip(input)?;
    Ok(Value::Broken)
}

fn map_entry(input: ParseStream, _: &mut Errors) -> syn::Result<(Expr, Expr)> {
    let key = if input.peek(Lit) {
        Expr::Lit(input.parse::<ExprLit>()?)
    } else {
        Expr::Path(input.parse::<ExprPath>()?)
    };
    if input.peek(Token![:]) || input.peek(Token![=>]) {
        let written = input.fork().parse::<TokenTree>();
        let key = key.to_token_stream();
        return Err(error_with_help(
            written.ok(),
            "expected `=`",
            format_args!("write `{key} = ..`"),
        ));
    }
    input.parse::<Token![=]>()?;
    Ok((key, input.parse()?))
}

/// The items between braces. One that ends too early is a mistake at the closing brace.
fn within<T>(
    braces: &Group,
    errors: &mut Errors,
    item: fn(ParseStream, &mut Errors) -> syn::Result<T>,
) -> Vec<T> {
    let items = |input: ParseStream| {
        let content;
        braced!(content in input);
        comma_separated(&content, errors, item)
    };
    let items = items.parse2(braces.to_token_stream());
    errors.check(items).unwrap_or_default()
}

fn comma_separated<T>(
    input: ParseStream,
    errors: &mut Errors,
    item: fn(ParseStream, &mut Errors) -> syn::Result<T>,
) -> syn::Result<Vec<T>> {
    let mut items = Vec::new();
    while !input.is_empty() {
        match item(input, errors) {
            Ok(item) => items.push(item),
            Err(error) => {
                errors.push(error);
                skip(input)?;
            }
        }
        if !input.is_empty() && !input.peek(Token![,]) {
            errors.push(input.error("expected `,`"));
            skip(input)?;
        }
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(items)
}

/// Skips to the comma before what looks like the next option, or to the end. A closure has commas
/// of its own.
fn skip(input: ParseStream) -> syn::Result<()> {
    while !input.is_empty() {
        let ahead = input.fork();
        if ahead.parse::<Option<Token![,]>>()?.is_some() {
            let is_key = ahead.peek(Ident::peek_any) || ahead.peek(Lit);
            let is_whole = ahead.peek2(Token![=]) || ahead.peek2(Token![,]) || ahead.peek2(End);
            if ahead.is_empty() || is_key && is_whole {
                break;
            }
        }
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

pub(crate) fn peel(mut expr: &Expr) -> &Expr {
    while let Expr::Group(group) = expr {
        expr = &group.expr;
    }
    expr
}

pub(crate) fn literal(expr: &Expr) -> Option<&Lit> {
    match peel(expr) {
        Expr::Lit(literal) => Some(&literal.lit),
        _ => None,
    }
}

pub(crate) fn string(expr: &Expr) -> Option<&LitStr> {
    match literal(expr) {
        Some(Lit::Str(literal)) => Some(literal),
        _ => None,
    }
}
