//! Taking secrets out of a request and its responses before they are written down.
//!
//! # What it protects against
//!
//! Comparisons, reports and fixtures leave the process: they go to logs, pages, repositories and
//! people who may not see what is in the traffic. A shadow is not trusted either: it may repeat
//! what it was told, in any field and under any name. So a value is secret for one of these
//! reasons, and is then hidden wherever it is found, as it is or percent-encoded:
//!
//! - it stands at a place that [`Rules::redact`] names;
//! - its header carries credentials (`Authorization`, `Cookie`, ...), or is marked as sensitive;
//! - its field, parameter or header is named like a credential, or like the last key of a place
//!   that is redacted;
//! - it looks like a secret, whatever its field is called: a token in the form of a JWT, a block of
//!   PEM, a credential with the prefix of who issues it (`ghp_`, `AKIA`), a password in a URL, or 32
//!   characters and more without any order;
//! - copies are given it by `set_header`.
//!
//! If a secret may be in a body and cannot be located, nothing is written of that body:
//! [`Unredactable`].
//!
//! # What it does not
//!
//! A value of one to three bytes is hidden only if it is the whole of another value. A value
//! under a name that says nothing, in a place that no rule names, is not known to be secret unless
//! it looks like one. Hexadecimal numbers do not: they are hashes, tags and ids far more often.
//! Compressed or encrypted text within a value is not looked into.

mod credentials;
mod document;
mod form;
mod known;
mod looks;
mod names;
mod path;
mod plain;
mod secrets;

use std::{borrow::Cow, fmt};

use bumpalo::Bump;
use http::{HeaderMap, HeaderName, HeaderValue};

use self::{
    document::{Document, Replacement},
    secrets::percent_decoded,
};
#[cfg(feature = "compare")]
pub(crate) use self::{
    form::Pairs,
    looks::{hidden, hidden_alike, mark},
    names::are_sure,
    path::hidden_path,
};
pub use self::{known::KnownSecrets, names::GRPC_STATUS, path::is_secret_segment};
pub(crate) use self::{
    looks::has_secret,
    names::{CREDENTIALS, Names, says_nothing},
    secrets::Secrets,
};
use crate::{
    encoding::encodings,
    json::{NotJson, parse},
    model::BufferedResponse,
    rules::Rules,
};

/// The text in place of a value that is not shown.
pub const REDACTED: &str = "[redacted]";

/// Which values are secret. It rises when there are more of them, so that a file says what may still
/// be in it.
pub const REDACTION_VERSION: u32 = 2;

/// The secrets of one request and its responses, and how to write the rest.
///
/// Secret are the values at the places that `redact` names, in the responses and in a request whose
/// body is JSON; the values of fields, parameters and headers that are named like the last key of
/// such a place, or like a credential; and headers that carry credentials. A text that holds one of
/// these values is secret as well, wherever it stands, unless the value is so short that it stands
/// there by chance.
pub struct Redaction<'r> {
    rules: &'r Rules,
    names: Names,
    secrets: Secrets,
    mark: Option<&'r Mark<'r>>,
}

/// What stands for a value that is not shown.
type Mark<'r> = dyn Fn(&[u8]) -> String + 'r;

/// A body in which something was replaced.
#[derive(Debug, PartialEq)]
pub struct Redacted {
    /// The whole body without its secrets.
    pub text: String,
    /// JSON pointers to the values that were replaced; the names of fields if it is a form.
    pub places: Vec<String>,
}

impl Redacted {
    /// Nothing is left of the body.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.places.iter().any(String::is_empty)
    }
}

/// There may be secrets in it that cannot be located.
#[derive(Debug, PartialEq, Eq)]
pub struct Unredactable;

/// What one pass over a body has told of it, so that most need not be read as documents. By default
/// that is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// Whether it is JSON in which nothing is secret by itself.
    is_plain: bool,
}

impl Searched {
    /// Passes over a body that is not encoded, of a request or a response to which these rules apply.
    /// It takes a few nanoseconds for each byte, and nearly no memory.
    #[must_use]
    pub fn of(body: &[u8], rules: &Rules) -> Self {
        // Without places that are redacted, names alone say what is.
        let is_plain = !rules.redacts && plain::is_plain(body);
        Self { is_plain }
    }

    /// Whether it is JSON in which nothing is secret by itself. It may be known to be secret from
    /// elsewhere, as a credential that is repeated.
    #[must_use]
    pub fn is_plain(self) -> bool {
        self.is_plain
    }
}

/// The body to write; `None` if there is nothing to replace.
pub type RedactedBody = Result<Option<Redacted>, Unredactable>;

/// Nothing of what is secret.
impl fmt::Debug for Redaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redaction")
            .field("secrets", &self.secrets)
            .finish_non_exhaustive()
    }
}

impl<'r> Redaction<'r> {
    /// Without any secrets yet, but for the names of places that the rules redact.
    #[must_use]
    pub fn new(rules: &'r Rules) -> Self {
        Self {
            rules,
            names: Names::new(&rules.written().redact),
            secrets: Secrets::default(),
            mark: None,
        }
    }

    /// Writes what `mark` makes of a value, and not [`REDACTED`], in place of each that is hidden as
    /// a whole: the value of a header, a parameter or a field. Who reads two marks can tell whether
    /// the values are the same, so a mark is a hash that nobody else can compute.
    #[must_use]
    pub fn with_marks(self, mark: &'r Mark<'r>) -> Self {
        let mark = Some(mark);
        Self { mark, ..self }
    }

    /// What is written in place of a value.
    fn in_place_of(&self, value: &[u8]) -> Cow<'static, str> {
        match self.mark {
            Some(mark) => mark(value).into(),
            None => REDACTED.into(),
        }
    }

    /// Takes note of what copies are given: it may be what lets them in. A short value of a plain
    /// name is a setting.
    pub fn learn_set_headers(&mut self, set: &[(HeaderName, HeaderValue)]) {
        for (name, value) in set {
            self.learn_header(name, value);
            if let Ok(value) = value.to_str() {
                self.learn_guessed(value);
            }
        }
    }

    /// The secrets by now.
    pub(super) fn into_secrets(self) -> Secrets {
        self.secrets
    }

    /// Takes note of the secrets of a response.
    pub fn learn_response(&mut self, response: &BufferedResponse, body: &[u8], searched: Searched) {
        self.learn_headers(response.headers());
        if let Some(trailers) = response.trailers() {
            self.learn_headers(trailers);
        }
        if !searched.is_plain {
            self.learn_document(body);
        }
    }

    /// Takes note of the secrets of a request.
    pub fn learn_request(
        &mut self,
        query: Option<&str>,
        headers: &HeaderMap,
        body: &[u8],
        searched: Searched,
    ) {
        self.learn_headers(headers);
        if let Some(query) = query {
            self.learn_pairs(query);
        }
        if !searched.is_plain
            && !self.learn_document(body)
            && is_form(headers)
            && let Ok(form) = std::str::from_utf8(body)
        {
            self.learn_pairs(form);
        }
    }

    /// Whether a body has nothing to be hidden, as far as that is told without reading it as a
    /// document. A known secret may be spelled in any way by escapes.
    fn has_nothing(&self, body: &[u8], searched: Searched) -> bool {
        let is_known = || body.contains(&b'\\') || self.secrets.are_anywhere_in(body);
        searched.is_plain && (self.secrets.are_none() || !is_known())
    }

    /// Takes note of the secrets of a body, if it is JSON.
    fn learn_document(&mut self, body: &[u8]) -> bool {
        let memory = Bump::new();
        let Ok(node) = parse(body, &memory) else {
            return false;
        };
        let patterns = &self.rules.patterns;
        self.secrets.gather(&node, patterns, &patterns.root());
        self.learn_named(&node);
        true
    }

    /// A text, which may be cut, unless it holds a secret.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> &'t str {
        if self.is_secret(text) || self.secrets.are_cut_in(text) {
            REDACTED
        } else {
            text
        }
    }

    /// Whether a place is in a field that is named like a secret.
    #[must_use]
    pub fn is_named(&self, pointer: &str) -> bool {
        pointer.split('/').any(|token| self.names.are(token))
    }

    /// Checks that a path can be written. One that holds a secret cannot: without it, it would be
    /// another path.
    ///
    /// # Errors
    ///
    /// [`Unredactable`] if it holds a secret.
    pub fn check_path(&self, path: &str) -> Result<(), Unredactable> {
        let decoded = percent_decoded(path.as_bytes());
        if [path.as_bytes(), &*decoded]
            .iter()
            .any(|path| self.secrets.are_anywhere_in(path))
            || path::has_secret(path)
        {
            return Err(Unredactable);
        }
        Ok(())
    }

    /// The value to write for a header; `None` if there is nothing to replace.
    #[must_use]
    pub fn header(&self, name: &HeaderName, value: &HeaderValue) -> Option<String> {
        if says_nothing(name, value.as_bytes()) {
            return None;
        }
        if self.is_secret_header(name, value) || self.secrets.are_anywhere_in(value.as_bytes()) {
            return Some(self.in_place_of(value.as_bytes()).into_owned());
        }
        let value = value.to_str().ok()?;
        if has_secret(value.split('?').next().unwrap_or(value)) {
            return Some(self.in_place_of(value.as_bytes()).into_owned());
        }
        // A URL, as in `Location` and `Referer`.
        let (before, query) = value.split_once('?')?;
        let query = self.pairs(query)?;
        Some(format!("{before}?{}", query.text))
    }

    /// The body of a response, which is not encoded any more.
    ///
    /// # Errors
    ///
    /// [`Unredactable`] if it may hold a secret that cannot be located.
    pub fn response_body(
        &self,
        body: &[u8],
        headers: &HeaderMap,
        searched: Searched,
    ) -> RedactedBody {
        if self.has_nothing(body, searched) {
            return Ok(None);
        }
        if let Some(document) = self.document(body, Replacement::Text)? {
            return Ok(document.changed());
        }
        self.free_text(body, headers)
    }

    /// The body of a request, which is still a request of the same shape without its secrets.
    ///
    /// # Errors
    ///
    /// [`Unredactable`] if it may hold a secret that cannot be located, or would be empty once
    /// redacted.
    pub fn request_body(
        &self,
        body: &[u8],
        headers: &HeaderMap,
        searched: Searched,
    ) -> RedactedBody {
        if body.is_empty() {
            return Ok(None);
        }
        if is_encoded(headers) || self.is_secret_multipart(body, headers) {
            return Err(Unredactable);
        }
        if self.has_nothing(body, searched) {
            return Ok(None);
        }
        if let Some(document) = self.document(body, Replacement::SameType)? {
            return match document.changed() {
                // It would be another request.
                Some(changed) if changed.is_all() => Err(Unredactable),
                changed => Ok(changed),
            };
        }
        if is_form(headers) {
            let form = std::str::from_utf8(body).map_err(|_| Unredactable)?;
            return Ok(self.pairs(form));
        }
        self.free_text(body, headers)
    }

    /// A body of JSON. One that is ambiguous or too deep cannot be searched for names.
    fn document(
        &self,
        body: &[u8],
        replacement: Replacement,
    ) -> Result<Option<Document<'_>>, Unredactable> {
        match parse(body, &Bump::new()) {
            Ok(node) => Ok(Some(Document::new(&node, self, replacement))),
            Err(NotJson::Invalid) => Ok(None),
            Err(NotJson::DuplicateKey | NotJson::TooDeep) => Err(Unredactable),
        }
    }

    /// A body without known fields: it is searched for values alone.
    fn free_text(&self, body: &[u8], headers: &HeaderMap) -> RedactedBody {
        if body.is_empty() {
            return Ok(None);
        }
        let hides = self.rules.redacts || is_json(headers);
        let looks = || has_secret(&String::from_utf8_lossy(body));
        if hides || self.secrets.are_anywhere_in(body) || looks() {
            return Err(Unredactable);
        }
        Ok(None)
    }

    fn is_secret_header(&self, name: &HeaderName, value: &HeaderValue) -> bool {
        CREDENTIALS.contains(name) || value.is_sensitive() || self.is_secret_name(name.as_str())
    }

    /// Whether a name of a header is one of a secret. Names in which there is nothing are remembered
    /// for the next message.
    fn is_secret_name(&self, name: &str) -> bool {
        let is_ordinary = !self.names.are_own() && plain::is_ordinary_name(name);
        !is_ordinary && self.names.are(name)
    }

    /// Whether a field of a form in parts is named like a secret. Its parts are not taken apart.
    fn is_secret_multipart(&self, body: &[u8], headers: &HeaderMap) -> bool {
        const NAME: &str = "name=";
        if !has_type(headers, "multipart/") {
            return false;
        }
        let text = String::from_utf8_lossy(body);
        let names = text.match_indices(NAME).map(|(at, _)| {
            let rest = text[at + NAME.len()..].trim_start_matches('"');
            rest.split(['"', ';', '\r', '\n']).next().unwrap_or(rest)
        });
        names.into_iter().any(|name| self.names.are(name))
    }
}

/// Whether a body has a `Content-Encoding`, in which no secret can be located.
#[must_use]
pub fn is_encoded(headers: &HeaderMap) -> bool {
    encodings(headers).map_or(true, |encodings| !encodings.is_empty())
}

fn is_form(headers: &HeaderMap) -> bool {
    has_type(headers, "application/x-www-form-urlencoded")
}

/// Also of many documents, and of what is none for a fault in it.
fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|media_type| {
        let mut words = media_type.windows(4);
        words.any(|word| word.eq_ignore_ascii_case(b"json"))
    })
}

fn has_type(headers: &HeaderMap, start: &str) -> bool {
    media_type(headers).is_some_and(|media_type| {
        let start_of_it = media_type.get(..start.len());
        start_of_it.is_some_and(|it| it.eq_ignore_ascii_case(start.as_bytes()))
    })
}

/// The `Content-Type` without its parameters.
fn media_type(headers: &HeaderMap) -> Option<&[u8]> {
    let content_type = headers.get(http::header::CONTENT_TYPE)?;
    content_type.as_bytes().split(|byte| *byte == b';').next()
}
