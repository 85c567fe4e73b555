//! Queries and forms: `name=value&name=value`.

use std::borrow::Cow;

use bumpalo::Bump;

use crate::{
    json::{Node, parse},
    redact::{
        REDACTED, Redacted, Redaction,
        looks::has_secret,
        names::{Names, is_code},
    },
};

/// The value of a parameter `code` that is none of a coupon or of a country.
const MIN_CODE: usize = 10;

/// Parameters that stand beside a `code` of OAuth in a query. In other places a `state` is one of a
/// country.
const BESIDE_CODE: [&str; 3] = ["iss", "scope", "state"];

impl Redaction<'_> {
    /// Takes note of the values of pairs that are named like a secret.
    pub(crate) fn learn_pairs(&mut self, text: &str) {
        for pair in text.split('&') {
            let (name, value) = decoded(pair);
            if self.is_secret_parameter(&name, &value, text) {
                self.learn_guessed(&value);
                if let Some((_, raw)) = pair.split_once('=') {
                    self.learn_guessed(raw);
                }
            }
        }
    }

    /// The pairs without what is secret; `None` if nothing is.
    #[must_use]
    pub fn pairs(&self, text: &str) -> Option<Redacted> {
        if !text.split('&').any(|pair| self.hides_pair(pair, text)) {
            return None;
        }
        let mut places = Vec::new();
        let pair = |pair: &str| {
            if !self.hides_pair(pair, text) {
                return pair.to_owned();
            }
            let (name, value) = decoded(pair);
            // Text that is no name may be a value itself: a document that was sent as a form.
            let raw_name = pair.split_once('=').map(|(name, _)| name);
            let kept = raw_name.filter(|raw| is_plain(raw) && !self.is_secret(&name));
            places.push(kept.unwrap_or(REDACTED).to_owned());
            match kept {
                // An app that reads a number there shall read one again.
                Some(name) if is_number(&value) => format!("{name}=0"),
                Some(name) => format!("{name}={}", self.in_place_of(value.as_bytes())),
                None => REDACTED.to_owned(),
            }
        };
        let text = text.split('&').map(pair).collect::<Vec<_>>().join("&");
        Some(Redacted { text, places })
    }

    /// Whether something of a pair is secret.
    fn hides_pair(&self, pair: &str, pairs: &str) -> bool {
        let (name, value) = decoded(pair);
        let is_named =
            self.is_secret_parameter(&name, &value, pairs) && !matches!(&*value, "true" | "false");
        is_named || self.is_secret(&name) || self.is_secret(pair) || self.is_secret_value(&value)
    }

    /// Whether a parameter of a query or a form is named like a secret.
    fn is_secret_parameter(&self, name: &str, value: &str, pairs: &str) -> bool {
        is_secret_parameter(&self.names, name, value, pairs)
    }

    /// Whether a text holds a value that is known to be secret, or one that looks like it.
    pub(crate) fn is_secret(&self, text: &str) -> bool {
        self.is_known(text) || has_secret(text)
    }

    /// Whether a text holds a value that is known to be secret.
    pub(crate) fn is_known(&self, text: &str) -> bool {
        self.secrets.are_anywhere_in(text.as_bytes())
    }

    /// Whether a value holds a secret: it may be a document, or a URL with a query of its own.
    pub(crate) fn is_secret_value(&self, value: &str) -> bool {
        if self.is_secret(value) {
            return true;
        }
        if !value.contains(['{', '[', '?']) {
            return false;
        }
        let memory = Bump::new();
        let parsed = parse(value.as_bytes(), &memory);
        if let Ok(node @ (Node::Object(_) | Node::Array(_))) = parsed {
            return self.has_named(&node);
        }
        let query = value.split_once('?').map(|(_, query)| query);
        query.is_some_and(|query| {
            query
                .split('&')
                .any(|pair| self.names.are(&decoded(pair).0))
        })
    }
}

/// Whether a parameter among these pairs is named like a secret.
fn is_secret_parameter(names: &Names, name: &str, value: &str, pairs: &str) -> bool {
    if !is_code(name) {
        return names.are(name);
    }
    let others: Vec<_> = pairs.split('&').map(|pair| decoded(pair).0).collect();
    value.len() >= MIN_CODE
        || others.iter().any(|name| BESIDE_CODE.contains(&&**name))
        || names.are_among(name, others.iter().map(|name| &**name))
}

/// Whether a pair is named like a secret, or looks like one.
#[cfg(feature = "compare")]
pub(crate) fn is_secret_pair(names: &Names, pair: &str, pairs: &str) -> bool {
    let (name, value) = decoded(pair);
    is_secret_parameter(names, &name, &value, pairs) || has_secret(&value) || has_secret(pair)
}

/// The name and the value of a pair.
fn decoded(pair: &str) -> (Cow<'_, str>, Cow<'_, str>) {
    let mut pairs = form_urlencoded::parse(pair.as_bytes());
    pairs.next().unwrap_or_default()
}

fn is_number(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-.[]%+".contains(&byte))
}
