//! The primary's and a shadow's answers to the same request, and how they differ.

use std::time::Duration;

use http::{Method, StatusCode};
use serde::{Serialize, Serializer};

use crate::{
    engine::{Compared, compare},
    model::{
        difference::Difference,
        group::{Group, Groups},
        mode::CompareMode,
        response::Answer,
        truncate::cut,
        verdict::Verdict,
    },
    redact::Known,
    rules::Rules,
};

/// How a shadow's answer to one request compares with the primary's.
///
/// `Display` is a diff for people, `Serialize` is for machines. Neither they nor `Debug` hold anything that the option
/// `redact` names, the value of a header that carries credentials or is named like one, or what a shadow says back of the
/// credentials of the request and of the values of `set_header`: those of which the chapter about fixtures of `mirror-runtime` tells.
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
    /// The path of the request, without its query; cut to 1 KiB. A segment that holds a value that the option `redact` names
    /// is `[redacted]`; so is all of it, where an answer may hold such values and was not read.
    pub path: String,
    /// The status of the primary's answer.
    #[serde(serialize_with = "status")]
    pub primary_status: StatusCode,
    /// The status of the shadow's answer; `None` where there is no answer.
    #[serde(serialize_with = "optional_status")]
    pub shadow_status: Option<StatusCode>,
    /// From the call of the handler to the last byte of its answer.
    #[serde(rename = "primary_latency_us", serialize_with = "micros")]
    pub primary_latency: Duration,
    /// From the moment the copy left to the last byte of its answer; `None` where there is no answer.
    #[serde(rename = "shadow_latency_us", serialize_with = "optional_micros")]
    pub shadow_latency: Option<Duration>,
    /// What was found.
    pub verdict: Verdict,
    /// Where they differ: the first 100 places.
    pub differences: Vec<Difference>,
    /// In how many more places they differ.
    pub more_differences: usize,
    /// What to know about how they were compared, like `not JSON: compared as bytes`.
    pub notes: Vec<&'static str>,
    #[serde(skip)]
    groups: Groups,
    #[serde(skip)]
    noise: bool,
}

/// Compares two answers to one request, for who measures that.
#[must_use]
pub fn compare_answers(
    method: &Method,
    primary: &Answer,
    shadow: &Answer,
    mode: CompareMode,
    rules: &Rules,
) -> Comparison {
    let subject = Subject {
        mirror: "mirror",
        target: "target",
        method,
        path: "/",
    };
    Comparison::of(subject, primary, shadow, mode, rules)
}

/// Which answers are compared.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The name of the mirror.
    pub mirror: &'a str,
    /// The name of the target.
    pub target: &'a str,
    /// The method of the request.
    pub method: &'a Method,
    /// The path that arrived; a query is left out.
    pub path: &'a str,
}

impl Comparison {
    /// Compares two answers to a request of which nothing is secret.
    #[must_use]
    pub fn of(
        subject: Subject<'_>,
        primary: &Answer,
        shadow: &Answer,
        mode: CompareMode,
        rules: &Rules,
    ) -> Self {
        Self::knowing(&Known::default(), subject, primary, shadow, mode, rules)
    }

    /// Compares two answers to a request of which this is secret, wherever they say it.
    #[must_use]
    pub fn knowing(
        known: &Known,
        subject: Subject<'_>,
        primary: &Answer,
        shadow: &Answer,
        mode: CompareMode,
        rules: &Rules,
    ) -> Self {
        let compared = compare(subject.method, primary, shadow, mode, rules, known);
        Self::new(subject, primary, Some(shadow), compared)
    }

    /// Says that two answers were not compared; there may be one only, where the copy failed.
    #[cfg(test)]
    pub(crate) fn not_compared(
        subject: Subject<'_>,
        primary: &Answer,
        shadow: Option<&Answer>,
        reason: crate::model::NotComparedReason,
    ) -> Self {
        Self::new(subject, primary, shadow, Compared::not_compared(reason))
    }

    fn new(
        subject: Subject<'_>,
        primary: &Answer,
        shadow: Option<&Answer>,
        compared: Compared,
    ) -> Self {
        let path = subject.path.split('?').next().unwrap_or_default();
        Self {
            mirror: subject.mirror.to_owned(),
            target: subject.target.to_owned(),
            method: subject.method.clone(),
            path: cut(compared.secrecy.path(path)),
            primary_status: primary.status(),
            shadow_status: shadow.map(Answer::status),
            primary_latency: primary.latency(),
            shadow_latency: shadow.map(Answer::latency),
            verdict: compared.verdict,
            differences: compared.differences,
            more_differences: compared.more,
            notes: compared.notes,
            groups: compared.groups,
            noise: false,
        }
    }

    /// Whether the answers differ in noise only: where answers of the old version differ from one another as often. A
    /// report counts such a mismatch as a match.
    #[must_use]
    pub fn is_noise(&self) -> bool {
        self.noise
    }

    /// Whether it is a difference, and not only noise.
    #[must_use]
    pub fn is_told(&self) -> bool {
        let differs = matches!(self.verdict, Verdict::Mismatch | Verdict::SchemaMismatch);
        differs && !self.is_noise()
    }

    /// Where all differences are.
    pub(crate) fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Says which differences are noise.
    pub(crate) fn mark_noise(&mut self, is_noise: impl Fn(&Group) -> bool) {
        for difference in &mut self.differences {
            difference.noise = is_noise(&difference.group());
        }
        self.noise = self.verdict == Verdict::Mismatch
            && !self.groups.is_empty()
            && self.groups.others() == 0
            && self.groups.iter().all(|(group, _)| is_noise(group));
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

/// A method as its name.
///
/// # Errors
///
/// As the serializer.
pub fn serialize_method<S: Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
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
