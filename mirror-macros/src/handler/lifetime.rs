//! Types of the signature as they can be written in a bound.
//!
//! Extractors own what they hold, so that a lifetime in the signature of a handler can only be
//! `'static`; and a bound cannot leave it out.

use quote::quote_spanned;
use syn::{
    FnArg, GenericParam, Generics, Ident, Lifetime, ReturnType, Signature, Type, WherePredicate,
    visit_mut::{self, VisitMut},
};

/// The generics without lifetimes.
pub(super) fn generics(signature: &Signature) -> Generics {
    let mut statics = Statics::from_signature(signature);
    let mut generics = signature.generics.clone();
    let is_lifetime = |parameter: &GenericParam| matches!(parameter, GenericParam::Lifetime(_));
    generics.params = generics
        .params
        .into_iter()
        .filter(|parameter| !is_lifetime(parameter))
        .collect();
    if let Some(clause) = &mut generics.where_clause {
        let predicates = std::mem::take(&mut clause.predicates);
        clause.predicates = predicates
            .into_iter()
            .filter(|predicate| !matches!(predicate, WherePredicate::Lifetime(_)))
            .collect();
    }
    statics.visit_generics_mut(&mut generics);
    generics
}

/// The types of the arguments.
pub(super) fn arguments(signature: &Signature) -> Vec<Type> {
    let mut statics = Statics::from_signature(signature);
    let types = signature
        .inputs
        .iter()
        .filter_map(|argument| match argument {
            FnArg::Typed(argument) => Some((*argument.ty).clone()),
            FnArg::Receiver(_) => None,
        });
    types
        .map(|mut ty| {
            statics.visit_type_mut(&mut ty);
            ty
        })
        .collect()
}

/// The type of the response.
pub(super) fn response(signature: &Signature) -> Type {
    let mut ty = match &signature.output {
        ReturnType::Type(_, ty) => (**ty).clone(),
        // What is wrong with it is shown at the name.
        ReturnType::Default => Type::Verbatim(quote_spanned!(signature.ident.span()=> ())),
    };
    Statics::from_signature(signature).visit_type_mut(&mut ty);
    ty
}

/// Makes lifetimes `'static`.
struct Statics {
    /// The lifetimes that the signature declares; those of a `for<'a>` stay.
    declared: Vec<Ident>,
    /// Inside `fn(&T)` and `Fn(&T)`, where a lifetime that is left out is one of the call.
    in_call: bool,
}

impl Statics {
    fn from_signature(signature: &Signature) -> Self {
        let declared = signature.generics.lifetimes();
        Self {
            declared: declared.map(|l| l.lifetime.ident.clone()).collect(),
            in_call: false,
        }
    }

    fn within_call(&mut self, visit: impl FnOnce(&mut Self)) {
        let outside = std::mem::replace(&mut self.in_call, true);
        visit(self);
        self.in_call = outside;
    }
}

impl VisitMut for Statics {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        let elided = lifetime.ident == "_" && !self.in_call;
        if elided || self.declared.contains(&lifetime.ident) {
            lifetime.ident = Ident::new("static", lifetime.ident.span());
        }
    }

    fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
        if reference.lifetime.is_none() && !self.in_call {
            reference.lifetime = Some(Lifetime::new("'static", reference.and_token.span));
        }
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_type_fn_ptr_mut(&mut self, pointer: &mut syn::TypeFnPtr) {
        self.within_call(|this| visit_mut::visit_type_fn_ptr_mut(this, pointer));
    }

    fn visit_parenthesized_generic_arguments_mut(
        &mut self,
        arguments: &mut syn::ParenthesizedGenericArguments,
    ) {
        self.within_call(|this| {
            visit_mut::visit_parenthesized_generic_arguments_mut(this, arguments);
        });
    }
}
