//! From a mismatch to a fixture.

use bytes::Bytes;
use http::uri::PathAndQuery;

use super::{Fixture, RecordedDifference, compared_by::ComparedBy, directory::Kind};
use crate::{
    comparison::{
        BufferedResponse, CompareMode, Difference, DifferenceKind, GRPC_STATUS, REDACTED,
        REDACTION_VERSION, Redaction, Unredactable, compared_body,
    },
    engine::Mismatch,
    recorded::{Parts, RecordedRequest, RecordedResponse},
};

const TYPED: &str = "compared as values of a type: a replay compares JSON";
const CUSTOM: &str = "compared by a function: a replay compares JSON";
const REWRITTEN: &str = "something in the body is redacted: a replay compares JSON, not bytes";
const HEADER: &str = "a header that is compared is redacted: a replay leaves it out";
const STATUS_NOISE: &str =
    "the status of the old version's responses varies: a replay still compares it";
const GRPC_NOISE: &str =
    "`grpc-status` of the old version's responses varies: a replay still compares it";
const BODY_NOISE: &str =
    "the old version's responses vary as a whole: a replay leaves the body out";
const NO_BODY: &str =
    "the body of the shadow's response may contain redacted values: it is left out";

impl Mismatch<'_> {
    /// The groups of its differences that are no noise, as `kind pointer`; at least one.
    pub(super) fn groups(&self) -> Vec<String> {
        let mut groups = Vec::new();
        for difference in self.comparison.differences.iter().filter(|one| !one.noise) {
            let group = difference.group();
            let group = format!("{} {}", group.kind, group.pattern);
            let group = group.trim_end().to_owned();
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        if groups.is_empty() {
            groups.push(self.comparison.verdict.as_str().to_owned());
        }
        groups
    }

    /// Where a fixture of these groups is counted.
    pub(super) fn kind<'k>(&'k self, groups: &'k [String]) -> Kind<'k> {
        Kind {
            mirror: &self.comparison.mirror,
            target: &self.comparison.target,
            groups,
        }
    }

    /// The fixture, without secrets. If they cannot be found, there is none.
    pub(super) fn fixture(&self, groups: &[String]) -> Result<Fixture, Unredactable> {
        let body = self.request.body();
        let bodies = [self.primary, self.shadow]
            .map(|response| compared_body(response, self.mode, self.rules));
        let bodies = bodies.each_ref().map(Option::as_deref);
        let redaction = self.redaction(&body, bodies);
        let target = self.request.target.as_ref().ok_or(Unredactable)?;
        let request = RecordedRequest::new(
            Parts {
                method: self.method,
                target,
                headers: &self.request.headers,
                body: Some(body),
                trailers: None,
            },
            &redaction,
        );
        if !request.is_whole() {
            // It would be another request.
            return Err(Unredactable);
        }
        let responses = self.responses(bodies, &redaction)?;
        let notes = self.comparison.notes.iter().chain(responses.note.as_ref());
        let mut notes: Vec<_> = notes.map(ToString::to_string).collect();
        let compared_by = self.compared_by(&responses, &mut notes);
        let differences = self.comparison.differences.iter();
        let (format, version) = Fixture::header();
        Ok(Fixture {
            format,
            version,
            redaction: REDACTION_VERSION,
            mirror: self.comparison.mirror.clone(),
            target: self.comparison.target.clone(),
            verdict: self.comparison.verdict.as_str().to_owned(),
            differences: differences
                .map(|difference| responses.difference(difference, &redaction))
                .collect(),
            more_differences: self.comparison.more_differences,
            groups: without_secrets(groups, &redaction),
            notes,
            compared_by,
            request,
            primary: responses.primary,
            shadow: responses.shadow,
        })
    }

    fn responses(
        &self,
        [primary, shadow]: [Option<&[u8]>; 2],
        redaction: &Redaction<'_>,
    ) -> Result<Responses, Unredactable> {
        let (primary, primary_headers) = response(self.primary, primary, redaction)?;
        if primary.redacted.iter().any(String::is_empty) {
            // Whatever an app says would be the same.
            return Err(Unredactable);
        }
        let written = response(self.shadow, shadow, redaction);
        let note = written.is_err().then_some(NO_BODY);
        // Nobody needs its body to replay the fixture.
        let written = written.or_else(|_| response(self.shadow, None, redaction));
        let (shadow, shadow_headers) = written?;
        Ok(Responses {
            is_clean: note.is_none() && primary.redacted.is_empty() && shadow.redacted.is_empty(),
            primary,
            primary_headers,
            shadow,
            shadow_headers,
            note,
        })
    }

    fn redaction(&self, body: &[u8], responses: [Option<&[u8]>; 2]) -> Redaction<'_> {
        let mut redaction = Redaction::new(self.rules);
        redaction.learn_set_headers(self.set);
        let request = self.request;
        let query = request.target.as_ref().and_then(PathAndQuery::query);
        redaction.learn_request(query, &request.headers, body);
        for (response, body) in [self.primary, self.shadow].into_iter().zip(responses) {
            redaction.learn_response(response, body.unwrap_or_default());
        }
        redaction
    }

    /// How a replay compares: as it was compared, as far as a file can say that.
    fn compared_by(&self, responses: &Responses, notes: &mut Vec<String>) -> ComparedBy {
        let mut compared_by = ComparedBy::new(self.mode, self.rules).with_at(self.at);
        match self.mode {
            CompareMode::Typed(_) => notes.push(TYPED.to_owned()),
            CompareMode::Custom(_) => notes.push(CUSTOM.to_owned()),
            CompareMode::Bytes if !responses.primary.redacted.is_empty() => {
                "json".clone_into(&mut compared_by.mode);
                notes.push(REWRITTEN.to_owned());
            }
            _ => {}
        }
        let all = compared_by.headers.len();
        compared_by
            .headers
            .retain(|name| !responses.primary_headers.contains(name));
        if compared_by.headers.len() < all {
            notes.push(HEADER.to_owned());
        }
        // Also those that are compared by default.
        compared_by.leave_out(&responses.primary_headers);
        for (place, kind) in self.noise {
            match kind {
                DifferenceKind::Status => notes.push(STATUS_NOISE.to_owned()),
                DifferenceKind::Trailer if *place == GRPC_STATUS.as_str() => {
                    notes.push(GRPC_NOISE.to_owned());
                }
                DifferenceKind::Header | DifferenceKind::Trailer => {
                    compared_by.headers.retain(|name| name != place);
                    compared_by.leave_out(std::slice::from_ref(place));
                }
                // No part of the body is known to be more.
                _ if place.is_empty() => {
                    "status".clone_into(&mut compared_by.mode);
                    notes.push(BODY_NOISE.to_owned());
                }
                _ => compared_by.noise.push(place.clone()),
            }
        }
        compared_by
    }
}

/// The names of groups. Those with a secret in them are one.
fn without_secrets(groups: &[String], redaction: &Redaction<'_>) -> Vec<String> {
    let mut written: Vec<String> = Vec::new();
    for group in groups.iter().map(|group| redaction.text(group)) {
        if written.iter().all(|one| one != group) {
            written.push(group.to_owned());
        }
    }
    written
}

/// Both responses as they are written.
struct Responses {
    primary: RecordedResponse,
    /// The headers and trailer fields in which something was replaced.
    primary_headers: Vec<String>,
    shadow: RecordedResponse,
    shadow_headers: Vec<String>,
    /// Nothing was replaced in the bodies.
    is_clean: bool,
    note: Option<&'static str>,
}

impl Responses {
    fn difference(&self, difference: &Difference, redaction: &Redaction<'_>) -> RecordedDifference {
        let pointer = &difference.pointer;
        let is_hidden = match difference.kind {
            DifferenceKind::Status
            | DifferenceKind::NotModified
            | DifferenceKind::CutShort
            | DifferenceKind::TooLarge => false,
            DifferenceKind::Header | DifferenceKind::Trailer => {
                self.primary_headers.contains(pointer) || self.shadow_headers.contains(pointer)
            }
            // A part of a body may begin within a secret.
            _ if pointer.is_empty() => !self.is_clean,
            _ => {
                let mut places = self.primary.redacted.iter().chain(&self.shadow.redacted);
                redaction.is_named(pointer) || places.any(|place| is_within(place, pointer))
            }
        };
        let value = |value: &String| {
            let shown = if is_hidden {
                REDACTED
            } else {
                redaction.text(value)
            };
            shown.to_owned()
        };
        RecordedDifference {
            pointer: redaction.text(pointer).to_owned(),
            kind: difference.kind.as_str().to_owned(),
            primary: difference.primary.as_ref().map(value),
            shadow: difference.shadow.as_ref().map(value),
            noise: difference.noise,
        }
    }
}

/// Whether a place is at a pointer or below it.
fn is_within(place: &str, pointer: &str) -> bool {
    let mut tokens = place.split('/');
    pointer.split('/').all(|token| {
        let here = tokens.next();
        here.is_some_and(|here| here == token || here == "*" || token == "*")
    })
}

/// A response as it is written, and the headers in which something was replaced.
fn response(
    response: &BufferedResponse,
    body: Option<&[u8]>,
    redaction: &Redaction<'_>,
) -> Result<(RecordedResponse, Vec<String>), Unredactable> {
    let body = body.map(Bytes::copy_from_slice);
    RecordedResponse::new(response, body, redaction)
}
