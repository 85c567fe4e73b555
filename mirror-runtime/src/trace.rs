//! The trace that a request belongs to: its headers in the copies, and the span of each copy.
//!
//! With the feature `otel` there is a span for each copy. Without it, headers are forwarded or
//! stripped, and nothing is known of spans.

#[cfg(not(feature = "otel"))]
mod absent;
#[cfg(feature = "otel")]
mod context;
mod headers;
#[cfg(feature = "otel")]
mod origin;
#[cfg(feature = "otel")]
mod primary;
#[cfg(feature = "otel")]
mod propagated;
#[cfg(feature = "otel")]
mod span;
#[cfg(feature = "otel")]
mod traced;

#[cfg(not(feature = "otel"))]
pub(crate) use self::absent::{CopySpan, Origin};
#[cfg(feature = "otel")]
pub(crate) use self::{origin::Origin, span::CopySpan};
use crate::{
    request::HeaderRules,
    target::{Target, Trace},
};

/// A copy that is about to leave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaving<'a> {
    #[cfg_attr(
        not(feature = "otel"),
        expect(dead_code, reason = "there are no spans")
    )]
    pub(crate) mirror: &'a str,
    #[cfg_attr(
        not(feature = "otel"),
        expect(dead_code, reason = "there are no spans")
    )]
    pub(crate) target: &'a Target,
    pub(crate) trace: Trace,
    pub(crate) rules: &'a HeaderRules,
}
