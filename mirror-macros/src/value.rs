//! `key = value` pairs as they are written: parsed, but not understood yet.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Expr, ExprArray, ExprLit, ExprPath, Ident, Lit, LitStr, Token, Type, braced,
    ext::IdentExt,
    parse::{End, ParseStream, Parser, discouraged::Speculative},
    token,
};

use crate::error::{Errors, error, error_with_help};

/// The one option whose value is a type.
const TYPE_OPTION: &str = "state";

/// One option as it is written.
pub(crate) struct Entry {
    pub(crate) key: Ident,
    pub(crate) value: Value,
}

/// What stands behind the `=` of an option.
pub(crate) enum Value {
    Expr(Expr),
    /// `{ key = value, .. }`
    Map(Group),
    /// What [`TYPE_OPTION`] is.
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
            Expr::Assign(assign) => (&*assign.left, Value::Expr((*assign.right).clone())),
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

fn entry(input: ParseStream, errors: &mut Errors) -> syn::Result<Entry> {
    if !input.peek(Ident::peek_any) {
        return Err(input.error("expected the name of an option"));
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
        match ahead.parse() {
            Ok(expr) => {
                input.advance_to(&ahead);
                Value::Expr(expr)
            }
            Err(error) => {
                errors.push(error);
                skip(input)?;
                Value::Broken
            }
        }
    };
    Ok(Entry { key, value })
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
        format_args!("write `{TYPE_OPTION} = AppState`"),
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

/// Skips to the comma before what looks like the next option, or to the end. A closure has commas of its own.
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

/// An option whose name is known, on its way to a checked value.
pub(crate) struct Setting<'a> {
    /// The name as the user wrote it, for its span.
    pub(crate) key: &'a Ident,
    pub(crate) name: &'static str,
    pub(crate) example: &'static str,
    pub(crate) value: &'a Value,
}

impl Setting<'_> {
    /// The value without the invisible groups that `macro_rules!` puts around expressions.
    pub(crate) fn expr(&self) -> Option<&Expr> {
        match self.value {
            Value::Expr(expr) => Some(peel(expr)),
            _ => None,
        }
    }

    pub(crate) fn literal(&self) -> Option<&Lit> {
        match self.expr()? {
            Expr::Lit(literal) => Some(&literal.lit),
            _ => None,
        }
    }

    pub(crate) fn string(&self) -> Option<&LitStr> {
        self.expr().and_then(string)
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self) -> syn::Result<bool> {
        match self.literal() {
            Some(Lit::Bool(literal)) => Ok(literal.value),
            _ => Err(self.must("be `true` or `false`")),
        }
    }

    /// A string that is not empty.
    pub(crate) fn text(&self) -> syn::Result<LitStr> {
        let text = self.string().ok_or_else(|| self.must("be a string"))?;
        if text.value().is_empty() {
            return Err(self.must("not be empty"));
        }
        Ok(text.clone())
    }

    /// One of the strings of `choices`.
    pub(crate) fn choice<T: Copy>(&self, choices: [(&str, T); 2]) -> syn::Result<T> {
        let found = self.string().map(LitStr::value);
        let chosen = choices
            .iter()
            .find(|(choice, _)| found.as_deref() == Some(*choice));
        chosen.map(|(_, value)| *value).ok_or_else(|| {
            let [(first, _), (second, _)] = choices;
            self.must(&format!("be `\"{first}\"` or `\"{second}\"`"))
        })
    }

    /// `[a, b, ..]`
    pub(crate) fn list(&self) -> syn::Result<&ExprArray> {
        match self.expr() {
            Some(Expr::Array(array)) => Ok(array),
            _ => Err(self.must_like("be a list", self.example)),
        }
    }

    /// The items of a list, which must have some.
    pub(crate) fn items(&self, errors: &mut Errors) -> impl Iterator<Item = &Expr> + use<'_> {
        let list = errors.check(self.list());
        if list.is_some_and(|list| list.elems.is_empty()) {
            errors.push(self.must("not be empty"));
        }
        list.into_iter().flat_map(|list| &list.elems).map(peel)
    }

    /// A type.
    pub(crate) fn ty(&self) -> Option<&Type> {
        match self.value {
            Value::Type(ty) => Some(ty),
            _ => None,
        }
    }

    /// `{ key = value, .. }`
    pub(crate) fn map(&self, errors: &mut Errors) -> Option<Vec<(Expr, Expr)>> {
        let Some(braces) = self.braces() else {
            errors.push(self.must_like("be a map", self.example));
            return None;
        };
        Some(within(braces, errors, map_entry))
    }

    /// The options of `{ option = value, .. }`; none where the value is no map.
    pub(crate) fn options(&self, errors: &mut Errors) -> Vec<Entry> {
        self.braces()
            .map(|braces| within(braces, errors, entry))
            .unwrap_or_default()
    }

    /// A map as it is written.
    pub(crate) fn braces(&self) -> Option<&Group> {
        match self.value {
            Value::Map(group) => Some(group),
            _ => None,
        }
    }

    /// The mistake of a value that does not do what it must.
    pub(crate) fn must(&self, what: &str) -> syn::Error {
        error(self.value, format_args!("`{}` must {what}", self.name))
    }

    /// The same, where the fix is another way to write the value.
    pub(crate) fn must_like(&self, what: &str, to_type: &str) -> syn::Error {
        error_with_help(
            self.value,
            format_args!("`{}` must {what}", self.name),
            format_args!("write `{} = {to_type}`", self.name),
        )
    }
}

pub(crate) fn peel(mut expr: &Expr) -> &Expr {
    while let Expr::Group(group) = expr {
        expr = &group.expr;
    }
    expr
}

pub(crate) fn string(expr: &Expr) -> Option<&LitStr> {
    match peel(expr) {
        Expr::Lit(ExprLit {
            lit: Lit::Str(literal),
            ..
        }) => Some(literal),
        _ => None,
    }
}
