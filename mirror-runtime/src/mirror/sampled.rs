//! A request that is to be mirrored, until each of its targets has an outcome.

use std::future::Future;

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, header, request::Parts};
use http_body::Body as _;

use super::Mirror;
use crate::{
    body::{Chunks, Copied, CopyBody, read_ahead},
    copy::Copy,
    dispatch::{Copies, dispatch},
    outcome::{NotSent, SkipReason},
};

/// A sampled request, and the targets that await its outcome.
///
/// The future that holds it is dropped when the client goes away; what is undecided then is counted in `Drop`.
#[derive(Debug)]
pub(crate) struct Sampled {
    mirror: Mirror,
    /// One bit per target; a mirror has at most 64.
    undecided: u64,
}

impl Sampled {
    pub(super) fn new(mirror: Mirror, targets: u64) -> Self {
        Self {
            mirror,
            undecided: targets,
        }
    }

    /// Sends the copies and lets `primary` answer the request; in `sync` mode the answer waits for the copies.
    pub(crate) async fn serve<F: Future>(
        self,
        parts: Parts,
        body: Body,
        primary: impl FnOnce(Parts, Body) -> F,
    ) -> F::Output {
        let (parts, body, copies) = self.send(parts, body).await;
        let answer = primary(parts, body).await;
        if let Some(copies) = copies {
            copies.wait().await;
        }
        answer
    }

    /// Reads the body as far as the copies need it and sends them. Returns the request for the primary.
    async fn send(mut self, parts: Parts, body: Body) -> (Parts, Body, Option<Copies>) {
        let (body, read) = match self.needed(&parts, &body) {
            Ok(Needed::Body) => read_ahead(body, self.mirror.shared.options.max_body).await,
            Ok(Needed::Nothing) => (body, Ok(Chunks::Empty)),
            Err(reason) => (body, Err(reason)),
        };
        let copies = self.decide(&parts, read);
        (parts, body, copies)
    }

    fn needed(&self, parts: &Parts, body: &Body) -> Result<Needed, SkipReason> {
        if is_upgrade(parts) {
            Err(SkipReason::Upgrade)
        } else if body.is_end_stream() || !self.mirror.shared.options.copies_body() {
            Ok(Needed::Nothing)
        } else if expects_continue(&parts.headers) {
            // Reading it would make the server ask the client for a body that the handler may not want.
            Err(SkipReason::BodyNotRead)
        } else {
            Ok(Needed::Body)
        }
    }

    /// Sends the copies, and settles each target that gets none.
    fn decide(&mut self, parts: &Parts, read: Copied) -> Option<Copies> {
        let chunks = match read {
            Ok(chunks) => chunks,
            Err(reason) => {
                self.skip(reason);
                return None;
            }
        };
        let mirror = self.mirror.clone();
        let copy = Copy::new(parts, CopyBody::new(chunks), &mirror.shared.options.headers);
        let mut copies = Copies::default();
        while let Some(index) = self.next() {
            match dispatch(&mirror, index, &copy) {
                Ok(copy) => copies.extend(copy),
                Err(not_sent) => mirror.targets()[index].counters.not_sent(not_sent),
            }
        }
        mirror.is_sync().then_some(copies)
    }

    /// The next undecided target. Whoever takes it decides it.
    fn next(&mut self) -> Option<usize> {
        let index = self.undecided.trailing_zeros();
        self.undecided &= self.undecided.wrapping_sub(1);
        (index < u64::BITS).then_some(index as usize)
    }

    fn skip(&mut self, reason: SkipReason) {
        while let Some(index) = self.next() {
            self.mirror.targets()[index]
                .counters
                .not_sent(NotSent::Skipped(reason));
        }
    }
}

impl Drop for Sampled {
    fn drop(&mut self) {
        self.skip(SkipReason::PrimaryGone);
    }
}

enum Needed {
    Body,
    Nothing,
}

/// Whether a request opens a tunnel or switches protocols (RFC 9110 sections 7.8 and 9.3.6).
fn is_upgrade(parts: &Parts) -> bool {
    // Clients that try HTTP/2 first offer `h2c` with requests like any other, and no server here takes it.
    let switches = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"h2c");
    parts.method == Method::CONNECT || parts.headers.get(header::UPGRADE).is_some_and(switches)
}

fn expects_continue(headers: &HeaderMap) -> bool {
    headers
        .get(header::EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
