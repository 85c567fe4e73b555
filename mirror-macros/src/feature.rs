//! The features of `mirror-runtime` that options are a part of.

use mirror_grammar::options::{self, Feature};
use syn::ext::IdentExt;

use crate::error::error_with_help;

/// The mistake of an option whose feature is off, at that option.
pub(crate) fn check(option: &syn::Ident) -> syn::Result<()> {
    let spec = options::find(&option.unraw().to_string());
    match spec.and_then(|spec| spec.feature) {
        Some(feature) if !is_on(feature) => {
            let name = feature.name();
            Err(error_with_help(
                option,
                format_args!("`{option}` needs the feature `{name}` of `mirror-runtime`"),
                format_args!("write `features = [\"{name}\"]` at `mirror-runtime` in `Cargo.toml`"),
            ))
        }
        _ => Ok(()),
    }
}

/// Whether `mirror-runtime` has a feature: it turns on ours of the same name.
fn is_on(feature: Feature) -> bool {
    match feature {
        Feature::Compare => cfg!(any(test, fuzzing, feature = "compare")),
        Feature::Record => cfg!(any(test, fuzzing, feature = "record")),
        Feature::Http2 => cfg!(any(test, fuzzing, feature = "http2")),
        // No option is a part of it.
        Feature::Testing => true,
    }
}
