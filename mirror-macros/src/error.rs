//! Mistakes: gathered while the attribute and the function are read, and shown all in one build.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// A mistake at `tokens`, which are underlined from the first to the last.
pub(crate) fn error(tokens: impl ToTokens, message: impl Display) -> syn::Error {
    syn::Error::new_spanned(tokens, message)
}

/// A mistake with one obvious fix: `help` says what to type.
pub(crate) fn error_with_help(
    tokens: impl ToTokens,
    message: impl Display,
    help: impl Display,
) -> syn::Error {
    error(tokens, format_args!("{message}\n= help: {help}"))
}

/// The candidate that `word` was probably meant to be: it has typos, or is cut short.
pub(crate) fn similar<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // The measure that rustc takes for its own suggestions: a third of the word may be wrong.
    let allowed = word.chars().count().max(3) / 3;
    let distance = |candidate: &str| match candidate.strip_prefix(word) {
        Some(_) if word.len() >= 3 => allowed,
        _ => strsim::osa_distance(word, candidate),
    };
    candidates
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// All mistakes found so far.
#[derive(Default)]
pub(crate) struct Errors(Vec<syn::Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.0.push(error);
    }

    /// Keeps the mistake, if it is one.
    pub(crate) fn check<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// The mistakes in source order, or `None` when there are none.
    pub(crate) fn into_compile_errors(mut self) -> Option<TokenStream> {
        self.0.sort_by_key(|error| {
            let start = error.span().start();
            (start.line, start.column)
        });
        let combined = self.0.into_iter().reduce(|mut all, next| {
            all.combine(next);
            all
        });
        combined.map(syn::Error::into_compile_error)
    }
}
