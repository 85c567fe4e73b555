//! Without the feature `metrics` nobody is told how long copies of which route took.

use std::time::Duration;

use http::request::Parts;

use crate::outcome::{BufferedResponse, MirrorError};

/// The route of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteLabel;

impl RouteLabel {
    pub(crate) const NONE: Self = Self;

    pub(crate) const fn of(_: &Parts) -> Self {
        Self
    }
}

/// The copies to one target that have ended.
#[derive(Debug)]
pub(crate) struct Measured;

impl Measured {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "it measures with the feature")]
    pub(crate) const fn ended(
        &self,
        _: RouteLabel,
        _: &Result<BufferedResponse, MirrorError>,
        _: Option<Duration>,
    ) {
    }
}

/// How long the primary took.
#[derive(Debug)]
pub(crate) struct PrimaryMeasured;

impl PrimaryMeasured {
    pub(crate) const fn new() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "it measures with the feature")]
    pub(crate) const fn record(&self, _: RouteLabel, _: Duration) {}
}
