//! `trace = "child"`

use mirror_grammar::options::{Feature, TRACE_WORDS};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::{feature, value::Setting};

/// What becomes of the trace context of a request in its copies: the variants of
/// `mirror_runtime::Trace`, in the order of the words.
#[derive(Clone, Copy)]
pub(crate) enum Trace {
    Child,
    Forward,
    Unsampled,
    Link,
    Strip,
}

const ALL: [Trace; TRACE_WORDS.len()] = [
    Trace::Child,
    Trace::Forward,
    Trace::Unsampled,
    Trace::Link,
    Trace::Strip,
];

impl Trace {
    pub(crate) fn parse(setting: &Setting<'_>) -> syn::Result<Self> {
        Self::parse_by(feature::is_on(Feature::Otel), setting)
    }

    /// The same, if it is known whether there is the feature for what needs a tracer.
    fn parse_by(has_tracer: bool, setting: &Setting<'_>) -> syn::Result<Self> {
        let choices: [_; TRACE_WORDS.len()] = std::array::from_fn(|at| (TRACE_WORDS[at], at));
        let at = setting.choice(choices)?;
        let trace = ALL[at];
        if trace.needs_tracer() && !has_tracer {
            let what = format!("{} = \"{}\"", setting.spec.name, TRACE_WORDS[at]);
            return Err(feature::missing(setting.value, &what, Feature::Otel));
        }
        Ok(trace)
    }

    const fn needs_tracer(self) -> bool {
        matches!(self, Self::Child | Self::Unsampled | Self::Link)
    }
}

/// The name of the variant.
impl ToTokens for Trace {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Child => quote!(Child),
            Self::Forward => quote!(Forward),
            Self::Unsampled => quote!(Unsampled),
            Self::Link => quote!(Link),
            Self::Strip => quote!(Strip),
        });
    }
}

#[cfg(test)]
mod tests {
    use mirror_grammar::options;

    use super::*;
    use crate::{error::Errors, value};

    #[test]
    fn what_needs_a_tracer_is_a_mistake_without_the_feature() {
        for (word, needs) in TRACE_WORDS
            .into_iter()
            .zip([true, false, true, true, false])
        {
            let mut errors = Errors::default();
            let written = format!("trace = \"{word}\"").parse().unwrap();
            let entries = value::entries(written, &mut errors);
            let setting = Setting {
                key: &entries[0].key,
                spec: &options::TRACE,
                value: &entries[0].value,
            };
            let message = Trace::parse_by(false, &setting)
                .err()
                .map(|error| error.to_string());
            let expected = format!(
                "`trace = \"{word}\"` needs the feature `otel` of `mirror-runtime`\n\
                 = help: write `mirror-runtime = {{ .., features = [\"otel\"] }}` in `Cargo.toml`"
            );
            assert_eq!(message, needs.then_some(expected));
            assert!(Trace::parse_by(true, &setting).is_ok());
        }
    }
}
