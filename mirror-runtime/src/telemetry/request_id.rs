//! The `x-request-id` of the request that something is about.

use std::{cell::RefCell, sync::Arc};

use http::{HeaderName, request::Parts};

/// The id by which the logs of a program, of its clients and of its proxies call a request.
pub(crate) type RequestId = Arc<str>;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// How much of an id is kept: three UUIDs. A client may have sent what it likes.
const MAX_LENGTH: usize = 128;

thread_local! {
    /// That of the request about which code of the user's is being told here.
    static TOLD: RefCell<Option<RequestId>> = const { RefCell::new(None) };
}

/// The `x-request-id` of the request that a callback is told of, within the callback: `on_success`,
/// `on_error`, `on_skip`, `on_mismatch`, or [`Observer::observe`](crate::Observer::observe). So a
/// failure of a copy is found in the log of the primary.
///
/// `None` outside of callbacks, if the request has none, if it is not visible ASCII, and for
/// requests that were not sampled, of which nothing is kept. It is cut to 128 bytes. A layer that
/// sets it, such as that of `tower-http`, stands around the mirror: then the copy carries it too.
///
/// ```
/// use mirror_runtime::{Mirror, request_id};
///
/// let mirror = Mirror::builder()
///     .target("https://staging.example.com")
///     .on_error(|target, error| {
///         tracing::warn!(request_id = request_id().as_deref(), %target, %error);
///     })
///     .build()?;
/// # Ok::<(), mirror_runtime::ConfigError>(())
/// ```
#[must_use]
pub fn request_id() -> Option<Arc<str>> {
    TOLD.with_borrow(Clone::clone)
}

/// That of a request, if it has one.
pub(crate) fn request_id_of(parts: &Parts) -> Option<RequestId> {
    let id = parts.headers.get(HEADER)?.to_str().ok()?;
    let id = &id[..id.len().min(MAX_LENGTH)];
    (!id.is_empty()).then(|| id.into())
}

/// Runs what is told of a request.
pub(super) fn about<T>(request_id: Option<&RequestId>, tell: impl FnOnce() -> T) -> T {
    /// What was told here before is told again, also after a panic.
    struct Before(Option<RequestId>);

    impl Drop for Before {
        fn drop(&mut self) {
            TOLD.set(self.0.take());
        }
    }

    let _before = Before(TOLD.replace(request_id.cloned()));
    tell()
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use http::Request;

    use super::*;

    fn id(value: &[u8]) -> Option<RequestId> {
        let request = Request::get("/").header("X-Request-Id", value).body(());
        request_id_of(&request.unwrap().into_parts().0)
    }

    #[test]
    fn an_id_is_text_that_can_be_shown_and_is_not_long() {
        assert_eq!(id(b"7").as_deref(), Some("7"));
        assert_eq!(id(b""), None);
        assert_eq!(id(b"\xff"), None);
        assert_eq!(id(&[b'a'; 1000]).unwrap().len(), 128);
    }

    #[test]
    fn an_id_is_there_while_something_is_told() {
        let (one, two) = (Some("1".into()), Some("2".into()));
        about(one.as_ref(), || {
            about(two.as_ref(), || assert_eq!(request_id(), two));
            let panicked = catch_unwind(|| about(None, || panic!("{:?}", request_id())));
            assert!(panicked.is_err());
            assert_eq!(request_id(), one);
        });
        assert_eq!(request_id(), None);
    }
}
