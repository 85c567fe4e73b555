//! The primary's and a shadow's responses to the same request, and how they differ.

use std::time::Duration;

use http::{Method, StatusCode};
use serde::{Serialize, Serializer};

use crate::{
    model::{
        difference::Difference, hint::Hint, not_compared::NotComparedReason, place::Places,
        verdict::Verdict,
    },
    rules::Watched,
};

/// The most headers of one comparison that are named though they are not compared.
pub(crate) const MAX_UNCOMPARED: usize = 16;

/// How a shadow's response to one request compares with the primary's: what
/// [`compare`](crate::compare) returns, to a mirror and to a test of a callback alike.
///
/// `Display` is a diff for people, `Serialize` is for machines. Neither they nor `Debug` hold
/// anything that the option `redact` names, the value of a header that carries credentials or is
/// named like one, or what a shadow says back of the credentials of the request and of the values
/// of `set_header`: those of which the chapter about fixtures of `mirror-runtime` tells. Nor do they
/// hold what looks like a secret, or the value of a field whose name leaves no doubt, such as
/// `password`. In its place is a mark, such as `[redacted 4f2a]`, by which two that differ can be
/// told apart.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The name of the mirror.
    pub mirror: String,
    /// The name of the target.
    pub target: String,
    /// The method of the request.
    #[serde(serialize_with = "serialize_method")]
    pub method: Method,
    /// The path of the request, without its query; cut to 1 KiB. A segment that holds a value that
    /// the option `redact` names is `[redacted]`; so is all of it if a response may hold such
    /// values and was not read.
    pub path: String,
    /// The query of the request, if it has one; cut to 1 KiB. The value of a parameter that is named
    /// like a credential, or holds one, is `[redacted]`.
    pub query: Option<String>,
    /// The `x-request-id` of the request, if it has one; cut to 128 bytes.
    pub request_id: Option<String>,
    /// The route of the request, if it is known. If no router has found one, its path without ids; if
    /// something is redacted as well, it has none, because its path may hold that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<Box<str>>,
    /// The version that the shadow says it has, in the header `version_header`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Box<str>>,
    /// The status of the primary's response.
    #[serde(serialize_with = "status")]
    pub primary_status: StatusCode,
    /// The status of the shadow's response; `None` if there is no response.
    #[serde(serialize_with = "optional_status")]
    pub shadow_status: Option<StatusCode>,
    /// From the call of the handler to the last byte of its response, without the time in which a
    /// client that reads slowly kept the server from asking for more of it.
    #[serde(rename = "primary_latency_us", serialize_with = "micros")]
    pub primary_latency: Duration,
    /// From the moment the copy left to the last byte of its response; `None` if there is no
    /// response.
    #[serde(rename = "shadow_latency_us", serialize_with = "optional_micros")]
    pub shadow_latency: Option<Duration>,
    /// The result.
    pub verdict: Verdict,
    /// The first 100 places at which they differ, and the first of each group of further ones; at
    /// most 200.
    pub differences: Vec<Difference>,
    /// In how many more places they differ.
    pub more_differences: usize,
    /// Remarks about how they were compared, like `not JSON: compared as bytes`.
    pub notes: Vec<&'static str>,
    /// The rules, and which of them were about something in the two documents; `None` if these were
    /// not looked into.
    #[serde(skip)]
    pub(crate) watched: Option<Watched>,
    /// Rules that would settle some of the differences.
    #[serde(skip)]
    pub(crate) hints: Vec<Hint>,
    /// Headers that differ and were not compared; at most 16.
    #[serde(skip)]
    pub(crate) uncompared: Vec<Box<str>>,
    /// What tells the request apart from others.
    #[serde(skip)]
    pub(crate) fingerprint: u32,
    /// Whether the shadow's response alone is why nothing was compared.
    #[serde(skip)]
    pub(crate) is_fault: bool,
    #[serde(skip)]
    pub(crate) places: Places,
    #[serde(skip)]
    pub(crate) equal: usize,
    #[serde(skip)]
    pub(crate) noise: bool,
    #[serde(skip)]
    pub(crate) may_be_noise: bool,
}

impl Comparison {
    /// Whether the responses differ in noise only: where responses of the old version differ from
    /// one another as often. A report counts such a mismatch as a match.
    #[must_use]
    pub fn is_noise(&self) -> bool {
        self.noise
    }

    /// The names of headers that differ and were not compared, at most 16: name them in
    /// `compare_headers` if they must agree.
    pub fn uncompared_headers(&self) -> impl Iterator<Item = &str> {
        self.uncompared.iter().map(|name| &**name)
    }

    /// Whether the responses differ, and not only in noise.
    #[must_use]
    pub fn differs(&self) -> bool {
        let differs = matches!(self.verdict, Verdict::Mismatch | Verdict::SchemaMismatch);
        differs && !self.is_noise()
    }

    /// Whether the differences may turn out to be noise: a baseline has not differed there yet, and
    /// they are too few to be sure that it never will. They are told all the same, and are not
    /// recorded.
    #[must_use]
    pub fn may_be_noise(&self) -> bool {
        self.may_be_noise
    }

    /// What share of the values of both responses was equal, from 0 to 1; `None` if nothing was
    /// compared. Values that a rule leaves out count on neither side. A body that is not JSON is one
    /// value.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of so many values is still right"
    )]
    pub fn coverage(&self) -> Option<f64> {
        if matches!(self.verdict, Verdict::NotCompared(reason) if reason != NotComparedReason::AllNoise)
        {
            return None;
        }
        let differ = self.places.in_body() as f64;
        let equal = self.equal as f64;
        Some(if differ == 0.0 {
            1.0
        } else {
            equal / (equal + differ)
        })
    }

    /// The places of all differences.
    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    /// Says which of the differences are noise, one by one.
    pub(crate) fn mark_noise(&mut self, noise: Vec<bool>) {
        for (difference, noise) in self.differences.iter_mut().zip(noise) {
            difference.noise = noise;
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn status<S: Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's signature"
)]
fn optional_status<S: Serializer>(
    status: &Option<StatusCode>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    status.map(|status| status.as_u16()).serialize(serializer)
}

pub(crate) fn serialize_method<S: Serializer>(
    method: &Method,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(method.as_str())
}

fn micros<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn optional_micros<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => micros(duration, serializer),
        None => serializer.serialize_none(),
    }
}
