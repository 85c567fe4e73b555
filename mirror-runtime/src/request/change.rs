//! Copies whose body is masked, and which a function of the user's changes.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header, uri::PathAndQuery};
use mirror_grammar::check_settable;

use super::{CommonRequest, HeaderRules, headers::anticipates_body, join};
use crate::{
    body::CopyBody,
    bounds::Reservation,
    key::Key,
    mask::{Mask, Unmaskable},
    outcome::{ShedReason, SkipReason},
    target::{Changed, DIGESTS, MapRequest, Recipient, ShadowRequest},
};

impl CommonRequest {
    /// The same with the fields of its body masked. That takes as long as reading it does.
    pub(crate) fn masked(mut self, mask: &Mask, key: &Key) -> Result<Self, SkipReason> {
        let (body, _place) = contiguous(&self.body)?;
        let masked = mask.apply(key, &self.headers, &body);
        let Some(masked) = masked.map_err(|Unmaskable| SkipReason::Unmaskable)? else {
            return Ok(self);
        };
        let trailers = self.body.take_trailers().unwrap_or_default();
        let body = Bytes::from(masked);
        if let Some(within) = &mut self.within {
            let headers = within.headers_mut();
            state_length(headers, body.len());
            remove_digests(headers);
        }
        remove_digests(&mut self.headers);
        self.body = new_body(body, trailers)?;
        Ok(self)
    }
}

/// Lets functions of the user's change a copy, one after another. They do not panic here.
pub(crate) fn changed(
    request: Request<CopyBody>,
    recipient: Recipient<'_>,
    names: (&str, &str),
    functions: &[&MapRequest],
    rules: &HeaderRules,
    max_body: usize,
) -> Result<Request<CopyBody>, SkipReason> {
    let (mut parts, mut body) = request.into_parts();
    let base_path = match recipient {
        Recipient::Server(destination) => &destination.base_path,
        _ => "",
    };
    let arrived = arrived_path(&parts.uri, base_path).ok_or(SkipReason::Unsendable)?;
    let trailers = body.take_trailers().unwrap_or_default();
    let was_empty = body.is_empty();
    let decided = decided(&parts.headers);
    let (bytes, _place) = contiguous(&body)?;
    let (mut seen, bytes) = Request::new(bytes).into_parts();
    seen.method = parts.method.clone();
    seen.uri = Uri::from(arrived.clone());
    seen.headers = std::mem::take(&mut parts.headers);
    let mut copy = ShadowRequest::new(names.0, names.1, Request::from_parts(seen, bytes))
        .with_trailers(trailers);
    for function in functions {
        function(&mut copy);
    }
    let Changed {
        method,
        path_and_query,
        headers,
        trailers,
        body: set,
    } = copy.into_parts();
    if method == Method::CONNECT {
        return Err(SkipReason::Unsendable);
    }
    if path_and_query != arrived {
        parts.uri = moved(&parts.uri, recipient, path_and_query)?;
    }
    parts.headers = with_decided(headers, decided)?;
    let trailers = rules.apply_to_trailers(trailers);
    body = match set {
        None => body.with_trailers(Some(Arc::new(trailers))),
        Some(bytes) if bytes.len() > max_body => return Err(SkipReason::BodyTooLarge),
        Some(bytes) => {
            if let Recipient::Handler(_) = recipient {
                state_length(&mut parts.headers, bytes.len());
            } else {
                parts.headers.remove(header::CONTENT_LENGTH);
            }
            new_body(bytes, trailers)?
        }
    };
    let says_none = body.is_empty() && !was_empty && anticipates_body(&method);
    if says_none && !matches!(recipient, Recipient::Handler(_)) {
        // Otherwise the client sets it.
        let none = HeaderValue::from_static("0");
        let inserted = parts.headers.try_insert(header::CONTENT_LENGTH, none);
        inserted.map_err(|_| SkipReason::Unsendable)?;
    }
    parts.method = method;
    Ok(Request::from_parts(parts, body))
}

/// The path of a copy without the base path of its target.
pub(crate) fn arrived_path(uri: &Uri, base_path: &str) -> Option<PathAndQuery> {
    let whole = uri.path_and_query()?;
    match whole.as_str().strip_prefix(base_path)? {
        "" => Some(PathAndQuery::from_static("/")),
        _ if base_path.is_empty() => Some(whole.clone()),
        rest => rest.parse().ok(),
    }
}

/// The URI of a copy with another path. Scheme and authority are the target's alone.
fn moved(
    uri: &Uri,
    recipient: Recipient<'_>,
    path_and_query: PathAndQuery,
) -> Result<Uri, SkipReason> {
    if !path_and_query.as_str().starts_with('/') {
        return Err(SkipReason::Unsendable);
    }
    if let Recipient::Server(destination) = recipient {
        let path = Uri::from(path_and_query);
        return join(destination, &path).map_err(|_| SkipReason::Unsendable);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query);
    Uri::from_parts(parts).map_err(|_| SkipReason::Unsendable)
}

/// The headers that are none of the user's.
fn decided(headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let all = headers.iter();
    let decided = all.filter(|(name, _)| check_settable(name).is_err());
    decided
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Puts them back, whatever has become of them.
fn with_decided(
    mut headers: HeaderMap,
    decided: Vec<(HeaderName, HeaderValue)>,
) -> Result<HeaderMap, SkipReason> {
    let found: Vec<_> = headers
        .keys()
        .filter(|name| check_settable(name).is_err())
        .cloned()
        .collect();
    for name in found {
        headers.remove(name);
    }
    for (name, value) in decided {
        let appended = headers.try_append(name, value);
        appended.map_err(|_| SkipReason::Unsendable)?;
    }
    Ok(headers)
}

/// The length that a handler of this program is told, if its headers state one.
fn state_length(headers: &mut HeaderMap, length: usize) {
    if let Some(stated) = headers.get_mut(header::CONTENT_LENGTH) {
        *stated = length.into();
    }
}

fn remove_digests(headers: &mut HeaderMap) {
    for name in &DIGESTS {
        headers.remove(name);
    }
}

/// A body in one piece, and the place of that, if it is another than that of the body.
fn contiguous(body: &CopyBody) -> Result<(Bytes, Option<Reservation>), SkipReason> {
    body.in_one_piece()
        .ok_or_else(|| ShedReason::ByteBudget.into())
}

/// A body in place of another.
fn new_body(bytes: Bytes, mut trailers: HeaderMap) -> Result<CopyBody, SkipReason> {
    remove_digests(&mut trailers);
    let body = CopyBody::from_bytes(bytes).ok_or(ShedReason::ByteBudget)?;
    Ok(body.with_trailers(Some(Arc::new(trailers))))
}
