//! Without the feature `compare` no responses meet: what stands for their sides is nobody's.

use std::sync::Arc;

use axum::{body::Body, response::Response};
use http::request::Parts;
use mirror_compare::NotComparedReason;

use super::recorder::Noted;
use crate::{
    body::CopyBody,
    engine::Engine,
    outcome::{MirrorError, SkipReason},
    telemetry::RequestId,
    trace::CopySpan,
};

/// The side of a primary, which there is not.
#[derive(Debug)]
pub(crate) enum PrimarySide {}

/// Lets copies take part, of which there is none.
#[derive(Debug)]
pub(crate) enum Open {}

/// The side of a copy, which there is not.
#[derive(Debug)]
pub(crate) enum CopySide {}

/// A request that is kept, which there is not.
pub(crate) enum Kept {}

impl PrimarySide {
    pub(crate) const fn new(
        _: &Arc<Engine>,
        _: &Parts,
        _: &Body,
        _: Option<&RequestId>,
    ) -> Option<(Self, Open)> {
        None
    }

    pub(crate) const fn note(self, _: &mut Response, _: std::time::Instant) {
        match self {}
    }
}

impl Open {
    pub(crate) const fn copy(&self, _: usize) -> CopySide {
        match *self {}
    }

    pub(crate) const fn not_sent(&self, _: usize, _: SkipReason) {
        match *self {}
    }

    pub(crate) const fn kept(&self) -> Option<Kept> {
        match *self {}
    }
}

impl Kept {
    pub(crate) const fn keep(&self, _: &CopyBody) {
        match *self {}
    }
}

impl CopySide {
    pub(crate) const fn sent(&mut self) {
        match *self {}
    }

    pub(crate) const fn max_body(&self) -> Option<usize> {
        match *self {}
    }

    pub(crate) fn ended(self, _: Noted, _: CopySpan) {
        match self {}
    }

    pub(crate) const fn reason(_: &MirrorError) -> NotComparedReason {
        NotComparedReason::Failed
    }
}

pub(crate) const fn all_compared() -> bool {
    true
}
