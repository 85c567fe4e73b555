//! The rules of comparing: what is left out, allowed and hidden.

mod patterns;

use http::HeaderName;
use mirror_grammar::{
    PointerToken, check_tolerance, options::DEFAULT_MAX_COMPARE_BODY, parse_pointer,
};

use crate::{error::RuleError, json::decimal::Decimal};

#[cfg(feature = "compare")]
pub(crate) use self::patterns::Marks;
pub(crate) use self::patterns::{Patterns, State};

/// The options that say how responses are compared.
///
/// Patterns are JSON pointers (RFC 6901), in which `*` is any index or key. They are about bodies
/// that are compared as JSON.
///
/// ```
/// use mirror_compare::Rules;
///
/// let mut rules = Rules::default();
/// rules.ignore("/generated_at")?;
/// rules.unordered("/tags")?;
/// rules.tolerance("/items/*/total", 0.01)?;
/// assert!(rules.ignore("generated_at").is_err());
/// # Ok::<(), mirror_compare::RuleError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rules {
    pub(super) compare_headers: Vec<HeaderName>,
    pub(super) patterns: Patterns,
    /// Some pattern leaves out or allows something.
    pub(super) is_lenient: bool,
    pub(super) has_tolerance: bool,
    pub(super) redacts: bool,
    pub(super) max_compare_body: usize,
    written: Written,
}

/// The patterns of the rules, so that they can be written down and given again.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// To values that may differ.
    pub ignore: Vec<String>,
    /// To arrays in any order.
    pub unordered: Vec<String>,
    /// To numbers that may differ, and by how much.
    pub tolerance: Vec<(String, f64)>,
    /// To values that are not shown.
    pub redact: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            compare_headers: Vec::new(),
            patterns: Patterns::default(),
            is_lenient: false,
            has_tolerance: false,
            redacts: false,
            max_compare_body: DEFAULT_MAX_COMPARE_BODY,
            written: Written::default(),
        }
    }
}

impl Rules {
    /// A header that must agree too, and a trailer field of this name. Several lines of one header
    /// are the same as one line of their values.
    pub fn compare_header(&mut self, name: HeaderName) {
        if !self.compare_headers.contains(&name) {
            self.compare_headers.push(name);
        }
    }

    /// Leaves a value, and all in it, out. An element that is left out does not count for the
    /// length of its array.
    ///
    /// # Errors
    ///
    /// [`RuleError::Pointer`] if the pattern is not a JSON pointer.
    pub fn ignore(&mut self, pattern: &str) -> Result<(), RuleError> {
        self.patterns
            .mark(&parse(pattern)?, |marks| marks.ignore = true);
        self.written.ignore.push(pattern.to_owned());
        self.is_lenient = true;
        Ok(())
    }

    /// Compares an array as a multiset: in any order, but every element as often.
    ///
    /// # Errors
    ///
    /// As for [`ignore`](Self::ignore).
    pub fn unordered(&mut self, pattern: &str) -> Result<(), RuleError> {
        self.patterns
            .mark(&parse(pattern)?, |marks| marks.unordered = true);
        self.written.unordered.push(pattern.to_owned());
        self.is_lenient = true;
        Ok(())
    }

    /// Lets numbers differ by so much, and no more; of several tolerances for one place, the
    /// largest counts.
    ///
    /// # Errors
    ///
    /// As for [`ignore`](Self::ignore); [`RuleError::Tolerance`] if the difference is negative,
    /// infinite or not a number.
    pub fn tolerance(&mut self, pattern: &str, difference: f64) -> Result<(), RuleError> {
        let number = check_tolerance(difference).map_err(RuleError::tolerance)?;
        self.patterns.mark(&parse(pattern)?, |marks| {
            let difference = Decimal::from_f64(number);
            marks.tolerance = marks.tolerance.take().max(Some(difference));
        });
        self.written.tolerance.push((pattern.to_owned(), number));
        self.is_lenient = true;
        self.has_tolerance = true;
        Ok(())
    }

    /// Keeps a value, and all in it, out of every output. That the value differs is still reported.
    ///
    /// The value is hidden at other places, too, as it is or percent-encoded: in another field, in
    /// a header, in a segment of the path. A value of one to three bytes, which is a part of many
    /// others by chance, is hidden only if it is the whole of another value, or of a part between
    /// `/`, `?`, `#`, `&`, `=`, `,`, `;`, `:`, `"` and spaces of a header or of the path. `null`,
    /// `true`, `false` and a single digit stand everywhere, and are hidden at their place only.
    ///
    /// Nothing is shown of a body that is not JSON. Of its headers, and of all headers if bodies
    /// are not compared, only `content-type`, `content-encoding` and `content-length` are shown.
    /// Nothing is shown of the path if a response was not read, because it is too large, for
    /// example. If the shadow calls the field by another name, name both places.
    ///
    /// # Errors
    ///
    /// As for [`ignore`](Self::ignore).
    pub fn redact(&mut self, pattern: &str) -> Result<(), RuleError> {
        self.patterns
            .mark(&parse(pattern)?, |marks| marks.redact = true);
        self.written.redact.push(pattern.to_owned());
        self.redacts = true;
        Ok(())
    }

    /// Larger bodies are not compared. Default: 256 KiB.
    pub fn set_max_compare_body(&mut self, bytes: usize) {
        self.max_compare_body = bytes;
    }

    /// The largest body that is compared, in bytes, also when its `Content-Encoding` is undone.
    #[must_use]
    pub fn max_compare_body(&self) -> usize {
        self.max_compare_body
    }

    /// The headers that must agree too.
    #[must_use]
    pub fn compare_headers(&self) -> &[HeaderName] {
        &self.compare_headers
    }

    /// The patterns as they were given.
    #[must_use]
    pub fn written(&self) -> &Written {
        &self.written
    }
}

fn parse(pattern: &str) -> Result<Vec<PointerToken>, RuleError> {
    parse_pointer(pattern).map_err(|error| RuleError::Pointer {
        pattern: pattern.to_owned(),
        error: error.to_string(),
    })
}
