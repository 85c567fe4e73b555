//! Queries and forms: `name=value&name=value`.

use std::{borrow::Cow, cell::OnceCell};

use bumpalo::Bump;

use crate::{
    json::{Node, parse},
    redact::{
        REDACTED, Redacted, Redaction,
        looks::has_secret,
        names::{Names, is_code, stands_beside_code},
    },
};

/// The value of a parameter `code` that is none of a coupon or of a country.
const MIN_CODE: usize = 10;

/// Parameters that stand beside a `code` of OAuth in a query. In other places a `state` is one of a
/// country.
const BESIDE_CODE: [&str; 3] = ["iss", "scope", "state"];

/// The pairs of a query or a form.
pub(crate) struct Pairs<'t> {
    text: &'t str,
    /// Whether one of them says that a `code` among them is one of OAuth: that is found out once for
    /// all of them, and only if there is one.
    has_beside_code: OnceCell<bool>,
}

impl<'t> Pairs<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            has_beside_code: OnceCell::new(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'t str> {
        self.text.split('&')
    }

    fn has_beside_code(&self) -> bool {
        *self.has_beside_code.get_or_init(|| {
            self.iter().any(|pair| {
                let (name, _) = decoded(pair);
                BESIDE_CODE.contains(&&*name) || stands_beside_code(&name)
            })
        })
    }

    /// Whether a parameter among them is named like a secret.
    fn has_secret(&self, name: &str, value: &str, names: &Names) -> bool {
        names.are(name) || is_code(name) && (value.len() >= MIN_CODE || self.has_beside_code())
    }

    /// Whether a pair among them is named like a secret, or looks like one.
    #[cfg(feature = "compare")]
    pub(crate) fn is_secret(&self, pair: &str, names: &Names) -> bool {
        let (name, value) = decoded(pair);
        self.has_secret(&name, &value, names) || has_secret(&value) || has_secret(pair)
    }
}

impl Redaction<'_> {
    /// Takes note of the values of pairs that are named like a secret.
    pub(crate) fn learn_pairs(&mut self, text: &str) {
        let pairs = Pairs::new(text);
        for pair in pairs.iter() {
            let (name, value) = decoded(pair);
            if pairs.has_secret(&name, &value, &self.names) {
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
        let pairs = Pairs::new(text);
        let first = pairs
            .iter()
            .position(|pair| self.hides_pair(pair, &pairs))?;
        let mut places = Vec::new();
        let pair = |(i, pair): (usize, &str)| {
            if i < first || i > first && !self.hides_pair(pair, &pairs) {
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
        let text = pairs.iter().enumerate().map(pair);
        let text = text.collect::<Vec<_>>().join("&");
        Some(Redacted { text, places })
    }

    /// Whether something of a pair is secret.
    fn hides_pair(&self, pair: &str, pairs: &Pairs<'_>) -> bool {
        let (name, value) = decoded(pair);
        let is_named =
            pairs.has_secret(&name, &value, &self.names) && !matches!(&*value, "true" | "false");
        is_named || self.is_secret(&name) || self.is_secret(pair) || self.is_secret_value(&value)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;

    #[test]
    fn many_codes_are_told_by_one_look_at_all_of_them() {
        const MANY: usize = 50_000;

        let rules = Rules::default();
        let redaction = Redaction::new(&rules);
        let codes = "code=DE&".repeat(MANY);
        assert_eq!(redaction.pairs(&codes), None);
        let hidden = redaction.pairs(&format!("{codes}state=1")).unwrap();
        assert_eq!(hidden.places.len(), MANY);
        assert!(hidden.text.ends_with("code=[redacted]&state=1"));
        let mut redaction = Redaction::new(&rules);
        redaction.learn_pairs(&codes);
        assert!(redaction.secrets.are_none());
    }
}
