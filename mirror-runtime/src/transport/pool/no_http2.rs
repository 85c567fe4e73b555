//! The place of HTTP/2 in a build without it, in which no server is offered it.

use std::{
    future::{Ready, ready},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use axum::body::Body;
use http::{Request, Response};
use tokio::time::Instant;

use super::{Origin, attempt::NotAnswered, connect::Connected, dialing::Dial};
use crate::{body::CopyBody, outcome::MirrorError};

/// A connection that copies share, of which there is none.
#[derive(Debug)]
pub(super) enum Link {}

/// The place of a copy on such a connection.
#[derive(Debug)]
pub(super) enum Slot {}

/// What opens one, and what would drive it.
type Opening = Ready<Result<(Arc<Link>, Ready<()>), MirrorError>>;

impl Link {
    /// Always fails: HTTP/2 was not offered.
    pub(super) fn open(_: Connected, _: &Arc<AtomicU64>, _: Option<Dial>) -> Opening {
        ready(Err(MirrorError::Request("built without HTTP/2".into())))
    }

    pub(super) fn slot(self: &Arc<Self>) -> Option<Slot> {
        match **self {}
    }

    pub(super) const fn carried(&self) -> usize {
        match *self {}
    }

    pub(super) const fn requests_taken(&self) -> Option<usize> {
        match *self {}
    }

    pub(super) const fn retire(&self) {
        match *self {}
    }

    pub(super) const fn is_doubtful(&self) -> bool {
        match *self {}
    }

    pub(super) const fn is_open(&self) -> bool {
        match *self {}
    }

    pub(super) const fn is_idle(&self) -> bool {
        match *self {}
    }

    pub(super) const fn idle_since(&self) -> Option<Instant> {
        match *self {}
    }

    pub(super) const fn closed_after(&self) -> Option<Duration> {
        match *self {}
    }

    pub(super) const fn opened(&self) -> Instant {
        match *self {}
    }
}

impl Slot {
    pub(super) fn send(
        self,
        _: Request<CopyBody>,
        _: bool,
    ) -> Ready<Result<Response<Body>, NotAnswered>> {
        match self {}
    }
}

/// There is nothing to change.
pub(super) const fn in_absolute_form(_: &mut Request<CopyBody>, _: &Origin) {}
