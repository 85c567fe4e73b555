//! The function under the attribute, checked.

mod argument;
mod attribute;
mod function;
mod lifetime;
mod signature;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Attribute, ConstParam, GenericParam, Generics, Ident, Signature, Type, TypeParam, Visibility,
    ext::IdentExt,
};

pub(crate) use self::argument::might_take_body;
use crate::{
    error::{Errors, error},
    original::Original,
    self_use,
};
use function::Function;

/// A handler that can be mirrored.
pub(crate) struct Handler {
    /// The attributes that stay on the function that axum sees.
    pub(crate) outer_attributes: Vec<Attribute>,
    /// The attributes that go with the original.
    pub(crate) original_attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: TokenTree,
    pub(crate) place: Place,
    /// The generics without lifetimes.
    pub(crate) generics: Generics,
    /// The types of the arguments.
    pub(crate) arguments: Vec<Type>,
    /// The type that it returns.
    pub(crate) response: Type,
}

/// Where the original stands in the expansion.
pub(crate) enum Place {
    /// Inside the function that axum sees.
    Inside,
    /// Beside it, under a name that nobody else uses, because it names the `Self` of the `impl`
    /// around both.
    Hidden,
    /// Beside it, under the user's name. In an `impl`, it is called as `Self::name`.
    Named { name: Ident, is_associated: bool },
}

impl Place {
    /// Whether the original is called as `Self::name`.
    pub(crate) const fn is_associated(&self) -> bool {
        match self {
            Self::Inside => false,
            Self::Hidden => true,
            Self::Named { is_associated, .. } => *is_associated,
        }
    }
}

impl Handler {
    /// Reads the item. `above` are the attributes above it, and `original` is the name that the
    /// user has for the function as it is written.
    pub(crate) fn parse(
        item: TokenStream,
        above: &[String],
        original: Option<&Original>,
        errors: &mut Errors,
    ) -> Option<Self> {
        let Function {
            attributes,
            visibility,
            signature,
            body,
        } = errors.check(syn::parse2(item))?;
        attribute::check(&attributes, errors);
        attribute::check_above(above, &signature.ident, errors);
        signature::check(&signature, errors);
        argument::check(&signature.inputs, errors);

        let (mut outer_attributes, mut original_attributes) = attribute::split(attributes);
        let uses_self = uses_self(&original_attributes, &signature, &body.clone().into());
        let place = match original {
            Some(Original { name, .. }) if *name == signature.ident => {
                let message = format!("`{name}` is the name of the mirrored handler: take another");
                errors.push(error(name, message));
                Place::Inside
            }
            Some(Original {
                name,
                is_associated,
            }) => {
                original_attributes.extend(attribute::share_named(&mut outer_attributes));
                Place::Named {
                    name: name.clone(),
                    is_associated: *is_associated || uses_self,
                }
            }
            None if uses_self => {
                original_attributes.extend(attribute::share_beside(&mut outer_attributes));
                Place::Hidden
            }
            None => Place::Inside,
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

impl Handler {
    /// Whether a type names a generic parameter of the handler.
    pub(crate) fn names_generics(&self, ty: &Type) -> bool {
        let mut parameters = self.generics.params.iter();
        parameters.any(|parameter| match parameter {
            GenericParam::Type(TypeParam { ident, .. })
            | GenericParam::Const(ConstParam { ident, .. }) => {
                self_use::names(ty.to_token_stream(), ident)
            }
            GenericParam::Lifetime(_) => false,
        })
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
