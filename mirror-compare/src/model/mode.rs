//! What must agree.

use crate::{
    model::{response::Answer, verdict::Verdict},
    typed::TypedAnswer,
};

/// What of two answers must agree: the option `compare`.
///
/// The headers and trailer fields of `compare_headers` must agree in every mode, and so must `grpc-status`, wherever it
/// stands.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum CompareMode {
    /// The status.
    Status,
    /// The status and the body as JSON; as bytes, where one of the bodies is not JSON.
    Json,
    /// The status and the bytes of the body.
    Bytes,
    /// The status and the body as a value of the handler's return type, compared by `PartialEq`. See
    /// [`CompareMode::typed`].
    Typed(Typed),
    /// What a function says. The answers that it gets have their `Content-Encoding` undone.
    Custom(fn(&Answer, &Answer) -> Verdict),
}

/// How values of one type are compared.
#[derive(Clone, Copy, Debug)]
pub struct Typed(pub(crate) fn(&Answer, &Answer) -> Option<Verdict>);

impl CompareMode {
    /// Compares as values of a handler's return type.
    #[must_use]
    pub fn typed<R: TypedAnswer>() -> Self {
        Self::Typed(Typed(R::compare))
    }
}
