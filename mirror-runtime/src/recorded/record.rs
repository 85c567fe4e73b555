//! A request with its response as a record.

use bytes::Bytes;
use mirror_compare::redact::REDACTION_VERSION;
use mirror_record::{Fields, Outcome, Record, Request, Response};

use super::{
    about::About,
    build::build,
    exchange::RecordedExchange,
    message::{Headers, RecordedRequest, RecordedResponse},
};
use crate::{outcome::Completion, target::Target};

impl RecordedExchange {
    /// The exchange as a record of the crate `mirror-record`: what is written to files, and sent to
    /// queues.
    ///
    /// `target` is the one that the sink was given it for: the share in the record is that of this
    /// target when the request arrived. The id is the same for all targets.
    ///
    /// - The session is a keyed hash of what the mirror's `sticky` tells users apart by. There is
    ///   none if the mirror has no `sticky`, or the request says nothing. It is the same in all
    ///   processes with the same [`Key`](crate::Key).
    /// - The build is that of [`set_build`](crate::set_build), or of the environment variable
    ///   `MIRROR_BUILD`.
    #[must_use]
    pub fn record(&self, target: &Target) -> Record {
        self.record_at(self.share(target))
    }

    /// The share of a target in percent, as it was when the request was sampled.
    pub(crate) fn share(&self, target: &Target) -> f64 {
        let mut shares = self.about.shares.iter();
        let share = shares.find(|(name, _)| name == target.name());
        share.map_or(100.0, |(_, share)| *share)
    }

    /// The record of a target that has this share.
    pub(crate) fn record_at(&self, share: f64) -> Record {
        let About {
            id,
            session,
            rules_version,
            ..
        } = &self.about;
        let mut record = Record::new(*id, &*self.mirror, request(&self.request));
        record.build = build().map(str::to_owned);
        record.arrived_ns = self.arrived_ns;
        record.handler_start_us = self.handler_start_us;
        record.first_byte_us = self.first_byte_us;
        record.last_byte_us = self.last_byte_us;
        record.outcome = match self.completion {
            Completion::Complete => Outcome::Complete,
            Completion::Cancelled => Outcome::Cancelled,
            Completion::Failed => Outcome::Failed,
            Completion::Cut => Outcome::Cut,
        };
        record.share = share;
        record.session = *session;
        record.response = self.response.as_ref().map(response);
        record.redaction_version = REDACTION_VERSION;
        record.rules_version = *rules_version;
        record
    }
}

fn request(recorded: &RecordedRequest) -> Request {
    let mut request = Request::new(&*recorded.method, recorded.target.clone());
    request.headers = fields(&recorded.headers);
    request.body = recorded.body.as_ref().map(|body| body.0.clone());
    request.trailers = fields(&recorded.trailers);
    request.redacted.clone_from(&recorded.redacted);
    request
}

fn response(recorded: &RecordedResponse) -> Response {
    let mut response = Response::new(recorded.status);
    response.headers = fields(&recorded.headers);
    response.body = recorded.body.as_ref().map(|body| body.0.clone());
    response.trailers = fields(&recorded.trailers);
    response.redacted.clone_from(&recorded.redacted);
    response.latency_us = recorded.latency_us;
    response
}

fn fields(headers: &Headers) -> Fields {
    let fields = headers.iter();
    fields
        .map(|(name, value)| (Bytes::copy_from_slice(name.as_bytes()), value.0.clone()))
        .collect()
}
