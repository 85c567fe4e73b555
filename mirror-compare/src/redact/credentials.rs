//! The secrets that a request and its responses show by themselves.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{
    json::Node,
    redact::{CREDENTIALS, Redaction, looks::has_secret},
};

/// Shorter values of cookies, and of what is only named like a secret, are settings like `dark` and
/// `en-US`, which stand in other texts by chance.
const MIN_GUESSED: usize = 8;

impl Redaction<'_> {
    /// Takes note of the values of headers that carry credentials.
    pub(crate) fn learn_headers(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            self.learn_header(name, value);
        }
    }

    /// Takes note of the value of a header, if it carries credentials.
    pub(crate) fn learn_header(&mut self, name: &HeaderName, value: &HeaderValue) {
        if !self.is_secret_header(name, value) {
            // Of a URL.
            let query = value.to_str().ok().and_then(|value| value.split_once('?'));
            if let Some((_, query)) = query {
                self.learn_pairs(query);
            }
            return;
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
            Ok(text) if CREDENTIALS.contains(name) || value.is_sensitive() => {
                self.learn_credentials(text, 0);
            }
            Ok(text) => self.learn_credentials(text, MIN_GUESSED),
            Err(_) => self.secrets.keep_bytes(value.as_bytes()),
        }
    }

    fn learn_cookie(&mut self, cookie: &str) {
        let value = cookie.split_once('=').map_or(cookie, |(_, value)| value);
        let value = value.trim().trim_matches('"');
        self.learn_guessed(value);
    }

    /// Takes note of a value that may be a secret.
    pub(crate) fn learn_guessed(&mut self, value: &str) {
        if value.len() >= MIN_GUESSED {
            self.secrets.keep(value);
        }
    }

    /// `Bearer ..`, `Basic ..`, or a key alone; of at least so many bytes.
    fn learn_credentials(&mut self, value: &str, min: usize) {
        let (scheme, credentials) = value.split_once(' ').unwrap_or(("", value));
        let credentials = credentials.trim();
        if credentials.len() < min {
            return;
        }
        self.secrets.keep(credentials);
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(decoded) = STANDARD.decode(credentials)
        {
            let password = decoded.splitn(2, |byte| *byte == b':').nth(1);
            self.secrets.keep_bytes(password.unwrap_or(&decoded));
        }
    }

    /// Takes note of the values of fields that are named like a secret, and of those that say what
    /// they are.
    pub(crate) fn learn_named(&mut self, node: &Node<'_>) {
        match node {
            Node::Array(elements) => elements
                .iter()
                .for_each(|element| self.learn_named(element)),
            Node::Object(members) => {
                let keys = || members.iter().map(|(key, _)| &**key);
                for (key, member) in *members {
                    if self.names.are_among(key, keys()) {
                        self.learn_values(member);
                    } else {
                        self.learn_named(member);
                    }
                }
            }
            Node::String(text) if is_one(text) => self.secrets.keep(text),
            _ => {}
        }
    }

    /// Takes note of all texts in a value. Its keys are names.
    fn learn_values(&mut self, node: &Node<'_>) {
        match node {
            Node::Null | Node::Bool(_) => {}
            Node::Number(text) | Node::String(text) => self.learn_guessed(text),
            Node::Array(elements) => elements
                .iter()
                .for_each(|element| self.learn_values(element)),
            Node::Object(members) => members
                .iter()
                .for_each(|(_, member)| self.learn_values(member)),
        }
    }

    /// Whether a field is named like a secret, or a text holds one.
    pub(crate) fn has_named(&self, node: &Node<'_>) -> bool {
        match node {
            Node::Array(elements) => elements.iter().any(|element| self.has_named(element)),
            Node::Object(members) => members.iter().any(|(key, member)| {
                let keys = members.iter().map(|(key, _)| &**key);
                self.names.are_among(key, keys) || self.has_named(member)
            }),
            Node::String(text) => self.is_secret(text),
            _ => false,
        }
    }
}

/// Whether a text is a secret as a whole, whatever its field is called. One within a longer text is
/// found by its look wherever it stands.
fn is_one(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_graphic();
    text.len() >= MIN_GUESSED && text.bytes().all(is_word) && has_secret(text)
}
