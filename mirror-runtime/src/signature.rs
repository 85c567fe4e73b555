//! What a copy says of itself under the key: which mirror sent it to which target, and when.
//!
//! The header is `v1; key=..; time=..; mirror=..; target=..; base=..; body=..; sig=..`, in this
//! order. The names and the base path are percent-encoded. What is signed are lines: of the header,
//! all but the signature, as they are written; and of the request, `X-Mirrored-From`, the method,
//! and the path and query that arrived.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderName, HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::key::Key;

/// The header of the signature.
pub(crate) const MIRROR_SIGNATURE: HeaderName = HeaderName::from_static("mirror-signature");

const VERSION: &str = "v1";

/// The names of what follows the version, in their order.
const FIELDS: [&str; 7] = ["key", "time", "mirror", "target", "base", "body", "sig"];

/// What names are written with: nothing that separates, in a header or in a message.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The longest signature that is looked at: names are short, and a base path is a path.
const MAX_LEN: usize = 4 * 1024;

/// The most segments of a base path of which a server in front of the shadow may have taken some.
/// Each is a hash.
const MAX_SEGMENTS: usize = 16;

/// What a signature is about, of a request as it is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// The value of `X-Mirrored-From`.
    pub(crate) from: &'a [u8],
    pub(crate) method: &'a Method,
    /// As it arrived, without the base path of the target.
    pub(crate) path_and_query: &'a str,
}

/// What the header of a signature says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stated<'a> {
    pub(crate) key: &'a str,
    time: &'a str,
    mirror: &'a str,
    target: &'a str,
    base: &'a str,
    body: &'a str,
}

/// The hash of a body.
pub(crate) type BodyHash = [u8; 32];

/// The hash of a body of these pieces.
pub(crate) fn body_hash<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> BodyHash {
    let mut hasher = Sha256::new();
    pieces.into_iter().for_each(|piece| hasher.update(piece));
    hasher.finalize().into()
}

/// The header of a copy that leaves now; `None` if the key is random, and nobody could verify it.
pub(crate) fn sign(
    key: &Key,
    names: (&str, &str),
    base: &str,
    subject: Subject<'_>,
    body: &BodyHash,
    now: SystemTime,
) -> Option<HeaderValue> {
    if key.is_random() {
        return None;
    }
    let encoded = |text| utf8_percent_encode(text, ENCODED).to_string();
    let (mirror, target, base) = (encoded(names.0), encoded(names.1), encoded(base));
    let time = seconds(now).to_string();
    let body = URL_SAFE_NO_PAD.encode(body);
    let stated = Stated {
        key: key.id(),
        time: &time,
        mirror: &mirror,
        target: &target,
        base: &base,
        body: &body,
    };
    let signature = key.sign(&stated.message(subject))?;
    let mut header = VERSION.to_owned();
    let tag = URL_SAFE_NO_PAD.encode(signature.tag);
    let values = [signature.id, &time, &mirror, &target, &base, &body, &tag];
    for (name, value) in FIELDS.into_iter().zip(values) {
        let _ = write!(header, "; {name}={value}");
    }
    HeaderValue::from_str(&header).ok()
}

/// Reads a header, with its signature. `None` if it is written in any other way.
pub(crate) fn parse(header: &str) -> Option<(Stated<'_>, Vec<u8>)> {
    if header.len() > MAX_LEN {
        return None;
    }
    let mut parts = header.split("; ");
    if parts.next() != Some(VERSION) {
        return None;
    }
    let mut values = [""; FIELDS.len()];
    for (name, value) in FIELDS.into_iter().zip(&mut values) {
        *value = parts.next()?.strip_prefix(name)?.strip_prefix('=')?;
    }
    if parts.next().is_some() {
        return None;
    }
    let [key, time, mirror, target, base, body, tag] = values;
    let stated = Stated {
        key,
        time,
        mirror,
        target,
        base,
        body,
    };
    Some((stated, URL_SAFE_NO_PAD.decode(tag).ok()?))
}

impl Stated<'_> {
    fn message(&self, subject: Subject<'_>) -> Vec<u8> {
        let Self {
            key,
            time,
            mirror,
            target,
            base,
            body,
        } = self;
        let lines: [&[u8]; 10] = [
            b"mirror-signature/1",
            key.as_bytes(),
            time.as_bytes(),
            mirror.as_bytes(),
            target.as_bytes(),
            base.as_bytes(),
            body.as_bytes(),
            subject.from,
            subject.method.as_str().as_bytes(),
            subject.path_and_query.as_bytes(),
        ];
        lines.join(&b'\n')
    }

    /// Whether the holder of the key has signed this of a request that came with this path and
    /// query: with the base path of the target in front, or with a rest of it, if a server before
    /// the shadow has taken segments off it.
    pub(crate) fn is_signed(&self, key: &Key, subject: Subject<'_>, tag: &[u8]) -> bool {
        let Some(base) = decoded(self.base) else {
            return false;
        };
        let slashes = base.match_indices('/').map(|(at, _)| at);
        let rests = slashes.take(MAX_SEGMENTS).map(|at| &base[at..]);
        rests.chain([""]).any(|rest| {
            let path = subject.path_and_query.strip_prefix(rest);
            path.filter(|path| path.starts_with('/'))
                .is_some_and(|path| {
                    let subject = Subject {
                        path_and_query: path,
                        ..subject
                    };
                    key.verify(self.key, &self.message(subject), tag)
                })
        })
    }

    pub(crate) fn mirror(&self) -> Option<String> {
        decoded(self.mirror)
    }

    pub(crate) fn target(&self) -> Option<String> {
        decoded(self.target)
    }

    pub(crate) fn body(&self) -> Option<BodyHash> {
        URL_SAFE_NO_PAD.decode(self.body).ok()?.try_into().ok()
    }

    pub(crate) fn time(&self) -> Option<SystemTime> {
        let seconds = Duration::from_secs(self.time.parse().ok()?);
        SystemTime::UNIX_EPOCH.checked_add(seconds)
    }
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
