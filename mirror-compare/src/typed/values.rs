//! The return types that can be compared.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::{
    model::{BufferedResponse, Verdict},
    typed::TypedResponse,
};

/// The verdict on values that could be read, or not. The shadow's is read only if the primary's
/// could be.
pub(super) fn of<T: PartialEq>(
    primary: Option<T>,
    shadow: impl FnOnce() -> Option<T>,
) -> Option<Verdict> {
    let primary = primary?;
    Some(match shadow() {
        Some(shadow) if shadow == primary => Verdict::Match,
        Some(_) => Verdict::Mismatch,
        None => Verdict::SchemaMismatch,
    })
}

pub(super) fn text(primary: &BufferedResponse, shadow: &BufferedResponse) -> Option<Verdict> {
    let read = |response: &BufferedResponse| String::from_utf8(response.body().to_vec()).ok();
    of(read(primary), || read(shadow))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the signature of the trait's function"
)]
fn bytes(primary: &BufferedResponse, shadow: &BufferedResponse) -> Option<Verdict> {
    Some(if primary.body() == shadow.body() {
        Verdict::Match
    } else {
        Verdict::Mismatch
    })
}

pub(super) fn no_body(primary: &BufferedResponse, shadow: &BufferedResponse) -> Option<Verdict> {
    let read = |response: &BufferedResponse| response.body().is_empty().then_some(());
    of(read(primary), || read(shadow))
}

macro_rules! compared_by {
    ($function:path: $([$($generics:tt)*] $type:ty),+ $(,)?) => {
        $(impl<$($generics)*> TypedResponse for $type {
            fn compare(primary: &BufferedResponse, shadow: &BufferedResponse) -> Option<Verdict> {
                $function(primary, shadow)
            }
        })+
    };
}

compared_by!(text: [] String, [] &'static str);
compared_by!(bytes: [] Bytes, [] Vec<u8>);
compared_by!(no_body: [] (), [] StatusCode);
compared_by!(T::compare:
    [T: TypedResponse] (StatusCode, T),
    [T: TypedResponse] (HeaderMap, T),
    [T: TypedResponse] (StatusCode, HeaderMap, T),
    [T: TypedResponse, K, V, const N: usize] ([(K, V); N], T),
    [T: TypedResponse, K, V, const N: usize] (StatusCode, [(K, V); N], T),
);

impl<T: TypedResponse, E> TypedResponse for Result<T, E> {
    fn compare(primary: &BufferedResponse, shadow: &BufferedResponse) -> Option<Verdict> {
        if primary.status().is_success() {
            T::compare(primary, shadow)
        } else {
            None
        }
    }
}
