//! The secrets of two responses, known before anything of them is written.

use bumpalo::Bump;

use crate::{
    engine::{content::Content, encoding::compared_body},
    json::{Node, NotJson},
    model::{BufferedResponse, CompareMode},
    redact::{KnownSecrets, Names, Pairs, REDACTED, Secrets, hidden_alike, hidden_path},
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
                Some(body) => secrecy.learn(body, Content::of(response.headers()), rules),
            }
            learned = body;
        }
        secrecy
    }

    fn learn(&mut self, body: &[u8], content: Content, rules: &Rules) {
        let unread = match content.read(body, &Bump::new()) {
            Ok(node) => {
                let patterns = &rules.patterns;
                // A rule may be meant for each of many documents.
                if let (true, Node::Array(documents)) = (content.is_many(), node) {
                    for document in documents {
                        self.secrets.gather(document, patterns, &patterns.root());
                    }
                }
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

    /// The query of a request, without what is secret: parameters that are named like a credential,
    /// and those that hold a value that is one.
    pub(crate) fn query(&self, query: &str, rules: &Rules) -> String {
        if self.unread == Unread::Json {
            return REDACTED.to_owned();
        }
        let names = Names::new(&rules.written().redact);
        let pairs = Pairs::new(query);
        let pair = |pair: &str| {
            let name = pair.split('=').next().unwrap_or(pair);
            let is_secret = pairs.is_secret(pair, &names);
            if self.secrets.are_in_part_of(name.as_bytes()) {
                REDACTED.to_owned()
            } else if is_secret || self.secrets.are_in_part_of(pair.as_bytes()) {
                format!("{name}={REDACTED}")
            } else {
                pair.to_owned()
            }
        };
        let query = pairs.iter().map(pair).collect::<Vec<_>>().join("&");
        if self.secrets.are_anywhere_in(query.as_bytes()) {
            REDACTED.to_owned()
        } else {
            // Also of text that is no pair.
            hidden_alike(query)
        }
    }

    /// A text beside a request, unless there is a secret in it.
    pub(crate) fn text(&self, text: &str) -> String {
        let hides = self.unread == Unread::Json || self.secrets.are_in_part_of(text.as_bytes());
        if hides {
            REDACTED.to_owned()
        } else {
            hidden_alike(text.to_owned())
        }
    }

    /// The path of a request, without what is secret. Of what was not read, anything may stand in
    /// it.
    pub(crate) fn path(&self, path: &str) -> String {
        if self.unread == Unread::Json {
            return REDACTED.to_owned();
        }
        if self.secrets.are_none() {
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
