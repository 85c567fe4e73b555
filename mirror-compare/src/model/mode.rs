//! How responses are compared.

use crate::model::{response::BufferedResponse, verdict::Verdict};

/// The parts of two responses that must agree: the option `compare`.
///
/// The headers and trailer fields of `compare_headers` must agree in every mode, and so must
/// `grpc-status`, wherever it stands.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum CompareMode {
    /// The status.
    Status,
    /// The status and the body as JSON; as bytes if one of the bodies is not JSON.
    Json,
    /// The status and the bytes of the body.
    Bytes,
    /// The status and the body as a value of the handler's return type, compared by `PartialEq`.
    /// See [`CompareMode::typed`].
    Typed(Typed),
    /// The verdict of a function. It gets the responses with their `Content-Encoding` undone.
    Custom(fn(&BufferedResponse, &BufferedResponse) -> Verdict),
}

/// How values of one type are compared.
#[derive(Clone, Copy, Debug)]
pub struct Typed(
    #[cfg_attr(
        not(feature = "compare"),
        expect(dead_code, reason = "comparing alone calls it")
    )]
    pub(crate) fn(&BufferedResponse, &BufferedResponse) -> Option<Verdict>,
);
