//! A request with its response as a record.

use mirror_compare::redact::REDACTION_VERSION;
use mirror_record::{FieldList, Outcome, Record, RecordRef, RequestRef, ResponseRef};

use super::{
    about::About,
    build::build,
    exchange::RecordedExchange,
    field::Headers,
    message::{RecordedRequest, RecordedResponse},
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
        self.record_ref(target).to_owned()
    }

    /// The same record, without a copy of anything: for who [encodes](RecordRef::encode) it at once.
    #[must_use]
    pub fn record_ref(&self, target: &Target) -> RecordRef<'_> {
        self.record_ref_at(self.share(target))
    }

    /// That of a target which has this share.
    pub(crate) fn record_ref_at(&self, share: f64) -> RecordRef<'_> {
        let About {
            id,
            session,
            rules_version,
            ..
        } = &self.about;
        let mut record = RecordRef::new(*id, &self.mirror, request(&self.request));
        record.build = build();
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

    /// The share of a target in percent, as it was when the request was sampled.
    pub(crate) fn share(&self, target: &Target) -> f64 {
        let mut shares = self.about.shares.iter();
        let share = shares.find(|(name, _)| name == target.name());
        share.map_or(100.0, |(_, share)| *share)
    }
}

fn request(recorded: &RecordedRequest) -> RequestRef<'_> {
    let mut request = RequestRef::new(&recorded.method, recorded.target.as_bytes());
    request.headers = &recorded.headers;
    request.body = recorded.body();
    request.trailers = &recorded.trailers;
    request.redacted = &recorded.redacted;
    request
}

fn response(recorded: &RecordedResponse) -> ResponseRef<'_> {
    let mut response = ResponseRef::new(recorded.status);
    response.headers = &recorded.headers;
    response.body = recorded.body();
    response.trailers = &recorded.trailers;
    response.redacted = &recorded.redacted;
    response.latency_us = recorded.latency_us;
    response
}

impl FieldList for Headers {
    fn len(&self) -> usize {
        Self::len(self)
    }

    fn each(&self, field: &mut dyn FnMut(&[u8], &[u8])) {
        for one in self.iter() {
            field(one.name().as_bytes(), one.value());
        }
    }
}
