//! What the signature of a handler may be.

use quote::ToTokens;
use syn::{Attribute, GenericParam, Safety, Signature};

use crate::error::{Errors, error, error_with_help};

pub(super) fn check(signature: &Signature, errors: &mut Errors) {
    let mut reject = |token: &dyn ToTokens, what: &str| {
        let message = format!("`#[mirror]` handlers must {what}");
        errors.push(error(token, message));
    };
    if signature.asyncness.is_none() {
        reject(&signature.fn_token, "be `async fn`s");
    }
    if let Some(constness) = &signature.constness {
        reject(constness, "not be `const`");
    }
    if let Safety::Unsafe(unsafety) = &signature.safety {
        reject(unsafety, "not be `unsafe`");
    }
    if let Some(abi) = &signature.abi {
        reject(abi, "not be `extern`");
    }
    if let Some(variadic) = &signature.variadic {
        reject(variadic, "not be variadic");
    }
    for parameter in &signature.generics.params {
        let (GenericParam::Lifetime(syn::LifetimeParam { attrs, .. })
        | GenericParam::Type(syn::TypeParam { attrs, .. })
        | GenericParam::Const(syn::ConstParam { attrs, .. })) = parameter;
        reject_cfg(attrs, "a generic parameter", errors);
    }
}

/// An attribute sees what `#[cfg]` would take away: the bounds would speak of arguments that are
/// not there.
pub(super) fn reject_cfg(attributes: &[Attribute], on: &str, errors: &mut Errors) {
    for attribute in attributes {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            errors.push(error_with_help(
                attribute,
                format_args!("`#[mirror]` handlers cannot have a `#[cfg]` on {on}"),
                "write one handler per configuration",
            ));
        }
    }
}
