//! What is secret whatever the responses are: the credentials of a request, and what copies are given.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    redact::{Redaction, secrets::Secrets},
    rules::Rules,
};

/// Values that a shadow has been told, to be found again where it says them back.
#[derive(Clone, Debug, Default)]
pub struct KnownSecrets(pub(crate) Secrets);

impl KnownSecrets {
    /// What is known without a request: the values of `set_header`.
    #[must_use]
    pub fn from_set_headers(rules: &Rules, set: &[(HeaderName, HeaderValue)]) -> Self {
        let mut redaction = Redaction::new(rules);
        redaction.learn_set_headers(set);
        Self(redaction.into_secrets())
    }

    /// The same, and the credentials of a request.
    #[must_use]
    pub fn from_request(
        rules: &Rules,
        set: &[(HeaderName, HeaderValue)],
        query: Option<&str>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        let mut redaction = Redaction::new(rules);
        redaction.learn_set_headers(set);
        redaction.learn_request(query, headers, body);
        Self(redaction.into_secrets())
    }
}
