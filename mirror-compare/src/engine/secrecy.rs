//! The secrets of two responses, known before anything of them is written.

use bumpalo::Bump;

use crate::{
    engine::encoding::compared_body,
    json::{NotJson, parse},
    model::{BufferedResponse, CompareMode},
    redact::{KnownSecrets, REDACTED, Secrets, hidden_path},
    rules::Rules,
};

/// The secrets of two responses, and whether these are all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrecy {
    pub(crate) secrets: Secrets,
    unread: Unread,
}

/// Whether secrets may have been missed. Of two responses, the worse counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Unread {
    #[default]
    Nothing,
    /// A body is not JSON, or was not kept.
    Text,
    /// A body was not read, or not to its end. It may be JSON.
    Json,
}

impl Secrecy {
    /// Those that are `known` beforehand, and those that the responses have where they are
    /// redacted.
    pub(crate) fn new(
        responses: [&BufferedResponse; 2],
        mode: CompareMode,
        rules: &Rules,
        known: &KnownSecrets,
    ) -> Self {
        let mut secrecy = Self {
            secrets: known.0.clone(),
            unread: Unread::Nothing,
        };
        if !rules.redacts {
            return secrecy;
        }
        if matches!(mode, CompareMode::Status) {
            // Nobody reads the bodies, so what they have at these places is not known.
            secrecy.unread = Unread::Json;
            return secrecy;
        }
        let mut learned = None;
        for response in responses {
            let body = compared_body(response, mode, rules);
            match &body {
                None => secrecy.unread = Unread::Json,
                // What the other has, too, or has not.
                Some(body) if body.is_empty() || learned.as_ref() == Some(body) => {}
                Some(body) => secrecy.learn(body, rules),
            }
            learned = body;
        }
        secrecy
    }

    fn learn(&mut self, body: &[u8], rules: &Rules) {
        let unread = match parse(body, &Bump::new()) {
            Ok(node) => {
                let patterns = &rules.patterns;
                return self.secrets.gather(&node, patterns, &patterns.root());
            }
            Err(NotJson::Invalid) => Unread::Text,
            Err(_) => Unread::Json,
        };
        self.unread = self.unread.max(unread);
    }

    /// Whether there may be secrets that are not known, which a header of the same response may
    /// hold as well.
    pub(crate) fn may_miss_some(&self) -> bool {
        self.unread > Unread::Nothing
    }

    /// The path of a request, without what is secret. Of what was not read, anything may stand in
    /// it.
    pub(crate) fn path(&self, path: &str) -> String {
        if self.unread == Unread::Json {
            return REDACTED.to_owned();
        }
        if self.secrets.is_empty() {
            return hidden_path(path.to_owned());
        }
        let is_secret = |segment: &str| self.secrets.are_in_part_of(segment.as_bytes());
        let with = |shown: &'static str| {
            let segments = path.split('/');
            let segments = segments.map(|it| if is_secret(it) { shown } else { it });
            segments.collect::<Vec<_>>().join("/")
        };
        // One may be longer than a segment.
        if self.secrets.are_anywhere_in(with("").as_bytes()) {
            REDACTED.to_owned()
        } else {
            hidden_path(with(REDACTED))
        }
    }
}
