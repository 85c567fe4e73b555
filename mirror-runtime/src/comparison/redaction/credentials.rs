//! The secrets that a request and its answers show by themselves.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};

use super::{super::json::Node, Redaction};

/// Shorter values of cookies are settings like `dark` and `en-US`, which stand in other texts by chance.
const MIN_COOKIE: usize = 8;

impl Redaction<'_> {
    /// Takes note of the values of headers that carry credentials.
    pub(super) fn learn_headers(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            if !self.is_secret_header(name, value) {
                // Of a URL.
                let query = value.to_str().ok().and_then(|value| value.split_once('?'));
                if let Some((_, query)) = query {
                    self.learn_pairs(query);
                }
                continue;
            }
            match value.to_str() {
                Ok(value) if *name == header::COOKIE => {
                    value
                        .split(';')
                        .for_each(|cookie| self.learn_cookie(cookie));
                }
                Ok(value) if *name == header::SET_COOKIE => {
                    self.learn_cookie(value.split(';').next().unwrap_or(value));
                }
                Ok(value) => self.learn_credentials(value),
                Err(_) => self.secrets.keep_bytes(value.as_bytes()),
            }
        }
    }

    fn learn_cookie(&mut self, cookie: &str) {
        let value = cookie.split_once('=').map_or(cookie, |(_, value)| value);
        let value = value.trim().trim_matches('"');
        if value.len() >= MIN_COOKIE {
            self.secrets.keep(value);
        }
    }

    /// `Bearer ..`, `Basic ..`, or a key alone.
    fn learn_credentials(&mut self, value: &str) {
        let Some((scheme, credentials)) = value.split_once(' ') else {
            return self.secrets.keep(value);
        };
        let credentials = credentials.trim();
        self.secrets.keep(credentials);
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(decoded) = STANDARD.decode(credentials)
        {
            let password = decoded.splitn(2, |byte| *byte == b':').nth(1);
            self.secrets.keep_bytes(password.unwrap_or(&decoded));
        }
    }

    /// Takes note of the values of fields that are named like a secret.
    pub(super) fn learn_named(&mut self, node: &Node<'_>) {
        match node {
            Node::Array(elements) => elements
                .iter()
                .for_each(|element| self.learn_named(element)),
            Node::Object(members) => {
                for (key, member) in *members {
                    if self.names.are(key) {
                        self.secrets.take(member);
                    } else {
                        self.learn_named(member);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a field is named like a secret, or a text holds one.
    pub(super) fn has_named(&self, node: &Node<'_>) -> bool {
        match node {
            Node::Array(elements) => elements.iter().any(|element| self.has_named(element)),
            Node::Object(members) => members
                .iter()
                .any(|(key, member)| self.names.are(key) || self.has_named(member)),
            Node::String(text) => self.secrets.are_anywhere_in(text.as_bytes()),
            _ => false,
        }
    }
}
