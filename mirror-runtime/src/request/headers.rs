//! The headers of a copy: all end-to-end ones verbatim, minus those about the connection, plus the
//! marker.

mod baggage;

use std::fmt;

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri, Version,
    header::{self, Entry, MaxSizeReached},
};
use mirror_grammar::is_hop_by_hop;

use self::baggage::Baggage;
use super::{MIRRORED_FROM, Original};
use crate::{outcome::SkipReason, signature::MIRROR_SIGNATURE};

/// Headers that describe a body, which a copy without one does not have (RFC 9110 section 8, RFC
/// 9530).
const BODY_HEADERS: [HeaderName; 9] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LOCATION,
    header::CONTENT_RANGE,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
];

/// Headers that prove who the client is, and `Baggage`, in which systems of tracing carry what they
/// know of it: it must not leave the organization without being asked for (W3C Baggage, section 4).
const CREDENTIALS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::COOKIE,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("baggage"),
];

/// Headers that a copy may have beside those that arrived: the marker, and the target's `Host` if
/// none arrived; or, once it is marked, that `Host` and a length.
const ADDED: usize = 2;

/// Fields that mean nothing after a body, or something else than before it: a recipient that merged
/// them would be told how to read, route or response a request that it has read already (RFC 9110
/// section 6.5.1). What is about the connection is no trailer either.
const NO_TRAILERS: [HeaderName; 24] = [
    header::AUTHORIZATION,
    header::CACHE_CONTROL,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_LOCATION,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::EXPECT,
    header::FORWARDED,
    header::HOST,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::MAX_FORWARDS,
    header::ORIGIN,
    header::PRAGMA,
    header::RANGE,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    MIRRORED_FROM,
    MIRROR_SIGNATURE,
];

/// A copy would have more headers than there is room for.
#[derive(Debug)]
pub(crate) struct TooMany;

impl From<MaxSizeReached> for TooMany {
    fn from(_: MaxSizeReached) -> Self {
        Self
    }
}

impl From<TooMany> for SkipReason {
    fn from(TooMany: TooMany) -> Self {
        Self::Unsendable
    }
}

/// A map has room for some more than this, and nobody counts below.
const MANY: usize = 20_000;

/// How the headers of a copy differ from those of its original.
#[derive(Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option that is on or off"
)]
pub(crate) struct HeaderRules {
    pub(crate) without_body: bool,
    pub(crate) strip_credentials: bool,
    pub(crate) preserve_host: bool,
    /// Only encodings that can be undone are asked for.
    pub(crate) comparable_encodings: bool,
    /// Each copy is signed when it leaves.
    pub(crate) signs: bool,
    pub(crate) remove: Vec<HeaderName>,
    pub(crate) set: Vec<(HeaderName, HeaderValue)>,
    /// Members that the baggage of each copy has.
    pub(crate) baggage: Baggage,
}

/// The values of headers stay out: they may be secrets of the shadow.
impl fmt::Debug for HeaderRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<_> = self.set.iter().map(|(name, _)| name).collect();
        f.debug_struct("HeaderRules")
            .field("without_body", &self.without_body)
            .field("strip_credentials", &self.strip_credentials)
            .field("preserve_host", &self.preserve_host)
            .field("comparable_encodings", &self.comparable_encodings)
            .field("signs", &self.signs)
            .field("remove", &self.remove)
            .field("set", &set)
            .field("baggage", &self.baggage)
            .finish()
    }
}

/// Whether there is a header of one of these names.
///
/// To compare names with those of a request takes less time than to hash them, unless there are
/// many.
pub(crate) fn has_any<const N: usize>(headers: &HeaderMap, names: [&HeaderName; N]) -> bool {
    const FEW: usize = 32;
    if headers.keys_len() > FEW {
        names.into_iter().any(|name| headers.contains_key(name))
    } else {
        headers.keys().any(|name| names.contains(&name))
    }
}

impl HeaderRules {
    /// Whether the options set or remove a header: then nothing else does.
    pub(crate) fn decides_about(&self, name: &HeaderName) -> bool {
        self.remove.contains(name) || self.set.iter().any(|(set, _)| set == name)
    }

    /// The headers of the copies of a request, which are taken out of it.
    pub(crate) fn apply(&self, original: &mut Original) -> Result<HeaderMap, TooMany> {
        let arrived = &mut original.headers;
        let named = named_by_connection(arrived);
        let mut headers = self.room_for(arrived.len());
        let mut host = None;
        for (name, value) in arrived.drain(..) {
            if name == header::HOST {
                host.get_or_insert(value);
            } else if !named.contains(&name)
                && !self.leaves_out(&name)
                && (travels(&name) || takes_trailers(original.version, &name, &value))
            {
                headers.try_append(name, value)?;
            }
        }
        let host = authority(&original.uri).or(host);
        if original.version >= Version::HTTP_2 {
            // HTTP/2 may split `Cookie` into several; elsewhere there must be one (RFC 9113 section
            // 8.2.3).
            join(&mut headers, header::COOKIE);
        }
        self.change(&mut headers)?;
        if let (true, Some(host)) = (self.preserve_host, &host) {
            headers.try_insert(header::HOST, host.clone())?;
        }
        mark(&mut headers, host)?;
        if headers.keys_len() > MANY {
            // The client adds some, and must not find that there is no room.
            headers.try_reserve(ADDED)?;
        }
        Ok(headers)
    }

    /// Room for so many headers that arrived and those that are added. There is room for some
    /// thousand names at most, and for any number of values of a name: a map that is too large at
    /// once may become large enough.
    fn room_for(&self, arrived: usize) -> HeaderMap {
        HeaderMap::try_with_capacity(arrived + ADDED + usize::from(self.signs) + self.set.len())
            .unwrap_or_default()
    }

    /// The headers for a handler of the same program: those of the connection and of the framing
    /// too, as the primary sees them.
    pub(crate) fn apply_within(&self, original: &Original) -> Result<HeaderMap, TooMany> {
        let arrived = &original.headers;
        let mut headers = self.room_for(arrived.len());
        let framing = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
        let mut host = None;
        for (name, value) in arrived {
            if *name == header::HOST {
                host.get_or_insert(value);
            }
            // Another's signature says nothing of this copy.
            let is_left_out = self.leaves_out(name)
                || *name == MIRROR_SIGNATURE
                || self.without_body && framing.contains(name);
            if !is_left_out {
                headers.try_append(name.clone(), value.clone())?;
            }
        }
        let host = authority(&original.uri).or_else(|| host.cloned());
        self.change(&mut headers)?;
        mark(&mut headers, host)?;
        Ok(headers)
    }

    /// The trailers of the copies of a request, of those that arrived.
    pub(crate) fn apply_to_trailers(&self, trailers: HeaderMap) -> HeaderMap {
        let stays = |name: &HeaderName| {
            is_hop_by_hop(name)
                || NO_TRAILERS.contains(name)
                || self.without_body
                || self.strip_credentials && CREDENTIALS.contains(name)
                || self.remove.contains(name)
                || self.set.iter().any(|(set, _)| set == name)
        };
        if !trailers.keys().any(stays) {
            return trailers;
        }
        let mut left = HeaderMap::new();
        for (name, value) in &trailers {
            if !stays(name) {
                // There are fewer than there were.
                let _ = left.try_append(name.clone(), value.clone());
            }
        }
        left
    }

    /// Whether the options say that a header is left out. Who takes it out of a map changes the
    /// order of the others, so it is asked before.
    fn leaves_out(&self, name: &HeaderName) -> bool {
        self.without_body && BODY_HEADERS.contains(name)
            || self.strip_credentials && CREDENTIALS.contains(name)
            || self.remove.contains(name)
    }

    /// Sets what the options say.
    fn change(&self, headers: &mut HeaderMap) -> Result<(), TooMany> {
        if self.comparable_encodings {
            ask_for_comparable(headers)?;
        }
        for (name, value) in &self.set {
            headers.try_insert(name.clone(), value.clone())?;
        }
        Ok(())
    }
}

/// Leaves of the encodings that a copy asks for those that can be undone. Without any, it asks for
/// none.
fn ask_for_comparable(headers: &mut HeaderMap) -> Result<(), TooMany> {
    const COMPARABLE: [&str; 6] = ["gzip", "x-gzip", "deflate", "br", "zstd", "identity"];
    if !headers.contains_key(header::ACCEPT_ENCODING) {
        return Ok(());
    }
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter();
    let all = lines.filter_map(|line| line.to_str().ok());
    let all = all.flat_map(|line| line.split(','));
    let kept = all.map(str::trim).filter(|coding| {
        let name = coding.split(';').next().unwrap_or(coding).trim_end();
        COMPARABLE
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    });
    let kept = kept.collect::<Vec<_>>().join(", ");
    // An empty value asks for no encoding (RFC 9110 section 12.5.3).
    if let Ok(kept) = HeaderValue::from_str(&kept) {
        headers.try_insert(header::ACCEPT_ENCODING, kept)?;
    }
    Ok(())
}

/// Marks a copy, also one of a request without a host, as in HTTP/1.0.
fn mark(headers: &mut HeaderMap, host: Option<HeaderValue>) -> Result<(), TooMany> {
    let unknown = HeaderValue::from_static("unknown");
    headers.try_insert(MIRRORED_FROM, host.unwrap_or(unknown))?;
    Ok(())
}

/// Whether a header is neither about the connection (RFC 9110 section 7.6.1) nor set anew from the
/// target and the body.
fn travels(name: &HeaderName) -> bool {
    // `Expect` asks the server to wait with the body; a copy's body is already there.
    const SET_ANEW: [HeaderName; 4] = [
        header::HOST,
        header::CONTENT_LENGTH,
        header::EXPECT,
        MIRROR_SIGNATURE,
    ];
    !is_hop_by_hop(name) && !SET_ANEW.contains(name)
}

/// Whether a header says, in HTTP/2, that trailers are understood. That is how gRPC knows who can
/// be answered (RFC 9113 section 8.2.2); all else that `TE` may say is about a connection of
/// HTTP/1.
fn takes_trailers(version: Version, name: &HeaderName, value: &HeaderValue) -> bool {
    version >= Version::HTTP_2
        && name == header::TE
        && value.as_bytes().eq_ignore_ascii_case(b"trailers")
}

/// The authority of a URI, without a user name or password: in HTTP/2, and in absolute form, where
/// it counts instead of `Host` (RFC 9112 section 3.2.2).
fn authority(uri: &Uri) -> Option<HeaderValue> {
    let host = uri.authority()?.as_str().rsplit('@').next()?;
    HeaderValue::from_str(host).ok()
}

/// Whether servers expect a body with a method, and a length if there is none (RFC 9110 section
/// 8.6).
pub(super) fn anticipates_body(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

/// Makes room for the marker in a head of a hundred fields, which is all that many servers take.
/// What goes is an `Accept: */*`, which says what its absence says (RFC 9110 section 12.5.1), and
/// then lines beyond the first of a field: one line with all of them means the same (RFC 9110
/// section 5.3).
pub(crate) fn fit(headers: &mut HeaderMap, has_body: bool, signs: bool) {
    const MOST: usize = 100;
    let signature = usize::from(signs);
    if headers.len() + ADDED + signature <= MOST {
        return;
    }
    let host = usize::from(!headers.contains_key(header::HOST));
    let added = usize::from(has_body) + host + signature;
    if headers.len() + added <= MOST {
        return;
    }
    let mut accepted = headers.get_all(header::ACCEPT).iter();
    if accepted.all(|accepted| accepted == "*/*") {
        headers.remove(header::ACCEPT);
    }
    let is_repeated = |name: &&HeaderName| headers.get_all(*name).iter().nth(1).is_some();
    let repeated: Vec<_> = headers.keys().filter(is_repeated).cloned().collect();
    for name in repeated {
        if headers.len() + added > MOST {
            join(headers, name);
        }
    }
}

/// Whether a request says that it has a body, if only an empty one.
pub(super) fn declare_body(headers: &[(HeaderName, HeaderValue)]) -> bool {
    let declares = |name| name == header::CONTENT_LENGTH || name == header::TRANSFER_ENCODING;
    headers.iter().any(|(name, _)| declares(name))
}

/// The headers that a `Connection` names.
fn named_by_connection(headers: &[(HeaderName, HeaderValue)]) -> Vec<HeaderName> {
    let lists = headers
        .iter()
        .filter(|(name, _)| name == header::CONNECTION);
    let tokens = lists.flat_map(|(_, list)| list.as_bytes().split(|byte| *byte == b','));
    tokens
        .filter_map(|token| HeaderName::from_bytes(token.trim_ascii()).ok())
        .collect()
}

/// Joins the lines of a field to one.
fn join(headers: &mut HeaderMap, name: HeaderName) {
    let separator: &[u8] = if name == header::COOKIE { b"; " } else { b", " };
    let Ok(Entry::Occupied(mut lines)) = headers.try_entry(name) else {
        return;
    };
    if lines.iter().count() > 1 {
        let values: Vec<&[u8]> = lines.iter().map(HeaderValue::as_bytes).collect();
        if let Ok(mut joined) = HeaderValue::from_bytes(&values.join(separator)) {
            joined.set_sensitive(true);
            lines.insert(joined);
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
