//! `http2 = "prior-knowledge"`

use mirror_grammar::{Scheme, parse_url};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Expr, Lit};

use super::Source;
use crate::{
    error::{Errors, error, error_with_help},
    value::Setting,
};

/// A protocol as it was chosen, and the value for its span.
pub(crate) struct Http2 {
    pub(crate) choice: Choice,
    value: Expr,
}

/// The variants of `mirror_runtime::Http2`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Alpn,
    Off,
    PriorKnowledge,
}

const CHOICES: [(&str, Choice); 3] = [
    ("prior-knowledge", Choice::PriorKnowledge),
    ("off", Choice::Off),
    ("alpn", Choice::Alpn),
];

/// The name of the variant.
impl ToTokens for Choice {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Alpn => quote!(Alpn),
            Self::Off => quote!(Off),
            Self::PriorKnowledge => quote!(PriorKnowledge),
        });
    }
}

impl Http2 {
    pub(super) fn parse(setting: &Setting<'_>) -> syn::Result<Self> {
        let written = written(setting);
        let chosen = CHOICES
            .into_iter()
            .find(|(name, _)| setting.string().is_some() && *name == written);
        match (chosen, setting.expr()) {
            (Some((_, choice)), Some(value)) => Ok(Self {
                choice,
                value: value.clone(),
            }),
            _ => Err(unknown(setting, &written)),
        }
    }

    /// What a source cannot be combined with. For a `const`, rustc finds out.
    pub(super) fn check(&self, source: &Source, errors: &mut Errors) {
        match source {
            Source::Handler(_) => errors.push(error(
                &self.value,
                "`http2` is for servers: a handler is called without a connection",
            )),
            Source::Url(url) if self.choice == Choice::PriorKnowledge => {
                let url = url.value();
                if parse_url(&url).is_ok_and(|url| url.scheme == Scheme::Https) {
                    errors.push(error_with_help(
                        &self.value,
                        "`http2 = \"prior-knowledge\"` is for `http` targets",
                        "remove it: an `https` server chooses HTTP/2 by ALPN",
                    ));
                }
            }
            Source::Via(_) => errors.push(error(
                &self.value,
                "`http2` is for servers: the transport of `via(..)` chooses its protocol",
            )),
            Source::Sink(_) | Source::File(_) => errors.push(error(
                &self.value,
                "`http2` is for servers: a sink has no connection",
            )),
            Source::Url(_) | Source::Env(_) | Source::Const(_) => {}
        }
    }
}

/// The value as one word, with quotes or without.
fn written(setting: &Setting<'_>) -> String {
    match setting.string() {
        Some(text) => text.value(),
        None => setting.value.to_token_stream().to_string(),
    }
}

fn unknown(setting: &Setting<'_>, written: &str) -> syn::Error {
    let is_boolean = matches!(setting.literal(), Some(Lit::Bool(_)));
    let word: String = written
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let meant = match word.as_str() {
        // Whoever writes `true` wants HTTP/2 without TLS: with TLS it is on anyway.
        "true" | "on" | "h2" | "h2c" | "http2" | "only" | "always" | "force" | "forced" => {
            Some("prior-knowledge")
        }
        "false" | "none" | "never" | "no" | "http1" | "http11" => Some("off"),
        "auto" | "tls" | "default" => Some("alpn"),
        word => CHOICES
            .into_iter()
            .map(|(name, _)| name)
            .find(|name| name.replace('-', "") == word)
            .or_else(|| similar_choice(word)),
    };
    let what = format!("be {}", setting.spec.limit);
    match meant {
        // There is something to switch on only without TLS.
        Some("prior-knowledge") if is_boolean => error_with_help(
            setting.value,
            format_args!("`{}` must {what}", setting.spec.name),
            "write `http2 = \"prior-knowledge\"` for an `http` target; an `https` server chooses by ALPN",
        ),
        Some(choice) => setting.must_like(&what, &format!("\"{choice}\"")),
        None => setting.must(&what),
    }
}

fn similar_choice(word: &str) -> Option<&'static str> {
    // The words beside `prior-knowledge` are so short that a typo in them could be anything.
    crate::error::similar(word, ["priorknowledge"]).map(|_| CHOICES[0].0)
}
