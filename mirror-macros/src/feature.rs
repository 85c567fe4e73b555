//! The features of `mirror-runtime` that options are a part of.

use mirror_grammar::options::{Feature, Spec};
use quote::ToTokens;

use crate::{
    error::{Errors, error_with_help},
    value::Entry,
};

/// Finds options whose feature is off: one mistake for each feature, at the option that comes first
/// in the table. What needs `compare` comes behind it there.
pub(crate) fn check(
    entries: &[Entry],
    specs: impl Iterator<Item = &'static Spec>,
    errors: &mut Errors,
) {
    check_by(is_on, entries, specs, errors);
}

pub(crate) fn check_by(
    is_on: impl Fn(Feature) -> bool,
    entries: &[Entry],
    specs: impl Iterator<Item = &'static Spec>,
    errors: &mut Errors,
) {
    let mut off = Vec::new();
    for spec in specs {
        let entry = entries.iter().find(|entry| entry.key == spec.name);
        if let (Some(Entry { key, .. }), Some(feature)) = (entry, spec.feature)
            && !is_on(feature)
            && !off.contains(&feature)
        {
            off.push(feature);
            errors.push(missing(key, &key.to_string(), feature));
        }
    }
}

/// The mistake of what needs a feature that is off, at its tokens.
pub(crate) fn missing(at: impl ToTokens, what: &str, feature: Feature) -> syn::Error {
    let name = feature.name();
    error_with_help(
        at,
        format_args!("`{what}` needs the feature `{name}` of `mirror-runtime`"),
        format_args!("write `mirror-runtime = {{ .., features = [\"{name}\"] }}` in `Cargo.toml`"),
    )
}

/// Whether `mirror-runtime` has a feature: it turns on ours of the same name.
pub(crate) fn is_on(feature: Feature) -> bool {
    match feature {
        Feature::Compare => cfg!(any(test, fuzzing, feature = "compare")),
        Feature::Record => cfg!(any(test, fuzzing, feature = "record")),
        Feature::Http2 => cfg!(any(test, fuzzing, feature = "http2")),
        Feature::Log => cfg!(any(test, fuzzing, feature = "log")),
        Feature::Otel => cfg!(any(test, fuzzing, feature = "otel")),
        // No option is a part of it.
        Feature::Testing => true,
    }
}
