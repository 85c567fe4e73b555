//! Which attributes belong to the function that axum sees, and which to the original.

use syn::{Attribute, Meta, Token, punctuated::Punctuated};

use crate::error::{Errors, error};

const LINT_LEVELS: [&str; 5] = ["allow", "warn", "deny", "forbid", "expect"];
const DESCRIPTIONS: [&str; 4] = ["doc", "cfg", "deprecated", "must_use"];

pub(super) fn check(attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes {
        if let Some(last) = attribute.path().segments.last()
            && last.ident == "mirror"
        {
            let message = "duplicate `#[mirror]`: list several targets in one attribute";
            errors.push(error(attribute, message));
        }
    }
}

/// What describes the function stays with it; what changes it (`#[instrument]`, `#[debug_handler]`)
/// goes with the original, which is the function that it was written for.
pub(super) fn split(attributes: Vec<Attribute>) -> (Vec<Attribute>, Vec<Attribute>) {
    attributes
        .into_iter()
        .partition(|attribute| describes(&attribute.meta))
}

/// What an original beside the function needs too; inside, it is covered by what stands outside. An
/// `#[expect]` goes over whole, since what it expects happens in one place only.
pub(super) fn share_beside(outer: &mut Vec<Attribute>) -> Vec<Attribute> {
    let shared = outer.iter().filter(|attribute| {
        let path = attribute.path();
        path.is_ident("cfg") || path.is_ident("cfg_attr") || is_lint_level(&attribute.meta)
    });
    let shared = shared.cloned().collect();
    outer.retain(|attribute| !attribute.path().is_ident("expect"));
    shared
}

fn describes(meta: &Meta) -> bool {
    DESCRIPTIONS.iter().any(|name| meta.path().is_ident(name))
        || is_lint_level(meta)
        || conditional(meta).is_some_and(|metas| metas.iter().all(describes))
}

fn is_lint_level(meta: &Meta) -> bool {
    LINT_LEVELS.iter().any(|level| meta.path().is_ident(level))
}

/// The attributes of a `cfg_attr(predicate, ..)`.
fn conditional(meta: &Meta) -> Option<Vec<Meta>> {
    let list = meta.require_list().ok()?;
    if !list.path.is_ident("cfg_attr") {
        return None;
    }
    let metas = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    Some(metas.ok()?.into_iter().skip(1).collect())
}
