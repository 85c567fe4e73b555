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
    for (index, argument) in arguments.iter().enumerate() {
        match argument {
            FnArg::Receiver(receiver) => errors.push(error_with_help(
                receiver,
                "`#[mirror]` handlers cannot take `self`",
                "take what the handler needs as `State`",
            )),
            FnArg::Typed(argument) => {
                let last = index + 1 == arguments.len();
                check_type(argument, last, errors);
            }
        }
    }
}

fn check_type(argument: &PatType, last: bool, errors: &mut Errors) {
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
    } else if !last && CONSUMES_BODY.iter().any(|name| extractor == name) {
        errors.push(error(
            &argument.ty,
            format_args!(
                "`{extractor}` consumes the request body, so it must be the last argument"
            ),
        ));
    }
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
