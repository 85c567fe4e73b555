//! The function under the attribute, checked.

mod argument;
mod attribute;
mod function;
mod lifetime;
mod signature;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Generics, Signature, Type, Visibility, ext::IdentExt};

use crate::{error::Errors, self_use};
use function::Function;

/// A handler that can be mirrored.
pub(crate) struct Handler {
    /// The attributes that stay on the function that axum sees.
    pub(crate) outer_attributes: Vec<Attribute>,
    /// The attributes that go with the original.
    pub(crate) original_attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: TokenStream,
    pub(crate) place: Place,
    /// The generics without lifetimes.
    pub(crate) generics: Generics,
    /// The types of the arguments.
    pub(crate) arguments: Vec<Type>,
    /// The type that it returns.
    pub(crate) response: Type,
}

/// Where the original stands in the expansion.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Inside the function that axum sees.
    Inside,
    /// Beside it, because it names the `Self` of the `impl` around both.
    Beside,
}

impl Handler {
    pub(crate) fn parse(item: TokenStream, errors: &mut Errors) -> Option<Self> {
        let Function {
            attributes,
            visibility,
            signature,
            body,
        } = errors.check(syn::parse2(item))?;
        attribute::check(&attributes, errors);
        signature::check(&signature, errors);
        argument::check(&signature.inputs, errors);

        let (mut outer_attributes, mut original_attributes) = attribute::split(attributes);
        let place = if uses_self(&original_attributes, &signature, &body) {
            original_attributes.extend(attribute::share_beside(&mut outer_attributes));
            Place::Beside
        } else {
            Place::Inside
        };
        Some(Self {
            outer_attributes,
            original_attributes,
            visibility,
            generics: lifetime::generics(&signature),
            arguments: lifetime::arguments(&signature),
            response: lifetime::response(&signature),
            signature,
            body,
            place,
        })
    }

    /// The name as logs show it.
    pub(crate) fn name(&self) -> String {
        self.signature.ident.unraw().to_string()
    }
}

fn uses_self(attributes: &[Attribute], signature: &Signature, body: &TokenStream) -> bool {
    attributes
        .iter()
        .map(ToTokens::to_token_stream)
        .chain([signature.to_token_stream()])
        .any(|tokens| self_use::find(tokens).is_some())
        || self_use::in_body(body)
}
