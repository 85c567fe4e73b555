//! Sampling by user: the draw of a request is a keyed hash of what its user is told by, so that it
//! is the same for all requests of the user, in each mirror and in each process with the same key.

use axum::extract::OriginalUri;
use http::{HeaderMap, HeaderName, header, request::Parts};
use mirror_grammar::{StickyError, check_cookie_name, parse_sticky_header};

use super::Draw;
use crate::key::{Key, Purpose};

/// What users are told apart by, so that all requests of a user are sampled or none.
///
/// ```
/// use mirror_runtime::{Mirror, Sticky};
///
/// let mirror = Mirror::builder()
///     .target("https://staging.example.com")
///     .percentage(5.0)
///     .sticky(Sticky::Header("x-user-id"))
///     .build()?;
/// # Ok::<(), mirror_runtime::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sticky<'a> {
    /// The value of the header of this name; if a request has several, the first.
    Header(&'a str),
    /// The value of the cookie of this name; if a request has several, the first. The case of the
    /// name counts.
    Cookie(&'a str),
    /// The path of the request as it arrived, also in a nested router, without its query.
    Path,
}

/// The same, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StickyBy {
    Header(HeaderName),
    Cookie(Box<str>),
    Path,
}

impl TryFrom<Sticky<'_>> for StickyBy {
    type Error = StickyError;

    fn try_from(sticky: Sticky<'_>) -> Result<Self, StickyError> {
        Ok(match sticky {
            Sticky::Header(name) => Self::Header(parse_sticky_header(name)?),
            Sticky::Cookie(name) => Self::Cookie(check_cookie_name(name)?.into()),
            Sticky::Path => Self::Path,
        })
    }
}

impl StickyBy {
    /// The draw of the user of a request. `None` if it does not say who that is.
    ///
    /// The hash is of the value alone. A user whom one route knows by a header and another by a
    /// cookie is the same.
    pub(crate) fn draw(&self, key: &Key, parts: &Parts) -> Option<Draw> {
        let path = || {
            let original = parts.extensions.get::<OriginalUri>();
            original.map_or(&parts.uri, |original| &original.0).path()
        };
        let value = self.value(&parts.headers, path);
        let value = value.filter(|value| !value.is_empty())?;
        Some(Draw(key.hash(Purpose::Sticky, &[value])))
    }

    /// What stands for the user of a request in records: a keyed hash of the same value. `None` if
    /// the request does not say who that is.
    #[cfg(feature = "log")]
    pub(crate) fn session(&self, key: &Key, headers: &HeaderMap, path: &str) -> Option<[u8; 16]> {
        let value = self.value(headers, || path);
        let value = value.filter(|value| !value.is_empty())?;
        let digest = key.digest(Purpose::Session, &[value]);
        let mut session = [0; 16];
        session.copy_from_slice(&digest[..16]);
        Some(session)
    }

    /// The value that users are told apart by.
    fn value<'a>(
        &self,
        headers: &'a HeaderMap,
        path: impl FnOnce() -> &'a str,
    ) -> Option<&'a [u8]> {
        match self {
            Self::Header(name) => Some(headers.get(name)?.as_bytes().trim_ascii()),
            Self::Cookie(name) => cookie(headers, name.as_bytes()),
            Self::Path => Some(path().as_bytes()),
        }
    }
}

/// The value of a cookie. Over HTTP/2, a request may have a header for each (RFC 9113 section
/// 8.2.3).
fn cookie<'a>(headers: &'a HeaderMap, name: &[u8]) -> Option<&'a [u8]> {
    let headers = headers.get_all(header::COOKIE).into_iter();
    let mut cookies = headers.flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    cookies.find_map(|cookie| {
        let equals = cookie.iter().position(|byte| *byte == b'=')?;
        let (found, value) = cookie.split_at(equals);
        (found.trim_ascii() == name).then(|| value[1..].trim_ascii())
    })
}

#[cfg(test)]
mod tests;
