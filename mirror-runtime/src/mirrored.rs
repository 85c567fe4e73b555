//! The shadow's side: whether a request is a copy, and whether that is proved.

use std::time::{Duration, SystemTime};

use axum::{
    Extension,
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, request::Parts};
use mirror_grammar::labels;
use tower_layer::Layer;

use crate::{
    key::Key,
    request::{MIRRORED_FROM, original_uri},
    signature::{self, BodyHash, MIRROR_SIGNATURE, Subject},
};

/// How far the clock of a mirror may be from that of a shadow, and how long a signature can be sent
/// again by somebody who has seen it. Clocks that are kept by NTP differ by less than a second, and
/// copies travel for less than their `timeout`.
const DEFAULT_MAX_SKEW: Duration = Duration::from_mins(5);

/// That a request is the copy of another: an extractor for the shadow.
///
/// `Mirrored` refuses a request that is no copy, with `403 Forbidden`. `Option<Mirrored>` is `None`
/// for one.
///
/// Anybody can send the header `X-Mirrored-From`. A copy of a mirror with a key, which is mostly
/// that of the environment variable `MIRROR_KEY`, is signed as well. A shadow with the same key
/// verifies it, and can hold back on proof what must happen once: a payment, a mail.
///
/// ```
/// use axum::{Router, routing::post};
/// use mirror_runtime::Mirrored;
///
/// async fn pay(mirrored: Option<Mirrored>) -> &'static str {
///     match mirrored {
///         Some(mirrored) if mirrored.is_proved() => "nothing was charged",
///         // A client that sends the header to get something for nothing pays, too.
///         Some(_) | None => charge(),
///     }
/// }
/// # fn charge() -> &'static str { "charged" }
///
/// let app: Router = Router::new().route("/payments", post(pay));
/// ```
///
/// # What is proved
///
/// That a holder of the key has sent a request with this method, path and query, and with this
/// `X-Mirrored-From`, for this mirror and this target, within the last five minutes
/// ([`VerifyMirrored::max_skew`]). The body is proved by [`has_body`](Self::has_body).
///
/// Not proved is who has carried it here: who has seen a copy can send it again within that time, to
/// this shadow or to another with the same key, of which [`Proof::target`] tells one from the other.
/// Neither are headers proved, nor that the client of the original was allowed to do anything.
///
/// A server in front of the shadow may take the base path of the target off the path, or the first
/// segments of it, and routers may be nested. A path or a query that is rewritten in any other way
/// is not proved.
#[derive(Clone, Debug)]
pub struct Mirrored {
    host: Option<HeaderValue>,
    proof: Result<Proof, Unproved>,
}

/// What is known of a copy whose signature was verified.
#[derive(Clone, Debug)]
pub struct Proof {
    mirror: String,
    target: String,
    key_id: String,
    signed_at: SystemTime,
    body: BodyHash,
}

labels! {
    /// Why it is not proved that a request is a copy.
    pub enum Unproved {
        /// This process has no key: `MIRROR_KEY` is unset or no key, and [`VerifyMirrored`] has none.
        NoKey = "no_key",
        /// It is not signed: the mirror has no key, or it was not sent by a mirror.
        NotSigned = "not_signed",
        /// It has several signatures or several `X-Mirrored-From`, none, or one that cannot be read.
        Malformed = "malformed",
        /// It was signed longer ago than is allowed, or the clocks differ by more.
        Expired = "expired",
        /// It was signed with another key, or for another request.
        Mismatch = "mismatch",
    }
}

impl Mirrored {
    /// Whether a holder of the key has sent it: see [above](Self#what-is-proved).
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.proof.is_ok()
    }

    /// What the signature says of the copy.
    ///
    /// # Errors
    ///
    /// [`Unproved`], if there is none, or it is not valid.
    pub fn proof(&self) -> Result<&Proof, Unproved> {
        self.proof.as_ref().map_err(|unproved| *unproved)
    }

    /// The host that the original was for, as `X-Mirrored-From` says. It is a hint unless the copy
    /// [is proved](Self::is_proved).
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_ref()?.to_str().ok()
    }

    /// Whether the copy is proved, and was sent with this body.
    #[must_use]
    pub fn has_body(&self, body: &[u8]) -> bool {
        let proof = self.proof.as_ref();
        proof.is_ok_and(|proof| proof.body == signature::body_hash([body]))
    }

    /// The copy, if the request is one.
    fn of(parts: &Parts) -> Option<Self> {
        let headers = &parts.headers;
        if !headers.contains_key(MIRRORED_FROM) && !headers.contains_key(MIRROR_SIGNATURE) {
            return None;
        }
        Some(Self {
            host: headers.get(MIRRORED_FROM).cloned(),
            proof: proof(parts, SystemTime::now()),
        })
    }
}

impl Proof {
    /// The name of the mirror.
    #[must_use]
    pub fn mirror(&self) -> &str {
        &self.mirror
    }

    /// The name of the target, as the mirror calls it.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The id of the secret that it was signed with.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// When it was signed, to the second, by the clock of the mirror.
    #[must_use]
    pub fn signed_at(&self) -> SystemTime {
        self.signed_at
    }
}

fn proof(parts: &Parts, now: SystemTime) -> Result<Proof, Unproved> {
    let verify = parts.extensions.get::<VerifyMirrored>();
    let key = match verify.and_then(|verify| verify.key.clone()) {
        Some(key) => key,
        None => Key::of_process().map_err(|_| Unproved::NoKey)?,
    };
    if key.is_random() {
        return Err(Unproved::NoKey);
    }
    let header = only(&parts.headers, &MIRROR_SIGNATURE)?.ok_or(Unproved::NotSigned)?;
    let from = only(&parts.headers, &MIRRORED_FROM)?.ok_or(Unproved::Malformed)?;
    let header = header.to_str().map_err(|_| Unproved::Malformed)?;
    let (stated, tag) = signature::parse(header).ok_or(Unproved::Malformed)?;
    let path = original_uri(parts).path_and_query();
    let subject = Subject {
        from: from.as_bytes(),
        method: &parts.method,
        path_and_query: path.ok_or(Unproved::Malformed)?.as_str(),
    };
    if !stated.is_signed(&key, subject, &tag) {
        return Err(Unproved::Mismatch);
    }
    let read = || {
        Some(Proof {
            mirror: stated.mirror()?,
            target: stated.target()?,
            key_id: stated.key.to_owned(),
            signed_at: stated.time()?,
            body: stated.body()?,
        })
    };
    let proof = read().ok_or(Unproved::Malformed)?;
    let max_skew = verify.map_or(DEFAULT_MAX_SKEW, |verify| verify.max_skew);
    let skew = match now.duration_since(proof.signed_at) {
        Ok(age) => age,
        Err(ahead) => ahead.duration(),
    };
    if skew > max_skew {
        return Err(Unproved::Expired);
    }
    Ok(proof)
}

/// The one value of a header.
fn only<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, Unproved> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(Unproved::Malformed),
    }
}

impl<S: Sync> FromRequestParts<S> for Mirrored {
    type Rejection = NotMirrored;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NotMirrored> {
        Self::of(parts).ok_or(NotMirrored)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Mirrored {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> Result<Option<Self>, std::convert::Infallible> {
        Ok(Self::of(parts))
    }
}

/// The rejection of [`Mirrored`]: a request that is no copy. It is `403 Forbidden`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request is no copy: it has no `X-Mirrored-From`")]
pub struct NotMirrored;

impl IntoResponse for NotMirrored {
    fn into_response(self) -> Response {
        (StatusCode::FORBIDDEN, self.to_string()).into_response()
    }
}

/// How [`Mirrored`] verifies copies: a layer around the routes of a shadow. Without it, the key is
/// that of the process, and clocks may differ by five minutes.
///
/// ```
/// use std::time::Duration;
///
/// use axum::{Router, routing::get};
/// use mirror_runtime::{Key, Mirrored, VerifyMirrored};
///
/// async fn users(mirrored: Option<Mirrored>) {}
///
/// let verify = VerifyMirrored::new()
///     .key(Key::from_env("ORDERS_KEY")?)
///     .max_skew(Duration::from_secs(30));
/// let app: Router = Router::new().route("/users", get(users)).layer(verify);
/// # Ok::<(), mirror_runtime::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing until a router has it as a layer"]
pub struct VerifyMirrored {
    key: Option<Key>,
    max_skew: Duration,
}

impl Default for VerifyMirrored {
    fn default() -> Self {
        Self::new()
    }
}

impl VerifyMirrored {
    /// The key of the process, and five minutes.
    pub const fn new() -> Self {
        Self {
            key: None,
            max_skew: DEFAULT_MAX_SKEW,
        }
    }

    /// The key. Signatures by any of its secrets are accepted. A random one verifies nothing.
    /// Default: that of `MIRROR_KEY`.
    pub fn key(mut self, key: Key) -> Self {
        self.key = Some(key);
        self
    }

    /// How long before or after now a copy may have been signed, by the clock of the mirror. Who
    /// has seen a copy can send it again for so long. Default: 5 minutes.
    pub const fn max_skew(mut self, max_skew: Duration) -> Self {
        self.max_skew = max_skew;
        self
    }
}

impl<S> Layer<S> for VerifyMirrored {
    type Service = <Extension<Self> as Layer<S>>::Service;

    fn layer(&self, inner: S) -> Self::Service {
        Extension(self.clone()).layer(inner)
    }
}

#[cfg(test)]
mod tests;
