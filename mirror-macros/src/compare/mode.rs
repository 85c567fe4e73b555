//! `compare = "json"`

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, GenericParam, Ident, visit::Visit};

use crate::{
    callback::{self, Callback},
    error::{Errors, error, error_with_help, similar},
    handler::Handler,
    self_use,
    value::Setting,
};

/// The parts that must agree.
pub(crate) enum Mode {
    Status,
    Json,
    Bytes,
    /// The handler's return type.
    Typed,
    Function(Box<Callback>),
}

/// The modes that are written with quotes, and the one that is not.
const MODES: [&str; 3] = ["status", "json", "bytes"];
const TYPED: &str = "typed";

impl Mode {
    pub(crate) fn parse(setting: &Setting<'_>) -> syn::Result<Self> {
        if let Some(literal) = setting.string() {
            return match literal.value().as_str() {
                "status" => Ok(Self::Status),
                "json" => Ok(Self::Json),
                "bytes" => Ok(Self::Bytes),
                unknown => Err(unknown_mode(setting, unknown)),
            };
        }
        match setting.expr() {
            Some(Expr::Path(path)) if path.path.is_ident(TYPED) => Ok(Self::Typed),
            // A function of this name is called `self::json`.
            Some(Expr::Path(path)) if MODES.iter().any(|mode| path.path.is_ident(mode)) => {
                let mode = path.path.to_token_stream();
                Err(setting.must_like("be a mode or a function", &format!("\"{mode}\"")))
            }
            // The type of the builder.
            Some(Expr::Path(path))
                if path
                    .path
                    .segments
                    .iter()
                    .any(|part| part.ident == "CompareMode") =>
            {
                let word = setting.word();
                let known = MODES.into_iter().find(|mode| *mode == word);
                let to_type = known.map_or(TYPED.to_owned(), |mode| format!("\"{mode}\""));
                Err(setting.must_like("be a mode or a function", &to_type))
            }
            Some(Expr::Path(_) | Expr::Closure(_)) => {
                let callback = callback::compare(setting)?;
                Ok(Self::Function(Box::new(callback)))
            }
            _ => Err(setting.must_like("be a mode or a function", setting.spec.example)),
        }
    }

    /// Whether bodies are compared as JSON, or could be.
    pub(crate) fn looks_at_json(&self) -> bool {
        !matches!(self, Self::Status | Self::Bytes)
    }

    /// As it is written in the attribute.
    pub(crate) fn written(&self) -> &'static str {
        match self {
            Self::Status => "\"status\"",
            Self::Json => "\"json\"",
            Self::Bytes => "\"bytes\"",
            Self::Typed => TYPED,
            Self::Function(_) => "a function",
        }
    }
}

fn unknown_mode(setting: &Setting<'_>, unknown: &str) -> syn::Error {
    let message = format!("unknown mode `{unknown}`");
    match similar(
        &unknown.to_ascii_lowercase(),
        MODES.into_iter().chain([TYPED]),
    ) {
        Some(TYPED) => error_with_help(setting.value, message, "write `compare = typed`"),
        Some(mode) => error_with_help(
            setting.value,
            message,
            format_args!("write `compare = \"{mode}\"`"),
        ),
        None => error_with_help(
            setting.value,
            message,
            "the modes are `\"status\"`, `\"json\"`, `\"bytes\"` and `typed`",
        ),
    }
}

/// What `compare = typed` asks of a return type before rustc sees it.
pub(crate) fn check_typed(handler: &Handler, errors: &mut Errors) {
    let mut impl_trait = ImplTrait(false);
    impl_trait.visit_type(&handler.response);
    if impl_trait.0 {
        errors.push(error_with_help(
            &handler.response,
            "`compare = typed` needs a named return type, not `impl Trait`",
            "name the type, like `Json<User>`, or write `compare = \"json\"`",
        ));
        return;
    }
    errors.check(self_use::reject(&handler.response, "compare = typed"));
    for parameter in &handler.generics.params {
        let name = match parameter {
            GenericParam::Type(parameter) => &parameter.ident,
            GenericParam::Const(parameter) => &parameter.ident,
            GenericParam::Lifetime(_) => continue,
        };
        if let Some(used) = find(handler.response.to_token_stream(), name) {
            let message = format!(
                "`compare = typed` cannot use `{name}`: all instances of a handler share one mirror"
            );
            errors.push(error(used, message));
        }
    }
}

fn find(tokens: TokenStream, name: &Ident) -> Option<Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == *name => Some(ident),
        TokenTree::Group(group) => find(group.stream(), name),
        _ => None,
    })
}

struct ImplTrait(bool);

impl<'ast> Visit<'ast> for ImplTrait {
    fn visit_type_impl_trait(&mut self, _: &'ast syn::TypeImplTrait) {
        self.0 = true;
    }
}
