//! Which attributes belong to the function that axum sees, and which to the original.

use syn::{Attribute, Ident, Meta, Token, punctuated::Punctuated};

use crate::error::{Errors, error, error_with_help};

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
        if is_utoipa_path(attribute) {
            errors.push(error_with_help(
                attribute,
                "`#[utoipa::path]` must stand above `#[mirror]`: below, its document is made for the function inside, where `paths(..)` does not look",
                "move it above `#[mirror(..)]`",
            ));
        }
    }
}

/// An attribute above the mirror, as it is written there, which has been expanded by now.
pub(super) fn check_above(attributes: &[String], handler: &Ident, errors: &mut Errors) {
    let is_debug_handler = |attribute: &&String| {
        let name = attribute.trim_start_matches(['#', '[', ' ', ':']);
        let end = name.find(|c: char| c != '_' && c != ':' && !c.is_alphanumeric());
        let path = &name[..end.unwrap_or(name.len())];
        path.rsplit("::").next() == Some("debug_handler")
    };
    if attributes
        .iter()
        .any(|attribute| is_debug_handler(&attribute))
    {
        errors.push(error_with_help(
            // Nothing is left of the attribute. It expands the handler twice, and what stands at a
            // token of the user's is said once.
            handler,
            "`#[debug_handler]` must stand below `#[mirror]`: above, it looks at a function that takes the whole request",
            "move it below `#[mirror(..)]`",
        ));
    }
}

/// `#[utoipa::path(..)]`; `#[path]` alone is rustc's own.
fn is_utoipa_path(attribute: &Attribute) -> bool {
    let mut segments = attribute.path().segments.iter().rev();
    segments.next().is_some_and(|last| last.ident == "path")
        && segments.next().is_some_and(|krate| krate.ident == "utoipa")
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

/// What an original with a name of its own needs: all that describes the handler describes it too.
pub(super) fn share_named(outer: &mut Vec<Attribute>) -> Vec<Attribute> {
    let shared = outer.clone();
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
