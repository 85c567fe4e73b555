//! What the arguments of a handler may be.

use syn::{
    FnArg, GenericArgument, Ident, PatType, PathArguments, PathSegment, Token, Type,
    punctuated::Punctuated, visit::Visit,
};

use super::signature::reject_cfg;
use crate::error::{Errors, error, error_with_help};

/// As many as axum takes.
const MAX_ARGUMENTS: usize = 16;

/// axum's extractors that consume the request: its body can be read once.
const CONSUMES_BODY: [&str; 8] = [
    "Body",
    "Bytes",
    "Form",
    "Json",
    "Multipart",
    "RawForm",
    "Request",
    "String",
];

pub(super) fn check(arguments: &Punctuated<FnArg, Token![,]>, errors: &mut Errors) {
    if let Some(one_too_many) = arguments.iter().nth(MAX_ARGUMENTS) {
        let message = format!("`#[mirror]` handlers have at most {MAX_ARGUMENTS} arguments");
        errors.push(error(one_too_many, message));
    }
    for argument in arguments {
        match argument {
            FnArg::Receiver(receiver) => errors.push(error_with_help(
                receiver,
                "`#[mirror]` handlers cannot take `self`",
                "take what the handler needs as `State`",
            )),
            FnArg::Typed(argument) => check_type(argument, errors),
        }
    }
}

fn check_type(argument: &PatType, errors: &mut Errors) {
    reject_cfg(&argument.attrs, "an argument", errors);
    ImplTraits(errors).visit_type(&argument.ty);

    let Some(extractor) = extractor(&argument.ty) else {
        return;
    };
    if extractor == "WebSocketUpgrade" {
        errors.push(error(
            &argument.ty,
            "`WebSocketUpgrade` cannot be mirrored: an upgraded connection is not a single request",
        ));
    }
}

/// The name of an extractor, if it is one that axum has for the body. A user may have another of
/// this name: rustc knows which it is.
pub(crate) fn might_take_body(ty: &Type) -> Option<&Ident> {
    extractor(ty).filter(|extractor| CONSUMES_BODY.iter().any(|name| extractor == name))
}

/// The name of the extractor, also inside an `Option` or a `Result`.
fn extractor(ty: &Type) -> Option<&Ident> {
    let segment = last_segment(ty)?;
    if segment.ident != "Option" && segment.ident != "Result" {
        return Some(&segment.ident);
    }
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(inner) => last_segment(inner).map(|segment| &segment.ident),
        _ => None,
    }
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

/// Rejects `impl Trait`, of which no bound can be written.
struct ImplTraits<'a>(&'a mut Errors);

impl<'ast> Visit<'ast> for ImplTraits<'_> {
    fn visit_type_impl_trait(&mut self, impl_trait: &'ast syn::TypeImplTrait) {
        self.0.push(error(
            impl_trait,
            "`#[mirror]` handlers cannot take `impl Trait`: name the type",
        ));
    }
}
