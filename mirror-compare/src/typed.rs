//! Comparing responses as values of a handler's return type.

#[cfg(feature = "axum")]
mod axum;
mod values;

use crate::model::{BufferedResponse, CompareMode, Typed, Verdict};

/// A handler's return type whose values can be read back from a response and compared.
///
/// | type | compared |
/// |---|---|
/// | `Json<T>` | as `T`, read by `DeserializeOwned` and compared by `PartialEq` |
/// | `String`, `&'static str`, `Html<T>` | as text |
/// | `Bytes`, `Vec<u8>` | as bytes |
/// | `()`, `StatusCode`, `NoContent` | as no body |
/// | `Result<T, E>` | as `T` if the primary's status is a success; an error response as JSON |
/// | `(StatusCode, T)`, `(HeaderMap, T)`, `([(K, V); N], T)` and both before a `T` | as `T` |
///
/// It can be implemented for other return types, too.
///
/// ```
/// use axum::Json;
/// use http::{HeaderMap, StatusCode};
/// use mirror_compare::{BufferedResponse, TypedResponse, Verdict};
/// use serde::Deserialize;
///
/// #[derive(Deserialize, PartialEq)]
/// struct User {
///     name: String,
/// }
///
/// let response = |body| BufferedResponse::new(StatusCode::OK, HeaderMap::new(), body);
/// let compare = |shadow| Json::<User>::compare(&response(r#"{"name":"Ann"}"#), &response(shadow));
/// assert_eq!(compare(r#"{ "name": "Ann", "age": 7 }"#), Some(Verdict::Match));
/// assert_eq!(compare(r#"{ "name": "Bob" }"#), Some(Verdict::Mismatch));
/// assert_eq!(compare(r#"{ "full_name": "Ann" }"#), Some(Verdict::SchemaMismatch));
/// ```
#[diagnostic::on_unimplemented(
    message = "responses of the type `{Self}` cannot be read back and compared",
    label = "not a type for `compare = typed`",
    note = "`Json<T>` is one if `T: serde::de::DeserializeOwned + PartialEq`; so are `String`, `(StatusCode, T)` and `Result<T, E>`",
    note = "`compare = \"json\"` compares responses of any type"
)]
pub trait TypedResponse {
    /// Compares two responses of the same class of status, whose bodies differ and have their
    /// `Content-Encoding` undone.
    ///
    /// `None` if the primary's response is not such a value itself. The two are then compared as
    /// JSON.
    fn compare(primary: &BufferedResponse, shadow: &BufferedResponse) -> Option<Verdict>;
}

impl CompareMode {
    /// Compares as values of a handler's return type.
    #[must_use]
    pub fn typed<R: TypedResponse>() -> Self {
        Self::Typed(Typed(R::compare))
    }
}
