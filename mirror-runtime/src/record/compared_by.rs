//! How the responses of a fixture are compared.

use mirror_grammar::is_index_under;
use serde::{Deserialize, Serialize};

use crate::{
    comparison::{CompareMode, Rules},
    engine::CompareAt,
};

/// The mode and the rules of a comparison.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ComparedBy {
    /// `status`, `json` or `bytes`.
    pub(super) mode: String,
    /// `handler` or `server`: where the primary's response was taken.
    #[serde(default = "at_handler")]
    pub(super) at: String,
    pub(super) headers: Vec<String>,
    /// Headers that may differ.
    #[serde(default)]
    pub(super) ignore_headers: Vec<String>,
    #[serde(default)]
    pub(super) ignore_zero_fraction: bool,
    #[serde(default)]
    pub(super) ignore_bom: bool,
    pub(super) ignore: Vec<String>,
    pub(super) unordered: Vec<String>,
    /// Pointers and numbers; these as text, which survives in every digit.
    pub(super) tolerance: Vec<(String, String)>,
    pub(super) redact: Vec<String>,
    /// Where responses of the old version differ from one another.
    pub(super) noise: Vec<String>,
    pub(super) max_compare_body: usize,
}

const AT_HANDLER: &str = "handler";
const AT_SERVER: &str = "server";

/// Of fixtures that were written when there was nothing to choose, too.
fn at_handler() -> String {
    AT_HANDLER.to_owned()
}

impl ComparedBy {
    pub(super) fn new(mode: CompareMode, rules: &Rules) -> Self {
        let written = rules.written().clone();
        let number = |(pointer, number): (String, f64)| (pointer, number.to_string());
        Self {
            mode: match mode {
                CompareMode::Status => "status",
                CompareMode::Bytes => "bytes",
                _ => "json",
            }
            .to_owned(),
            at: at_handler(),
            headers: rules
                .compare_headers()
                .iter()
                .map(ToString::to_string)
                .collect(),
            ignore_headers: rules
                .ignore_headers()
                .iter()
                .map(ToString::to_string)
                .collect(),
            ignore_zero_fraction: rules.ignore_zero_fraction(),
            ignore_bom: rules.ignore_bom(),
            ignore: written.ignore,
            unordered: written.unordered,
            tolerance: written.tolerance.into_iter().map(number).collect(),
            redact: written.redact,
            noise: Vec::new(),
            max_compare_body: rules.max_compare_body(),
        }
    }

    /// The same, of a primary's response that was taken there.
    pub(super) fn with_at(mut self, at: CompareAt) -> Self {
        let at = match at {
            CompareAt::Server => AT_SERVER,
            CompareAt::Handler => AT_HANDLER,
        };
        at.clone_into(&mut self.at);
        self
    }

    pub(super) fn at(&self) -> Result<CompareAt, String> {
        match &*self.at {
            AT_HANDLER => Ok(CompareAt::Handler),
            AT_SERVER => Ok(CompareAt::Server),
            other => Err(format!("no place to compare at: `{other}`")),
        }
    }

    /// Leaves headers out, also those that are compared by default.
    pub(super) fn leave_out(&mut self, names: &[String]) {
        for name in names {
            if !self.ignore_headers.contains(name) {
                self.ignore_headers.push(name.clone());
            }
        }
    }

    pub(super) fn mode(&self) -> Result<CompareMode, String> {
        match &*self.mode {
            "status" => Ok(CompareMode::Status),
            "json" => Ok(CompareMode::Json),
            "bytes" => Ok(CompareMode::Bytes),
            other => Err(format!("no mode of comparing: `{other}`")),
        }
    }

    /// The rules, in which what was replaced at `redacted`, and what is noise, is left out.
    pub(super) fn rules(&self, redacted: &[String]) -> Result<Rules, String> {
        self.try_rules(redacted).map_err(|error| error.to_string())
    }

    /// A place in one response as a rule: an array without an order has no indices.
    fn without_indices(&self, pointer: &str) -> String {
        let mut pointer = pointer.to_owned();
        while self
            .unordered
            .iter()
            .any(|array| is_index_under(array, &pointer))
        {
            let is_index =
                |token: &&str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
            let tokens = pointer
                .split('/')
                .map(|it| if is_index(&it) { "*" } else { it });
            pointer = tokens.collect::<Vec<_>>().join("/");
        }
        pointer
    }

    fn try_rules(&self, redacted: &[String]) -> Result<Rules, Box<dyn std::error::Error>> {
        let mut rules = Rules::default();
        for name in &self.headers {
            rules.compare_header(name.parse()?);
        }
        for name in &self.ignore_headers {
            rules.ignore_header(name.parse()?);
        }
        rules.set_ignore_zero_fraction(self.ignore_zero_fraction);
        rules.set_ignore_bom(self.ignore_bom);
        for pointer in [&self.ignore, &self.redact].into_iter().flatten() {
            rules.ignore(pointer)?;
        }
        for pointer in self.noise.iter().chain(redacted) {
            rules.ignore(&self.without_indices(pointer))?;
        }
        for pointer in &self.redact {
            rules.redact(pointer)?;
        }
        for pointer in &self.unordered {
            rules.unordered(pointer)?;
        }
        for (pointer, number) in &self.tolerance {
            rules.tolerance(pointer, number.parse()?)?;
        }
        rules.set_max_compare_body(self.max_compare_body);
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_survive_being_written() {
        let mut rules = Rules::default();
        rules.ignore("/at").unwrap();
        rules.unordered("/tags").unwrap();
        rules.tolerance("/total", 0.1).unwrap();
        rules.redact("/password").unwrap();
        rules.compare_header(http::header::CONTENT_TYPE);
        rules.ignore_header(http::header::ETAG);
        rules.set_ignore_bom(true);
        rules.set_max_compare_body(7);
        let written = ComparedBy::new(CompareMode::Bytes, &rules).with_at(CompareAt::Server);
        let json = serde_json::to_string(&written).unwrap();
        let read: ComparedBy = serde_json::from_str(&json).unwrap();
        assert!(matches!(read.mode(), Ok(CompareMode::Bytes)));
        assert_eq!(read.at(), Ok(CompareAt::Server));
        let again = read
            .rules(&["/other/0".to_owned(), "/tags/0/x".to_owned()])
            .unwrap();
        let written = again.written();
        assert_eq!(
            written.ignore,
            ["/at", "/password", "/other/0", "/tags/*/x"]
        );
        assert_eq!(again.ignore_headers(), [http::header::ETAG]);
        assert!(again.ignore_bom() && !again.ignore_zero_fraction());
        assert_eq!(written.unordered, ["/tags"]);
        assert_eq!(written.redact, ["/password"]);
        assert_eq!(written.tolerance, [("/total".to_owned(), 0.1)]);
        assert_eq!(again.compare_headers(), [http::header::CONTENT_TYPE]);
        assert_eq!(again.max_compare_body(), 7);
    }
}
