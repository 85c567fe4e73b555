//! Options as they are written, for those who look at the mirrors of a program.

use mirror_grammar::options;
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, ext::IdentExt};

use crate::value::{Entry, Value, peel};

/// How much of a value is shown: what is longer is code.
const MAX_SHOWN: usize = 200;

/// What stands for a value that is not shown.
const LEFT_OUT: &str = "..";

/// Each option with its value, but for the targets, which are listed by name, and for what only the
/// expansion needs.
pub(crate) fn options(entries: &[Entry]) -> Vec<(String, String)> {
    let left_out = [&options::TARGETS, &options::CRATE];
    entries
        .iter()
        .filter(|entry| left_out.iter().all(|spec| entry.key != spec.name))
        .map(|entry| (entry.key.unraw().to_string(), value(entry)))
        .collect()
}

fn value(Entry { key, value }: &Entry) -> String {
    let text = match value {
        Value::Expr(expr) if matches!(peel(expr), Expr::Closure(_)) => {
            format!("|{LEFT_OUT}| {LEFT_OUT}")
        }
        // They may be secrets.
        Value::Map(map) if *key == options::SET_HEADERS.name => {
            text(&without_values(map.stream(), true), Some(Delimiter::Brace))
        }
        value => text(&value.to_token_stream(), None),
    };
    let end = text.char_indices().map(|(index, _)| index).nth(MAX_SHOWN);
    match end {
        Some(end) => format!("{}{LEFT_OUT}", &text[..end]),
        None => text,
    }
}

/// A map whose values are left out.
fn without_values(map: TokenStream, mut is_key: bool) -> TokenStream {
    let tokens = map.into_iter().filter_map(|token| match &token {
        TokenTree::Punct(punct) if punct.as_char() == ',' => {
            is_key = true;
            Some(token)
        }
        TokenTree::Punct(punct) if punct.as_char() == '=' && is_key => {
            is_key = false;
            let value = TokenTree::Ident(quote::format_ident!("__"));
            Some(TokenTree::Group(proc_macro2::Group::new(
                Delimiter::None,
                [token, value].into_iter().collect(),
            )))
        }
        _ => is_key.then_some(token),
    });
    tokens.collect()
}

/// Tokens as people write them. rustc does not tell where they stood.
fn text(tokens: &TokenStream, around: Option<Delimiter>) -> String {
    let mut text = String::new();
    write(tokens.clone(), &mut text);
    match around {
        Some(Delimiter::Brace) => format!("{{ {text} }}"),
        _ => text,
    }
}

fn write(tokens: TokenStream, text: &mut String) {
    // Whether a space belongs before the next word.
    let mut is_word = false;
    let mut is_joint = false;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if ident == "__" => {
                text.push_str("\"..\"");
                (is_word, is_joint) = (true, false);
            }
            TokenTree::Ident(_) | TokenTree::Literal(_) => {
                if is_word {
                    text.push(' ');
                }
                text.push_str(&token.to_string());
                (is_word, is_joint) = (true, false);
            }
            TokenTree::Punct(punct) => {
                let c = punct.as_char();
                let spaced = c == '=' && !is_joint;
                if spaced && !text.is_empty() {
                    text.push(' ');
                }
                text.push(c);
                let was_joint = is_joint;
                is_joint = punct.spacing() == Spacing::Joint;
                let is_arrow = c == '>' && was_joint && text.ends_with("=>");
                if c == ',' || c == ';' || (spaced && !is_joint) || is_arrow {
                    text.push(' ');
                }
                is_word = false;
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace if group.stream().is_empty() => ("{", "}"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::None => ("", ""),
                };
                if is_word && group.delimiter() == Delimiter::Brace {
                    text.push(' ');
                }
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
                (is_word, is_joint) = (true, false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Errors;

    fn written(source: &str) -> Vec<(String, String)> {
        let mut errors = Errors::default();
        let entries = crate::value::entries(source.parse().unwrap(), &mut errors);
        assert!(errors.into_compile_errors().is_none(), "{source}");
        options(&entries)
    }

    #[test]
    fn options_are_shown_as_they_are_written() {
        for (name, value) in [
            ("percentage", "12.5"),
            ("timeout", "\"2s\""),
            ("methods", "[GET, HEAD]"),
            ("sync", "true"),
            ("circuit_breaker", "{ failures = 5, cooldown = \"5s\" }"),
            ("tolerance", "{ \"/total\" = 0.01, \"/a\" = 1 }"),
            ("on_error", "count::errors"),
            (
                "thresholds",
                "Thresholds::default().with_min_compared(1_000)",
            ),
            ("baseline", "env(\"OLD_URL\")"),
            ("state", "Shared<Vec<u8>>"),
        ] {
            let source = format!("{name} = {value}");
            assert_eq!(written(&source), [(name.to_owned(), value.to_owned())]);
        }
    }

    #[test]
    fn what_may_be_secret_or_is_code_is_left_out() {
        for (source, value) in [
            (
                r#"set_headers = { "authorization" = "Bearer s3cret", "x-env" = concat!("s3", "cret") }"#,
                r#"{ "authorization" = "..", "x-env" = ".." }"#,
            ),
            (
                "when = |parts| parts.headers[\"x\"] == \"s3cret\"",
                "|..| ..",
            ),
        ] {
            assert_eq!(written(source)[0].1, value);
        }
        let long = format!("ignore = [\"/{}\"]", "a".repeat(1_000));
        assert_eq!(written(&long)[0].1.len(), MAX_SHOWN + LEFT_OUT.len());
        assert_eq!(written("targets = [\"http://a\"], crate = x").len(), 0);
    }
}
