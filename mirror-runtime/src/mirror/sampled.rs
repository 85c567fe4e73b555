//! A request that is to be mirrored, until each of its targets has an outcome.

use std::{future::Future, time::Instant};

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, Method, header, request::Parts};
use http_body::Body as _;

use super::{BodyMode, Mirror};
use crate::{
    answers::{Open, PrimarySide},
    body::{Copied, ReadBody, Tee, read_ahead},
    candidate::Candidates,
    copy::{Copy, Original, has_any},
    dispatch::{Copies, Departure, MakeCopy},
    outcome::SkipReason,
};

/// A sampled request, and the targets that await its outcome.
///
/// The future that holds it is dropped when the client goes away; what is undecided then is counted in `Drop`.
#[derive(Debug)]
pub(crate) struct Sampled {
    mirror: Mirror,
    /// One bit per target; a mirror has at most 64.
    undecided: u64,
    /// The handlers among the targets, if some of them are.
    candidates: Option<Candidates>,
    /// Where the copies' answers are to meet the primary's.
    open: Option<Open>,
}

impl Sampled {
    pub(super) fn new(mirror: Mirror, targets: u64) -> Self {
        Self {
            mirror,
            undecided: targets,
            candidates: None,
            open: None,
        }
    }

    /// Whether one of the targets that await an outcome is a handler.
    pub(crate) fn wants_candidates(&self) -> bool {
        let mut targets = self.mirror.targets().iter().enumerate();
        targets
            .any(|(index, target)| self.undecided >> index & 1 == 1 && target.target.is_handler())
    }

    pub(crate) fn with_candidates(mut self, candidates: Candidates) -> Self {
        self.candidates = Some(candidates);
        self
    }

    /// Sends the copies and lets `primary` answer the request; in `sync` mode the answer waits for the copies.
    #[expect(
        clippy::manual_async_fn,
        reason = "the future of an `async fn` has room for each argument twice"
    )]
    ///
    /// `response` is the answer in what `primary` returns, where there is one.
    pub(crate) fn serve<F: Future>(
        mut self,
        parts: Parts,
        body: Body,
        primary: impl FnOnce(Parts, Body) -> F,
        response: fn(&mut F::Output) -> Option<&mut Response>,
    ) -> impl Future<Output = F::Output> {
        async move {
            let side = PrimarySide::of(&self.mirror, &parts, &body).map(|(side, open)| {
                self.open = Some(open);
                side
            });
            let (body, copies) = self.send(&parts, body).await;
            // No more copies will leave from here.
            (self.open, self.candidates) = (None, None);
            let began = Instant::now();
            let mut answer = primary(parts, body).await;
            let mirror = &self.mirror;
            mirror.shared.latency.record(began.elapsed());
            if let (Some(side), Some(response)) = (side, response(&mut answer)) {
                side.note(response, began);
            }
            if mirror.is_sync() {
                copies.wait(mirror.longest_timeout()).await;
            }
            answer
        }
    }

    /// Sends the copies, at once or when the handler has read the body. Returns the body for the handler.
    ///
    /// Nothing is undecided here afterwards.
    async fn send(&mut self, parts: &Parts, body: Body) -> (Body, Copies) {
        let max_body = self.mirror.shared.options.max_body;
        match self.needed(parts, &body) {
            Err(reason) => (body, self.skipped(reason)),
            Ok(Needed::Nothing) => (body, self.send_copies(parts, Ok(ReadBody::default()))),
            Ok(Needed::Body) => {
                let (body, read) = read_ahead(body, max_body).await;
                (body, self.send_copies(parts, read))
            }
            Ok(Needed::BodyAsItIsRead) => self.send_later(parts, body),
        }
    }

    /// Sends the copies when the handler has read the body.
    fn send_later(&mut self, parts: &Parts, body: Body) -> (Body, Copies) {
        let options = &self.mirror.shared.options;
        // At once: this may take long, and the original's memory is its connection's.
        let copy = match self.original(parts).into_copy(&options.headers) {
            Ok(copy) => copy.in_own_memory(),
            Err(reason) => return (body, self.skipped(reason.into())),
        };
        let (sender, copies) = Copies::later();
        let max_body = options.max_body;
        let mut later = self.take();
        let tee = Tee::new(body, max_body, move |read| {
            let copy =
                read.map(|body| |rules: &_| Ok(copy.with_body(body.into_copy_body(), rules)));
            // Nobody may be waiting for them.
            let _ = sender.send(later.leave(copy));
        });
        (Body::new(tee), copies)
    }

    /// All that is undecided.
    fn take(&mut self) -> Self {
        Self {
            mirror: self.mirror.clone(),
            undecided: std::mem::take(&mut self.undecided),
            candidates: self.candidates.take(),
            open: self.open.take(),
        }
    }

    fn needed(&self, parts: &Parts, body: &Body) -> Result<Needed, SkipReason> {
        let options = &self.mirror.shared.options;
        // Most requests have neither.
        let is_special = has_any(&parts.headers, [&header::UPGRADE, &header::EXPECT]);
        if (is_special || parts.method == Method::CONNECT) && is_upgrade(parts) {
            Err(SkipReason::Upgrade)
        } else if body.is_end_stream() || !options.copies_body() {
            Ok(Needed::Nothing)
        } else if options.body == BodyMode::Tee || is_special && expects_continue(&parts.headers) {
            // Reading ahead would make the server ask the client for a body that the handler may not want.
            Ok(Needed::BodyAsItIsRead)
        } else {
            Ok(Needed::Body)
        }
    }

    fn original(&self, parts: &Parts) -> Original {
        let original = Original::of(parts);
        match self.candidates {
            Some(_) => original.and_within(parts),
            None => original,
        }
    }

    /// Sends the copies of a request whose body has been read.
    fn send_copies(&mut self, parts: &Parts, read: Copied) -> Copies {
        let copy = read.map(|body| {
            let original = self.original(parts);
            |rules: &_| {
                let copy = original.into_copy(rules)?;
                Ok(copy.with_body(body.into_copy_body(), rules))
            }
        });
        self.leave(copy)
    }

    /// Lets the copies leave, and settles each target that gets none.
    fn leave(&mut self, copy: Result<impl MakeCopy, SkipReason>) -> Copies {
        let mut copies = Copies::default();
        match copy {
            Err(reason) => self.skip(reason),
            Ok(copy) => {
                let mut departure = Departure::default();
                while let Some(index) = self.next() {
                    if let Err(reason) = self.admit(index, &mut departure) {
                        self.mirror.not_sent(index, reason);
                    }
                }
                let kept = self.open.as_ref().and_then(Open::kept);
                let copy = move |rules: &_| {
                    let copy: Result<Copy, _> = copy(rules);
                    if let (Some(kept), Ok(copy)) = (kept, &copy) {
                        kept.keep(copy.body());
                    }
                    copy
                };
                departure.leave(copy, &mut copies);
            }
        }
        copies
    }

    fn admit(&self, index: usize, departure: &mut Departure) -> Result<(), SkipReason> {
        if departure.is_empty() && self.mirror.shared.is_baseline(index) {
            // There is nothing to compare.
            return Err(SkipReason::NotSampled);
        }
        let candidates = self.candidates.as_ref();
        departure.admit(&self.mirror, index, self.open.as_ref(), candidates)
    }

    /// The next undecided target. Whoever takes it decides it.
    fn next(&mut self) -> Option<usize> {
        let index = self.undecided.trailing_zeros();
        self.undecided &= self.undecided.wrapping_sub(1);
        (index < u64::BITS).then_some(index as usize)
    }

    fn skipped(&mut self, reason: SkipReason) -> Copies {
        self.skip(reason);
        Copies::default()
    }

    fn skip(&mut self, reason: SkipReason) {
        while let Some(index) = self.next() {
            self.mirror.not_sent(index, reason);
        }
    }
}

impl Drop for Sampled {
    fn drop(&mut self) {
        self.skip(SkipReason::PrimaryGone);
    }
}

/// What the copies need of a body.
enum Needed {
    Nothing,
    Body,
    BodyAsItIsRead,
}

/// Whether a request opens a tunnel or switches protocols (RFC 9110 sections 7.8 and 9.3.6).
fn is_upgrade(parts: &Parts) -> bool {
    // Clients that try HTTP/2 first offer `h2c` with requests like any other, and no server here takes it.
    let switches = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"h2c");
    let upgrades = parts.headers.get_all(header::UPGRADE);
    parts.method == Method::CONNECT || upgrades.iter().any(switches)
}

fn expects_continue(headers: &HeaderMap) -> bool {
    let expects = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    headers.get_all(header::EXPECT).iter().any(expects)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(headers: [(&str, &str); 2]) -> Parts {
        let [(a, x), (b, y)] = headers;
        let request = Request::get("/").header(a, x).header(b, y).body(());
        request.unwrap().into_parts().0
    }

    #[test]
    fn each_of_several_headers_counts() {
        let expects = |value| {
            let parts = parts([("expect", "other"), ("expect", value)]);
            expects_continue(&parts.headers)
        };
        assert!(expects("100-Continue") && !expects("another"));
        let upgrades = |value| is_upgrade(&parts([("upgrade", "h2c"), ("upgrade", value)]));
        assert!(upgrades("websocket") && !upgrades("H2C"));
    }
}
