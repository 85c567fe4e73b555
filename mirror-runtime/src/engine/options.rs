//! The options that are plain values.

use std::time::Duration;

use http::Method;
use mirror_grammar::options::{DEFAULT_MAX_BODY, DEFAULT_READ_AHEAD};

use crate::{request::HeaderRules, sampling::StickyBy};

/// When the body of a request is read for its copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyMode {
    /// Before the handler runs, for up to [`read_ahead`](crate::MirrorBuilder::read_ahead). Copies
    /// leave when the handler starts.
    #[default]
    Buffer,
    /// While the handler reads it. The handler starts at once, and copies leave when it has read
    /// the last byte, or has dropped the body with only its end missing. For uploads and long
    /// streams. If the handler does not read the body to its end, the request is not copied.
    Tee,
}

/// The options that are plain values.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// What users are told apart by, if the same ones are to be sampled.
    pub(crate) sticky: Option<StickyBy>,
    pub(crate) sync: bool,
    pub(crate) max_body: usize,
    pub(crate) body: BodyMode,
    pub(crate) read_ahead: Duration,
    /// All, if there are none.
    pub(crate) methods: Vec<Method>,
    pub(crate) headers: HeaderRules,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sticky: None,
            sync: false,
            max_body: DEFAULT_MAX_BODY,
            body: BodyMode::default(),
            read_ahead: DEFAULT_READ_AHEAD,
            methods: Vec::new(),
            headers: HeaderRules::default(),
        }
    }
}

impl Options {
    pub(crate) fn copies_method(&self, method: &Method) -> bool {
        self.methods.is_empty() || self.methods.contains(method)
    }

    pub(crate) fn copies_body(&self) -> bool {
        !self.headers.without_body
    }
}
