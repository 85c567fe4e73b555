//! Comparing answers as values of a handler's return type.

use super::{Answer, Verdict};

/// A handler's return type whose values can be read back from an answer and compared.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read back from an answer and compared",
    label = "not comparable with `compare = typed`",
    note = "`Json<T>` is, where `T: serde::de::DeserializeOwned + PartialEq`; so are `String`, `(StatusCode, T)` and `Result<T, E>`",
    note = "`compare = \"json\"` compares answers of any type"
)]
pub trait TypedAnswer {
    /// Compares two answers, whose `Content-Encoding` is undone. Their statuses are equal.
    ///
    /// `None` where the primary's answer is not such a value itself: the two are compared as JSON instead.
    fn compare(primary: &Answer, shadow: &Answer) -> Option<Verdict>;
}
