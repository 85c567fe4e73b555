//! Values of any kind, for property tests. Types of one crate alone are made beside its tests.

mod documents;
mod headers;
mod urls;

pub use self::{
    documents::{Choices, choices, document, spelled},
    headers::any_request,
    urls::{any_origin, any_original, any_rest, any_spelling, any_target, any_url},
};
