//! From a mismatch to a fixture.

use bytes::Bytes;
use http::uri::PathAndQuery;
use mirror_compare::{
    fixture::{Found, Kind, Side, groups},
    redact::Searched,
};

use super::Fixture;
use crate::{
    comparison::{BufferedResponse, Redaction, Unredactable, compared_body},
    engine::Mismatch,
    recorded::{Parts, RecordedRequest, RecordedResponse},
};

const NO_BODY: &str =
    "the body of the shadow's response may contain redacted values: it is left out";

impl Mismatch<'_> {
    /// The groups of its differences that are no noise, as `kind pointer`; at least one.
    pub(super) fn groups(&self) -> Vec<String> {
        groups(self.comparison)
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
                searched: Searched::default(),
                trailers: None,
            },
            &redaction,
        );
        if !request.is_whole() {
            // It would be another request.
            return Err(Unredactable);
        }
        let (primary, shadow, note) = self.responses(bodies, &redaction)?;
        let found = Found {
            comparison: self.comparison,
            groups,
            request,
            primary,
            shadow,
            note,
            at: self.at.as_str(),
            mode: self.mode,
            rules: self.rules,
            noise: self.noise,
            redaction: &redaction,
        };
        Ok(found.fixture())
    }

    /// Both responses as they are written, and a remark.
    #[expect(clippy::type_complexity, reason = "it is called once")]
    fn responses(
        &self,
        [primary, shadow]: [Option<&[u8]>; 2],
        redaction: &Redaction<'_>,
    ) -> Result<
        (
            Side<RecordedResponse>,
            Side<RecordedResponse>,
            Option<&'static str>,
        ),
        Unredactable,
    > {
        let primary = response(self.primary, primary, redaction)?;
        if primary.redacted.iter().any(String::is_empty) {
            // Whatever an app says would be the same.
            return Err(Unredactable);
        }
        let written = response(self.shadow, shadow, redaction);
        let note = written.is_err().then_some(NO_BODY);
        // Nobody needs its body to replay the fixture.
        let written = written.or_else(|_| response(self.shadow, None, redaction));
        Ok((primary, written?, note))
    }

    fn redaction(&self, body: &[u8], responses: [Option<&[u8]>; 2]) -> Redaction<'_> {
        let mut redaction = Redaction::new(self.rules);
        redaction.learn_set_headers(self.set);
        let request = self.request;
        let query = request.target.as_ref().and_then(PathAndQuery::query);
        redaction.learn_request(query, &request.headers, body, Searched::default());
        for (response, body) in [self.primary, self.shadow].into_iter().zip(responses) {
            redaction.learn_response(response, body.unwrap_or_default(), Searched::default());
        }
        redaction
    }
}

/// A response as it is written, and the headers in which something was replaced.
fn response(
    response: &BufferedResponse,
    body: Option<&[u8]>,
    redaction: &Redaction<'_>,
) -> Result<Side<RecordedResponse>, Unredactable> {
    let body = body.map(Bytes::copy_from_slice);
    let (response, redacted_headers) =
        RecordedResponse::new(response, body, Searched::default(), redaction)?;
    Ok(Side {
        redacted: response.redacted.clone(),
        response,
        redacted_headers,
    })
}
