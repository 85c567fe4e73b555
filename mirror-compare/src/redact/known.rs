//! Secrets that are known before any response: the credentials of a request, and the headers that
//! copies are given.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    redact::{Redaction, Searched, secrets::Secrets},
    rules::Rules,
};

/// Secrets that a shadow has received, to be hidden wherever it repeats them.
#[derive(Clone, Debug, Default)]
pub struct KnownSecrets(
    #[cfg_attr(
        not(feature = "compare"),
        expect(dead_code, reason = "comparing alone looks for them")
    )]
    pub(crate) Secrets,
);

impl KnownSecrets {
    /// Those that are known without a request: the values of `set_header`.
    #[must_use]
    pub fn from_set_headers(rules: &Rules, set: &[(HeaderName, HeaderValue)]) -> Self {
        let mut redaction = Redaction::new(rules);
        redaction.learn_set_headers(set);
        Self(redaction.into_secrets())
    }

    /// The same and the credentials of a request.
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
        redaction.learn_request(query, headers, body, Searched::default());
        Self(redaction.into_secrets())
    }
}
